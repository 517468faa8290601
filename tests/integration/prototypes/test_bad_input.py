"""What a caller gets wrong is told by field and reason, and the service goes on."""

import grpc
import numpy as np
import pytest

from leitmotif.api.common.v1 import vectors_pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2, models_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif_services.prototypes.bundle_writing import write_bundle
from leitmotif_services.runtime.pagination import encode_page_token
from tests.integration.prototypes.running_service import Service, refusal, vector
from tests.unit.prototypes.sample_models import random_model

INVALID = grpc.StatusCode.INVALID_ARGUMENT


def floats(*values: float) -> bytes:
    return np.array(values, "<f4").tobytes()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"model_version": ""}, "profile.model_version"),
        ({"model_version": "../x"}, "profile.model_version"),
        ({"history": b""}, "profile.history"),
        ({"history": floats(1)}, "profile.history"),
        ({"history": floats(1, 2, 3)}, "profile.history"),
        ({"history": floats(1, 2)[:-1]}, "profile.history"),
        ({"history": floats(1, float("nan"))}, "profile.history"),
        ({"history": floats(1, float("-inf"))}, "profile.history"),
        ({"history": floats(1, 1e30)}, "profile.history"),
        ({"edits": floats(1)}, "profile.edits"),
        ({"edits": floats(1, float("inf"))}, "profile.edits"),
        ({"muted": [2]}, "profile.muted[0]"),
        ({"muted": [-1]}, "profile.muted[0]"),
        ({"muted": [1, 0]}, "profile.muted[1]"),
        ({"muted": [0, 0]}, "profile.muted[1]"),
        ({"muted": list(range(1000))}, "profile.muted"),
    ],
)
async def test_profile(service: Service, version: str, fields: dict[str, object], field: str) -> None:
    profile = vectors_pb2.ProfileVector(**{"model_version": version, "history": floats(1, 1)} | fields)  # type: ignore[arg-type]
    for call in (
        service.stub.RecommendTracks(pb2.RecommendTracksRequest(profile=profile)),
        service.stub.ExplainTrack(pb2.ExplainTrackRequest(profile=profile, track_id="ada")),
    ):
        refused = await refusal(call)
        assert (refused.code, refused.reason, refused.fields) == (INVALID, "FIELD_INVALID", [field])


async def test_no_profile_at_all(service: Service) -> None:
    refused = await refusal(service.stub.RecommendTracks(pb2.RecommendTracksRequest()))
    assert (refused.reason, refused.fields) == ("FIELD_INVALID", ["profile.model_version"])


async def test_profile_of_another_version(service: Service, version: str) -> None:
    refused = await refusal(service.stub.RecommendTracks(pb2.RecommendTracksRequest(profile=vector("older", (1, 1, 1)))))
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "MODEL_VERSION_MISMATCH")
    assert refused.metadata == {"expected": version, "actual": "older"}


@pytest.mark.parametrize("count", [-1, 1001, 10**9, -(2**31)])
async def test_count_out_of_range(service: Service, version: str, count: int) -> None:
    request = pb2.RecommendTracksRequest(profile=vector(version, (1, 1)), count=count)
    refused = await refusal(service.stub.RecommendTracks(request))
    assert (refused.code, refused.reason, refused.fields) == (INVALID, "FIELD_INVALID", ["count"])


async def test_count_zero_stands_for_twenty_and_a_large_one_gives_what_there_is(empty_service: Service) -> None:
    folder = write_bundle(random_model(1, tracks=57, prototypes=2), empty_service.root, encoder_artifact=None)
    await empty_service.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=folder.name))
    for count, expected in ((0, 20), (1, 1), (1000, 57)):
        request = pb2.RecommendTracksRequest(profile=vector(folder.name, (1, 1)), count=count)
        assert len((await empty_service.stub.RecommendTracks(request)).tracks) == expected


async def test_contribution_count_out_of_range(service: Service, version: str) -> None:
    request = pb2.RecommendTracksRequest(profile=vector(version, (1, 1)), contribution_count=-2)
    assert (await refusal(service.stub.RecommendTracks(request))).fields == ["contribution_count"]
    request.contribution_count = 2**31 - 1
    assert len((await service.stub.RecommendTracks(request)).tracks[0].contributions) == 2


async def test_too_many_exclusions(service: Service, version: str) -> None:
    request = pb2.RecommendTracksRequest(
        profile=vector(version, (1, 1)), options=pb2.RankingOptions(excluded_track_ids=["x"] * 22_000)
    )
    assert len((await service.stub.RecommendTracks(request)).tracks) == 3
    request.options.excluded_track_ids.append("x")
    refused = await refusal(service.stub.RecommendTracks(request))
    assert (refused.code, refused.reason, refused.metadata) == (
        INVALID,
        "LIMIT_EXCEEDED",
        {"limit": "22000", "actual": "22001"},
    )


async def test_too_many_hidden_artists(service: Service, version: str) -> None:
    request = pb2.RecommendTracksRequest(profile=vector(version, (1, 1)), hidden_artists=[f"x{n}" for n in range(500)])
    assert len((await service.stub.RecommendTracks(request)).tracks) == 3
    request.hidden_artists.append("x")
    refused = await refusal(service.stub.RecommendTracks(request))
    assert (refused.code, refused.reason, refused.metadata) == (INVALID, "LIMIT_EXCEEDED", {"limit": "500", "actual": "501"})


async def test_looking_up_none_or_too_many(service: Service) -> None:
    ask = service.catalogue.GetAffinities
    assert (await refusal(ask(catalogue_pb2.GetAffinitiesRequest()))).fields == ["track_ids"]
    assert (await refusal(ask(catalogue_pb2.GetAffinitiesRequest(track_ids=["x"] * 10_001)))).reason == "LIMIT_EXCEEDED"
    assert (await refusal(ask(catalogue_pb2.GetAffinitiesRequest(track_ids=["ada", "no id"])))).fields == ["track_ids[1]"]


async def test_an_answer_too_large_to_send(service: Service) -> None:
    # 10,000 rows of 2 floats are 80,000 bytes, their ids 50,000 more.
    await service.restart(server=service.config.server.__class__(listen="127.0.0.1:0", max_message_bytes=100_000))
    refused = await refusal(service.catalogue.GetAffinities(catalogue_pb2.GetAffinitiesRequest(track_ids=["ada"] * 10_000)))
    assert (refused.code, refused.reason, refused.metadata["limit"]) == (INVALID, "LIMIT_EXCEEDED", "100000")
    assert (
        len((await service.catalogue.GetAffinities(catalogue_pb2.GetAffinitiesRequest(track_ids=["ada"] * 5000))).track_ids)
        == 5000
    )


async def test_unknown_track(service: Service, version: str) -> None:
    for call in (
        service.stub.ExplainTrack(pb2.ExplainTrackRequest(profile=vector(version, (1, 1)), track_id="nobody")),
        service.catalogue.GetTrack(catalogue_pb2.GetTrackRequest(track_id="nobody")),
    ):
        refused = await refusal(call)
        assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "TRACK_NOT_FOUND")
        assert refused.metadata == {"trackId": "nobody"}


async def test_unknown_prototype(service: Service) -> None:
    for call in (
        service.stub.GetPrototype(pb2.GetPrototypeRequest(prototype_id="drums")),
        service.stub.ReadExemplar(pb2.ReadExemplarRequest(prototype_id="drums")).read(),
    ):
        refused = await refusal(call)
        assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "PROTOTYPE_NOT_FOUND")
        assert refused.metadata == {"prototypeId": "drums"}


@pytest.mark.parametrize("malformed", ["", "../../etc", "a b", "x" * 129, "-x"])
async def test_malformed_ids(service: Service, version: str, malformed: str) -> None:
    stub = service.stub
    for call, field in [
        (service.catalogue.GetTrack(catalogue_pb2.GetTrackRequest(track_id=malformed)), "track_id"),
        (stub.ExplainTrack(pb2.ExplainTrackRequest(profile=vector(version, (1, 1)), track_id=malformed)), "track_id"),
        (stub.GetPrototype(pb2.GetPrototypeRequest(prototype_id=malformed)), "prototype_id"),
        (stub.ReadExemplar(pb2.ReadExemplarRequest(prototype_id=malformed)).read(), "prototype_id"),
        (service.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=malformed)), "model_version"),
    ]:
        refused = await refusal(call)
        assert (refused.code, refused.reason, refused.fields) == (INVALID, "FIELD_INVALID", [field])


async def test_negative_exemplar_index(service: Service) -> None:
    request = pb2.ReadExemplarRequest(prototype_id="piano", exemplar_index=-1)
    assert (await refusal(service.stub.ReadExemplar(request).read())).fields == ["exemplar_index"]


async def test_page_size_and_query(service: Service) -> None:
    stub = service.stub
    assert (await refusal(service.catalogue.ListTracks(catalogue_pb2.ListTracksRequest(page_size=-1)))).fields == ["page_size"]
    assert (await refusal(stub.ListPrototypes(pb2.ListPrototypesRequest(page_size=-1)))).fields == ["page_size"]
    assert (await refusal(service.catalogue.ListTracks(catalogue_pb2.ListTracksRequest(query="x" * 257)))).fields == ["query"]
    assert (await refusal(service.catalogue.ListTracks(catalogue_pb2.ListTracksRequest(query="a\nb")))).fields == ["query"]
    assert len((await service.catalogue.ListTracks(catalogue_pb2.ListTracksRequest(page_size=10**9))).tracks) == 3


async def test_page_tokens_are_bound_to_their_query(service: Service) -> None:
    ask = service.catalogue.ListTracks
    token = (await ask(catalogue_pb2.ListTracksRequest(page_size=1))).next_page_token
    assert [track.track_id for track in (await ask(catalogue_pb2.ListTracksRequest(page_token=token))).tracks] == ["bix", "cab"]
    altered = token[:-1] + ("A" if token[-1] != "A" else "B")
    query = ("tracks", "", None)
    for bad in (altered, "x", "%%%", "é", encode_page_token("a" * 4000, *query)):
        refused = await refusal(ask(catalogue_pb2.ListTracksRequest(page_token=bad)))
        assert (refused.code, refused.reason) == (INVALID, "PAGE_TOKEN_INVALID"), bad
    far = await ask(catalogue_pb2.ListTracksRequest(page_token=encode_page_token("zzz", *query)))
    assert (list(far.tracks), far.next_page_token) == ([], "")
    for other in (
        ask(catalogue_pb2.ListTracksRequest(page_token=token, query="a")),
        service.stub.ListPrototypes(pb2.ListPrototypesRequest(page_token=token)),
    ):
        assert (await refusal(other)).reason == "PAGE_TOKEN_INVALID"


async def test_forged_page_tokens_of_prototypes(service: Service, version: str) -> None:
    query = ("prototypes", False)
    positions = (f"-1@{version}", f"x@{version}", f"1e3@{version}", f"@{version}", f"{'9' * 40}@{version}", f"²@{version}")
    for position in (*positions, "1@another-model", "1", "1@"):
        forged = encode_page_token(position, *query)
        refused = await refusal(service.stub.ListPrototypes(pb2.ListPrototypesRequest(page_token=forged)))
        assert (refused.code, refused.reason) == (INVALID, "PAGE_TOKEN_INVALID"), position
    far = await service.stub.ListPrototypes(pb2.ListPrototypesRequest(page_token=encode_page_token(f"999@{version}", *query)))
    assert (list(far.prototypes), far.next_page_token, far.total_size) == ([], "", 2)
