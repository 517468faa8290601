"""Shards are searched as one catalogue; one that fails is told, and the list is that of the others."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitmotif_services.prototypes.search.exact_index import ExactIndex
from leitmotif_services.prototypes.search.faiss_index_building import IndexSettings
from leitmotif_services.prototypes.search.faiss_index_files import (
    RECORD_FILE,
    IndexFileError,
    build_index,
    read_index,
    write_index,
)
from leitmotif_services.prototypes.search.index import ANY_COUNT, PartialAnswer
from leitmotif_services.prototypes.search.linear_scoring import LinearScoring
from leitmotif_services.prototypes.search.scoring import Mask, Positions, Query
from leitmotif_services.prototypes.search.sharded_index import Shard, ShardedIndex, shard_bounds
from tests.unit.prototypes.sample_models import profile, random_model


def table_of(tracks: int, levels: int = 0) -> LinearScoring:
    model = random_model(tracks, tracks=tracks, prototypes=6, levels=levels)
    return LinearScoring(model.responses, model.affinities, model.bias, model.edit_gain)


def exact_shards(table: LinearScoring, count: int) -> list[Shard]:
    return [Shard(ExactIndex(table.between(*bounds)), *bounds) for bounds in shard_bounds(len(table), count)]


class Failing:
    """An index that raises."""

    name = "failing"
    steady_count = ANY_COUNT

    def search(self, query: Query, count: int, kept: Mask | None) -> Positions:
        raise OSError("the disk is gone")

    def search_available(self, query: Query, count: int, kept: Mask | None) -> PartialAnswer:
        return PartialAnswer(self.search(query, count, kept))


class Stuck:
    """An index that answers when it is let."""

    name = "stuck"
    steady_count = ANY_COUNT

    def __init__(self) -> None:
        self.let = threading.Event()

    def search(self, query: Query, count: int, kept: Mask | None) -> Positions:
        self.let.wait(30)
        return np.arange(1)

    def search_available(self, query: Query, count: int, kept: Mask | None) -> PartialAnswer:
        return PartialAnswer(self.search(query, count, kept))


QUERY_OF = {False: profile((1.0, -0.5, 0.25, 2.0, 0.0, 1.0)), True: profile((1.0,) * 6, (0.0, 2.0, 0.0, 0.0, -1.0, 0.0))}


@settings(max_examples=60, deadline=None)
@given(
    tracks=st.integers(1, 120),
    shards=st.integers(1, 7),
    levels=st.sampled_from([0, 1]),
    count=st.integers(1, 30),
    share=st.sampled_from([0.0, 0.1, 0.9, 1.0]),
    edited=st.booleans(),
)
def test_shards_are_one_catalogue(tracks: int, shards: int, levels: int, count: int, share: float, edited: bool) -> None:
    table = table_of(tracks, levels)
    query = table.query(QUERY_OF[edited])
    kept = None if share == 1.0 else np.random.default_rng(tracks).random(tracks) < share
    sharded = ShardedIndex(table, exact_shards(table, shards), threads=2)
    whole = ExactIndex(table).search(query, count, kept).tolist()
    assert sharded.search(query, count, kept).tolist() == whole
    answer = sharded.search_available(query, count, kept)
    assert (answer.positions.tolist(), answer.missing) == (whole, ())


@pytest.mark.parametrize("broken", [0, 1, 2])
def test_a_shard_that_fails_is_told(broken: int, caplog: pytest.LogCaptureFixture) -> None:
    table = table_of(90)
    shards = exact_shards(table, 3)
    shards[broken] = Shard(Failing(), shards[broken].start, shards[broken].stop)
    sharded = ShardedIndex(table, shards, threads=2)
    query = table.query(QUERY_OF[False])
    answer = sharded.search_available(query, 10, None)
    others = np.ones(90, np.bool_)
    others[shards[broken].start : shards[broken].stop] = False
    assert answer.missing == (broken,)
    assert answer.positions.tolist() == ExactIndex(table).search(query, 10, others).tolist()
    assert "did not answer" in caplog.text
    with pytest.raises(OSError, match="the disk is gone"):
        sharded.search(query, 10, None)


def test_a_shard_that_takes_too_long_is_told() -> None:
    table = table_of(60)
    stuck = Stuck()
    first, last = exact_shards(table, 2)
    sharded = ShardedIndex(table, [first, Shard(stuck, last.start, last.stop)], threads=2, timeout_s=0.05)
    query = table.query(QUERY_OF[False])
    try:
        answer = sharded.search_available(query, 5, None)
        assert answer.missing == (1,)
        assert answer.positions.tolist() == first.index.search(query, 5, None).tolist()
        with pytest.raises(TimeoutError):
            sharded.search(query, 5, None)
    finally:
        stuck.let.set()


def test_shards_that_take_too_long_are_waited_for_together() -> None:
    table = table_of(60)
    stuck = Stuck()
    shards = [Shard(stuck, *bounds) for bounds in shard_bounds(60, 4)]
    sharded = ShardedIndex(table, shards, threads=4, timeout_s=0.25)
    began = time.monotonic()
    try:
        answer = sharded.search_available(table.query(QUERY_OF[False]), 5, None)
        assert (answer.positions.tolist(), answer.missing) == ([], (0, 1, 2, 3))
        assert time.monotonic() - began < 0.75
    finally:
        stuck.let.set()


def test_no_shard_left() -> None:
    table = table_of(10)
    answer = ShardedIndex(table, [Shard(Failing(), 0, 10)], threads=1).search_available(table.query(QUERY_OF[False]), 5, None)
    assert (answer.positions.tolist(), answer.missing) == ([], (0,))


@pytest.mark.parametrize("bounds", [[(0, 5)], [(0, 5), (6, 10)], [(0, 6), (5, 10)], [(0, 5), (5, 5), (5, 10)], [(0, 5), (5, 11)]])
def test_shards_that_are_not_the_catalogue(bounds: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="every track"):
        ShardedIndex(table_of(10), [Shard(Failing(), *each) for each in bounds], threads=1)


def test_stretches_are_as_equal_as_can_be() -> None:
    assert shard_bounds(10, 3) == [(0, 3), (3, 7), (7, 10)]
    assert shard_bounds(2, 5) == [(0, 1), (1, 2)]


@pytest.mark.parametrize("storage", ["flat", "int8"])
def test_shards_are_written_and_read(tmp_path: Path, storage: str) -> None:
    table = table_of(4000)
    query = table.query(QUERY_OF[True])
    true = ExactIndex(table).search(query, 20, None).tolist()
    record = write_index(table, tmp_path, IndexSettings(storage, shards=3))
    index, read = read_index(tmp_path, (tmp_path / RECORD_FILE).read_bytes(), table)
    assert list(read) == list(record)
    assert [shard.stop for shard in read] == [1333, 2667, 4000]
    assert sorted(path.name for path in tmp_path.glob("*.faiss")) == sorted(
        part.file for shard in read for part in shard.parts.values()
    )
    for each in (index, build_index(table, IndexSettings(storage, shards=3))):
        assert len(set(each.search(query, 20, None).tolist()) & set(true)) >= (20 if storage == "flat" else 19)
    (tmp_path / "index-2.faiss").unlink()
    with pytest.raises(IndexFileError) as refused:
        read_index(tmp_path, (tmp_path / RECORD_FILE).read_bytes(), table)
    assert refused.value.file == "index-2.faiss"


@pytest.mark.parametrize("shards", [0, 65])
def test_a_number_of_shards_that_there_is_not(tmp_path: Path, shards: int) -> None:
    with pytest.raises(ValueError, match="1 to 64"):
        write_index(table_of(10), tmp_path, IndexSettings(shards=shards))
