"""What the gateway keeps of models: when profiles are rebuilt, how old labels may be, how long loading may take."""

import asyncio

import grpc
import pytest

from leitmotif.api.audio.v1 import audio_pb2
from leitmotif.api.common.v1 import vectors_pb2
from leitmotif.api.gateway.v1 import gateway_pb2 as pb
from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2, models_pb2, prototypes_pb2
from leitmotif_services.gateway import active_model
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.integration.gateway.gateway_process import refusal_of
from tests.integration.gateway.scripted_services import MODEL, PROTOTYPES, Services, gateway_over

DESCRIBE = pb.DescribeProfileRequest(user_id="ada")


@pytest.fixture
def services():
    services = Services()
    profile = {"model_version": "p-1", "weights": [{"prototype_id": "piano", "weight": 1.0}]}
    services.answers["GetProfile"] = lambda request: profiles_pb2.GetProfileResponse(profile=profile)
    return services


async def reason_of(call):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return refusal_of(caught.value)[0]


def renamed(label):
    listed = prototypes_pb2.ListPrototypesResponse()
    listed.CopyFrom(PROTOTYPES)
    listed.prototypes[0].label = label
    return listed


async def label_of(stubs):
    return (await stubs.gateway.DescribeProfile(DESCRIBE)).labelled_weights[0].label


async def test_labels_are_read_once_and_again_after_a_rename_or_some_time(services, monkeypatch):
    async with gateway_over(services) as stubs:
        assert [await label_of(stubs) for _ in range(3)] == ["piano"] * 3
        assert len(services.calls["ListPrototypes"]) == 1
        services.answers["ListPrototypes"] = renamed("grand piano")
        assert await label_of(stubs) == "piano"  # renamed elsewhere, a moment ago
        monkeypatch.setattr(active_model, "NAMES_KEPT_S", 0.0)
        assert await label_of(stubs) == "grand piano"
        monkeypatch.undo()
        services.answers["ListPrototypes"] = renamed("upright piano")
        await stubs.prototypes.UpdatePrototype(prototypes_pb2.UpdatePrototypeRequest())
        assert await label_of(stubs) == "upright piano"
    assert all(call.show_hidden for call in services.calls["ListPrototypes"])


async def test_a_version_that_took_its_prototypes_over_rebuilds_no_profile(services):
    compacted = models_pb2.GetModelResponse()
    compacted.CopyFrom(MODEL)
    compacted.model.model_version = "m-2"
    listed = renamed("piano")
    listed.model_version = "m-2"
    async with gateway_over(services) as stubs:
        await label_of(stubs)
        services.answers |= {"GetModel": compacted, "ListPrototypes": listed}
        await label_of(stubs)
        affinities = vectors_pb2.FloatMatrix(values=bytes(8), dimension=2)
        services.answers["GetAffinities"] = catalogue_pb2.GetAffinitiesResponse(
            affinities=affinities, track_ids=["t"], model_version="m-2"
        )
        await stubs.gateway.RecordListening(pb.RecordListeningRequest(user_id="ada", events=[{"track_id": "t"}]))
    assert services.calls["RecordEvents"][0].model_version == "p-1"
    assert "RebuildProfile" not in services.calls


async def test_names_are_those_of_one_model_though_it_changes_while_they_are_read(services):
    other = renamed("of another model")
    other.model_version = "m-2"
    listings = iter([other, PROTOTYPES])
    services.answers["ListPrototypes"] = lambda request: next(listings)
    async with gateway_over(services) as stubs:
        assert await label_of(stubs) == "piano"


async def test_every_call_for_a_user_names_the_user_to_the_prototypes_service(services):
    services.answers["GetAffinities"] = catalogue_pb2.GetAffinitiesResponse(
        affinities={"values": bytes(8), "dimension": 2}, track_ids=["t"], model_version="m-1"
    )
    async with gateway_over(services) as stubs:
        await stubs.gateway.Recommend(pb.RecommendRequest(user_id="ada"))
        await stubs.gateway.Explain(pb.ExplainRequest(user_id="ada", track_id="t", target_rank=3))
        await stubs.gateway.DescribeProfile(DESCRIBE)
        await stubs.gateway.RecordListening(pb.RecordListeningRequest(user_id="ada", events=[{"track_id": "t"}]))
        services.answers["PreviewEdit"] = profiles_pb2.PreviewEditResponse(after={"model_version": "p-1"})
        await stubs.gateway.WhatIf(pb.WhatIfRequest(user_id="ada"))
    named = ("RecommendTracks", "ExplainTrack", "ListPrototypes", "GetAffinities", "CompareRankings", "GetModel")
    assert {method: {call.user_id for call in services.calls[method]} for method in named} == {
        method: {"ada"} for method in named
    }
    assert services.calls["ExplainTrack"][0].target_rank == 3


async def test_a_model_that_changes_without_end_is_told_rather_than_tried_for_ever(services):
    services.answers["RecommendTracks"] = ServiceError(Reason.MODEL_VERSION_MISMATCH, "of another model")
    services.answers["GetProfile"] = profiles_pb2.GetProfileResponse(profile={"model_version": "p-0"})
    async with gateway_over(services) as stubs:
        assert await reason_of(stubs.gateway.Recommend(pb.RecommendRequest(user_id="ada"))) == "MODEL_VERSION_MISMATCH"
    assert len(services.calls["RecommendTracks"]) == 4
    assert len(services.calls["RebuildProfile"]) == 3


async def test_loading_a_model_may_take_longer_than_a_call(services):
    async def slowly(_):
        await asyncio.sleep(0.4)
        return models_pb2.LoadModelResponse()

    services.answers |= {"LoadModel": slowly, "ListModels": slowly}
    async with gateway_over(services, CALL_TIMEOUT_S=0.1, LONG_CALL_TIMEOUT_S=20) as stubs:
        await stubs.models.LoadModel(models_pb2.LoadModelRequest())
        assert await reason_of(stubs.models.ListModels(models_pb2.ListModelsRequest())) == "DEADLINE_EXCEEDED"


async def test_a_search_compares_meanings_where_the_encoder_reads_text(services):
    search = pb.SearchPrototypesRequest(query="slow piano", count=3, show_hidden=True)
    phrase = {"text": {"embedding": {"values": b"12345678", "dimension": 2}}}
    async with gateway_over(services) as stubs:
        services.answers["EmbedTexts"] = audio_pb2.EmbedTextsResponse(results=[phrase])
        assert (await stubs.gateway.SearchPrototypes(search)).by_meaning
        for reason in (Reason.ENCODER_READS_NO_TEXT, Reason.ENCODER_NOT_FOUND, Reason.UPSTREAM_UNAVAILABLE, Reason.OVERLOADED):
            services.answers["EmbedTexts"] = ServiceError(reason, "no meaning to be had")
            assert not (await stubs.gateway.SearchPrototypes(search)).by_meaning
        for query in ("", "  ", "x" * 257, "a\nb"):
            assert await reason_of(stubs.gateway.SearchPrototypes(pb.SearchPrototypesRequest(query=query))) == "FIELD_INVALID"
    first, *others = services.calls["SearchPrototypes"]
    assert first == prototypes_pb2.SearchPrototypesRequest(
        query="slow piano", phrase_embedding=b"12345678", count=3, show_hidden=True
    )
    assert [call.phrase_embedding for call in others] == [b""] * 4
    assert services.calls["EmbedTexts"][0] == audio_pb2.EmbedTextsRequest(texts=["slow piano"], encoder_id="enc-1")


async def test_a_prototype_is_created_from_what_its_example_embeds_to(services):
    phrase = {"text": {"embedding": {"values": b"of text!", "dimension": 2}}}
    services.answers["EmbedTexts"] = audio_pb2.EmbedTextsResponse(results=[phrase])
    clip = {"track": {"embedding": {"values": b"of clip!", "dimension": 2}}}
    services.answers["EmbedTracks"] = audio_pb2.EmbedTracksResponse(results=[clip])
    base = {"label": "mine", "description": "d", "request_id": "r"}
    async with gateway_over(services) as stubs:
        for example in ({"tracks": {"track_ids": ["a"]}}, {"clip": b"audio"}, {"phrase": "slow"}):
            await stubs.gateway.CreatePrototype(pb.CreatePrototypeRequest(**base, **example))
        assert await reason_of(stubs.gateway.CreatePrototype(pb.CreatePrototypeRequest(**base))) == "FIELD_INVALID"
    assert services.calls["CreatePrototype"] == [
        prototypes_pb2.CreatePrototypeRequest(**base, **example)
        for example in ({"tracks": {"track_ids": ["a"]}}, {"clip_embedding": b"of clip!"}, {"phrase_embedding": b"of text!"})
    ]
    assert services.calls["EmbedTracks"][0].items[0].content == b"audio"
