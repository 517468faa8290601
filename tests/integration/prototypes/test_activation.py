"""Which model answers: at the start, after activation, under traffic, and when a bundle is damaged."""

import asyncio
import os
import threading

import grpc
import pytest

from leitmotif.api.prototypes.v1 import catalogue_pb2, models_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif_services.prototypes import app as prototypes_app
from leitmotif_services.prototypes.bundle_writing import TrainedModel, write_bundle
from leitmotif_services.prototypes.ranking.recommendation import recommend
from tests.integration.prototypes.running_service import Service, refusal, vector
from tests.unit.prototypes.sample_models import by_hand, profile, random_model, retitled, served


def write(service: Service, model: TrainedModel) -> str:
    return write_bundle(model, service.root, encoder_artifact=None).name


async def activate(service: Service, version: str) -> models_pb2.ActivateModelResponse:
    return await service.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=version))


async def active(service: Service) -> str:
    return (await service.models.GetModel(models_pb2.GetModelRequest())).model.model_version


async def test_without_a_model_every_method_says_so_and_one_can_be_activated(empty_service: Service) -> None:
    stub = empty_service.stub
    for call in (
        stub.RecommendTracks(pb2.RecommendTracksRequest()),
        stub.ExplainTrack(pb2.ExplainTrackRequest()),
        empty_service.catalogue.GetAffinities(catalogue_pb2.GetAffinitiesRequest()),
        stub.ListPrototypes(pb2.ListPrototypesRequest()),
        stub.GetPrototype(pb2.GetPrototypeRequest()),
        stub.ReadExemplar(pb2.ReadExemplarRequest()).read(),
        empty_service.catalogue.ListTracks(catalogue_pb2.ListTracksRequest()),
        empty_service.catalogue.GetTrack(catalogue_pb2.GetTrackRequest()),
        empty_service.models.GetModel(models_pb2.GetModelRequest()),
    ):
        refused = await refusal(call)
        assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "MODEL_NOT_LOADED")
    assert list((await empty_service.models.ListModels(models_pb2.ListModelsRequest())).models) == []
    version = write(empty_service, by_hand())
    response = await activate(empty_service, version)
    assert (response.model.model_version, response.model.active) == (version, True)
    assert await active(empty_service) == version


async def test_a_restart_serves_what_was_activated_rather_than_the_newest(service: Service, version: str) -> None:
    await activate(service, version)
    write(service, retitled(by_hand(), "!"))
    await service.restart()
    assert await active(service) == version


async def test_without_an_activation_a_restart_serves_the_newest_that_verifies(service: Service) -> None:
    newer = write(service, retitled(by_hand(), "!"))
    newest = write(service, retitled(by_hand(), "!!"))
    (service.root / newest / "index.faiss").unlink()
    await service.restart()
    assert await active(service) == newer


async def test_unknown_version(service: Service, version: str) -> None:
    refused = await refusal(activate(service, "0" * 16))
    assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "MODEL_NOT_FOUND")
    assert refused.metadata == {"modelVersion": "0" * 16}
    assert await active(service) == version


async def test_a_damaged_bundle_is_refused_and_the_old_model_goes_on(service: Service, version: str) -> None:
    newer = write(service, retitled(by_hand(), "!"))
    catalogue = service.root / newer / "catalogue.jsonl"
    content = bytearray(catalogue.read_bytes())
    content[10] ^= 1
    catalogue.write_bytes(content)
    refused = await refusal(activate(service, newer))
    assert (refused.code, refused.reason) == (grpc.StatusCode.DATA_LOSS, "BUNDLE_CORRUPT")
    assert refused.metadata == {"file": "catalogue.jsonl"}
    assert await active(service) == version
    await service.restart()
    assert await active(service) == version
    content[10] ^= 1
    catalogue.write_bytes(content)
    assert (await activate(service, newer)).model.model_version == newer


async def test_an_activated_bundle_found_damaged_at_the_start_is_not_replaced_silently(service: Service, version: str) -> None:
    write(service, retitled(by_hand(), "!"))
    await activate(service, version)
    os.truncate(service.root / version / "arrays.safetensors", 10)
    await service.restart()
    refused = await refusal(service.models.GetModel(models_pb2.GetModelRequest()))
    assert refused.reason == "MODEL_NOT_LOADED"
    assert "arrays.safetensors" in refused.message


async def test_a_damaged_pointer_is_told(service: Service, version: str) -> None:
    for content in (b"", b"{}", b"[" * 4000, b'{"model_version": "../x"}', b"\xff"):
        (service.root / "active.json").write_bytes(content)
        await service.restart()
        assert (await refusal(service.models.GetModel(models_pb2.GetModelRequest()))).reason == "MODEL_NOT_LOADED"
    await activate(service, version)
    await service.restart()
    assert await active(service) == version


async def test_activation_under_traffic(empty_service: Service) -> None:
    """Every answer names one version and is the answer of that version; no call fails."""
    models = [random_model(seed, tracks=400, prototypes=4) for seed in (1, 2)]
    versions = [write(empty_service, model) for model in models]
    wanted = profile((1.0, -0.5, 0.25, 2.0), (0.5, 0.0, 0.0, -1.0), (2,))
    expected = {
        version: [item.track.track_id for item in recommend(served(model, empty_service.root), wanted, count=20)]
        for version, model in zip(versions, models, strict=True)
    }
    assert expected[versions[0]] != expected[versions[1]]
    await activate(empty_service, versions[0])
    switching = True
    answered: dict[str, int] = dict.fromkeys(versions, 0)

    async def listen() -> None:
        asked = versions[0]
        while switching:
            message = vector(asked, tuple(wanted.history), tuple(wanted.edits), wanted.muted)
            try:
                response = await empty_service.stub.RecommendTracks(pb2.RecommendTracksRequest(profile=message))
            except grpc.aio.AioRpcError as error:
                assert error.code() is grpc.StatusCode.FAILED_PRECONDITION, error
                asked = versions[1] if asked == versions[0] else versions[0]
                continue
            assert response.model_version == asked
            assert [item.track.track_id for item in response.tracks] == expected[asked]
            answered[asked] += 1

    listeners = [asyncio.create_task(listen()) for _ in range(8)]
    for turn in range(20):
        await activate(empty_service, versions[(turn + 1) % 2])
    switching = False
    await asyncio.gather(*listeners)
    assert min(answered.values()) > 0


async def test_a_call_finishes_on_the_model_it_began_with(
    service: Service, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, go_on = threading.Event(), threading.Event()
    read = prototypes_app.read_snippet

    def held_up(model: object, name: str) -> bytes:
        began.set()
        assert go_on.wait(30)
        return read(model, name)  # type: ignore[arg-type]

    monkeypatch.setattr(prototypes_app, "read_snippet", held_up)
    await service.restart()
    call = service.stub.ReadExemplar(pb2.ReadExemplarRequest(prototype_id="piano"))
    reading = asyncio.create_task(call.read())
    await asyncio.to_thread(began.wait, 30)
    other = write(service, random_model(1, tracks=5, prototypes=2))  # has no prototype "piano"
    await activate(service, other)
    assert await active(service) == other
    go_on.set()
    assert (await reading).mime_type == "audio/ogg"


async def test_beyond_its_bound_the_service_refuses(service: Service, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    began, go_on = threading.Semaphore(0), threading.Event()

    def held_up(model: object, name: str) -> bytes:
        began.release()
        assert go_on.wait(30)
        return b"audio"

    monkeypatch.setattr(prototypes_app, "read_snippet", held_up)
    await service.restart(workers=1, waiting=0)
    call = service.stub.ReadExemplar(pb2.ReadExemplarRequest(prototype_id="piano"))
    reading = asyncio.create_task(call.read())
    await asyncio.to_thread(began.acquire)
    refused = await refusal(service.stub.RecommendTracks(pb2.RecommendTracksRequest(profile=vector(version, (1, 1)))))
    assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
    assert await active(service) == version  # what needs no thread still answers
    go_on.set()
    assert (await reading).chunk == b"audio"
