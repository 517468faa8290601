"""Memory as an open file without a name: a process can be given it, and it is gone with the last one that has it open."""

import os
import tempfile

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

    def read(self, samples: int) -> NDArray[np.float32]:
        """A copy of the first `samples` float32; EOFError where there are fewer."""
        values = np.empty(samples, np.float32)
        rest, offset = values.data.cast("B"), 0
        while offset < len(rest):
            count = os.preadv(self.descriptor, [rest[offset:]], offset)
            if not count:
                raise EOFError
            offset += count
        return values

    def forget(self, used_bytes: int) -> None:
        """Give memory back where much of it was used; the size stays."""
        if used_bytes > KEPT_BYTES:
            os.ftruncate(self.descriptor, 0)
            os.ftruncate(self.descriptor, self.size)

    def close(self) -> None:
        os.close(self.descriptor)
