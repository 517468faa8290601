"""Exact search in NumPy: the reference for every other index, and the index of small catalogues."""

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.search.scoring import Mask, Positions, Query, Scoring
from leitmotif_services.prototypes.search.track_rows import inner_products


class ExactIndex:
    """Scores every track. Implements `index.Index`; takes no memory beside the scoring's."""

    name = "exact"

    def __init__(self, scoring: Scoring) -> None:
        self._scoring = scoring

    def search(self, query: Query, count: int, kept: Mask) -> Positions:
        """See `index.Index.search`."""
        candidates = np.flatnonzero(kept)
        if len(candidates) > count:
            rounded = self._rounded_scores(query)[candidates]
            count_th_best = np.partition(rounded, len(rounded) - count)[len(rounded) - count]
            candidates = candidates[rounded >= np.float64(count_th_best) - 2.0 * query.rounding_margin]
        return self._scoring.ordered(query, candidates)[:count]

    def rank(self, query: Query, position: int, kept: Mask) -> int:
        """Place, from 1, of a kept track among all that are kept."""
        rounded = self._rounded_scores(query)
        ahead = rounded - np.float64(rounded[position])
        above = int(np.count_nonzero(kept & (ahead > 2.0 * query.rounding_margin)))
        near = np.flatnonzero(kept & (np.abs(ahead) <= 2.0 * query.rounding_margin))
        return above + 1 + int(np.flatnonzero(self._scoring.ordered(query, near) == position)[0])

    def _rounded_scores(self, query: Query) -> NDArray[np.float32]:
        return inner_products(self._scoring.rows, query.vector)
