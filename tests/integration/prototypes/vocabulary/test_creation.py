"""Creating prototypes over real gRPC: what is written, what goes on as before, repeats, and what cannot be."""

import asyncio
import dataclasses
import errno
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import numpy as np
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from leitmotif.api.prototypes.v1 import catalogue_pb2, models_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif_services.prototypes import app as prototypes_app
from leitmotif_services.prototypes.bundle_writing import write_bundle
from leitmotif_services.prototypes.models import model_registry
from leitmotif_services.prototypes.safetensors_bundle import load_bundle
from leitmotif_services.prototypes.vocabulary import creation_log
from tests.integration.prototypes.running_service import Service, refusal, vector
from tests.unit.prototypes.sample_models import by_hand, random_apn, random_model

INVALID = grpc.StatusCode.INVALID_ARGUMENT
TRACKS, PROTOTYPES, DIMENSION = 40, 4, 8


def floats(*values: float) -> bytes:
    return np.array(values, "<f4").tobytes()


async def create(service: Service, **fields: object) -> pb2.CreatePrototypeResponse:
    if not {"tracks", "clip_embedding", "phrase_embedding"} & fields.keys():
        fields["tracks"] = pb2.TrackIds(track_ids=["track-1", "track-2"])
    return await service.stub.CreatePrototype(pb2.CreatePrototypeRequest(**{"label": "mine"} | fields))  # type: ignore[arg-type]


async def answering(service: Service) -> models_pb2.Model:
    return (await service.models.GetModel(models_pb2.GetModelRequest())).model


async def listed(service: Service) -> list[str]:
    return [prototype.label for prototype in (await service.stub.ListPrototypes(pb2.ListPrototypesRequest())).prototypes]


@pytest.fixture(params=[random_model, random_apn])
async def large(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Service]:
    """Over a random model of 40 tracks and 4 prototypes, of each kind."""
    service = Service(tmp_path / "models")
    write_bundle(request.param(1, tracks=TRACKS, prototypes=PROTOTYPES), service.root, encoder_artifact=None)
    await service.start()
    yield service
    await service.stop()


@pytest.fixture
async def linear(tmp_path: Path) -> AsyncIterator[Service]:
    """Over the first of them."""
    service = Service(tmp_path / "models")
    write_bundle(random_model(1, tracks=TRACKS, prototypes=PROTOTYPES), service.root, encoder_artifact=None)
    await service.start()
    yield service
    await service.stop()


async def test_a_new_prototype_is_the_last_of_a_version_of_its_own_and_outlives_a_restart(large: Service) -> None:
    before = await answering(large)
    created = await create(large, label="Träume, laut", description="Like those two.")
    model = await answering(large)
    assert (model.model_version, model.prototype_count) == (created.model_version, PROTOTYPES + 1)
    assert model.profile_version == model.model_version != before.model_version
    assert (model.kind, model.track_count, model.catalogue_revision) == (before.kind, TRACKS, before.catalogue_revision)
    prototype = created.prototype
    assert prototype.prototype_id.startswith("traume-laut-")
    assert (prototype.label, prototype.description, prototype.position) == ("Träume, laut", "Like those two.", PROTOTYPES)
    assert (prototype.source, prototype.HasField("fidelity")) == (pb2.PROTOTYPE_SOURCE_TRACKS, False)
    assert prototype.expressed_tracks >= TRACKS // 10
    assert len({exemplar.artist for exemplar in prototype.exemplars}) == len(prototype.exemplars) == 5
    affinities = [exemplar.affinity for exemplar in prototype.exemplars]
    assert affinities == sorted(affinities, reverse=True)
    await large.restart()
    assert await answering(large) == model
    again = await large.stub.GetPrototype(pb2.GetPrototypeRequest(prototype_id=prototype.prototype_id))
    assert again.prototype == prototype
    assert load_bundle(large.root / created.model_version, index="faiss").prototypes[-1].label == "Träume, laut"


async def test_nobodys_list_changes_until_somebody_edits_it(large: Service) -> None:
    history = tuple(np.random.default_rng(3).normal(size=PROTOTYPES).tolist())

    async def ranked(version: str, *edits: float) -> list[tuple[str, float]]:
        weights = (*history, *[7.0] * (len(edits) - len(history)))  # whatever listening has to do with the new one
        request = pb2.RecommendTracksRequest(profile=vector(version, weights, edits), count=TRACKS)
        return [(item.track.track_id, item.score) for item in (await large.stub.RecommendTracks(request)).tracks]

    version = (await answering(large)).model_version
    before = await ranked(version, 0.5, 0, 0, -0.25)
    created = await create(large)
    assert await ranked(created.model_version, 0.5, 0, 0, -0.25, 0) == before
    assert await ranked(created.model_version, 0.5, 0, 0, -0.25, 4) != before
    second = await create(large, label="another", clip_embedding=floats(*range(1, 9)))
    assert await ranked(second.model_version, 0.5, 0, 0, -0.25, 0, 0) == before


async def test_what_it_is_made_from_expresses_it_most(linear: Service) -> None:
    embeddings = random_model(1, tracks=TRACKS, prototypes=PROTOTYPES).embeddings

    async def strongest(**example: object) -> int:
        created = await create(linear, **example)
        lookup = catalogue_pb2.GetAffinitiesRequest(track_ids=[f"track-{n}" for n in range(TRACKS)])
        affinities = (await linear.catalogue.GetAffinities(lookup)).affinities
        return int(
            np.frombuffer(affinities.values, "<f4").reshape(-1, affinities.dimension)[:, created.prototype.position].argmax()
        )

    centred = embeddings.astype(np.float64) - embeddings.mean(axis=0, dtype=np.float64)
    one_track = pb2.TrackIds(track_ids=["track-7"] * 3)
    assert await strongest(tracks=one_track) == int((embeddings @ centred[7]).argmax())
    assert await strongest(clip_embedding=floats(*embeddings[9])) == int((embeddings @ centred[9]).argmax())
    assert await strongest(phrase_embedding=floats(*embeddings[11])) == int((embeddings @ embeddings[11]).argmax())
    sources = [prototype.source for prototype in (await linear.stub.ListPrototypes(pb2.ListPrototypesRequest())).prototypes]
    assert sources[PROTOTYPES:] == [pb2.PROTOTYPE_SOURCE_TRACKS, pb2.PROTOTYPE_SOURCE_CLIP, pb2.PROTOTYPE_SOURCE_PHRASE]


async def test_snippets_that_the_bundle_has_are_its_exemplars(service: Service) -> None:
    created = await create(service, tracks=pb2.TrackIds(track_ids=["ada"]))
    [first, *others] = created.prototype.exemplars
    assert (first.track_id, first.start_s, first.duration_s, first.mime_type) == ("ada", 12.0, 5.0, "audio/ogg")
    assert [exemplar.mime_type for exemplar in others] == [""] * len(others)

    async def audio(prototype_id: str) -> bytes:
        call = service.stub.ReadExemplar(pb2.ReadExemplarRequest(prototype_id=prototype_id))
        return b"".join([part.chunk async for part in call])

    assert await audio(created.prototype.prototype_id) == await audio("piano") != b""
    unheard = pb2.ReadExemplarRequest(prototype_id=created.prototype.prototype_id, exemplar_index=1)
    assert (await refusal(service.stub.ReadExemplar(unheard).read())).reason == "EXEMPLAR_NOT_FOUND"


async def test_it_can_be_edited_found_and_rolled_back(linear: Service) -> None:
    version = (await answering(linear)).model_version
    created = await create(linear, label="night drive")
    await linear.stub.UpdatePrototype(
        pb2.UpdatePrototypeRequest(
            prototype=pb2.Prototype(prototype_id=created.prototype.prototype_id, label="dawn drive"),
            update_mask=FieldMask(paths=["label"]),
        )
    )
    found = await linear.stub.SearchPrototypes(pb2.SearchPrototypesRequest(query="dawn"))
    assert [item.prototype.prototype_id for item in found.found] == [created.prototype.prototype_id]
    second = await create(linear, label="another")
    assert await listed(linear) == [*(f"label {k}" for k in range(PROTOTYPES)), "dawn drive", "another"]
    rolled_back = [(await linear.models.RollBackModel(models_pb2.RollBackModelRequest())).model for _ in range(2)]
    assert [model.model_version for model in rolled_back] == [created.model_version, version]
    assert second.model_version not in (created.model_version, version)


async def test_a_trial_goes_on(linear: Service) -> None:
    other = write_bundle(random_model(2, tracks=TRACKS, prototypes=2), linear.root, encoder_artifact=None).name
    trial = await linear.models.StartTrial(models_pb2.StartTrialRequest(model_version=other, share=0.5, name="spring"))
    created = await create(linear)
    for _ in range(2):
        models = await linear.models.ListModels(models_pb2.ListModelsRequest())
        assert models.trial == trial.trial
        assert {model.model_version for model in models.models if model.loaded} == {other, created.model_version}
        await linear.restart()


async def test_changes_of_the_catalogue_are_kept_those_before_and_those_after(linear: Service) -> None:
    encoder_id = (await answering(linear)).encoder_id

    async def upsert(track_id: str, axis: int) -> None:
        track = catalogue_pb2.Track(track_id=track_id, title=track_id, artist=track_id)
        change = catalogue_pb2.TrackUpsert(track=track, embedding=floats(*np.eye(DIMENSION)[axis]))
        request = catalogue_pb2.UpsertTracksRequest(tracks=[change], encoder_id=encoder_id)
        [status] = (await linear.catalogue.UpsertTracks(request)).statuses
        assert status.code == 0, status.message

    await upsert("came-before", 0)
    await linear.catalogue.DeleteTracks(catalogue_pb2.DeleteTracksRequest(track_ids=["track-3"]))
    created = await create(linear, tracks=pb2.TrackIds(track_ids=["came-before"]))
    assert (await refusal(create(linear, tracks=pb2.TrackIds(track_ids=["track-3"])))).reason == "TRACK_NOT_FOUND"
    await upsert("came-after", 0)
    for _ in range(2):
        model = await answering(linear)
        assert (model.model_version, model.track_count) == (created.model_version, TRACKS + 1)
        lookup = catalogue_pb2.GetAffinitiesRequest(track_ids=["came-before", "came-after", "track-3"])
        found = await linear.catalogue.GetAffinities(lookup)
        assert list(found.unknown_track_ids) == ["track-3"]
        affinities = np.frombuffer(found.affinities.values, "<f4").reshape(2, PROTOTYPES + 1)
        assert affinities[0, -1] == pytest.approx(affinities[1, -1], abs=1e-5)  # of equal sound
        assert affinities[0, -1] > 0.0
        await linear.restart()


async def test_a_repeat_gets_the_first_answer_whatever_happened_since(linear: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await create(linear, request_id="r-1")
    assert await create(linear, request_id="r-1") == first
    await create(linear, request_id="r-2")
    await linear.models.RollBackModel(models_pb2.RollBackModelRequest())
    await linear.models.RollBackModel(models_pb2.RollBackModelRequest())
    await linear.restart()
    assert await create(linear, request_id="r-1") == first
    assert len(await listed(linear)) == PROTOTYPES
    for changed in ({"label": "other"}, {"description": "x"}, {"clip_embedding": floats(*range(8))}):
        refused = await refusal(create(linear, request_id="r-1", **changed))
        assert (refused.code, refused.reason) == (INVALID, "REQUEST_ID_REUSED")
    monkeypatch.setattr(creation_log, "KEPT_S", 0.0)  # a day has passed
    assert await create(linear, request_id="r-1", label="other") != first
    assert await listed(linear) == [*(f"label {k}" for k in range(PROTOTYPES)), "other"]


async def test_repeats_at_once_create_one(linear: Service) -> None:
    answers = await asyncio.gather(*(create(linear, request_id="r-1") for _ in range(4)))
    assert all(answer == answers[0] for answer in answers)
    assert len(await listed(linear)) == PROTOTYPES + 1
    different = [await create(linear) for _ in range(2)]
    assert different[0].prototype.prototype_id != different[1].prototype.prototype_id


@pytest.mark.parametrize("fails", ["write", "activation", "answer"])
async def test_a_repeat_finishes_what_was_interrupted(linear: Service, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    """A crash as the bundle is written, before the activation, or between the activation and the note of the answer."""
    with monkeypatch.context() as patched:
        if fails == "write":
            patched.setattr(prototypes_app, "write_bundle", _crash)
        elif fails == "activation":
            patched.setattr(prototypes_app.ModelRegistry, "succeed", _crash)
        else:
            patched.setattr("leitmotif_services.prototypes.vocabulary_convert.message_at", _crash)
        assert (await refusal(create(linear, request_id="r-1"))).code == grpc.StatusCode.INTERNAL
    await linear.restart()
    assert (await refusal(create(linear, request_id="r-1", label="other"))).reason == "REQUEST_ID_REUSED"
    created = await create(linear, request_id="r-1")
    assert await create(linear, request_id="r-1") == created
    assert await listed(linear) == [*(f"label {k}" for k in range(PROTOTYPES)), "mine"]
    assert len([path for path in linear.root.iterdir() if path.is_dir() and not path.name.startswith(".")]) == 2


async def test_a_full_disk_is_told_and_nothing_changes(linear: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    version = (await answering(linear)).model_version
    with monkeypatch.context() as patched:
        patched.setattr(prototypes_app, "write_bundle", full)
        refused = await refusal(create(linear, request_id="r-1"))
    assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")
    assert (await answering(linear)).model_version == version
    assert (await create(linear, request_id="r-1")).prototype.label == "mine"


def _crash(*_: object, **__: object) -> None:
    raise RuntimeError("the power went off")


async def test_a_refused_request_leaves_its_id_free(linear: Service) -> None:
    assert (await refusal(create(linear, request_id="r-1", tracks=pb2.TrackIds(track_ids=["nobody"])))).reason == (
        "TRACK_NOT_FOUND"
    )
    assert (await create(linear, request_id="r-1")).prototype.label == "mine"


async def test_a_damaged_log_is_told_and_kept(linear: Service) -> None:
    await create(linear, request_id="r-1")
    path = linear.root / creation_log.CREATIONS
    record = json.loads(path.read_bytes())
    record["creations"]["r-1"]["request"] = "0" * 64
    path.write_text(json.dumps(record))
    refused = await refusal(create(linear, request_id="r-1"))
    assert (refused.code, refused.reason) == (grpc.StatusCode.DATA_LOSS, "STORED_VALUE_UNREADABLE")
    assert json.loads(path.read_bytes()) == record
    assert (await create(linear)).prototype.label == "mine"  # without an id there is nothing to look up


async def test_no_more_than_can_be_remembered(linear: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(creation_log, "CREATIONS_LIMIT", 1)
    first = await create(linear, request_id="r-1")
    refused = await refusal(create(linear, request_id="r-2"))
    assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
    assert await create(linear, request_id="r-1") == first


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"label": ""}, "label"),
        ({"label": " "}, "label"),
        ({"label": "x" * 65}, "label"),
        ({"label": "a\nb"}, "label"),
        ({"description": "x" * 257}, "description"),
        ({"request_id": "a b"}, "request_id"),
        ({"tracks": pb2.TrackIds()}, "tracks.track_ids"),
        ({"tracks": pb2.TrackIds(track_ids=["track-1", "../x"])}, "tracks.track_ids[1]"),
        ({"tracks": pb2.TrackIds(track_ids=[f"track-{n}" for n in range(TRACKS)])}, "tracks.track_ids"),
        ({"clip_embedding": b""}, "clip_embedding"),
        ({"clip_embedding": floats(1, 2)}, "clip_embedding"),
        ({"clip_embedding": floats(*[float("nan")] * 8)}, "clip_embedding"),
        ({"clip_embedding": floats(*[0.0] * 8)}, "clip_embedding"),
        ({"phrase_embedding": floats(*range(512))}, "phrase_embedding"),
        ({"phrase_embedding": floats(*[float("inf")] * 8)}, "phrase_embedding"),
    ],
)
async def test_prototypes_that_cannot_be(linear: Service, fields: dict[str, object], field: str) -> None:
    refused = await refusal(create(linear, **fields))
    assert (refused.code, refused.reason, refused.fields) == (INVALID, "FIELD_INVALID", [field])
    assert len(await listed(linear)) == PROTOTYPES


async def test_what_else_cannot_be(service: Service, version: str, empty_service_without_model: Service) -> None:
    nothing = pb2.CreatePrototypeRequest(label="x")
    assert (await refusal(service.stub.CreatePrototype(nothing))).fields == ["example"]
    refused = await refusal(create(service, tracks=pb2.TrackIds(track_ids=["ada", "nobody"])))
    assert (refused.code, refused.reason, refused.metadata) == (
        grpc.StatusCode.NOT_FOUND,
        "TRACK_NOT_FOUND",
        {"trackId": "nobody"},
    )
    many = pb2.TrackIds(track_ids=["ada"] * 1001)
    assert (await refusal(create(service, tracks=many))).reason == "LIMIT_EXCEEDED"
    assert (await answering(service)).model_version == version
    assert (await refusal(create(empty_service_without_model))).reason == "MODEL_NOT_LOADED"


@pytest.fixture
async def empty_service_without_model(tmp_path: Path) -> AsyncIterator[Service]:
    service = Service(tmp_path / "empty")
    service.root.mkdir()
    await service.start()
    yield service
    await service.stop()


async def test_a_bundle_of_the_encoder_too(tmp_path: Path) -> None:
    """The encoder's artifact and all snippets go with the new version."""
    encoder = tmp_path / "encoder.onnx"
    encoder.write_bytes(b"an encoder")
    service = Service(tmp_path / "models")
    model = dataclasses.replace(by_hand(), encoder_sha256=hashlib.sha256(b"an encoder").hexdigest())
    parent = write_bundle(model, service.root, encoder_artifact=encoder)
    await service.start()
    created = await create(service, tracks=pb2.TrackIds(track_ids=["ada"]))
    await service.stop()
    folder = service.root / created.model_version
    for name in ("encoder.onnx", "snippets/piano-0.ogg"):
        assert (folder / name).read_bytes() == (parent / name).read_bytes()


async def test_what_was_created_before_is_removed_beyond_what_is_kept(linear: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = (await answering(linear)).model_version
    apart = dataclasses.replace(random_model(2, tracks=TRACKS, prototypes=PROTOTYPES), metrics={"ndcg@100": 0.5})
    trained_too = write_bundle(apart, linear.root, encoder_artifact=None).name
    await linear.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=trained))
    await linear.restart(kept_compactions=1)
    monkeypatch.setattr(model_registry, "EARLIER_LIMIT", 2)
    created = [(await create(linear, label=f"mine {number}")).model_version for number in range(6)]
    # Active the last, to be rolled back to the two before, kept the one before those.
    expected = {trained, trained_too, *created[2:]}
    async with asyncio.timeout(20):
        while bundles(linear) != expected:
            await asyncio.sleep(0.02)
    await linear.models.RollBackModel(models_pb2.RollBackModelRequest())
    assert (await answering(linear)).model_version == created[-2]


def bundles(service: Service) -> set[str]:
    """Versions whose folders are there."""
    return {folder.name for folder in service.root.iterdir() if folder.is_dir() and (folder / "manifest.json").is_file()}
