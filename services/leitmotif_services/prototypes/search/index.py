"""The port behind which a catalogue is searched."""

import sys
from dataclasses import dataclass
from typing import Protocol

from leitmotif_services.prototypes.search.scoring import Mask, Positions, Query

ANY_COUNT = sys.maxsize
"""Of an index that is exact: see `Index.steady_count`."""


@dataclass(frozen=True)
class PartialAnswer:
    """What the parts of an index that answered found."""

    positions: Positions
    missing: tuple[int, ...] = ()
    """Numbers of the shards that did not answer, ascending: their tracks are not in the list. Empty where it is whole."""


class Index(Protocol):
    """Finds the best tracks of a `Scoring`. Safe to search from several threads at once; never changed after it is built."""

    name: str
    """Short name for logs and figures, such as "exact"."""
    steady_count: int
    """Of two lists of up to so many tracks the longer one begins with the shorter one; a longer list may hold tracks that the
    shorter one should have held. At least 1."""

    def search(self, query: Query, count: int, kept: Mask | None) -> Positions:
        """Positions of the best `count` ≥ 1 tracks among those that `kept` (N,) is True for, None being all of them; of all that
        are kept when they are fewer.

        Ordered by falling exact score, ties by rising position. Tracks that are not kept are passed over inside the
        search, so that they never shorten the list. An exact index finds the best; an approximate one may miss a few of
        them and then returns the next best in their place, as often as its stated recall says.
        """
        ...

    def search_available(self, query: Query, count: int, kept: Mask | None) -> PartialAnswer:
        """As `search`, without the tracks of shards that raise or take too long: those are told instead.

        An index in one piece answers whole, or raises.
        """
        ...
