"""Memory as an open file without a name: a process can be given it, and it is gone with the last one that has it open."""

import os
import tempfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

KEPT_BYTES = 32 << 20
"""Memory up to this size stays from one use to the next: to get it anew costs more than to fill it."""


class MemoryFile:
    """A descriptor and what it holds."""

    def __init__(self, name: str) -> None:
        if hasattr(os, "memfd_create"):
            self.descriptor = os.memfd_create(name, os.MFD_CLOEXEC)
        else:
            with tempfile.TemporaryFile() as file:
                self.descriptor = os.dup(file.fileno())
        self.size = 0

    def write(self, content: bytes) -> None:
        """Hold `content` and nothing else."""
        rest, offset = memoryview(content), 0
        while offset < len(content):
            offset += os.pwrite(self.descriptor, rest[offset:], offset)
        if self.size != len(content):
            os.ftruncate(self.descriptor, len(content))
            self.size = len(content)

    def reserve(self, size: int) -> None:
        """Be at least so long. What is never written takes no memory."""
        if self.size < size:
            os.ftruncate(self.descriptor, size)
            self.size = size

    def read(self, offset: int, dtype: type[np.float32 | np.float64], shape: tuple[int, ...]) -> NDArray[Any]:
        """A copy of the array that lies at `offset`; EOFError where it runs past the end."""
        values: NDArray[Any] = np.empty(shape, dtype)
        rest, done = values.reshape(-1).data.cast("B"), 0
        while done < len(rest):
            count = os.preadv(self.descriptor, [rest[done:]], offset + done)
            if not count:
                raise EOFError
            done += count
        return values

    def forget(self, used_bytes: int) -> None:
        """Give memory back where much of it was used; the size stays."""
        if used_bytes > KEPT_BYTES:
            os.ftruncate(self.descriptor, 0)
            os.ftruncate(self.descriptor, self.size)

    def close(self) -> None:
        os.close(self.descriptor)
