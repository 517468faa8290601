"""One upload: pieces are hashed and checked while they are written, so that no more than a piece is held."""

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from leitmotif_services.evaluation.inputs.text import text_too_large
from leitmotif_services.evaluation.inputs.text_check import TextCheck
from leitmotif_services.runtime.errors import Reason, ServiceError

log = logging.getLogger(__name__)

PARTIAL_PREFIX = ".partial-"
"""Begins the names of files of uploads that have not ended."""


class TextUpload:
    """A file that grows. `UploadedTexts` begins it and gives it its name."""

    def __init__(self, descriptor: int, path: Path, *, limit_bytes: int) -> None:
        """`descriptor` of the new file at `path` is closed here."""
        self.path = path
        self._file = os.fdopen(descriptor, "wb")
        self._limit_bytes = limit_bytes
        self._check = TextCheck()
        self._sha256 = hashlib.sha256()

    @property
    def size_bytes(self) -> int:
        """Size so far."""
        return self._check.seen_bytes

    def add(self, piece: bytes) -> None:
        """The next piece; LIMIT_EXCEEDED (metadata: limit, actual), TEXT_NOT_UTF8, STORE_UNAVAILABLE."""
        if self.size_bytes + len(piece) > self._limit_bytes:
            raise text_too_large(self._limit_bytes, self.size_bytes + len(piece))
        self._check.add(piece)
        self._sha256.update(piece)
        with disk_work():
            self._file.write(piece)

    def finish(self) -> str:
        """Put all on the disk; returns the text's id. TEXT_EMPTY, TEXT_NOT_UTF8, STORE_UNAVAILABLE."""
        self._check.end()
        with disk_work():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        return self._sha256.hexdigest()

    def abandon(self) -> None:
        """Leave nothing; may be called at any time, except after the file was renamed."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self.path.unlink(missing_ok=True)


@contextmanager
def disk_work() -> Iterator[None]:
    """STORE_UNAVAILABLE where the disk fails or is full; its own words stay in the log."""
    try:
        yield
    except OSError as error:
        log.warning("the disk fails under the uploaded texts: %s", error)
        raise ServiceError(Reason.STORE_UNAVAILABLE, "uploaded texts cannot be kept or read now", retry_after_s=5.0) from error
