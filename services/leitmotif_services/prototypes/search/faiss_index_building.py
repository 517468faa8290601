"""Builds the FAISS index of a catalogue, and measures what it finds.

Up to FLAT_UP_TO tracks it keeps the rows as they are. Beyond, the rows are coded and divided into lists by their nearest
centroid; how many lists a search looks into, and how many candidates of theirs are scored, is what sample profiles need for the
wanted recall at the least estimated cost. The same catalogue gives the same index: nothing depends on the clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.search.column_extremes import ColumnExtremes
from leitmotif_services.prototypes.search.exact_index import ExactIndex
from leitmotif_services.prototypes.search.faiss_index import NARROWEST_QUERY, CodedRows, FaissIndex, FlatRows
from leitmotif_services.prototypes.search.index_record import STORAGES, PartRecord
from leitmotif_services.prototypes.search.sample_profiles import sample_profiles
from leitmotif_services.prototypes.search.scoring import Doubles, Floats, Part, Query, Scoring

FLAT_UP_TO = 20_000
"""Tracks up to which the rows are kept as they are: a pass over them takes a fraction of a millisecond."""

CODED_FROM = 1024
"""Fewer tracks are kept as they are whatever the storage: there is too little to make codes of."""

RECALL_DEPTH = 100
"""Recall is the share of so many best tracks."""

_BLOCK = 65_536
_TRAINING_ROWS = 65_536
_TUNING_PROFILES = 48
_HELD_OUT_PROFILES = 48
_CANDIDATES = (128, 256, 512, 1024, 2048, 4096, 8192)
_PROBED_SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)

_CODE_NS = {"int4": 0.02, "int8": 0.08, "float16": 0.08, "float32": 0.16}
"""Estimated cost of one entry of one row, by storage: what sets the scales of a choice, not a promise."""
_CANDIDATE_NS = 100.0
"""That of one candidate, from the list of the best to its score."""


@dataclass(frozen=True)
class IndexSettings:
    """What a builder decides about an index."""

    storage: str = "auto"
    """One of `index_record.STORAGES`, or "auto": "flat" up to FLAT_UP_TO tracks, "int4" beyond. "flat" below CODED_FROM."""
    shards: int = 1
    """Stretches of tracks with an index of their own each, 1 to MOST_SHARDS: a search goes through all of them at once."""
    wanted_recall: float = 0.997
    """Recall that lists and candidates are chosen for, with profiles of their own; what is recorded was measured with others."""

    def storage_of(self, tracks: int) -> str:
        """The storage for so many tracks; ValueError for none that there is."""
        if self.storage not in ("auto", *STORAGES):
            raise ValueError(f"storage {self.storage!r} is none of auto, {', '.join(STORAGES)}")
        if tracks < CODED_FROM or (self.storage == "auto" and tracks <= FLAT_UP_TO):
            return "flat"
        return "int4" if self.storage == "auto" else self.storage


@dataclass(frozen=True)
class BuiltPart:
    """The index of one part with what was measured of it."""

    rows: FlatRows | CodedRows
    record: PartRecord


def build_part(scoring: Scoring, part: Part, settings: IndexSettings, *, file: str) -> BuiltPart:
    """The index over a part of a scoring's rows; `file` is what its record names."""
    storage = settings.storage_of(len(scoring))
    if storage == "flat":
        flat = faiss.IndexFlatIP(scoring.part_rows(part, np.arange(1)).shape[1])
        _add(scoring, part, flat, 0)
        return BuiltPart(FlatRows(flat), PartRecord(file, storage, 1, 1, 1.0, 1.0, 0))
    index, extremes = _coded(scoring, part, storage), ColumnExtremes.of(scoring, part)
    tuning, held_out = _profiles(scoring, part, _TUNING_PROFILES, seed=0), _profiles(scoring, part, _HELD_OUT_PROFILES, seed=1)
    probes, candidates = _tuned(scoring, index, tuning, extremes, storage, settings.wanted_recall)
    rows = CodedRows(index, probes, candidates, extremes)
    recalls = measured_recall(scoring, FaissIndex(scoring, {part: rows}), held_out)
    record = PartRecord(
        file, storage, probes, candidates, round(float(recalls.mean()), 4), round(float(recalls.min()), 4), len(recalls)
    )
    return BuiltPart(rows, record)


def measured_recall(scoring: Scoring, index: FaissIndex, profiles: Sequence[Profile], depth: int = RECALL_DEPTH) -> Doubles:
    """(n,): the share of the true best `depth` tracks that the index finds, of each profile."""
    exact = ExactIndex(scoring)
    recalls = []
    for profile in profiles:
        query = scoring.query(profile)
        true = exact.search(query, depth, None)
        recalls.append(len(np.intersect1d(true, index.search(query, depth, None))) / len(true))
    return np.array(recalls)


def _coded(scoring: Scoring, part: Part, storage: str) -> Any:
    """A trained faiss.IndexIVF that holds all rows."""
    tracks = len(scoring)
    columns = scoring.part_rows(part, np.arange(1)).shape[1]
    lists = 2 ** round(float(np.log2(max(np.sqrt(tracks) / 4, 1))))
    # Scalars are decoded sixteen at once, and one by one where the columns are no multiple of it.
    width = columns if storage in ("int4", "float32") else -(-columns // 16) * 16
    code = {"int4": f"PQ{columns}x4fs", "int8": "SQ8", "float16": "SQfp16", "float32": "Flat"}[storage]
    index: Any = faiss.index_factory(width, f"IVF{lists},{code}", faiss.METRIC_INNER_PRODUCT)
    index.cp.niter, index.cp.max_points_per_centroid = 8, 256
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)  # sums of several threads' work may differ from run to run
    try:
        index.train(_padded(_training_rows(scoring, part), width))
        _add(scoring, part, index, width)
    finally:
        faiss.omp_set_num_threads(threads)
    return index


def _training_rows(scoring: Scoring, part: Part) -> Floats:
    """Rows that codes are made for, drawn in proportion to their squared length: long ones are what searches find."""
    random = np.random.default_rng(29)
    tracks = len(scoring)
    pool = np.sort(random.choice(tracks, size=min(tracks, 4 * _TRAINING_ROWS), replace=False))
    rows = scoring.part_rows(part, pool)
    weights = np.vecdot(rows, rows).astype(np.float64)
    weights += max(float(weights.mean()), 1e-30) * 1e-3
    chosen = random.choice(len(pool), size=min(_TRAINING_ROWS, -(-len(pool) // 2)), replace=False, p=weights / weights.sum())
    return rows[np.sort(chosen)]


def _add(scoring: Scoring, part: Part, index: Any, width: int) -> None:
    for start in range(0, len(scoring), _BLOCK):
        index.add(_padded(scoring.part_rows(part, np.arange(start, min(start + _BLOCK, len(scoring)))), width))


def _padded(rows: Floats, width: int) -> Floats:
    missing = max(width - rows.shape[1], 0)
    return np.ascontiguousarray(np.pad(rows, ((0, 0), (0, missing))) if missing else rows)


def _profiles(scoring: Scoring, part: Part, count: int, *, seed: int) -> list[Profile]:
    """Profiles whose queries are of a part: edited ones or plain ones, and both where there is one part alone."""
    if len(scoring.parts) > 1:
        return sample_profiles(scoring, count, edited=part is Part.WHOLE, seed=seed)
    plain = sample_profiles(scoring, count // 2, edited=False, seed=seed)
    return plain + sample_profiles(scoring, count - len(plain), edited=True, seed=seed)


def _tuned(
    scoring: Scoring,
    index: Any,
    profiles: Sequence[Profile],
    extremes: ColumnExtremes,
    storage: str,
    wanted_recall: float,
) -> tuple[int, int]:
    """Lists and candidates of the least estimated cost that reach the wanted recall; where none do, those of the best."""
    exact = ExactIndex(scoring)
    queries = [query for profile in profiles if extremes.breadth((query := scoring.query(profile)).vector) >= NARROWEST_QUERY]
    truths = [exact.search(query, RECALL_DEPTH, None) for query in queries]
    options: list[tuple[bool, float, int, int]] = []
    deepest = min(_CANDIDATES[-1], len(scoring))
    for probes in sorted({max(1, round(index.nlist * share)) for share in _PROBED_SHARES}):
        places = [_places(index, query, true, probes, deepest) for query, true in zip(queries, truths, strict=True)]
        for candidates in _CANDIDATES:
            recall = float(np.mean([np.mean(each < candidates) for each in places])) if places else 1.0
            scanned = len(scoring) * probes / index.nlist * len(extremes.spread) * _CODE_NS[storage]
            cost = scanned + candidates * _CANDIDATE_NS
            options.append((recall < wanted_recall, cost if recall >= wanted_recall else -recall, probes, candidates))
    _, _, probes, candidates = min(options)
    return probes, candidates


def _places(index: Any, query: Query, true: NDArray[np.int64], probes: int, deepest: int) -> NDArray[np.int64]:
    """Where each true track stands among the candidates of a search; beyond them where it is not found."""
    swig: Any = faiss
    vector = _padded(query.vector[None, :], index.d)
    _, found = index.search(vector, deepest, params=swig.SearchParametersIVF(nprobe=probes))
    order = np.argsort(found[0], kind="stable")
    where = np.searchsorted(found[0], true, sorter=order)
    place = order[np.minimum(where, len(order) - 1)]
    return np.where(found[0][place] == true, place, 2 * _CANDIDATES[-1])
