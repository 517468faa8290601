"""Arrays that grow at their end and are read through views: a view keeps what it saw, whatever is added behind it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_FIRST_ROWS = 64


class GrowingRows:
    """Rows of one type and shape; adding n of them costs O(n) on average. One writer; any number of readers of views."""

    def __init__(self, *row_shape: int, dtype: type = np.float32) -> None:
        self._stored: NDArray[Any] = np.empty((_FIRST_ROWS, *row_shape), dtype)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, rows: NDArray[Any]) -> None:
        """Add (n, …) rows at the end."""
        end = self._count + len(rows)
        if end > len(self._stored):
            larger = np.empty((max(end, 2 * len(self._stored)), *self._stored.shape[1:]), self._stored.dtype)
            larger[: self._count] = self._stored[: self._count]
            self._stored = larger  # views of the smaller one go on reading that
        self._stored[self._count : end] = rows
        self._count = end

    def view(self) -> NDArray[Any]:
        """The rows that there are now; read-only."""
        rows = self._stored[: self._count]
        rows.flags.writeable = False
        return rows


class GrowingBits:
    """K rows of bits, packed as `np.packbits` does; each grows at its end."""

    def __init__(self, packed: NDArray[np.uint8], count: int) -> None:
        """`packed` (K, ceil(count / 8)): the first `count` bits of each row."""
        self._stored = np.zeros((len(packed), packed.shape[1] + max(packed.shape[1] // 8, 128)), np.uint8)
        self._stored[:, : packed.shape[1]] = packed
        self.count = count

    def add(self, bits: NDArray[np.bool_]) -> None:
        """Add `bits` (n, K) at the end of the rows."""
        first, within = self.count >> 3, self.count & 7
        begun = np.unpackbits(self._stored[:, first : first + 1], axis=1)[:, :within]
        block = np.packbits(np.concatenate([begun, bits.T.view(np.uint8)], axis=1), axis=1)
        if first + block.shape[1] >= self._stored.shape[1]:
            larger = np.zeros((len(self._stored), first + block.shape[1] + self._stored.shape[1] // 2), np.uint8)
            larger[:, : self._stored.shape[1]] = self._stored
            self._stored = larger
        # The byte that views share with what is added gets the bits that it had, beside bits that they do not read.
        self._stored[:, first : first + block.shape[1]] = block
        self.count += len(bits)

    @property
    def packed(self) -> NDArray[np.uint8]:
        """(K, at least ceil(count / 8)): what is behind the first `count` bits has no meaning."""
        return self._stored

    def at(self, positions: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(n, K): the bits at those places."""
        shifts = (7 - (positions & 7)).astype(np.uint8)
        return np.asarray(((self._stored[:, positions >> 3] >> shifts) & 1).T, np.bool_)
