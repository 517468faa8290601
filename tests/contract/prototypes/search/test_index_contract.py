"""What every index promises, run on each of them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from leitmotif_services.prototypes.search.exact_index import ExactIndex
from leitmotif_services.prototypes.search.faiss_index import FaissIndex
from leitmotif_services.prototypes.search.faiss_index_building import IndexSettings
from leitmotif_services.prototypes.search.faiss_index_files import build_index
from leitmotif_services.prototypes.search.index import Index
from leitmotif_services.prototypes.search.joined_index import JoinedIndex
from leitmotif_services.prototypes.search.linear_scoring import LinearScoring
from leitmotif_services.prototypes.search.scoring import Query
from tests.unit.prototypes.sample_models import profile, random_model

MakeIndex = Callable[[LinearScoring], Index]


@pytest.fixture(params=["exact", "faiss", "faiss-int4", "joined"])
def make_index(request: pytest.FixtureRequest) -> MakeIndex:
    makers: dict[str, MakeIndex] = {
        "exact": ExactIndex,
        "faiss": build_index,
        "faiss-int4": lambda table: build_index(table, IndexSettings("int4")),
        "joined": lambda table: JoinedIndex(build_index(table), table, None, np.empty(0, np.int64)),
    }
    return makers[request.param]


def approximate(index: Index) -> bool:
    """Whether an index may miss a track now and then."""
    return isinstance(index, FaissIndex) and bool(index._coded)


def line_table(bias: list[float]) -> LinearScoring:
    """Tracks whose score is their bias, whatever the profile."""
    nothing = np.zeros((len(bias), 1), dtype=np.float32)
    return LinearScoring(nothing, nothing, np.array(bias, dtype=np.float32), 1.0)


def search(index: Index, table: LinearScoring, count: int, kept: list[int] | None = None) -> list[int]:
    mask = np.ones(len(table), dtype=np.bool_)
    if kept is not None:
        mask[:] = False
        mask[kept] = True
    return index.search(table.query(profile((0.0,))), count, mask).tolist()


def test_best_first(make_index: MakeIndex) -> None:
    table = line_table([0.5, 3.0, -1.0, 2.0])
    assert search(make_index(table), table, 3) == [1, 3, 0]


def test_all_of_them_when_fewer_are_there(make_index: MakeIndex) -> None:
    table = line_table([0.5, 3.0, -1.0, 2.0])
    assert search(make_index(table), table, 1000) == [1, 3, 0, 2]


def test_ties_by_position_however_many(make_index: MakeIndex) -> None:
    table = line_table([1.0] * 500 + [2.0] + [1.0] * 500)
    assert search(make_index(table), table, 4) == [500, 0, 1, 2]
    assert search(make_index(table), table, 3, kept=list(range(300, 1001))) == [500, 300, 301]


def test_what_is_not_kept_never_shortens_the_list(make_index: MakeIndex) -> None:
    table = line_table([float(1000 - n) for n in range(1000)])
    assert search(make_index(table), table, 20, kept=list(range(900, 1000))) == list(range(900, 920))
    assert search(make_index(table), table, 20, kept=[999, 500]) == [500, 999]
    assert search(make_index(table), table, 20, kept=[]) == []


def test_none_keeps_all(make_index: MakeIndex) -> None:
    model = random_model(3, tracks=3000, prototypes=16)
    table = LinearScoring(model.responses, model.affinities, model.bias, model.edit_gain)
    index = make_index(table)
    for edits in ((), (1.0,) * 16):
        query = table.query(profile(tuple(np.linspace(-1, 1, 16)), edits))
        everything = index.search(query, 30, None).tolist()
        assert everything == index.search(query, 30, np.ones(3000, dtype=np.bool_)).tolist()
        true = ExactIndex(table).search(query, 30, None).tolist()
        assert len(set(everything) & set(true)) >= 27 if approximate(index) else everything == true


@pytest.mark.parametrize("gone", [1, 7, 600, 2600, 2990])
def test_the_list_stays_full_however_many_are_gone(make_index: MakeIndex, gone: int) -> None:
    # The very best are gone: a search that only dropped them afterwards would return fewer.
    model = random_model(4, tracks=3000, prototypes=16)
    table = LinearScoring(model.responses, model.affinities, model.bias, model.edit_gain)
    query = table.query(profile(tuple(np.linspace(-1, 1, 16))))
    order = ExactIndex(table).search(query, 3000, None)
    kept = np.ones(3000, dtype=np.bool_)
    kept[order[:gone]] = False
    index = make_index(table)
    found = index.search(query, 20, kept).tolist()
    assert len(set(found)) == min(20, 3000 - gone)
    assert kept[found].all()
    if approximate(index):
        assert len(set(found) & set(order[gone : gone + 20].tolist())) >= min(18, 3000 - gone)
    else:
        assert found == order[gone : gone + 20].tolist()


def test_differences_below_float32_decide(make_index: MakeIndex) -> None:
    # 1 + 2⁻³⁰ and 1 are one number in float32, but not in the exact score.
    responses = np.array([[1.0, 0.0]] * 40 + [[1.0, 2.0**-30]], dtype=np.float32)
    table = LinearScoring(responses, np.zeros_like(responses), np.zeros(41, np.float32), 1.0)
    found = make_index(table).search(table.query(profile((1.0, 1.0))), 2, np.ones(41, dtype=np.bool_))
    assert found.tolist() == [40, 0]


def test_extreme_weights_stay_exact(make_index: MakeIndex) -> None:
    # 1e6·1e6 and -1e6·1e6 cancel; what is left is far below the rounding of either.
    responses = np.array([[1e6, -1e6], [1e6, -1e6], [1e6, -1e6]], dtype=np.float32)
    table = LinearScoring(responses, np.zeros_like(responses), np.array([0.0, 0.5, 0.25], np.float32), 1.0)
    found = make_index(table).search(table.query(profile((1e6, 1e6))), 2, np.ones(3, dtype=np.bool_))
    assert found.tolist() == [1, 2]


def test_concurrent_searches_give_what_single_ones_give(make_index: MakeIndex) -> None:
    model = random_model(7, tracks=2000, prototypes=16)
    table = LinearScoring(model.responses, model.affinities, model.bias, model.edit_gain)
    index = make_index(table)
    random = np.random.default_rng(8)
    asked: list[tuple[Query, np.ndarray]] = [
        (table.query(profile(tuple(random.normal(size=16)), tuple(random.normal(size=16)))), random.random(2000) < 0.5)
        for _ in range(40)
    ]
    alone = [index.search(query, 10, kept).tolist() for query, kept in asked]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda item: index.search(item[0], 10, item[1]).tolist(), asked))
    assert together == alone


@pytest.mark.parametrize("seed", range(5))
def test_rounding_of_the_search_never_decides(make_index: MakeIndex, seed: int) -> None:
    # Large responses that cancel in pairs: what is left of a float32 sum is noise above every bias.
    random = np.random.default_rng(seed)
    large = random.integers(-(10**5), 10**5, size=(300, 8)).astype(np.float32)
    responses = random.permuted(np.hstack([large, -large]), axis=1)
    bias = random.permutation(300).astype(np.float32) / 64
    table = LinearScoring(responses, np.zeros_like(responses), bias, 1.0)
    query = table.query(profile((999.0,) * 16))
    found = make_index(table).search(query, 5, np.ones(300, dtype=np.bool_))
    assert found.tolist() == np.argsort(-bias)[:5].tolist()
    assert [ExactIndex(table).rank(query, position, np.ones(300, dtype=np.bool_)) for position in found.tolist()] == [
        1,
        2,
        3,
        4,
        5,
    ]
