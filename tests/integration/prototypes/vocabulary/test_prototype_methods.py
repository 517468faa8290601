"""Renaming, hiding, finding and listing prototypes over real gRPC."""

import grpc
import numpy as np
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from leitmotif.api.prototypes.v1 import models_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif_services.prototypes.bundle_writing import write_bundle
from tests.integration.prototypes.running_service import Service, refusal, vector
from tests.unit.prototypes.sample_models import by_hand, random_model, retitled

INVALID = grpc.StatusCode.INVALID_ARGUMENT


async def update(service: Service, *paths: str, **fields: object) -> pb2.UpdatePrototypeResponse:
    request = pb2.UpdatePrototypeRequest(
        prototype=pb2.Prototype(**{"prototype_id": "piano"} | fields),  # type: ignore[arg-type]
        update_mask=FieldMask(paths=paths),
    )
    return await service.stub.UpdatePrototype(request)


async def listed(service: Service, *, show_hidden: bool = False) -> list[tuple[str, str, bool]]:
    response = await service.stub.ListPrototypes(pb2.ListPrototypesRequest(show_hidden=show_hidden))
    assert response.total_size == len(response.prototypes)
    return [(prototype.prototype_id, prototype.label, prototype.hidden) for prototype in response.prototypes]


async def found(service: Service, query: str, **fields: object) -> list[str]:
    response = await service.stub.SearchPrototypes(pb2.SearchPrototypesRequest(query=query, **fields))  # type: ignore[arg-type]
    assert all(0.0 < item.score <= 1.0 for item in response.found)
    return [item.prototype.prototype_id for item in response.found]


async def test_a_mask_changes_what_it_names_and_nothing_else(service: Service, version: str) -> None:
    response = await update(service, "label", label="grand piano", description="ignored", hidden=True)
    assert (response.prototype.label, response.prototype.description, response.prototype.hidden) == (
        "grand piano",
        "A piano leads.",
        False,
    )
    assert response.model_version == version
    assert response.prototype == (await service.stub.GetPrototype(pb2.GetPrototypeRequest(prototype_id="piano"))).prototype
    await update(service, "hidden", "hidden", hidden=True)
    response = await update(service, "description")
    assert (response.prototype.label, response.prototype.description, response.prototype.hidden) == ("grand piano", "", True)
    response = await update(service, label="keys", description="Any keys.")  # no mask: all three
    assert (response.prototype.label, response.prototype.description, response.prototype.hidden) == ("keys", "Any keys.", False)


async def test_an_edit_is_seen_everywhere_at_once_and_in_every_version(service: Service, version: str) -> None:
    newer = write_bundle(retitled(by_hand(), "!"), service.root, encoder_artifact=None).name
    await service.models.LoadModel(models_pb2.LoadModelRequest(model_version=newer))
    await update(service, "label", "hidden", label="Flügel", hidden=True)

    async def check(answering: str) -> None:
        assert await listed(service) == [("calm", "calm", False)]
        assert await listed(service, show_hidden=True) == [("piano", "Flügel", True), ("calm", "calm", False)]
        assert await found(service, "flugel") == []
        assert await found(service, "flugel", show_hidden=True) == ["piano"]
        profile = vector(answering, (1, 1))
        explained = await service.stub.ExplainTrack(pb2.ExplainTrackRequest(profile=profile, track_id="ada"))
        assert {part.prototype_id: part.label for part in explained.track.contributions}["piano"] == "Flügel"

    await check(version)
    await service.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=newer))
    await check(newer)
    await service.restart()
    await check(newer)
    await service.models.RollBackModel(models_pb2.RollBackModelRequest())
    await check(version)


async def test_hiding_changes_no_score(service: Service, version: str) -> None:
    request = pb2.RecommendTracksRequest(profile=vector(version, (1, 1), (0.5, 0)), contribution_count=-1)
    before = await service.stub.RecommendTracks(request)
    await update(service, "hidden", hidden=True)
    assert await service.stub.RecommendTracks(request) == before


@pytest.mark.parametrize(
    ("paths", "fields", "field"),
    [
        (["colour"], {}, "update_mask.paths[0]"),
        (["label", "prototype_id"], {"label": "x"}, "update_mask.paths[1]"),
        (["*"], {"label": "x"}, "update_mask.paths[0]"),
        (["label"], {}, "prototype.label"),
        (["label"], {"label": " \u2003"}, "prototype.label"),
        (["label"], {"label": "x" * 65}, "prototype.label"),
        (["label"], {"label": "a\tb"}, "prototype.label"),
        (["label"], {"label": "a\u2028b"}, "prototype.label"),
        (["label"], {"label": "a\x85b"}, "prototype.label"),
        (["description"], {"description": "x" * 257}, "prototype.description"),
        (["description"], {"description": "a\nb"}, "prototype.description"),
        ([], {"hidden": True}, "prototype.label"),
        (["hidden"], {"prototype_id": ""}, "prototype.prototype_id"),
    ],
)
async def test_edits_that_cannot_be(service: Service, paths: list[str], fields: dict[str, object], field: str) -> None:
    refused = await refusal(update(service, *paths, **fields))
    assert (refused.code, refused.reason, refused.fields) == (INVALID, "FIELD_INVALID", [field])
    assert await listed(service) == [("piano", "piano", False), ("calm", "calm", False)]
    assert not (service.root / "prototype-edits.json").exists()


async def test_an_edit_of_what_is_not_there(service: Service) -> None:
    refused = await refusal(update(service, "hidden", prototype_id="drums"))
    assert (refused.code, refused.reason, refused.metadata) == (
        grpc.StatusCode.NOT_FOUND,
        "PROTOTYPE_NOT_FOUND",
        {"prototypeId": "drums"},
    )


async def test_without_a_model(empty_service: Service) -> None:
    search = empty_service.stub.SearchPrototypes(pb2.SearchPrototypesRequest(query="x"))
    for call in (update(empty_service, "hidden"), search):
        assert (await refusal(call)).reason == "MODEL_NOT_LOADED"


async def test_a_damaged_file_of_edits_is_told_and_kept(service: Service) -> None:
    await update(service, "label", label="keys")
    path = service.root / "prototype-edits.json"
    path.write_bytes(path.read_bytes()[:-10])
    await service.restart()
    refused = await refusal(update(service, "label", label="x"))
    assert (refused.code, refused.reason) == (grpc.StatusCode.DATA_LOSS, "STORED_VALUE_UNREADABLE")
    assert "prototype-edits.json" in refused.message


async def test_search(service: Service) -> None:
    assert await found(service, "slow soft") == ["calm"]
    assert await found(service, "pia") == ["piano"]
    assert await found(service, "nothing") == []
    phrase = np.array([1, 1, -2], "<f4").tobytes()
    assert await found(service, "soft", phrase_embedding=phrase) == ["piano", "calm"]
    assert await found(service, "soft", phrase_embedding=phrase, count=1) == ["piano"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"query": ""}, "query"),
        ({"query": "  "}, "query"),
        ({"query": "x" * 257}, "query"),
        ({"query": "a\nb"}, "query"),
        ({"query": "a", "count": -1}, "count"),
        ({"query": "a", "count": 1001}, "count"),
        ({"query": "a", "phrase_embedding": b"\0" * 4}, "phrase_embedding"),
        ({"query": "a", "phrase_embedding": b"\0" * 13}, "phrase_embedding"),
        ({"query": "a", "phrase_embedding": b"\0" * 12}, "phrase_embedding"),
        ({"query": "a", "phrase_embedding": np.array([1, np.nan, 0], "<f4").tobytes()}, "phrase_embedding"),
        ({"query": "a", "phrase_embedding": np.array([1, np.inf, 0], "<f4").tobytes()}, "phrase_embedding"),
    ],
)
async def test_searches_that_cannot_be(service: Service, fields: dict[str, object], field: str) -> None:
    refused = await refusal(service.stub.SearchPrototypes(pb2.SearchPrototypesRequest(**fields)))  # type: ignore[arg-type]
    assert (refused.code, refused.reason, refused.fields) == (INVALID, "FIELD_INVALID", [field])


async def test_pages_go_on_when_another_model_takes_over_and_end_when_theirs_has_gone(empty_service: Service) -> None:
    service = empty_service
    versions = [
        write_bundle(random_model(seed, tracks=20, prototypes=prototypes), service.root, encoder_artifact=None).name
        for seed, prototypes in ((1, 23), (2, 5), (3, 6))
    ]

    async def activate(version: str) -> None:
        await service.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=version))

    await activate(versions[0])
    whole = await service.stub.ListPrototypes(pb2.ListPrototypesRequest())
    pages = [await service.stub.ListPrototypes(pb2.ListPrototypesRequest(page_size=10))]
    await activate(versions[1])
    while token := pages[-1].next_page_token:
        pages.append(await service.stub.ListPrototypes(pb2.ListPrototypesRequest(page_size=10, page_token=token)))
    assert [prototype for page in pages for prototype in page.prototypes] == list(whole.prototypes)
    assert {page.model_version for page in pages} == {versions[0]}
    await activate(versions[2])
    request = pb2.ListPrototypesRequest(page_size=10, page_token=pages[0].next_page_token)
    refused = await refusal(service.stub.ListPrototypes(request))
    assert (refused.code, refused.reason) == (INVALID, "PAGE_TOKEN_INVALID")
    assert "start again" in refused.message
    request.show_hidden = True
    await activate(versions[0])
    assert (await refusal(service.stub.ListPrototypes(request))).reason == "PAGE_TOKEN_INVALID"


async def test_pages_are_of_the_users_arm(service: Service) -> None:
    newer = write_bundle(random_model(2, tracks=20, prototypes=5), service.root, encoder_artifact=None).name
    await service.models.StartTrial(models_pb2.StartTrialRequest(model_version=newer, share=1.0, name="all"))
    page = await service.stub.ListPrototypes(pb2.ListPrototypesRequest(page_size=3, user_id="ada"))
    assert (page.model_version, page.total_size) == (newer, 5)
    rest = await service.stub.ListPrototypes(
        pb2.ListPrototypesRequest(page_size=3, user_id="ada", page_token=page.next_page_token)
    )
    assert [prototype.position for prototype in rest.prototypes] == [3, 4]
    assert (await refusal(service.stub.ListPrototypes(pb2.ListPrototypesRequest(user_id="a b")))).fields == ["user_id"]


async def test_hiding_between_pages_neither_repeats_nor_passes_over_another(empty_service: Service) -> None:
    service = empty_service
    version = write_bundle(random_model(1, tracks=20, prototypes=9), service.root, encoder_artifact=None).name
    await service.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=version))
    first = await service.stub.ListPrototypes(pb2.ListPrototypesRequest(page_size=4))
    await update(service, "hidden", prototype_id="p1", hidden=True)
    await update(service, "hidden", prototype_id="p5", hidden=True)
    request = pb2.ListPrototypesRequest(page_size=4, page_token=first.next_page_token)
    second = await service.stub.ListPrototypes(request)
    assert [prototype.position for prototype in second.prototypes] == [4, 6, 7, 8]
    assert (second.next_page_token, second.total_size) == ("", 7)
