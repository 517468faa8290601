"""Exact search in NumPy: the reference for every other index, and the index of small catalogues."""

import numpy as np

from leitmotif_services.prototypes.search.index import ANY_COUNT, PartialAnswer
from leitmotif_services.prototypes.search.scoring import Floats, Mask, Positions, Query, Scoring

_GATHER_SHARE = 8
"""Where one track in so many is kept, or fewer, the kept rows are scored alone: read here and there, they cost less than all."""

_BLOCK = 64
"""Scores whose maximum stands for them in the first pass over many."""


class ExactIndex:
    """Scores every track. Implements `index.Index`; takes no memory beside the scoring's."""

    name = "exact"
    steady_count = ANY_COUNT

    def __init__(self, scoring: Scoring) -> None:
        self._scoring = scoring

    def search(self, query: Query, count: int, kept: Mask | None) -> Positions:
        """See `index.Index.search`."""
        tracks = len(self._scoring)
        if kept is None:
            return self._best(query, count, None, self._scoring.rounded(query)) if count < tracks else self._all(query, None)
        left = int(np.count_nonzero(kept))
        if left <= count:
            return self._all(query, kept)
        if left * _GATHER_SHARE <= tracks:
            return self.best_of(query, count, np.flatnonzero(kept))
        return self._best(query, count, None, np.where(kept, self._scoring.rounded(query), np.float32(-np.inf)))

    def search_available(self, query: Query, count: int, kept: Mask | None) -> PartialAnswer:
        """See `index.Index.search_available`."""
        return PartialAnswer(self.search(query, count, kept))

    def best_of(self, query: Query, count: int, positions: Positions) -> Positions:
        """The best `count` ≥ 1 of the tracks at `positions` (n,), ascending; of n when they are fewer. Reads no others."""
        if len(positions) <= count:
            return self._scoring.ordered(query, positions)
        return self._best(query, count, positions, self._scoring.rounded_at(query, positions))

    def rank(self, query: Query, position: int, kept: Mask | None) -> int:
        """Place, from 1, of a kept track among all that are kept; None keeps all."""
        rounded = self._scoring.rounded(query)
        ahead = rounded - np.float64(rounded[position])
        above, near = ahead > 2.0 * query.rounding_margin, np.abs(ahead) <= 2.0 * query.rounding_margin
        if kept is not None:
            above, near = above & kept, near & kept
        order = self._scoring.ordered(query, np.flatnonzero(near))
        return int(np.count_nonzero(above)) + 1 + int(np.flatnonzero(order == position)[0])

    def _all(self, query: Query, kept: Mask | None) -> Positions:
        return self._scoring.ordered(query, np.arange(len(self._scoring)) if kept is None else np.flatnonzero(kept))

    def _best(self, query: Query, count: int, positions: Positions | None, rounded: Floats) -> Positions:
        """The best `count` < n by rounded scores (n,) of the tracks at `positions` (n,), None being the first n."""
        least = count_th_largest(rounded, count) - 2.0 * query.rounding_margin
        near = np.flatnonzero(rounded >= least)
        return self._scoring.ordered(query, near if positions is None else positions[near])[:count]


def count_th_largest(scores: Floats, count: int) -> np.float64:
    """The `count`-th largest of (n,) scores, 1 ≤ count ≤ n."""
    blocks = len(scores) // _BLOCK
    if blocks > 4 * count:
        # The count-th largest of the blocks' maxima is at most what is looked for, so all that is above it is in few scores.
        maxima = scores[: blocks * _BLOCK].reshape(blocks, _BLOCK).max(axis=1)
        scores = scores[scores >= np.partition(maxima, blocks - count)[blocks - count]]
    return np.float64(np.partition(scores, len(scores) - count)[len(scores) - count])
