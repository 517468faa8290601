"""The journal of a catalogue's changes: what was answered for is in its files, whatever happens to the process.

Segments `<first revision>.journal` in a folder of their own; one process writes (it holds the lock), others read what there is
when they start. See `journal_frames` for what is in a segment.
"""

import contextlib
import fcntl
import logging
import os
import re
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from leitmotif_services.prototypes.live_catalogue.changes import Batch
from leitmotif_services.prototypes.live_catalogue.journal_frames import (
    DamagedFrameError,
    frame_of,
    frames,
    payloads,
    vouched_behind,
)
from leitmotif_services.runtime.errors import Reason, ServiceError

FOLDER = ".catalogue"
"""Below the model folder; no bundle's name starts with a dot."""

LOCK = ".catalogue.lock"
"""Beside it; the process that writes holds a lock on it."""

SEGMENT_BYTES = 64 << 20
"""A segment of so many bytes is closed and another one begun."""

_MAGIC = b"leitmotif catalogue journal 1\n"
_PREVIOUS = struct.Struct("<QI")
"""Behind the magic: the last revision before the segment, and the CRC-32 of its eight bytes."""
_HEADER_BYTES = len(_MAGIC) + _PREVIOUS.size
_SEGMENT = re.compile(r"(\d{16})\.journal")

T = TypeVar("T")

log = logging.getLogger(__name__)


class FileJournal:
    """Batches with consecutive revisions. Safe to use from several threads at once."""

    def __init__(self, root: Path, *, sync_interval_s: float = 0.0, segment_bytes: int = SEGMENT_BYTES) -> None:
        """`root`: the model folder. `sync_interval_s`: 0 to have each `append` wait until its bytes are on disk; else they are
        forced there that often, and a crash of the machine (not of the process) may lose what was written in between.

        STORED_VALUE_UNREADABLE (metadata: file, offset) when a segment is damaged before its end or missing.
        """
        self._folder = root / FOLDER
        self._access = threading.RLock()
        self._sync_interval_s = sync_interval_s
        self._segment_bytes = segment_bytes
        self._file: int | None = None
        self._lock: int | None = None
        self._broken = ""
        self._size = self._on_disk = 0
        self._synced_at = time.monotonic()
        self._previous = 0
        self._take_lock()
        try:
            self.last_revision = self._checked()
        except FileNotFoundError:  # the process that writes has just dropped a segment that was listed
            self.last_revision = self._checked()

    @property
    def refusal(self) -> str:
        """Why nothing can be appended; empty when it can."""
        if self._lock is None:
            return "another process writes this catalogue, or its folder cannot be written"
        return self._broken

    @property
    def writes(self) -> bool:
        """Whether this process is the one that writes."""
        return self._lock is not None

    def begin_at(self, revision: int) -> None:
        """Number what comes from `revision` + 1 on, where the journal itself does not go as far."""
        with self._access:
            if revision > self.last_revision:
                self._close_segment()
                self.last_revision = revision

    def append(self, batches: Sequence[Batch]) -> None:
        """Write batches, the first of revision `last_revision` + 1; on return they survive a crash, as far as the policy says.

        STORE_UNAVAILABLE when they cannot be written, LIMIT_EXCEEDED when one is too long (see `journal_frames.payloads`); none
        of them is then found by a later start.
        """
        with self._access:
            if self.refusal:
                raise ServiceError(Reason.STORE_UNAVAILABLE, f"the catalogue cannot be changed: {self.refusal}")
            contents = payloads(batches)
            try:
                if self._file is None or self._size >= self._segment_bytes:
                    self._begin_segment()
                assert self._file is not None
                size = self._size
                for payload in contents:
                    _write(self._file, frame := frame_of(payload, self._on_disk))
                    size += len(frame)
                if not self._sync_interval_s or time.monotonic() - self._synced_at >= self._sync_interval_s:
                    self._sync(size)
                self._size = size
            except OSError as error:
                log.error("cannot write the catalogue's journal: %s", error)
                self._cut_back()
                raise ServiceError(Reason.STORE_UNAVAILABLE, "the catalogue's journal cannot be written") from error
            self._previous = self.last_revision = batches[-1].revision

    def sync(self) -> None:
        """Force to disk what is not yet."""
        with self._access:
            if self._file is not None and self._on_disk < self._size:
                self._sync(self._size)

    def read_after(self, revision: int, use: Callable[[Iterator[Batch]], T]) -> T:
        """What `use` makes of the batches of later revisions, in order; nothing is appended meanwhile."""
        with self._access:
            # A tail is torn at the start of the process that writes, and at no other time.
            tolerant = self._lock is None
            batches = (batch for path, _ in self._segments_after(revision) for batch in self._read(path, is_last=tolerant))
            return use(batch for batch in batches if batch.revision > revision)

    @property
    def first_revision(self) -> int:
        """The first revision that is still there; one more than the last where none is."""
        segments = self._segments()
        return segments[0][1] if segments else self.last_revision + 1

    def drop_before(self, revision: int, *, served: int, kept_bytes: int) -> None:
        """Remove the oldest segments: those with nothing after `revision`, and, while all have more than `kept_bytes`, those with
        nothing after `served`.
        """
        with self._access:
            segments = self._segments()
            sizes = [path.stat().st_size for path, _ in segments]
            for index, (path, _) in enumerate(segments[:-1]):
                last = segments[index + 1][1] - 1
                if last <= revision or (last <= served and sum(sizes[index:]) > kept_bytes):
                    path.unlink()
                    _sync_folder(self._folder)  # one by one, so that a crash leaves no gap
                else:
                    break

    def close(self) -> None:
        """Force what was written to disk, and let another process write."""
        with self._access:
            self._close_segment()
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def _take_lock(self) -> None:
        try:
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._folder.parent / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            log.warning("the catalogue is read-only: %s", error)
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            log.warning("the catalogue is read-only: another process writes it", extra={"folder": str(self._folder)})
            return
        self._lock = descriptor

    def _checked(self) -> int:
        """Read all of it once, drop a torn tail, and return the last revision; 0 for none."""
        last: int | None = None
        for index, (path, first) in enumerate(segments := self._segments()):
            is_last = index == len(segments) - 1
            previous = self._previous_of(path, is_last=is_last)
            if previous is None:
                continue
            if (last is not None and previous != last) or first <= previous:
                raise _damaged(path, 0, f"continues revision {previous}, {last} is the last before it: a segment is missing")
            last = first - 1
            for batch in self._read(path, is_last=is_last):
                if batch.revision != last + 1:
                    raise _damaged(path, 0, f"has revision {batch.revision} where {last + 1} comes next")
                last = batch.revision
            if self._lock is not None and is_last and path.exists():
                _sync_file(path)  # a process that was killed may not have, and what comes next rests on it
        self._previous = last or 0
        return self._previous

    def _previous_of(self, path: Path, *, is_last: bool) -> int | None:
        """The last revision before a segment; None where there is less than its header, which is then removed.

        A crash leaves that, or a full disk; zeros behind it are what an earlier release left there.
        """
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
        if len(header) == _HEADER_BYTES and header.startswith(_MAGIC):
            previous, checksum = _PREVIOUS.unpack_from(header, len(_MAGIC))
            if zlib.crc32(header[len(_MAGIC) : -4]) == checksum:
                return int(previous)
        if is_last and not any((segment := path.read_bytes())[_HEADER_BYTES:]):
            self._drop_tail(path, 0, len(segment), "has no header and nothing behind it")
            return None
        raise _damaged(path, 0, "does not begin as a journal does")

    def _read(self, path: Path, *, is_last: bool) -> Iterator[Batch]:
        segment = path.read_bytes()
        try:
            for frame in frames(segment, _HEADER_BYTES):
                yield from frame.batches
        except DamagedFrameError as error:
            if not is_last or vouched_behind(segment, error.offset):
                raise _damaged(path, error.offset, str(error)) from error
            self._drop_tail(path, error.offset, len(segment), str(error))

    def _drop_tail(self, path: Path, offset: int, size: int, problem: str) -> None:
        if self._lock is None:  # the process that writes may be in the middle of it
            return
        log.warning(
            "dropped the end of the catalogue's journal, of which nothing was answered for: %s at offset %d %s",
            path.name,
            offset,
            problem,
            extra={"file": path.name, "offset": offset, "dropped_bytes": size - offset},
        )
        if offset <= _HEADER_BYTES:
            path.unlink()
        else:
            with path.open("r+b") as file:
                file.truncate(offset)
                os.fsync(file.fileno())
        _sync_folder(self._folder)

    def _segments(self) -> list[tuple[Path, int]]:
        """Segments with their first revisions, oldest first."""
        found = [(path, match) for path in self._folder.glob("*.journal") if (match := _SEGMENT.fullmatch(path.name))]
        return sorted(((path, int(match[1])) for path, match in found), key=lambda segment: segment[1])

    def _segments_after(self, revision: int) -> list[tuple[Path, int]]:
        segments = self._segments()
        return [
            segment
            for index, segment in enumerate(segments)
            if index == len(segments) - 1 or segments[index + 1][1] > revision + 1
        ]

    def _begin_segment(self) -> None:
        self._close_segment()
        self._folder.mkdir(exist_ok=True)
        _sync_folder(self._folder.parent)
        path = self._folder / f"{self.last_revision + 1:016d}.journal"
        path.unlink(missing_ok=True)  # it holds nothing: a revision of it would have been the last
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
        previous = struct.pack("<Q", self._previous)
        try:
            _write(descriptor, _MAGIC + previous + struct.pack("<I", zlib.crc32(previous)))
            os.fsync(descriptor)
            _sync_folder(self._folder)
        except OSError:
            os.close(descriptor)
            with contextlib.suppress(OSError):  # a start takes what is left for what it is
                path.unlink()
            raise
        self._file = descriptor
        self._size = self._on_disk = _HEADER_BYTES

    def _close_segment(self) -> None:
        if self._file is not None:
            self.sync()
            os.close(self._file)
            self._file = None

    def _sync(self, size: int) -> None:
        assert self._file is not None
        try:
            os.fdatasync(self._file)
        except OSError:
            # What the disk has is unknown, and asking again would not tell: the kernel forgets that it failed.
            self._broken = "its journal could not be forced to disk; restart the service"
            raise
        self._on_disk, self._synced_at = size, time.monotonic()

    def _cut_back(self) -> None:
        """Remove what an `append` that failed has written, so that nobody finds it."""
        if self._file is None:
            return
        try:
            os.ftruncate(self._file, self._size)
            os.fsync(self._file)
        except OSError as error:
            log.error("cannot cut the catalogue's journal back: %s", error)
            self._broken = self._broken or "its journal could not be cut back; restart the service"


def _damaged(path: Path, offset: int, problem: str) -> ServiceError:
    return ServiceError(
        Reason.STORED_VALUE_UNREADABLE,
        f"the catalogue's journal is damaged: {FOLDER}/{path.name} at offset {offset} {problem}",
        file=f"{FOLDER}/{path.name}",
        offset=offset,
    )


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
