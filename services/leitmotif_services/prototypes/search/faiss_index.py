"""Search through FAISS: flat rows where the catalogue is small, coded rows in lists where it is large.

FAISS finds candidates, exact scores order them. Of a flat index these are all that can be among the best, so its answer is
that of `ExactIndex` to the last place. Of coded rows they are the best by the codes, which miss a few now and then: `IndexRecord`
says how few, measured when the index was built.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.search.column_extremes import ColumnExtremes
from leitmotif_services.prototypes.search.exact_index import ExactIndex, count_th_largest
from leitmotif_services.prototypes.search.index import ANY_COUNT, PartialAnswer
from leitmotif_services.prototypes.search.scoring import Floats, Mask, Part, Positions, Query, Scoring, in_order

_SPARE = 4
"""Candidates asked for beyond `count`, so that near ties at the end of the list seldom need a second search."""

_FLAT_GATHER_SHARE = 8
_CODED_GATHER_SHARE = 40
"""Where one track in so many is kept, or fewer, the kept rows are scored one by one: no pass over the others is as fast."""

_CANDIDATES_EACH = 4
"""Candidates by the codes for each track asked for, at least."""

_FEW_GONE = 512
"""So many tracks that are not kept are found as well and passed over: cheaper than to ask of every track whether it is kept."""

_EXACT_SHARE = 4
"""Where more than one track in so many is a candidate, codes gain nothing."""

_BROAD_QUERY, _BROAD_QUERY_OF_MANY = 3.0, 8.0
"""Columns that a query has to weigh, counted by `ColumnExtremes.breadth`, for codes alone to tell tracks apart: of each they keep
few levels. For others the ends of the columns are looked at as well. The latter holds where there are so many candidates,
_MANY_CANDIDATES, that this costs next to nothing."""

_MANY_CANDIDATES = 4096

NARROWEST_QUERY = 2.0
"""Of a query that weighs fewer, so many tracks look alike by their codes that it takes more candidates."""

_NARROW_CANDIDATES = 2
"""Candidates of such a query, in those of others."""


_NONE: Positions = np.empty(0, np.int64)


@dataclass(frozen=True)
class FlatRows:
    """The rows of one part, as they are."""

    index: Any
    """A faiss.IndexFlatIP."""

    def taken(self, positions: Positions) -> Floats:
        """(n, d): the rows at `positions`; a copy."""
        return self._rows.take(positions, axis=0)

    @cached_property
    def _rows(self) -> Floats:
        rows: Floats = faiss.rev_swig_ptr(self.index.get_xb(), self.index.ntotal * self.index.d)
        return rows.reshape(self.index.ntotal, self.index.d)


@dataclass(frozen=True)
class CodedRows:
    """The rows of one part, coded and divided into lists."""

    index: Any
    """A faiss.IndexIVF of inner products."""
    probes: int
    """Lists that an unfiltered search looks into."""
    candidates: int
    """Best tracks by their codes whose scores are computed."""
    extremes: ColumnExtremes
    """Of the rows."""

    def besides(self, query: Query, breadth: float) -> Positions:
        """Tracks that are candidates whatever their codes say, for a query of this breadth; none where codes are enough."""
        broad = _BROAD_QUERY if self.candidates < _MANY_CANDIDATES else _BROAD_QUERY_OF_MANY
        return self.extremes.nearest(query.vector) if breadth < broad else _NONE


class FaissIndex:
    """Implements `index.Index`."""

    name = "faiss"

    def __init__(self, scoring: Scoring, rows: Mapping[Part, FlatRows | CodedRows]) -> None:
        """`rows`: of each of `scoring.parts`, in the order of the scoring's tracks."""
        self._scoring = scoring
        self._tracks = len(scoring)
        self._exact = ExactIndex(scoring)
        self._flat = {part: each for part, each in rows.items() if isinstance(each, FlatRows)}
        self._coded = {part: each for part, each in rows.items() if isinstance(each, CodedRows)}
        # Up to so many, the candidates do not depend on how many tracks are asked for.
        self.steady_count = min([each.candidates // _CANDIDATES_EACH for each in self._coded.values()], default=ANY_COUNT)
        swig: Any = faiss  # its annotations describe the C++ constructors, not what the wrapper takes
        self._probes = {part: swig.SearchParametersIVF(nprobe=each.probes) for part, each in self._coded.items()}

    def search(self, query: Query, count: int, kept: Mask | None) -> Positions:
        """See `index.Index.search`."""
        left = self._tracks if kept is None else int(np.count_nonzero(kept))
        if left <= count:
            return self._exact.search(query, count, kept)
        if left == self._tracks:
            kept = None
        flat = self._flat.get(query.part)
        if flat is None:
            return self._search_coded(self._coded[query.part], query, count, kept, left)
        if kept is not None and left * _FLAT_GATHER_SHARE <= self._tracks:
            return self._exact.best_of(query, count, np.flatnonzero(kept))
        return self._search_flat(flat, query, count, kept, left)

    def search_available(self, query: Query, count: int, kept: Mask | None) -> PartialAnswer:
        """See `index.Index.search_available`."""
        return PartialAnswer(self.search(query, count, kept))

    def _search_flat(self, flat: FlatRows, query: Query, count: int, kept: Mask | None, left: int) -> Positions:
        gone = self._tracks - left
        passed_over = gone if gone <= _FEW_GONE else 0
        # The bitmap outlives the search: the selector points into it.
        bitmap = None if kept is None or passed_over else np.packbits(kept, bitorder="little")
        parameters = None if bitmap is None else _keeping(bitmap)
        wanted = min(count + _SPARE, left) + passed_over
        rounded, found = call(flat.index, query.vector, wanted, parameters)
        cut_off = rounded.item(-1)
        if kept is not None and passed_over:
            there = kept[found]
            rounded, found = rounded[there], found[there]
        least = rounded.item(count - 1) - 2.0 * query.rounding_margin
        if wanted < left + passed_over and cut_off >= least:
            # Tracks that were cut off may tie with the last place: fetch everything that close. The radius is exclusive.
            radius = float(np.nextafter(np.float32(least), np.float32(-np.inf)))
            found = np.asarray(flat.index.range_search(query.vector[None, :], radius, params=parameters)[2], dtype=np.int64)
            return self._scoring.ordered(query, found if kept is None else found[kept[found]])[:count]
        return self._settled(flat, query, count, found, rounded)

    def _settled(self, flat: FlatRows, query: Query, count: int, found: Positions, rounded: Floats) -> Positions:
        """The best `count` of `found` (n,) by falling exact score, given that these are by falling `rounded` score (n,)."""
        # Where neighbours are further apart than rounding can bring them, their order is that of the exact scores: only runs
        # of closer ones are scored again. 2.001 rather than 2: the difference is rounded as well.
        (close,) = (rounded[:count] - rounded[1 : count + 1] <= 2.001 * query.rounding_margin).nonzero()
        if len(close) and close[-1] == count - 1:  # what stands behind the last place may belong there
            (close,) = (rounded[:-1] - rounded[1:] <= 2.001 * query.rounding_margin).nonzero()
        if len(close) == 1:
            runs: Any = slice(close[0], close[0] + 2)
        elif len(close):
            near = np.zeros(len(found), np.bool_)
            near[close] = near[close + 1] = True
            # Runs stay in their order among each other, so all of them can be sorted as one.
            runs = near.nonzero()[0]
        else:
            return found[:count]
        close_ones = found[runs]
        found[runs] = in_order(close_ones, self._scoring.row_scores(query, flat.taken(close_ones)))
        return found[:count]

    def _search_coded(self, coded: CodedRows, query: Query, count: int, kept: Mask | None, left: int) -> Positions:
        known = coded.extremes.best_of_one(query.vector)
        if known is not None:
            known = known if kept is None else known[kept[known]]
            if len(known) >= count:
                return self._scoring.ordered(query, known)[:count]
        tracks, gone = self._tracks, self._tracks - left
        breadth = coded.extremes.breadth(query.vector)
        wanted = max(coded.candidates, _CANDIDATES_EACH * count) * (_NARROW_CANDIDATES if breadth < NARROWEST_QUERY else 1)
        wanted += gone if gone <= _FEW_GONE else 0
        if wanted * _EXACT_SHARE > tracks:
            return self._exact.search(query, count, kept)
        vector = _widened(query.vector, coded.index.d)
        if kept is None or gone <= _FEW_GONE:
            parameters = self._probes[query.part]
        elif left <= max(wanted, tracks // _CODED_GATHER_SHARE):
            return self._exact.best_of(query, count, np.flatnonzero(kept))
        else:
            bitmap = np.packbits(kept, bitorder="little")  # outlives the search: the selector points into it
            # All lists: what is kept may lie in those that the profile would not have looked into. And more candidates: where
            # all of the best are left out, the next best stand closer together.
            parameters = _keeping(bitmap, probes=coded.index.nlist)
            wanted = min(2 * wanted, left)
        found = call(coded.index, vector, wanted, parameters)[1]
        if found[-1] < 0:  # the lists that were looked into hold fewer
            found = found[found >= 0]
        if kept is not None and gone <= _FEW_GONE:
            found = found[kept[found]]
        if len(found) < count:
            return self._exact.search(query, count, kept)
        rounded = self._scoring.rounded_at(query, found)
        least = count_th_largest(rounded, count) - 2.0 * query.rounding_margin
        best = found[rounded >= least]
        besides = coded.besides(query, breadth)
        if len(besides):
            besides = besides if kept is None else besides[kept[besides]]
            best = np.unique(np.concatenate([best, besides[self._scoring.rounded_at(query, besides) >= least]]))
        return self._scoring.ordered(query, best)[:count]


def call(index: Any, vector: Floats, wanted: int, parameters: Any) -> tuple[Floats, Positions]:
    """Scores and positions (wanted,) that a FAISS index finds for a query (d,), best first; -1 where there are no more.

    What `index.search` does, without its checks and conversions: for small catalogues they cost as much as the search.
    """
    # OpenMP keeps this setting per calling thread, so it is made where the search runs. More threads than one only delay a
    # single query.
    faiss.omp_set_num_threads(1)
    scores, positions = np.empty(wanted, np.float32), np.empty(wanted, np.int64)
    pointer = faiss.swig_ptr
    index.search_c(1, pointer(vector), wanted, pointer(scores), pointer(positions), parameters)
    return scores, positions


def _widened(vector: Floats, width: int) -> Floats:
    """The vector (d,) with zeros behind it, for an index of wider rows."""
    return vector if len(vector) == width else np.concatenate([vector, np.zeros(width - len(vector), np.float32)])


def _keeping(bitmap: NDArray[np.uint8], *, probes: int = 0) -> Any:
    swig: Any = faiss
    selector = swig.IDSelectorBitmap(bitmap)
    return swig.SearchParametersIVF(sel=selector, nprobe=probes) if probes else swig.SearchParameters(sel=selector)
