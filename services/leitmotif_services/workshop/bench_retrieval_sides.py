"""The two sides of the retrieval benchmark: the service's index as it is loaded, and the bare FAISS call on the same index."""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.search.faiss_index import CodedRows, FlatRows
from leitmotif_services.prototypes.search.index import Index
from leitmotif_services.prototypes.search.scoring import Mask, Part, Query, Scoring

_BLOCK = 65_536


class BareFaiss:
    """`index.search` of the FAISS index alone, as its users call it, with one thread.

    Of coded rows, the index that scores the best of them by the rows themselves, as the service does: FAISS's own
    IndexRefineFlat around the same lists, with as many lists looked into and as many candidates. It holds a copy of the rows.
    """

    def __init__(self, rows: FlatRows | CodedRows, scoring: Scoring, part: Part) -> None:
        self._index: Any = rows.index
        self._coded = rows
        if isinstance(rows, CodedRows):
            swig: Any = faiss
            flat = faiss.IndexFlatIP(rows.index.d)
            for start in range(0, len(scoring), _BLOCK):
                block = scoring.part_rows(part, np.arange(start, min(start + _BLOCK, len(scoring))))
                flat.add(np.ascontiguousarray(np.pad(block, ((0, 0), (0, rows.index.d - block.shape[1])))))
            self._index = faiss.IndexRefine(rows.index, flat)
            self._flat = flat  # the refined index points to it
            self._probes = swig.SearchParametersIVF(nprobe=rows.probes)

    def prepared(self, query: Query, count: int) -> Callable[[], NDArray[np.int64]]:
        """The call alone, without what comes before it."""
        width = self._index.d
        vector = np.zeros((1, width), np.float32)
        vector[0, : len(query.vector)] = query.vector
        parameters: Any = None
        if isinstance(self._coded, CodedRows):
            swig: Any = faiss
            factor = self._coded.candidates / count
            parameters = swig.IndexRefineSearchParameters(k_factor=factor, base_index_params=self._probes)
        return lambda: self._index.search(vector, count, params=parameters)[1][0]


def in_turns(
    bare: BareFaiss, index: Index, queries: Sequence[Query], count: int, *, calls: int, budget_s: float
) -> tuple[list[float], list[float]]:
    """Milliseconds of single searches, bare and the service's, one after the other; until `calls` each or the budget is spent."""
    faiss.omp_set_num_threads(1)
    prepared = [bare.prepared(query, count) for query in queries]
    for query, call in zip(queries, prepared, strict=True):
        call()
        index.search(query, count, None)
    of_bare, of_service = [], []
    started = time.perf_counter()
    for number in range(calls):
        place = number % len(queries)
        begun = time.perf_counter()
        prepared[place]()
        between = time.perf_counter()
        index.search(queries[place], count, None)
        of_service.append(1e3 * (time.perf_counter() - between))
        of_bare.append(1e3 * (between - begun))
        if number >= len(queries) and time.perf_counter() - started > budget_s:
            break
    return of_bare, of_service


def median_ms(search: Callable[[Query, Mask | None], object], asked: Sequence[tuple[Query, Mask | None]], rounds: int) -> float:
    """Median of single searches in milliseconds, after one to warm up."""
    search(*asked[0])
    measured = []
    for _ in range(rounds):
        for query, kept in asked:
            begun = time.perf_counter()
            search(query, kept)
            measured.append(1e3 * (time.perf_counter() - begun))
    return statistics.median(measured)
