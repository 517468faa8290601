"""Search by codes: what it promises whatever it misses, and how much it finds, on random catalogues, filters and exclusions."""

import functools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.search.exact_index import ExactIndex
from leitmotif_services.prototypes.search.faiss_index import NARROWEST_QUERY, FaissIndex
from leitmotif_services.prototypes.search.faiss_index_building import IndexSettings, build_part
from leitmotif_services.prototypes.search.linear_scoring import LinearScoring
from leitmotif_services.prototypes.search.scoring import Mask, Part
from leitmotif_services.workshop.bench_retrieval_catalogue import SampleCatalogue, sample_catalogue, sample_profiles

TRACKS, PROTOTYPES = 24_000, 32
STORAGES = ("int4", "int8", "float16", "float32")
LEAST_RECALL = {"flat": 1.0, "int4": 0.99, "int8": 0.99, "float16": 0.99, "float32": 0.99}


@functools.cache
def catalogue() -> SampleCatalogue:
    return sample_catalogue(TRACKS, PROTOTYPES, seed=5)


@functools.cache
def scoring() -> LinearScoring:
    return catalogue().scoring()


@functools.cache
def index(storage: str) -> FaissIndex:
    parts = {part: build_part(scoring(), part, IndexSettings(storage), file="") for part in scoring().parts}
    for built in parts.values():
        assert 0.99 <= built.record.recall <= 1.0
        # With more candidates, searches would go to the exact index, and nothing here would be tested.
        assert storage == "flat" or 4 * built.record.candidates < TRACKS
    return FaissIndex(scoring(), {part: built.rows for part, built in parts.items()})


def masks(seed: int, share: float, *, by_style: bool) -> Mask:
    random = np.random.default_rng(seed)
    if by_style:  # as a tag keeps tracks: those of some styles, so that whole lists hold none
        styles = catalogue().styles
        return random.random(int(styles.max()) + 1)[styles] < share
    return random.random(TRACKS) < share


@st.composite
def cases(draw: st.DrawFn) -> tuple[Profile, Mask | None, int]:
    seed = draw(st.integers(0, 2**31))
    [profile] = sample_profiles(catalogue(), 1, edited=draw(st.booleans()), seed=seed)
    share = draw(st.sampled_from([0.0005, 0.005, 0.05, 0.5, 0.95, 0.999, 1.0]))
    kept = masks(seed, share, by_style=draw(st.booleans()))
    if share == 1.0:
        kept[np.random.default_rng(seed).integers(0, TRACKS, size=draw(st.integers(0, 700)))] = False  # excluded by id
    return profile, None if draw(st.booleans()) and share == 1.0 else kept, draw(st.sampled_from([1, 20, 100, 700]))


@pytest.mark.parametrize("storage", ["flat", *STORAGES])
@settings(max_examples=40, deadline=None)
@given(cases())
def test_a_list_is_full_kept_and_in_exact_order(storage: str, case: tuple[Profile, Mask | None, int]) -> None:
    profile, kept, count = case
    query = scoring().query(profile)
    found = index(storage).search(query, count, kept)
    assert len(found) == min(count, TRACKS if kept is None else int(kept.sum()))
    assert len(np.unique(found)) == len(found)
    assert kept is None or kept[found].all()
    assert found.tolist() == scoring().ordered(query, np.sort(found)).tolist()
    if storage == "flat":
        assert found.tolist() == ExactIndex(scoring()).search(query, count, kept).tolist()


@pytest.mark.parametrize("edited", [False, True])
@pytest.mark.parametrize("share", [1.0, 0.5, 0.1, 0.01, 0.001])
@pytest.mark.parametrize("storage", ["flat", *STORAGES])
def test_recall_within_filters(storage: str, share: float, edited: bool) -> None:
    exact, found = ExactIndex(scoring()), []
    for number, profile in enumerate(sample_profiles(catalogue(), 24, edited=edited, seed=9)):
        kept = None if share == 1.0 else masks(number, share, by_style=number % 2 == 0)
        query = scoring().query(profile)
        true = exact.search(query, 20, kept)
        if len(true):
            found.append(len(np.intersect1d(true, index(storage).search(query, 20, kept))) / len(true))
    assert np.mean(found) >= LEAST_RECALL[storage]


@pytest.mark.parametrize("storage", STORAGES)
def test_few_edits_and_no_history_are_found_exactly(storage: str) -> None:
    # Codes keep few levels of a column: a profile that weighs one alone is one that they cannot rank.
    nothing = np.zeros(PROTOTYPES, np.float32)
    edits = nothing.copy()
    edits[3] = 1.0
    for profile in (Profile(nothing, nothing), Profile(nothing, edits)):
        query = scoring().query(profile)
        assert index(storage).search(query, 100, None).tolist() == ExactIndex(scoring()).search(query, 100, None).tolist()


def narrow_profiles(part: Part, count: int) -> list[Profile]:
    """Profiles that rest on one or two prototypes, by little more than one column of the rows."""
    random = np.random.default_rng(12)
    found: list[Profile] = []
    extremes = index("int4")._coded[part].extremes
    while len(found) < count:
        row = catalogue().affinities[random.integers(TRACKS)].astype(np.float64)
        history = (row / row.max()) ** random.uniform(1.0, 6.0) * random.choice([1.0, 3.0, 8.0])
        edits = np.zeros(PROTOTYPES)
        if part is Part.WHOLE:
            history *= random.choice([0.0, 0.2])
            edits[random.integers(PROTOTYPES)] = random.choice([2.0, 1.0, -1.0])
        profile = Profile(history.astype(np.float32), edits.astype(np.float32))
        query = scoring().query(profile)
        if extremes.breadth(query.vector) < NARROWEST_QUERY and query.part is part:
            found.append(profile)
    return found


@pytest.mark.parametrize("share", [1.0, 0.5, 0.1])
@pytest.mark.parametrize("part", list(Part))
@pytest.mark.parametrize("storage", STORAGES)
def test_recall_of_narrow_profiles(storage: str, part: Part, share: float) -> None:
    exact, found = ExactIndex(scoring()), []
    for number, profile in enumerate(narrow_profiles(part, 16)):
        kept = None if share == 1.0 else masks(number, share, by_style=number % 2 == 0)
        query = scoring().query(profile)
        true = exact.search(query, 100, kept)
        found.append(len(np.intersect1d(true, index(storage).search(query, 100, kept))) / len(true))
    assert np.mean(found) >= LEAST_RECALL[storage]


def test_narrow_profiles_are_searched_by_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [scoring().query(profile) for part in Part for profile in narrow_profiles(part, 8)]

    def refused(*_: object) -> None:
        raise AssertionError("searched exactly")

    monkeypatch.setattr(index("int4")._exact, "search", refused)
    for query in asked:
        assert len(index("int4").search(query, 100, None)) == 100


@pytest.mark.parametrize("edited", [False, True])
def test_a_longer_list_begins_with_the_shorter(edited: bool) -> None:
    candidates = min(each.candidates for each in index("int4")._coded.values())
    for profile in sample_profiles(catalogue(), 10, edited=edited, seed=4):
        query = scoring().query(profile)
        long = index("int4").search(query, candidates // 4, None).tolist()
        assert index("int4").search(query, 10, None).tolist() == long[:10]


@pytest.mark.parametrize("storage", STORAGES)
def test_concurrent_searches_give_what_single_ones_give(storage: str) -> None:
    asked = [
        (scoring().query(profile), None if number % 3 else masks(number, 0.3, by_style=True))
        for edited in (False, True)
        for number, profile in enumerate(sample_profiles(catalogue(), 15, edited=edited, seed=6))
    ]
    alone = [index(storage).search(query, 20, kept).tolist() for query, kept in asked]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda item: index(storage).search(item[0], 20, item[1]).tolist(), asked))
    assert together == alone


def test_the_same_catalogue_gives_the_same_index() -> None:
    import faiss

    first, second = (build_part(scoring(), Part.LISTENING, IndexSettings(), file="x") for _ in range(2))
    assert first.record == second.record
    assert (faiss.serialize_index(first.rows.index) == faiss.serialize_index(second.rows.index)).all()
