"""Rows of float32, one a track, that may lie in several places: arrays of a mapped file, memory for tracks that came since."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


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

    def __init__(self, first: TrackRows, later: TrackRows) -> None:
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
        return np.concatenate([np.asarray(self.first), np.asarray(self.later)]).astype(dtype or np.float32)


class JoinedColumns:
    """Implements `TrackRows`: the rows of several (N, d_i) side by side, none of them copied until rows are asked for."""

    def __init__(self, blocks: Sequence[TrackRows]) -> None:
        self.blocks = tuple(blocks)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self), sum(block.shape[1] for block in self.blocks))

    def __len__(self) -> int:
        return len(self.blocks[0])

    def __getitem__(self, positions: Any, /) -> Any:
        return np.concatenate([block[positions] for block in self.blocks], axis=-1)

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[Any]:
        return np.hstack([np.asarray(block) for block in self.blocks]).astype(dtype or np.float32)


def taken(rows: Floats, positions: NDArray[np.int64]) -> Floats:
    """(n, d): the rows at `positions` (n,); a copy."""
    # Of rows that are not contiguous, `take` would copy all of them first.
    return rows.take(positions, axis=0) if rows.flags.c_contiguous else rows[positions]


def inner_products(rows: Floats, vector: Floats) -> Floats:
    """(N,): the inner product of each row (N, d) with a vector (d,)."""
    # One product a row rather than one of a matrix: that would start threads of BLAS, which fight with those of other calls.
    products: Floats = np.vecdot(rows, vector)
    return products
