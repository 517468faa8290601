"""Retrieval: the service's search beside the bare FAISS call on the same index, with filters, from 1,000 tracks to 1,000,000."""

import gc
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from leitmotif_services.prototypes.safetensors_bundle import mapped_array, write_arrays
from leitmotif_services.prototypes.search.exact_index import ExactIndex
from leitmotif_services.prototypes.search.faiss_index import CodedRows
from leitmotif_services.prototypes.search.faiss_index_building import IndexSettings
from leitmotif_services.prototypes.search.faiss_index_files import RECORD_FILE, read_index, read_part, write_index
from leitmotif_services.prototypes.search.index_record import PartRecord
from leitmotif_services.prototypes.search.linear_scoring import LinearScoring
from leitmotif_services.prototypes.search.scoring import Mask, Part, Query
from leitmotif_services.workshop.bench_retrieval_catalogue import SampleCatalogue, sample_catalogue, sample_profiles
from leitmotif_services.workshop.bench_retrieval_sides import BareFaiss, in_turns, median_ms

PROTOTYPES = 128
SIZES = (1_000, 10_000, 100_000, 1_000_000)
COUNT = 100
"""Tracks asked for, and the depth of the recall."""

ROUNDS = 5

FILTERED_COUNT = 20
SELECTIVITIES = (0.001, 0.01, 0.1, 0.5)
FILTERED_TRACKS = 100_000
"""Sizes from this on are measured with filters; where none is as large, the largest is."""

_PROFILES = 100
_FILTERED_PROFILES = 20
_CALLS = 3000
BUDGET_S = 8.0
"""Seconds spent on the turns of one size and one kind of profile, at most, once every profile had its turn."""

_SEED = 1


@dataclass(frozen=True)
class Side:
    """Single searches of one kind of profile; milliseconds."""

    recall: float
    """Share of the true best COUNT tracks that the service finds, mean over the profiles."""
    ratio: float
    """Median of the service's searches over that of the bare calls beside them; of ROUNDS stretches of turns, the median."""
    p99_ratio: float
    """The same of the 99th percentiles: so a stretch that other work disturbed does not decide."""
    p50_ms: float
    p99_ms: float
    bare_p50_ms: float
    bare_p99_ms: float
    calls: int


@dataclass(frozen=True)
class SizeReport:
    """One size of catalogue."""

    tracks: int
    index: str
    """Storage of the index."""
    profiles: Side
    """Of profiles without edits."""
    edited: Side
    exact_p50_ms: float
    """Of the exact search in NumPy, without edits."""
    bytes_per_track: float
    """What searches read: the rows, mapped, and the index."""
    index_bytes_per_track: float
    """Of that, the index."""
    build_s: float
    load_s: float

    def as_json(self) -> dict[str, object]:
        whole = asdict(self)
        profiles = whole.pop("profiles")
        return {**whole, **profiles, "recall": round(min(self.profiles.recall, self.edited.recall), 4)}


@dataclass(frozen=True)
class FilterReport:
    """Searches for FILTERED_COUNT tracks among a share of the catalogue."""

    tracks: int
    selectivity: float
    recall: float
    slowdown: float
    """Median over that of the same search unfiltered."""
    p50_ms: float
    fewest_found: int
    """Tracks in the shortest list, of FILTERED_COUNT asked for."""


@dataclass
class RetrievalReport:
    """What was measured."""

    sizes: list[SizeReport] = field(default_factory=list)
    filters: list[FilterReport] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        return {
            "prototypes": PROTOTYPES,
            "count": COUNT,
            "threads": 1,
            "sizes": [size.as_json() for size in self.sizes],
            "filters": [asdict(each) for each in self.filters],
        }

    def as_tables(self) -> list[Table]:
        """What fits into 80 columns; `as_json` has everything."""
        sizes = _table(f"Best {COUNT} of N tracks, {PROTOTYPES} prototypes, one thread; milliseconds")
        figures = ("recall", "p50", "p99", "bare p50", "ratio")
        for column in ("tracks", "index", "profile", *figures):
            sizes.add_column(column, justify="left" if column in ("index", "profile") else "right", no_wrap=True)
        for size in self.sizes:
            for name, side in (("plain", size.profiles), ("edited", size.edited)):
                cells = [f"{size.tracks:,}", size.index, name, f"{side.recall:.4f}", f"{side.p50_ms:.3f}", f"{side.p99_ms:.3f}"]
                sizes.add_row(*cells, f"{side.bare_p50_ms:.3f}", f"{side.ratio:.2f}")
        filters = _table(f"Best {FILTERED_COUNT} of those a filter keeps")
        for column in ("tracks", "kept", "recall", "slowdown", "p50 ms"):
            filters.add_column(column, justify="right", no_wrap=True)
        for each in self.filters:
            filters.add_row(
                f"{each.tracks:,}", f"{each.selectivity:.1%}", f"{each.recall:.4f}", f"{each.slowdown:.2f}", f"{each.p50_ms:.3f}"
            )
        return [sizes, filters]


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))


def run(sizes: Sequence[int], *, storage: str, note: Callable[[str], None], budget_s: float = BUDGET_S) -> RetrievalReport:
    """Measure; `note` hears what is being done. ValueError for a storage that there is not."""
    IndexSettings(storage).storage_of(1)
    report = RetrievalReport()
    with_filters = {size for size in sizes if size >= FILTERED_TRACKS} or {max(sizes)}
    for tracks in sizes:
        note(f"{tracks:,} tracks: making the catalogue")
        catalogue = sample_catalogue(tracks, PROTOTYPES, seed=_SEED)
        with tempfile.TemporaryDirectory(prefix="leitmotif-bench-") as folder:
            measured = _Size(catalogue, Path(folder), storage, note, budget_s)
            report.sizes.append(measured.report())
            if tracks in with_filters:
                note(f"{tracks:,} tracks: filters")
                report.filters.extend(measured.filtered(selectivity) for selectivity in SELECTIVITIES)
    return report


def _ratio(of_service: Sequence[float], of_bare: Sequence[float], percentile: int) -> float:
    stretches = zip(np.array_split(of_service, ROUNDS), np.array_split(of_bare, ROUNDS), strict=True)
    return round(
        float(np.median([np.percentile(ours, percentile) / np.percentile(bare, percentile) for ours, bare in stretches])), 3
    )


class _Size:
    """A catalogue of one size, written to a folder and loaded from it as a bundle's is."""

    def __init__(
        self, catalogue: SampleCatalogue, folder: Path, storage: str, note: Callable[[str], None], budget_s: float
    ) -> None:
        tracks = len(catalogue.bias)
        self._catalogue = catalogue
        self._folder = folder
        self._note = note
        self._budget_s = budget_s
        arrays = {"responses": catalogue.responses, "affinities": catalogue.affinities, "bias": catalogue.bias}
        write_arrays(arrays, folder / "arrays.safetensors")
        note(f"{tracks:,} tracks: building the index")
        begun = time.perf_counter()
        [shard] = write_index(catalogue.scoring(), folder, IndexSettings(storage))
        self._build_s = time.perf_counter() - begun
        self._record: Mapping[Part, PartRecord] = shard.parts
        begun = time.perf_counter()
        loaded = [mapped_array(folder / "arrays.safetensors", name) for name in arrays]
        self._scoring = LinearScoring(loaded[0], loaded[1], loaded[2], catalogue.edit_gain)
        self._index, _ = read_index(folder, (folder / RECORD_FILE).read_bytes(), self._scoring)
        self._load_s = time.perf_counter() - begun
        self._exact = ExactIndex(self._scoring)

    def report(self) -> SizeReport:
        tracks = len(self._scoring)
        self._note(f"{tracks:,} tracks: searching")
        index_bytes = sum(self._index_bytes(part) for part in self._record)
        exact = self._queries(edited=False)[:10]
        return SizeReport(
            tracks=tracks,
            index=self._record[Part.LISTENING].storage,
            profiles=self._side(Part.LISTENING, edited=False),
            edited=self._side(Part.WHOLE, edited=True),
            exact_p50_ms=round(
                median_ms(lambda query, kept: self._exact.search(query, COUNT, kept), [(q, None) for q in exact], 2), 4
            ),
            bytes_per_track=round(4 * (2 * PROTOTYPES + 1) + index_bytes / tracks, 1),
            index_bytes_per_track=round(index_bytes / tracks, 1),
            build_s=round(self._build_s, 3),
            load_s=round(self._load_s, 4),
        )

    def filtered(self, selectivity: float) -> FilterReport:
        random = np.random.default_rng([_SEED, 3])
        plain, edited = self._queries(edited=False), self._queries(edited=True)
        queries = plain[: _FILTERED_PROFILES // 2] + edited[: _FILTERED_PROFILES // 2]
        asked: list[tuple[Query, Mask | None]] = [(query, self._mask(selectivity, random)) for query in queries]
        recalls, found = [], []
        for query, kept in asked:
            true, got = (index.search(query, FILTERED_COUNT, kept) for index in (self._exact, self._index))
            recalls.append(len(np.intersect1d(true, got)) / len(true))
            found.append(len(got))

        def search(query: Query, kept: Mask | None) -> object:
            return self._index.search(query, FILTERED_COUNT, kept)

        rounds = max(2, min(50, 4_000_000 // len(self._scoring)))
        unfiltered_ms = median_ms(search, [(query, None) for query, _ in asked], rounds)
        filtered_ms = median_ms(search, asked, rounds)
        return FilterReport(
            tracks=len(self._scoring),
            selectivity=selectivity,
            recall=round(float(np.mean(recalls)), 4),
            slowdown=round(filtered_ms / unfiltered_ms, 3),
            p50_ms=round(filtered_ms, 4),
            fewest_found=min(found),
        )

    def _side(self, part: Part, *, edited: bool) -> Side:
        queries = self._queries(edited=edited)
        recalls = []
        for query in queries:
            true = self._exact.search(query, COUNT, None)
            recalls.append(len(np.intersect1d(true, self._index.search(query, COUNT, None))) / len(true))
        record = self._record[part]
        bare = BareFaiss(read_part(self._folder / record.file, part, record, self._scoring), self._scoring, part)
        gc.collect()
        gc.disable()
        try:
            of_bare, of_service = in_turns(bare, self._index, queries, COUNT, calls=_CALLS, budget_s=self._budget_s)
        finally:
            gc.enable()
        p50, p99 = np.percentile(of_service, [50, 99])
        bare_p50, bare_p99 = np.percentile(of_bare, [50, 99])
        return Side(
            recall=round(float(np.mean(recalls)), 4),
            ratio=_ratio(of_service, of_bare, 50),
            p99_ratio=_ratio(of_service, of_bare, 99),
            p50_ms=round(float(p50), 4),
            p99_ms=round(float(p99), 4),
            bare_p50_ms=round(float(bare_p50), 4),
            bare_p99_ms=round(float(bare_p99), 4),
            calls=len(of_service),
        )

    def _index_bytes(self, part: Part) -> int:
        """Of the file of a part, and of what is made of it when it is read."""
        path = self._folder / self._record[part].file
        rows = read_part(path, part, self._record[part], self._scoring)
        return path.stat().st_size + (rows.extremes.memory_bytes if isinstance(rows, CodedRows) else 0)

    def _queries(self, *, edited: bool) -> list[Query]:
        return [self._scoring.query(each) for each in sample_profiles(self._catalogue, _PROFILES, edited=edited, seed=_SEED)]

    def _mask(self, selectivity: float, random: np.random.Generator) -> Mask:
        """Tracks that a tag would keep: whole styles, all of their tracks or half of them, until so many are kept."""
        styles = self._catalogue.styles
        wanted = max(FILTERED_COUNT, round(selectivity * len(styles)))
        mask = np.zeros(len(styles), np.bool_)
        order = np.argsort(styles, kind="stable")
        starts = np.searchsorted(styles[order], np.arange(int(styles.max()) + 2))
        left = wanted
        for style in random.permutation(len(starts) - 1):
            members = order[starts[style] : starts[style + 1]]
            chosen = members[random.random(len(members)) < random.choice([0.5, 1.0])][:left]
            mask[chosen] = True
            left -= len(chosen)
            if not left:
                break
        return mask
