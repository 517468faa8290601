"""Uploaded texts: files below one folder, a folder each tenant, named by the SHA-256 of what they hold.

A text is there once a whole, checked and synchronised file was renamed to its name, and not before: what an interrupted upload
leaves has another name, which no method looks at but the sweep. What a file's name says of its tenant and content and its time of
modification of its age is all that is known of it, so that services and workers of a machine share a folder and nothing else.
"""

import fcntl
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from leitmotif_services.evaluation.inputs.text import read_text
from leitmotif_services.evaluation.inputs.text_upload import PARTIAL_PREFIX, TextUpload, disk_work
from leitmotif_services.runtime.errors import Reason, ServiceError

SMALLEST_BYTES = 4096
"""A text counts for so much at least, as it does on the disk: it bounds their number too."""

ABANDONED_S = 3600.0
"""A partial file that was not written to for so long is of an upload that will not end."""

_TEXT_ID = re.compile(r"[0-9a-f]{64}")
_LOCK = ".lock"


@dataclass(frozen=True)
class UploadedText:
    """What is known of a text. Times are UTC."""

    text_id: str
    """SHA-256 of its bytes, lower-case hexadecimal."""
    bytes: int
    uploaded_at: datetime
    """The last time."""
    expires_at: datetime
    """From then on it is not there."""


class UploadedTexts:
    """The store. Every method blocks on the disk; what another tenant has makes no difference to any of them."""

    def __init__(
        self,
        root: Path,
        *,
        max_text_bytes: int,
        max_tenant_bytes: int,
        retention_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`max_tenant_bytes`: all texts of a tenant. A text expires `retention_s` after its last upload."""
        self._root = root
        self._max_text_bytes = max_text_bytes
        self._max_tenant_bytes = max_tenant_bytes
        self._retention_s = retention_s
        self._clock = clock

    def begin(self, tenant_id: str) -> TextUpload:
        """An upload, to be ended by `keep` or by its own `abandon`."""
        with disk_work():
            folder = self._folder(tenant_id)
            folder.mkdir(parents=True, exist_ok=True)
            file, name = tempfile.mkstemp(prefix=PARTIAL_PREFIX, dir=folder)
        return TextUpload(file, Path(name), limit_bytes=self._max_text_bytes)

    def keep(self, tenant_id: str, upload: TextUpload) -> UploadedText:
        """End an upload; TEXT_EMPTY, TEXT_NOT_UTF8, and OVERLOADED where it does not fit beside the tenant's other texts.

        Nothing is kept then. The text expires anew where it was there already.
        """
        try:
            with disk_work():
                text_id = upload.finish()
                folder = self._folder(tenant_id)
                with _locked(folder):
                    if self._kept_bytes(folder, leaving_out=text_id) + _counted(upload.size_bytes) > self._max_tenant_bytes:
                        raise self._no_room()
                    now = self._clock()
                    os.utime(upload.path, (now, now))
                    upload.path.replace(folder / text_id)
                    _synchronise(folder)
                return self._described(text_id, (folder / text_id).stat())
        except BaseException:
            upload.abandon()
            raise

    def uploaded_text(self, tenant_id: str, text_id: str) -> str:
        """The text itself; TEXT_NOT_FOUND where the tenant has none of that id (any more)."""
        self.get(tenant_id, text_id)
        return read_text(self._folder(tenant_id) / text_id, limit_bytes=self._max_text_bytes)

    def get(self, tenant_id: str, text_id: str) -> UploadedText:
        """What is known of a text; TEXT_NOT_FOUND, also for what is no id."""
        if _TEXT_ID.fullmatch(text_id):
            with disk_work(), suppress(FileNotFoundError):
                status = (self._folder(tenant_id) / text_id).stat()
                if not self._expired(status):
                    return self._described(text_id, status)
        shown = text_id if len(text_id) <= 64 else text_id[:64] + "…"
        raise ServiceError(Reason.TEXT_NOT_FOUND, f"no uploaded text has the id {shown!r}", text=shown)

    def page(self, tenant_id: str, *, limit: int, after: str) -> list[UploadedText]:
        """The tenant's texts whose ids sort behind `after`, at most `limit`, by id."""
        with disk_work():
            entries = sorted((entry for entry in _texts(self._folder(tenant_id)) if entry.name > after), key=lambda e: e.name)
            found: list[UploadedText] = []
            for entry in entries:
                if len(found) == limit:
                    break
                with suppress(FileNotFoundError):
                    status = entry.stat()
                    if not self._expired(status):
                        found.append(self._described(entry.name, status))
            return found

    def delete(self, tenant_id: str, text_id: str) -> bool:
        """Delete a text; False where there was none."""
        if not _TEXT_ID.fullmatch(text_id):
            return False
        folder = self._folder(tenant_id)
        with disk_work():
            if not folder.is_dir():
                return False
            with _locked(folder):
                try:
                    existed = not self._expired((folder / text_id).stat())
                    (folder / text_id).unlink()
                except FileNotFoundError:
                    return False
                _synchronise(folder)
                return existed

    def sweep(self) -> int:
        """Delete what has expired, and what uploads left that broke off; returns the number of files."""
        deleted = 0
        with disk_work():
            for folder in self._root.iterdir() if self._root.is_dir() else ():
                if folder.is_dir():
                    deleted += self._sweep(folder)
        return deleted

    def _sweep(self, folder: Path) -> int:
        deleted = 0
        with _locked(folder), os.scandir(folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    partial = entry.name.startswith(PARTIAL_PREFIX)
                    abandoned = partial and entry.stat().st_mtime + ABANDONED_S <= self._clock()
                    if abandoned or (_TEXT_ID.fullmatch(entry.name) and self._expired(entry.stat())):
                        Path(entry.path).unlink()
                        deleted += 1
        return deleted

    def _kept_bytes(self, folder: Path, *, leaving_out: str) -> int:
        total = 0
        for entry in _texts(folder):
            with suppress(FileNotFoundError):
                status = entry.stat()
                if entry.name != leaving_out and not self._expired(status):
                    total += _counted(status.st_size)
        return total

    def _folder(self, tenant_id: str) -> Path:
        return self._root / tenant_id  # an id is a safe file name, and never begins with a dot

    def _expired(self, status: os.stat_result) -> bool:
        return status.st_mtime + self._retention_s <= self._clock()

    def _described(self, text_id: str, status: os.stat_result) -> UploadedText:
        uploaded_at, expires_at = (
            datetime.fromtimestamp(second, UTC) for second in (status.st_mtime, status.st_mtime + self._retention_s)
        )
        return UploadedText(text_id, status.st_size, uploaded_at, expires_at)

    def _no_room(self) -> ServiceError:
        return ServiceError(
            Reason.OVERLOADED,
            f"the uploaded texts of a tenant may have {self._max_tenant_bytes} bytes together, each counted as"
            f" {SMALLEST_BYTES} at least: delete some, or wait until they expire",
            bound="uploads",
            limit=self._max_tenant_bytes,
        )


def _counted(size: int) -> int:
    return max(size, SMALLEST_BYTES)


def _texts(folder: Path) -> Iterator["os.DirEntry[str]"]:
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    with entries:
        yield from (entry for entry in entries if _TEXT_ID.fullmatch(entry.name))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One change of a tenant's texts at a time, among all processes of the machine. It ends with the process at the latest."""
    with (folder / _LOCK).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _synchronise(folder: Path) -> None:
    """Make names durable: a file that was synchronised may else be lost with its name."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
