"""Small files that outlive a crash: replaced as a whole, and on disk when the call returns."""

import os
import tempfile
from pathlib import Path


def replace_durably(path: Path, content: bytes) -> None:
    """Make `content` what the file holds, all of it or none, and force it to disk. OSError when it cannot be written."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.stem}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o644)  # mkstemp's own mode would keep out a service that runs as another user
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_bounded(path: Path, limit_bytes: int) -> bytes | None:
    """What the file holds; None when there is none. ValueError when it is longer than `limit_bytes`."""
    try:
        with path.open("rb") as file:
            content = file.read(limit_bytes + 1)
    except FileNotFoundError:
        return None
    if len(content) > limit_bytes:
        raise ValueError(f"has more than {limit_bytes} bytes")
    return content
