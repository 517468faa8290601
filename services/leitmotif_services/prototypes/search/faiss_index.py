"""Search through FAISS: a flat inner-product index over the rows of a scoring."""

import errno
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.search.scoring import Mask, Positions, Query, Scoring

_SPARE = 16
"""Candidates asked for beyond `count`, so that near ties at the end of the list seldom need a second search."""


class FaissIndex:
    """Implements `index.Index`. Agrees with `ExactIndex` to the last place: FAISS finds candidates, exact scores order them."""

    name = "faiss"

    def __init__(self, scoring: Scoring, flat: Any) -> None:
        """`flat`: a faiss.IndexFlatIP that holds `scoring.rows`, from `flat_index` or `read_flat_index`."""
        self._scoring = scoring
        self._flat = flat

    def search(self, query: Query, count: int, kept: Mask) -> Positions:
        """See `index.Index.search`."""
        left = int(np.count_nonzero(kept))
        if left <= count:
            return self._scoring.ordered(query, np.flatnonzero(kept))
        # OpenMP keeps this setting per calling thread, so it is made where the search runs. More threads than one only
        # delay a single query.
        faiss.omp_set_num_threads(1)
        bitmap = np.packbits(kept, bitorder="little")  # outlives the search: the selector points into it
        parameters = None if left == len(self._scoring) else _restricted_to(bitmap)
        wanted = min(count + _SPARE, left)
        vector = query.vector[None, :]
        rounded, found = self._flat.search(vector, wanted, params=parameters)
        rounded, found = rounded[0], found[0]
        least = np.float64(rounded[count - 1]) - 2.0 * query.rounding_margin
        if wanted < left and rounded[-1] >= least:
            # Tracks that were cut off may tie with the last place: fetch everything that close. The radius is exclusive.
            radius = float(np.nextafter(np.float32(least), np.float32(-np.inf)))
            _, _, found = self._flat.range_search(vector, radius, params=parameters)
        else:
            found = found[rounded >= least]
        return self._scoring.ordered(query, np.asarray(found, dtype=np.int64))[:count]


def _restricted_to(bitmap: NDArray[np.uint8]) -> Any:
    swig: Any = faiss  # its annotations describe the C++ constructors, not what the wrapper takes
    return swig.SearchParameters(sel=swig.IDSelectorBitmap(bitmap))


def flat_index(rows: NDArray[np.float32]) -> Any:
    """A faiss.IndexFlatIP over `rows`, (N, d)."""
    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(np.ascontiguousarray(rows))
    return index


def write_flat_index(rows: NDArray[np.float32], path: Path) -> None:
    """Write the index over `rows` to a file. OSError when it cannot be written."""
    try:
        faiss.write_index(flat_index(rows), str(path))
    except RuntimeError as error:
        raise OSError(errno.EIO, "FAISS cannot write the file", str(path)) from error


def read_flat_index(path: Path, rows: NDArray[np.float32]) -> Any:
    """The index of a file; ValueError when FAISS cannot read it, or when it holds anything else than `rows`."""
    try:
        index = faiss.read_index(str(path))
    except RuntimeError as error:
        raise ValueError("FAISS cannot read it") from error
    if type(index) is not faiss.IndexFlatIP:
        raise ValueError(f"must be an IndexFlatIP, is {type(index).__name__}")
    if (index.ntotal, index.d) != rows.shape:
        raise ValueError(f"must hold {rows.shape[0]} rows of {rows.shape[1]}, holds {index.ntotal} of {index.d}")
    stored = faiss.rev_swig_ptr(index.get_xb(), rows.size).reshape(rows.shape)
    if not np.array_equal(stored, rows):
        raise ValueError("its vectors are not those of the arrays")
    return index
