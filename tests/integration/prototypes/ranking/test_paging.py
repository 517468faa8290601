"""Pages over real gRPC: one long list while nothing changes, no repeats and no gaps whatever does."""

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from leitmotif.api.prototypes.v1 import catalogue_pb2, models_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif_services.prototypes.bundle_writing import write_bundle
from tests.integration.prototypes.live_catalogue.calls import delete, message, upsert
from tests.integration.prototypes.running_service import Service, refusal, vector
from tests.unit.prototypes.sample_models import random_model, retitled

HISTORY = (0.9, -0.4, 0.2, 0.7)
KEY = "a key that replicas share"


@pytest.fixture
async def many(tmp_path: Path) -> AsyncIterator[Service]:
    """Over 300 tracks of 7 artists and 4 prototypes."""
    service = Service(tmp_path / "models")
    write_bundle(random_model(1, tracks=300, prototypes=4), service.root, encoder_artifact=None)
    await service.start(cursor_key=KEY)
    yield service
    await service.stop()


@pytest.fixture
def version(many: Service) -> str:
    [folder] = [path for path in many.root.iterdir() if (path / "manifest.json").is_file()]
    return folder.name


def asking(version: str, count: int = 10, **fields: object) -> pb2.RecommendTracksRequest:
    return pb2.RecommendTracksRequest(profile=vector(version, HISTORY), count=count, **fields)  # type: ignore[arg-type]


async def turned(service: Service, request: pb2.RecommendTracksRequest, token: str) -> pb2.RecommendTracksResponse:
    following = pb2.RecommendTracksRequest()
    following.CopyFrom(request)
    following.page_token = token
    return await service.stub.RecommendTracks(following)


async def pages(service: Service, request: pb2.RecommendTracksRequest) -> list[pb2.RecommendTracksResponse]:
    found = [await service.stub.RecommendTracks(request)]
    while found[-1].next_page_token:
        found.append(await turned(service, request, found[-1].next_page_token))
    return found


def ids(*answers: pb2.RecommendTracksResponse) -> list[str]:
    return [item.track.track_id for answer in answers for item in answer.tracks]


@pytest.mark.parametrize(
    "options",
    [
        pb2.RankingOptions(),
        pb2.RankingOptions(max_per_artist=30, diversity=0.4, exploration=pb2.Exploration(strength=0.5, seed=7)),
    ],
)
async def test_pages_join_to_one_long_list(many: Service, version: str, options: pb2.RankingOptions) -> None:
    whole = await many.stub.RecommendTracks(asking(version, 1000, options=options))
    assert whole.next_page_token == ""
    found = await pages(many, asking(version, 70, options=options))
    assert [item for page in found for item in page.tracks] == list(whole.tracks)
    assert [len(page.tracks) for page in found[:-1]] == [70] * (len(found) - 1)
    assert [item.rank for page in found for item in page.tracks] == list(range(1, len(whole.tracks) + 1))
    assert len(whole.tracks) == (300 if not options.max_per_artist else 7 * 30)


async def test_pages_may_differ_in_size_and_in_nothing_else(many: Service, version: str) -> None:
    request = asking(version, user_id="u1", options=pb2.RankingOptions(excluded_track_ids=["track-1"]))
    token = (await many.stub.RecommendTracks(request)).next_page_token
    request.count = 25
    assert len((await turned(many, request, token)).tracks) == 25
    for change in (
        {"user_id": "u2"},
        {"exact": True},
        {"contribution_count": 1},
        {"options": pb2.RankingOptions(excluded_track_ids=["track-2"])},
        {"options": pb2.RankingOptions(excluded_track_ids=["track-1"], diversity=0.1)},
        {"profile": vector(version, (0.9, -0.4, 0.2, 0.8))},
        {"profile": vector(version, HISTORY, (), (1,))},
        {"hidden_artists": ["Artist 3"]},
    ):
        other = asking(version, user_id="u1", options=pb2.RankingOptions(excluded_track_ids=["track-1"]))
        for name, value in change.items():
            other.ClearField(name)  # type: ignore[arg-type]
            other.MergeFrom(pb2.RecommendTracksRequest(**{name: value}))  # type: ignore[arg-type]
        refused = await refusal(turned(many, other, token))
        assert (refused.code.name, refused.reason) == ("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID"), change


async def test_forged_cursors(many: Service, version: str) -> None:
    token = (await many.stub.RecommendTracks(asking(version))).next_page_token
    for forged in ("x", "é", token[:-2], token + "AA", token.swapcase(), "A" * 50_000):
        refused = await refusal(turned(many, asking(version), forged))
        assert (refused.code.name, refused.reason) == ("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID")


async def test_a_cursor_outlives_the_process_with_its_key(many: Service, version: str) -> None:
    whole = ids(await many.stub.RecommendTracks(asking(version, 20)))
    token = (await many.stub.RecommendTracks(asking(version))).next_page_token
    await many.restart()
    assert ids(await turned(many, asking(version), token)) == whole[10:]
    await many.restart(cursor_key="another key, of the same length")
    assert (await refusal(turned(many, asking(version), token))).reason == "PAGE_TOKEN_INVALID"


async def test_a_key_is_kept_beside_the_bundles_where_none_is_set(many: Service, version: str) -> None:
    await many.restart(cursor_key="")
    token = (await many.stub.RecommendTracks(asking(version))).next_page_token
    await many.restart()
    assert len((await turned(many, asking(version), token)).tracks) == 10
    (many.root / "cursor-key").unlink()
    await many.restart()
    assert (await refusal(turned(many, asking(version), token))).reason == "PAGE_TOKEN_INVALID"


async def test_nothing_repeats_while_the_catalogue_changes(many: Service, version: str) -> None:
    """Between pages, tracks are deleted, added and replaced; what stays throughout comes exactly once."""
    request = asking(version, 40)
    everything = ids(await many.stub.RecommendTracks(asking(version, 1000)))
    random = np.random.default_rng(5)
    seen, deleted, revisions, number = [], set(), [], 0
    token = ""
    while True:
        answer = await turned(many, request, token)
        assert not deleted & set(ids(answer))
        seen += ids(answer)
        revisions.append(answer.catalogue_revision)
        token = answer.next_page_token
        if not token:
            break
        gone = [str(track_id) for track_id in random.choice(everything, 5, replace=False)]
        deleted |= set((await delete(many, *gone)).deleted_track_ids)
        number += 1
        replaced = next(track_id for track_id in seen if track_id not in deleted)
        await upsert(many, message(f"new-{number}", *random.normal(size=8)), message(replaced, *random.normal(size=8)))
    assert len(seen) == len(set(seen))
    assert set(everything) - deleted <= set(seen)
    assert revisions == sorted(revisions)
    assert revisions[-1] > revisions[0]


async def test_a_session_goes_on_without_a_seed_that_was_deleted(many: Service, version: str) -> None:
    options = pb2.RankingOptions(seed_track_ids=["track-1", "track-2"])
    first = await many.stub.RecommendTracks(asking(version, options=options))
    await delete(many, "track-1")
    following = await turned(many, asking(version, options=options), first.next_page_token)
    assert len(following.tracks) == 10
    assert not set(ids(following)) & {*ids(first), "track-1", "track-2"}
    assert (await refusal(many.stub.RecommendTracks(asking(version, options=options)))).reason == "TRACK_NOT_FOUND"


async def test_a_session_goes_on_under_a_new_model(many: Service, version: str) -> None:
    """With a profile of the new version, and with the old one for as long as its model is loaded."""
    first = await many.stub.RecommendTracks(asking(version, 30))
    other = dataclasses.replace(retitled(random_model(2, tracks=300, prototypes=4), "!"))
    newer = write_bundle(other, many.root, encoder_artifact=None).name
    await many.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=newer))

    under_new = await turned(many, asking(newer, 30), first.next_page_token)
    assert under_new.model_version == newer
    ranked_anew = ids(await many.stub.RecommendTracks(asking(newer, 1000)))
    assert ids(under_new) == [track_id for track_id in ranked_anew if track_id not in ids(first)][:30]
    assert [item.rank for item in under_new.tracks] == list(range(31, 61))

    under_old = await turned(many, asking(version, 30), first.next_page_token)
    assert under_old.model_version == version
    assert not set(ids(under_old)) & set(ids(first))
    # A first page is the active model's.
    refused = await refusal(many.stub.RecommendTracks(asking(version, 30)))
    assert (refused.reason, refused.metadata) == ("MODEL_VERSION_MISMATCH", {"expected": newer, "actual": version})
    back = await turned(many, asking(version, 200), under_new.next_page_token)
    assert not set(ids(back)) & {*ids(first), *ids(under_new)}


async def test_few_of_one_artist_holds_for_a_session_whatever_model_takes_over(many: Service, version: str) -> None:
    limited = pb2.RankingOptions(max_per_artist=2)
    first = await many.stub.RecommendTracks(asking(version, 9, options=limited))
    newer = write_bundle(random_model(3, tracks=300, prototypes=4), many.root, encoder_artifact=None).name
    await many.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=newer))
    rest = await turned(many, asking(newer, 9, options=limited), first.next_page_token)
    artists = [item.track.artist for page in (first, rest) for item in page.tracks]
    assert len(artists) == 14
    assert {artists.count(artist) for artist in artists} == {2}
    assert rest.next_page_token == ""


async def test_a_session_ends_at_its_bound(empty_service: Service) -> None:
    folder = write_bundle(random_model(1, tracks=2100, prototypes=4), empty_service.root, encoder_artifact=None)
    await empty_service.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=folder.name))
    found = await pages(empty_service, asking(folder.name, 900))
    assert [len(page.tracks) for page in found] == [900, 900, 200]
    assert len(set(ids(*found))) == 2000
    assert max(len(page.next_page_token) for page in found) < 20_000


async def test_the_last_page_says_so(many: Service, version: str) -> None:
    for count, following in ((299, True), (300, False), (1000, False)):
        assert bool((await many.stub.RecommendTracks(asking(version, count))).next_page_token) is following
    nothing = pb2.RankingOptions(filter=catalogue_pb2.Filter(field=catalogue_pb2.FieldCondition(field="artist")))
    nothing.filter.field.one_of.values.append("nobody")
    answer = await many.stub.RecommendTracks(asking(version, options=nothing))
    assert (list(answer.tracks), answer.next_page_token, answer.model_version) == ([], "", version)
