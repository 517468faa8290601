"""A shard of the index that fails, over real gRPC: lists say so, pages pass nothing over, comparisons are refused."""

from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from leitmotif.api.prototypes.v1 import catalogue_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif_services.prototypes.bundle_writing import write_bundle
from leitmotif_services.prototypes.search.faiss_index import FaissIndex
from leitmotif_services.prototypes.search.scoring import Mask, Positions, Query
from tests.integration.prototypes.live_catalogue.calls import message, upsert
from tests.integration.prototypes.running_service import Service, refusal, vector
from tests.unit.prototypes.sample_models import random_model

TRACKS, SHARDS = 90, 3
HISTORY = (0.9, -0.4, 0.2, 0.7)


class Disk:
    """Fails shards of the indexes that are searched: those over so many tracks as `failing` holds."""

    def __init__(self) -> None:
        self.failing: set[int] = set()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    broken, search = Disk(), FaissIndex.search

    def failing(index: FaissIndex, query: Query, count: int, kept: Mask | None) -> Positions:
        if index._tracks in broken.failing:
            raise OSError("input/output error")
        return search(index, query, count, kept)

    monkeypatch.setattr(FaissIndex, "search", failing)
    return broken


@pytest.fixture
async def sharded(tmp_path: Path, disk: Disk) -> AsyncIterator[Service]:
    """Over 92 tracks in shards of 31, 30 and 31."""
    service = Service(tmp_path / "models")
    write_bundle(random_model(1, tracks=TRACKS + 2, prototypes=4), service.root, encoder_artifact=None, index_shards=SHARDS)
    await service.start(index="faiss")
    yield service
    await service.stop()


MIDDLE, OUTER = 30, 31
IN_THE_MIDDLE = {f"track-{number}" for number in range(31, 61)}


@pytest.fixture
def version(sharded: Service) -> str:
    [folder] = [path for path in sharded.root.iterdir() if (path / "manifest.json").is_file()]
    return folder.name


def asking(version: str, count: int, token: str = "", **fields: object) -> pb2.RecommendTracksRequest:
    profile = vector(version, HISTORY)
    return pb2.RecommendTracksRequest(profile=profile, count=count, page_token=token, **fields)  # type: ignore[arg-type]


def ids(*answers: pb2.RecommendTracksResponse) -> list[str]:
    return [item.track.track_id for answer in answers for item in answer.tracks]


@pytest.mark.parametrize("options", [{}, {"max_per_artist": 9}, {"diversity": 0.4}])
async def test_a_list_without_a_shard_says_so(sharded: Service, disk: Disk, version: str, options: dict[str, object]) -> None:
    chosen = pb2.RankingOptions(**options)  # type: ignore[arg-type]
    whole = await sharded.stub.RecommendTracks(asking(version, 40, options=chosen))
    assert not whole.partial
    disk.failing = {MIDDLE}
    partial = await sharded.stub.RecommendTracks(asking(version, 40, options=chosen))
    assert partial.partial
    assert not set(ids(partial)) & IN_THE_MIDDLE
    if not options:
        ranked = [track_id for track_id in ids(whole) if track_id not in IN_THE_MIDDLE]
        assert ids(partial)[: len(ranked)] == ranked
    reference = await sharded.stub.RecommendTracks(asking(version, 40, options=chosen, exact=True))
    assert not reference.partial
    assert ids(reference) == ids(whole)


async def test_what_was_missing_comes_on_later_pages(sharded: Service, disk: Disk, version: str) -> None:
    disk.failing = {MIDDLE}
    first = await sharded.stub.RecommendTracks(asking(version, 20))
    disk.failing = set()
    second = await sharded.stub.RecommendTracks(asking(version, 20, first.next_page_token))
    rest = await sharded.stub.RecommendTracks(asking(version, 90, second.next_page_token))
    assert (first.partial, second.partial, rest.partial, rest.next_page_token) == (True, False, False, "")
    everything = await sharded.stub.RecommendTracks(asking(version, 92))
    assert sorted(ids(first, second, rest)) == sorted(ids(everything))
    expected = [track_id for track_id in ids(everything) if track_id not in ids(first)]
    assert ids(second, rest) == expected
    assert [item.rank for page in (first, second, rest) for item in page.tracks] == list(range(1, 93))


async def test_a_partial_page_is_not_the_last(sharded: Service, disk: Disk, version: str) -> None:
    disk.failing = {MIDDLE}
    answer = await sharded.stub.RecommendTracks(asking(version, 92))
    assert (len(answer.tracks), answer.partial) == (62, True)
    refused = await refusal(sharded.stub.RecommendTracks(asking(version, 92, answer.next_page_token)))
    assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")
    disk.failing = set()
    following = await sharded.stub.RecommendTracks(asking(version, 92, answer.next_page_token))
    assert (set(ids(following)), following.partial, following.next_page_token) == (IN_THE_MIDDLE, False, "")


async def test_no_shard_left(sharded: Service, disk: Disk, version: str) -> None:
    disk.failing = {MIDDLE, OUTER}
    refused = await refusal(sharded.stub.RecommendTracks(asking(version, 10)))
    assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")


async def test_later_tracks_are_there_whatever_fails(sharded: Service, disk: Disk, version: str) -> None:
    await upsert(sharded, message("new", 1.0, *[0.0] * 7))
    disk.failing = {MIDDLE, OUTER}
    answer = await sharded.stub.RecommendTracks(asking(version, 10))
    assert (ids(answer), answer.partial, bool(answer.next_page_token)) == (["new"], True, True)


async def test_a_comparison_is_never_partial(sharded: Service, disk: Disk, version: str) -> None:
    disk.failing = {MIDDLE}
    request = pb2.CompareRankingsRequest(
        before=vector(version, HISTORY), after=vector(version, HISTORY, (0.0, 1.0, 0.0, 0.0)), count=10
    )
    refused = await refusal(sharded.stub.CompareRankings(request))
    assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")


async def test_a_filtered_list_without_a_shard(sharded: Service, disk: Disk, version: str) -> None:
    disk.failing = {MIDDLE}
    artist = catalogue_pb2.Filter(field=catalogue_pb2.FieldCondition(field="artist"))
    artist.field.one_of.values.append("Artist 0")
    answer = await sharded.stub.RecommendTracks(asking(version, 92, options=pb2.RankingOptions(filter=artist)))
    assert answer.partial
    assert {item.track.artist for item in answer.tracks} == {"Artist 0"}
