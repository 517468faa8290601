"""Search over the tracks of a bundle and those that came since, without those that are gone."""

import numpy as np

from leitmotif_services.prototypes.search.exact_index import ExactIndex
from leitmotif_services.prototypes.search.index import Index, PartialAnswer
from leitmotif_services.prototypes.search.joined_scoring import JoinedScoring
from leitmotif_services.prototypes.search.scoring import Mask, Positions, Query, Scoring


class JoinedIndex:
    """Implements `index.Index`: the bundle's own index, and every later track exactly; merged by exact score."""

    def __init__(self, index: Index, scoring: Scoring, alive: Mask | None, gone: Positions) -> None:
        """`index`: over the bundle's tracks, the first of `scoring`. `alive` (N + M,), None for all; `gone`: where it is not."""
        self.name = index.name
        self.steady_count = index.steady_count
        self._index = index
        self._joined = ExactIndex(scoring)
        self._later = ExactIndex(scoring.later) if isinstance(scoring, JoinedScoring) else None
        self._boundary = len(scoring.first if isinstance(scoring, JoinedScoring) else scoring)
        self._scoring = scoring
        self._alive = alive
        self._gone = gone

    def search(self, query: Query, count: int, kept: Mask | None) -> Positions:
        """See `index.Index.search`; what is gone is never found, whatever `kept` says."""
        kept = self._kept_alive(kept)
        return self._with_later(query, count, kept, self._index.search(query, count, self._of_first(kept)))

    def search_available(self, query: Query, count: int, kept: Mask | None) -> PartialAnswer:
        """See `index.Index.search_available`; later tracks are always there."""
        kept = self._kept_alive(kept)
        first = self._index.search_available(query, count, self._of_first(kept))
        return PartialAnswer(self._with_later(query, count, kept, first.positions), first.missing)

    def rank(self, query: Query, position: int, kept: Mask | None) -> int:
        """Place, from 1, of a kept track among all that are kept and not gone, exactly."""
        return self._joined.rank(query, position, self._kept_alive(kept))

    def _of_first(self, kept: Mask | None) -> Mask | None:
        return None if kept is None else kept[: self._boundary]

    def _with_later(self, query: Query, count: int, kept: Mask | None, first: Positions) -> Positions:
        """The best of what was found in the bundle and of what came since."""
        if self._later is None:
            return first
        later = self._later.search(query, count, None if kept is None else kept[self._boundary :])
        return self._scoring.ordered(query, np.concatenate([first, later + self._boundary]))[:count]

    def _kept_alive(self, kept: Mask | None) -> Mask | None:
        if kept is None or self._alive is None:
            return self._alive if kept is None else kept
        return np.logical_and(kept, self._alive) if kept[self._gone].any() else kept
