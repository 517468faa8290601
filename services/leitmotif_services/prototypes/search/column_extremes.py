"""The tracks at both ends of each column of rows: those that codes place wrongly, and that narrow profiles are about.

A code stands for a stretch of values, and the outermost ones for all that lies beyond: a track that has far more of a prototype
than others looks like many that have a little more, and so does the most popular of all. A profile that weighs many columns
hardly notices. One that rests on few asks for just those tracks, so they are kept in order, column by column.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.search.scoring import Doubles, Floats, Part, Positions, Scoring

LONGEST = 256
"""Tracks at each end of a column, at most."""

_SHORTEST = 64
_TRACKS_EACH = 1024
"""Of so many tracks one is kept at each end of a column, of small catalogues SHORTEST: what is looked at for a query stays few
beside what codes find."""

_COLUMNS = 8
"""Columns of a query whose ends are looked at, those it tells tracks apart by most."""

_SAMPLE = 8192
_BLOCK = 8192


@dataclass(frozen=True)
class ColumnExtremes:
    """Of N rows of d columns. Immutable."""

    spread: Doubles
    """(d,): the standard deviation of each column, of a sample of the rows."""
    positions: NDArray[np.int32]
    """Tracks by falling value of the first column, of the second …, of the last; then so by rising values. Ties by position."""
    bounds: NDArray[np.int64]
    """(2 d + 1,): where the stretch of each column and direction begins, and the last ends. A stretch is the whole end of its
    column: all that is not in it lies further inside."""

    @classmethod
    def of(cls, scoring: Scoring, part: Part) -> "ColumnExtremes":
        """Those of a part of a scoring's N ≥ 1 rows, in one pass over them."""
        tracks = len(scoring)
        sample = scoring.part_rows(part, np.linspace(0, tracks - 1, num=min(tracks, _SAMPLE)).astype(np.int64))
        longest = min(max(tracks // _TRACKS_EACH, _SHORTEST), LONGEST)
        # A sample tells such a share roughly: half as many again are taken, and all but the outermost left out.
        share = min(1.5 * longest / tracks, 0.5)
        lowest, highest = np.quantile(sample, [share, 1.0 - share], axis=0).astype(np.float32)
        found = [
            _outside(scoring.part_rows(part, np.arange(start, min(start + _BLOCK, tracks))), lowest, highest, start)
            for start in range(0, tracks, _BLOCK)
        ]
        positions, columns, values = (np.concatenate(parts) for parts in zip(*found, strict=True))
        rising = values < lowest[columns]
        stretches = columns + len(lowest) * rising
        order = np.lexsort((positions, np.where(rising, values, -values), stretches))
        counts = np.bincount(stretches, minlength=2 * len(lowest))
        places = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
        bounds = np.concatenate([[0], np.cumsum(np.minimum(counts, longest))])
        return cls(sample.std(axis=0, dtype=np.float64), positions[order[places < longest]].astype(np.int32), bounds)

    @property
    def memory_bytes(self) -> int:
        """What it holds."""
        return self.positions.nbytes + self.bounds.nbytes + self.spread.nbytes

    def breadth(self, vector: Floats) -> float:
        """How many columns a query (d,) tells tracks apart by: (Σ x²)² / Σ x⁴ of x_k = q_k · spread_k, which is n where n
        columns count alike; 0 where none counts.
        """
        squares = np.square(vector * self.spread)
        fourth = float(squares @ squares)
        return float(squares.sum()) ** 2 / fourth if fourth > 0 else 0.0

    def nearest(self, vector: Floats) -> Positions:
        """Tracks at those ends of columns that a query (d,) looks to; one may be there several times."""
        weights = np.abs(vector * self.spread)
        strongest = np.argsort(-weights)[:_COLUMNS]
        stretches = [self._end(column, vector) for column in strongest.tolist() if weights[column]]
        return np.concatenate(stretches).astype(np.int64) if stretches else np.empty(0, np.int64)

    def best_of_one(self, vector: Floats) -> Positions | None:
        """The best tracks for a query (d,) of one column, best first, as many as are known; None for any other query."""
        columns = np.flatnonzero(vector)
        return self._end(int(columns[0]), vector).astype(np.int64) if len(columns) == 1 else None

    def _end(self, column: int, vector: Floats) -> NDArray[np.int32]:
        stretch = column if vector[column] > 0 else column + len(self.spread)
        return self.positions[self.bounds[stretch] : self.bounds[stretch + 1]]


def _outside(rows: Floats, lowest: Floats, highest: Floats, start: int) -> tuple[Positions, Positions, Floats]:
    """Positions, columns and values (n,) of what lies outside of `lowest` (d,) … `highest` (d,) in rows from `start` on."""
    where = np.flatnonzero((rows < lowest) | (rows > highest))
    within, columns = np.divmod(where, len(lowest))
    return within + start, columns, rows.ravel()[where]
