"""Audio files that go to the service whole: their size is looked at before they are read, let alone sent."""

import os
from pathlib import Path

from leitmotif.errors import InvalidArgumentError, Reason
from leitmotif.types import AudioItem

MAX_FILE_BYTES = 60 << 20
"""What the service takes of one file by default."""


class AudioFile:
    """A file that is to be read in a moment."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def read(self) -> AudioItem:
        """Its content under its name; OSError, or InvalidArgumentError (LIMIT_EXCEEDED)."""
        check_size(self._path.name, self._path.stat().st_size)
        return AudioItem(self._path.name, self._path.read_bytes())


def check_size(name: str, size: int) -> None:
    """InvalidArgumentError (LIMIT_EXCEEDED) for more than `MAX_FILE_BYTES`."""
    if size > MAX_FILE_BYTES:
        raise InvalidArgumentError(
            f"{name or 'the file'} has {size} bytes, {MAX_FILE_BYTES} are allowed; longer audio can be sent as samples",
            code="INVALID_ARGUMENT",
            reason=Reason.LIMIT_EXCEEDED,
            metadata={"limit": str(MAX_FILE_BYTES), "actual": str(size)},
        )
