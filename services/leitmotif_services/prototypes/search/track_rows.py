"""Rows of float32, one a track, that may lie in two places: in a bundle, and in memory for tracks that came since."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

BLOCK = 65_536
"""Rows multiplied at once: bounds what of a memory-mapped array is read in one go."""


class TrackRows(Protocol):
    """(N, d) of float32, read by positions; an array is one."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, positions: Any, /) -> Any:
        """The row (d,) at one position, or the rows (n, d) at several."""
        ...


class JoinedRows:
    """Implements `TrackRows`: `first` (N, d), then `later` (M, d)."""

    def __init__(self, first: Floats, later: Floats) -> None:
        self.first = first
        self.later = later

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self), self.first.shape[1])

    def __len__(self) -> int:
        return len(self.first) + len(self.later)

    def __getitem__(self, positions: Any, /) -> Any:
        where = np.asarray(positions)
        if where.dtype == np.bool_:
            where = np.flatnonzero(where)
        count = len(self.first)
        if where.ndim == 0:
            place = int(where)
            return self.first[place] if place < count else self.later[place - count]
        rows = np.empty((len(where), self.first.shape[1]), np.float32)
        of_first = where < count
        rows[of_first] = self.first[where[of_first].astype(np.int64)]
        rows[~of_first] = self.later[where[~of_first].astype(np.int64) - count]
        return rows

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[Any]:
        return np.concatenate([self.first, self.later]).astype(dtype or np.float32)


def inner_products(rows: TrackRows, vector: Floats) -> Floats:
    """(N,): the inner product of each row (N, d) with a vector (d,)."""
    if isinstance(rows, JoinedRows):
        return np.concatenate([inner_products(rows.first, vector), inner_products(rows.later, vector)])
    products = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), BLOCK):
        # einsum rather than a BLAS product: it starts no threads of its own, which would fight with those of other calls.
        np.einsum("nd,d->n", rows[start : start + BLOCK], vector, out=products[start : start + BLOCK])
    return products
