"""One platform at a time over a data folder."""

import fcntl
import os
from pathlib import Path

LOCK_FILE = "platform.lock"


class DataFolderInUseError(OSError):
    """Another platform runs over the folder; the message says what to do."""


class DataFolderLock:
    """Held from its making until `release`, or until the process ends in whatever way."""

    def __init__(self, data_folder: Path) -> None:
        self._descriptor = os.open(data_folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._descriptor)
            raise DataFolderInUseError(
                f"a platform is running over {data_folder} already; stop it, or choose another data folder"
            ) from error

    def release(self) -> None:
        """Let another platform have the folder."""
        os.close(self._descriptor)
