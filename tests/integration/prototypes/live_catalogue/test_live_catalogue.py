"""Upserts and deletions over real gRPC: seen at once, kept across a restart, compacted, carried to other bundles."""

import asyncio
import dataclasses
import logging
from pathlib import Path

import grpc
import numpy as np
import pytest

from leitmotif.api.prototypes.v1 import catalogue_pb2 as pb2
from leitmotif.api.prototypes.v1 import models_pb2, prototypes_pb2
from leitmotif_services.prototypes.bundle_writing import write_bundle
from leitmotif_services.prototypes.live_catalogue.file_journal import FOLDER
from tests.integration.prototypes.live_catalogue.calls import ENCODER, delete, ids, listed, message, reasons, upsert
from tests.integration.prototypes.running_service import Service, refusal, vector
from tests.unit.prototypes.sample_models import by_hand, retitled

REPEATED = "tracks[1].track.track_id"
TAG_CALM = pb2.Filter(field=pb2.FieldCondition(field="tags", one_of=pb2.TextValues(values=["calm"])))


async def recommended(service: Service, version: str, **request: object) -> list[str]:
    asked = prototypes_pb2.RecommendTracksRequest(profile=vector(version, (1.0, 0.5)), count=100, **request)  # type: ignore[arg-type]
    answer = await service.stub.RecommendTracks(asked)
    return [scored.track.track_id for scored in answer.tracks]


async def test_what_is_upserted_is_seen_by_the_next_request(service: Service, version: str) -> None:
    answer = await upsert(
        service,
        message("dot", 1, 0, 0, tags=["calm", "new"], year=1999, texts={"mood": "blue"}, numbers={"bpm": 90.0}),
        message("ada", title="Renamed"),
    )
    assert (reasons(answer.statuses), answer.catalogue_revision, answer.model_version) == ([("", ""), ("", "")], 1, version)
    assert set(await recommended(service, version)) == {"ada", "bix", "cab", "dot"}
    tracks = {track.track_id: track for track in await listed(service)}
    assert (tracks["dot"].year, tracks["dot"].texts["mood"], tracks["dot"].numbers["bpm"]) == (1999, "blue", 90.0)
    assert tracks["ada"].title == "Renamed"
    assert not tracks["ada"].HasField("year")
    assert await ids(service, filter=TAG_CALM) == ["bix", "dot"]
    assert await ids(service, query="renamed", page_size=1) == ["ada"]
    got = await service.catalogue.GetTrack(pb2.GetTrackRequest(track_id="dot"))
    assert len(got.affinities) == 2
    looked_up = await service.catalogue.GetAffinities(pb2.GetAffinitiesRequest(track_ids=["dot", "nobody", "bix"]))
    assert (looked_up.track_ids, looked_up.unknown_track_ids) == (["dot", "bix"], ["nobody"])
    rows = np.frombuffer(looked_up.affinities.values, "<f4").reshape(2, 2)
    assert rows[0].tolist() == list(got.affinities)
    explained = await service.stub.ExplainTrack(
        prototypes_pb2.ExplainTrackRequest(profile=vector(version, (1.0, 0.5), (0.5, -0.5)), track_id="dot")
    )
    parts = sum(part.contribution for part in explained.track.contributions)
    assert parts + explained.track.bias == pytest.approx(explained.track.score, abs=1e-5)


async def test_what_a_track_expresses_is_what_a_mute_removes(service: Service, version: str) -> None:
    """A track that carries a prototype's tag expresses it, however little affinity it has."""
    await upsert(service, message("dot", 0, 0, 1, tags=["piano"]), message("eve", 0, 1, 0), message("fay", 0, 0, 1))
    remaining = []
    for k in (0, 1):
        muting = prototypes_pb2.RecommendTracksRequest(profile=vector(version, (1.0, 0.5), muted=(k,)), count=100)
        remaining.append({scored.track.track_id for scored in (await service.stub.RecommendTracks(muting)).tracks})
    for track_id in ("ada", "bix", "cab", "dot", "eve", "fay"):
        got = await service.catalogue.GetTrack(pb2.GetTrackRequest(track_id=track_id))
        assert list(got.expressed_positions) == [k for k in (0, 1) if track_id not in remaining[k]], track_id
    got = await service.catalogue.GetTrack(pb2.GetTrackRequest(track_id="dot"))
    assert 0 in got.expressed_positions
    piano = await service.stub.GetPrototype(prototypes_pb2.GetPrototypeRequest(prototype_id="piano"))
    assert got.affinities[0] < piano.prototype.expressed_affinity


async def test_what_is_deleted_is_gone(service: Service, version: str) -> None:
    answer = await delete(service, "bix", "nobody", "bix")
    assert (list(answer.deleted_track_ids), list(answer.unknown_track_ids)) == (["bix"], ["nobody"])
    assert await ids(service) == ["ada", "cab"]
    assert sorted(await recommended(service, version)) == ["ada", "cab"]
    refused = await refusal(service.catalogue.GetTrack(pb2.GetTrackRequest(track_id="bix")))
    assert refused.reason == "TRACK_NOT_FOUND"
    assert (await delete(service, "bix")).catalogue_revision == answer.catalogue_revision


async def test_changes_outlive_a_restart(service: Service, version: str) -> None:
    await upsert(service, message("dot", 1, 0, 0))
    await delete(service, "bix")
    last = await upsert(service, message("ada", title="Renamed"))
    before = await listed(service)
    scores = await recommended(service, version)
    await service.restart()
    assert await listed(service) == before
    assert await recommended(service, version) == scores
    assert (await upsert(service, message("eve", 0, 1, 0))).catalogue_revision == last.catalogue_revision + 1


async def test_calls_that_come_together_are_all_kept(service: Service) -> None:
    answers = await asyncio.gather(*(upsert(service, message(f"t{number}", 1, number, 0)) for number in range(40)))
    assert sorted(answer.catalogue_revision for answer in answers) == list(range(1, 41))
    await service.restart()
    assert len(await ids(service)) == 43


async def test_each_refused_track_says_why_and_the_others_are_taken(service: Service) -> None:
    good = message("good", 1, 0, 0)
    short, long = message("short", 1, 0, 0), message("long", 1, 0, 0)
    short.embedding = short.embedding[:-1]
    long.embedding = (np.array([2, 0, 0], "<f4")).tobytes()
    nan = message("nan", 1, 0, 0)
    nan.embedding = np.array([np.nan, 0, 0], "<f4").tobytes()
    cases = [
        (good, "", ""),
        (short, "FIELD_INVALID", "embedding"),
        (long, "FIELD_INVALID", "embedding"),
        (nan, "FIELD_INVALID", "embedding"),
        (message("unheard"), "FIELD_INVALID", "embedding"),
        (message("bad id", 1, 0, 0), "FIELD_INVALID", "track.track_id"),
        (message("both", 1, 0, 0, texts={"x": "a"}, numbers={"x": 1.0}), "FIELD_INVALID", "track.numbers.x"),
        (message("huge", 1, 0, 0, texts={"x": "a" * 2001}), "FIELD_INVALID", "track.texts.x"),
        (message("own", 1, 0, 0, texts={"title": "a"}), "FIELD_INVALID", "track.texts.title"),
        (message("name", 1, 0, 0, texts={"Bad Name": "a"}), "FIELD_INVALID", "track.texts"),
        (message("many", 1, 0, 0, numbers={f"n{index}": 1.0 for index in range(65)}), "FIELD_INVALID", "track"),
        (message("infinite", 1, 0, 0, numbers={"x": float("inf")}), "FIELD_INVALID", "track.numbers.x"),
        (message("tags", 1, 0, 0, tags=["t"] * 257), "FIELD_INVALID", "track.tags"),
        (message("tag", 1, 0, 0, tags=["a", ""]), "FIELD_INVALID", "track.tags[1]"),
        (message("line", 1, 0, 0, artist="a\nb"), "FIELD_INVALID", "track.artist"),
        (message("negative", 1, 0, 0, duration_s=-1.0), "FIELD_INVALID", "track.duration_s"),
    ]
    answer = await upsert(service, *(case for case, _, _ in cases))
    expected = [(reason, f"tracks[{index}].{field}" if field else "") for index, (_, reason, field) in enumerate(cases)]
    assert reasons(answer.statuses) == expected
    assert await ids(service) == ["ada", "bix", "cab", "good"]


@pytest.mark.parametrize(
    ("request_", "reason", "field"),
    [
        (pb2.UpsertTracksRequest(encoder_id=ENCODER), "FIELD_INVALID", "tracks"),
        (pb2.UpsertTracksRequest(tracks=[message("a", 1, 0, 0)] * 1001, encoder_id=ENCODER), "LIMIT_EXCEEDED", ""),
        (
            pb2.UpsertTracksRequest(tracks=[message("a", 1, 0, 0)] * 2, encoder_id=ENCODER),
            "FIELD_INVALID",
            "tracks[1].track.track_id",
        ),
        (pb2.UpsertTracksRequest(tracks=[message("a", 1, 0, 0)]), "FIELD_INVALID", "encoder_id"),
        (pb2.UpsertTracksRequest(tracks=[message("a", 1, 0, 0)], encoder_id="other"), "ENCODER_MISMATCH", ""),
    ],
)
async def test_a_call_that_is_refused_as_a_whole(
    service: Service, request_: pb2.UpsertTracksRequest, reason: str, field: str
) -> None:
    refused = await refusal(service.catalogue.UpsertTracks(request_))
    assert (refused.reason, refused.fields) == (reason, [field] if field else [])
    assert await ids(service) == ["ada", "bix", "cab"]
    assert not (service.root / FOLDER).exists()


async def test_deletions_and_filters_that_are_refused(service: Service) -> None:
    for track_ids, reason in (([], "FIELD_INVALID"), (["bad id"], "FIELD_INVALID"), (["x"] * 10_001, "LIMIT_EXCEEDED")):
        assert (await refusal(service.catalogue.DeleteTracks(pb2.DeleteTracksRequest(track_ids=track_ids)))).reason == reason
    unknown = pb2.Filter(field=pb2.FieldCondition(field="mood", one_of=pb2.TextValues(values=["blue"])))
    refused = await refusal(service.catalogue.ListTracks(pb2.ListTracksRequest(filter=unknown)))
    assert (refused.reason, refused.fields) == ("FIELD_INVALID", ["filter.field.field"])
    assert "artist, duration_s, tags, year" in refused.message
    contradictory = pb2.Filter(all=pb2.FilterList(filters=[TAG_CALM, pb2.Filter(**{"not": TAG_CALM})]))
    refused = await refusal(service.catalogue.ListTracks(pb2.ListTracksRequest(filter=contradictory)))
    assert (refused.reason, refused.metadata) == ("FILTER_CONTRADICTORY", {"field": "tags"})


async def test_fields_that_an_operator_declared_are_filtered_by(service: Service) -> None:
    await upsert(service, message("dot", 1, 0, 0, texts={"mood": "blue"}), message("eve", 1, 0, 0, numbers={"mood": 3.0}))
    await service.restart(filterable=("mood",))
    blue = pb2.Filter(field=pb2.FieldCondition(field="mood", one_of=pb2.TextValues(values=["blue"])))
    three = pb2.Filter(field=pb2.FieldCondition(field="mood", range=pb2.NumberRange(minimum=3.0)))
    assert (await ids(service, filter=blue), await ids(service, filter=three)) == (["dot"], ["eve"])


async def compacted(service: Service, version: str) -> models_pb2.Model:
    """The model, once another version answers."""
    async with asyncio.timeout(20):
        while True:
            model = (await service.models.GetModel(models_pb2.GetModelRequest())).model
            if model.model_version != version:
                return model
            await asyncio.sleep(0.02)


async def loaded_versions(service: Service) -> set[str]:
    listed_models = (await service.models.ListModels(models_pb2.ListModelsRequest())).models
    return {model.model_version for model in listed_models if model.loaded}


async def until_not_loaded(service: Service, version: str) -> None:
    async with asyncio.timeout(20):
        while version in await loaded_versions(service):
            await asyncio.sleep(0.02)


async def test_a_compaction_takes_over_with_the_same_tracks_and_profiles(service: Service, version: str) -> None:
    await upsert(service, message("dot", 1, 0, 0, tags=["piano"]))
    await service.restart(compact_at=2, compact_share=10.0)
    await delete(service, "cab")
    before, ranked = await listed(service), await recommended(service, version)
    await upsert(service, message("eve", 0, 1, 0))
    model = await compacted(service, version)
    assert (model.profile_version, model.catalogue_revision, model.track_count) == (version, 3, 4)
    assert [track for track in await listed(service) if track.track_id != "eve"] == before
    assert [track_id for track_id in await recommended(service, version) if track_id != "eve"] == ranked
    snippet = [chunk async for chunk in service.stub.ReadExemplar(prototypes_pb2.ReadExemplarRequest(prototype_id="piano"))]
    assert len(snippet) == 3
    await service.restart()
    assert (await service.models.GetModel(models_pb2.GetModelRequest())).model.model_version == model.model_version
    assert await ids(service) == ["ada", "bix", "dot", "eve"]


async def test_an_earlier_bundle_gets_the_changes_that_it_does_not_hold(service: Service, version: str) -> None:
    await service.restart(compact_at=1, compact_share=10.0)
    await upsert(service, message("dot", 1, 0, 0), message("eve", 1, 1, 0))
    await compacted(service, version)
    await delete(service, "ada", "dot")
    await service.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=version))
    assert await ids(service) == ["bix", "cab", "eve"]


async def test_a_bundle_of_another_encoder_gets_the_deletions_alone(
    service: Service, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = write_bundle(dataclasses.replace(retitled(by_hand(), "!"), encoder_id="other"), service.root, encoder_artifact=None)
    await upsert(service, message("dot", 1, 0, 0), message("ada", title="Renamed"))
    await delete(service, "bix")
    with caplog.at_level(logging.WARNING):
        await service.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=other.name))
    assert any("1 changes of the catalogue are not carried over" in record.message for record in caplog.records)
    assert {track.track_id: track.title for track in await listed(service)} == {"ada": "Renamed", "cab": "Minnie!"}


async def test_too_many_changes_wait_for_a_compaction(service: Service) -> None:
    await service.restart(max_later=2, compact_at=1000, compact_share=1000.0)
    await upsert(service, message("a", 1, 0, 0), message("b", 1, 0, 0))
    refused = await refusal(upsert(service, message("c", 1, 0, 0)))
    assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
    await delete(service, "a")
    assert await ids(service) == ["ada", "b", "bix", "cab"]


async def test_a_second_process_reads_and_says_why_it_does_not_write(service: Service) -> None:
    await upsert(service, message("dot", 1, 0, 0))
    second = Service(service.root)
    await second.start()
    try:
        assert "dot" in await ids(second)
        refused = await refusal(upsert(second, message("eve", 1, 0, 0)))
        assert (refused.reason, "another process" in refused.message) == ("STORE_UNAVAILABLE", True)
    finally:
        await second.stop()


async def test_without_a_model_nothing_is_changed(empty_service: Service) -> None:
    assert (await refusal(upsert(empty_service, message("a", 1, 0, 0)))).reason == "MODEL_NOT_LOADED"
    assert (await refusal(delete(empty_service, "a"))).reason == "MODEL_NOT_LOADED"


async def test_pages_go_on_while_tracks_come_and_go(service: Service) -> None:
    first = await service.catalogue.ListTracks(pb2.ListTracksRequest(page_size=2))
    assert [track.track_id for track in first.tracks] == ["ada", "bix"]
    await delete(service, "ada", "bix")
    await upsert(service, message("aaa", 1, 0, 0), message("bob", 1, 0, 0))
    second = await service.catalogue.ListTracks(pb2.ListTracksRequest(page_size=2, page_token=first.next_page_token))
    assert [track.track_id for track in second.tracks] == ["bob", "cab"]
    another_query = pb2.ListTracksRequest(query="x", page_token=first.next_page_token)
    assert (await refusal(service.catalogue.ListTracks(another_query))).reason == "PAGE_TOKEN_INVALID"


async def test_a_model_beside_the_active_one_does_not_hold_ever_more_changes(
    service: Service, version: str, caplog: pytest.LogCaptureFixture
) -> None:
    await service.restart(compact_at=2, compact_share=10.0, kept_beside_s=0.0)
    other = write_bundle(retitled(by_hand(), "!"), service.root, encoder_artifact=None).name
    await service.models.LoadModel(models_pb2.LoadModelRequest(model_version=other))
    assert other in await loaded_versions(service)
    with caplog.at_level(logging.INFO):
        await upsert(service, *(message(track_id, 1, 0, 0) for track_id in ("dot", "eve", "fay")))
        await compacted(service, version)
        await until_not_loaded(service, other)
    assert any(record.message.startswith("unloaded a model") for record in caplog.records)
    await service.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=other))
    assert await ids(service) == ["ada", "bix", "cab", "dot", "eve", "fay"]


async def test_a_model_that_answered_stays_for_the_pages_that_were_begun_with_it(service: Service, version: str) -> None:
    await service.restart(compact_at=2, compact_share=10.0)
    request = prototypes_pb2.RecommendTracksRequest(profile=vector(version, (1, 0)), count=1)
    first = await service.stub.RecommendTracks(request)
    other = write_bundle(retitled(by_hand(), "!"), service.root, encoder_artifact=None).name
    await service.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=other))
    await upsert(service, *(message(track_id, 1, 0, 0) for track_id in ("dot", "eve", "fay")))
    await compacted(service, other)
    request.page_token = first.next_page_token
    second = await service.stub.RecommendTracks(request)
    assert len(first.tracks) == len(second.tracks) == 1
    assert not {each.track.track_id for each in first.tracks} & {each.track.track_id for each in second.tracks}


async def test_a_model_on_trial_stays_and_is_compacted(service: Service, version: str) -> None:
    await service.restart(compact_at=2, compact_share=10.0)
    other = write_bundle(retitled(by_hand(), "!"), service.root, encoder_artifact=None).name
    await service.models.StartTrial(models_pb2.StartTrialRequest(model_version=other, share=1.0, name="spring"))
    await upsert(service, *(message(track_id, 1, 0, 0) for track_id in ("dot", "eve", "fay")))
    await compacted(service, version)
    await until_not_loaded(service, other)
    trial = (await service.models.GetModel(models_pb2.GetModelRequest(user_id="ada"))).model
    assert (trial.profile_version, trial.track_count, len(await loaded_versions(service))) == (other, 6, 2)
