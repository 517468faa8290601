"""Every method of the public endpoint can be reached through the SDK, and nothing else is called."""

import hashlib

import pytest

from leitmotif import ControlAction, ControlChange
from leitmotif.api.audio.v1 import audio_pb2
from leitmotif.api.evaluation.v1 import evaluation_pb2 as evaluation
from leitmotif.api.evaluation.v1 import texts_pb2
from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2
from leitmotif.types import AudioItem, Track
from leitmotif_services.gateway.forwarding import OFFERED
from leitmotif_services.runtime.errors import Reason, ServiceError


class Pieces(list):
    """Iterates for both clients."""

    async def __aiter__(self):
        for piece in self:
            yield piece


SUCCEEDED = evaluation.Job(job_id="j", state=evaluation.JOB_STATE_SUCCEEDED, result={"perplexity": {"perplexity": 2.0}})
EVERYTHING = {
    "Recommend": lambda client: client.recommend("ada"),
    "StreamRecommendations": lambda client: list(client.recommend_many(["ada"])),
    "WhatIf": lambda client: client.what_if("ada", boost="p"),
    "Explain": lambda client: client.explain("ada", "t"),
    "IngestTrack": lambda client: client.tracks.ingest(AudioItem("t.wav", b"x")),
    "SearchPrototypes": lambda client: client.prototypes.search("calm"),
    "CreatePrototype": lambda client: client.prototypes.create_from_tracks("mine", ["t"]),
    "RecordListening": lambda client: client.listen("ada", ["t"]),
    "EditControls": lambda client: client.profiles("ada").edit([ControlChange("p", ControlAction.MUTE)]),
    "DescribeProfile": lambda client: client.profiles("ada").get(),
    "UndoEdit": lambda client: client.profiles("ada").undo(),
    "RedoEdit": lambda client: client.profiles("ada").redo(),
    "ListEdits": lambda client: list(client.profiles("ada").edits()),
    "ListEvents": lambda client: list(client.profiles("ada").events()),
    "ExportProfile": lambda client: client.profiles("ada").export(),
    "DeleteProfile": lambda client: client.profiles("ada").delete(),
    "ImportProfile": lambda client: client.profiles("ada").import_({"schema": "leitmotif.profile/2"}),
    "WatchProfile": lambda client: next(client.profiles("ada").watch()),
    "ChangeExclusions": lambda client: client.profiles("ada").exclusions.hide(artists=["Bix"]),
    "GetExclusions": lambda client: client.profiles("ada").exclusions.get(),
    "SavePreset": lambda client: client.profiles("ada").presets.save("focus", {"p": 1.0}),
    "ListPresets": lambda client: client.profiles("ada").presets.list(),
    "DeletePreset": lambda client: client.profiles("ada").presets.delete("focus"),
    "ActivatePreset": lambda client: client.profiles("ada").presets.activate("focus"),
    "DeactivatePreset": lambda client: client.profiles("ada").presets.deactivate(),
    "ListPrototypes": lambda client: list(client.prototypes.list()),
    "GetPrototype": lambda client: client.prototypes.get("p"),
    "UpdatePrototype": lambda client: client.prototypes.rename("p", "new"),
    "ReadExemplar": lambda client: client.prototypes.exemplar_audio("p"),
    "ListTracks": lambda client: list(client.tracks.list("jazz")),
    "GetTrack": lambda client: client.tracks.get("t"),
    "FindSimilarTracks": lambda client: client.tracks.similar("t"),
    "UpsertTracks": lambda client: client.tracks.upsert([Track("t")]),
    "DeleteTracks": lambda client: client.tracks.delete(["t"]),
    "GetModel": lambda client: client.models.active(),
    "ListModels": lambda client: client.models.list(),
    "LoadModel": lambda client: client.models.load("m"),
    "ActivateModel": lambda client: client.models.activate("m"),
    "RollBackModel": lambda client: client.models.roll_back(),
    "StartTrial": lambda client: client.models.start_trial("m", 0.5, "t"),
    "EndTrial": lambda client: client.models.end_trial(),
    "EmbedTracks": lambda client: list(client.audio.embed([AudioItem("t", b"x")])),
    "EmbedStream": lambda client: list(client.audio.embed_stream(Pieces([bytes(8)]), sample_rate_hz=8_000, timeout_s=60.0)),
    "EmbedTexts": lambda client: client.audio.embed_texts(["calm piano"]),
    "ListEncoders": lambda client: client.audio.encoders(),
    "GetEncoder": lambda client: client.audio.encoder("e"),
    "CreateJob": lambda client: client.evaluations.perplexity("model", text="x"),
    "GetJob": lambda client: client.evaluations.get("j"),
    "ListJobs": lambda client: list(client.evaluations.list()),
    "WatchJob": lambda client: client.evaluations.perplexity("model", text="x").wait(),
    "CancelJob": lambda client: client.evaluations.get("j").cancel(),
    "DeleteJob": lambda client: client.evaluations.get("j").delete(),
    "ReadReport": lambda client: client.evaluations.get("j").report(),
    "UploadText": lambda client: client.texts.upload(b"to be or not to be"),
    "GetText": lambda client: client.texts.get("f" * 64),
    "ListTexts": lambda client: list(client.texts.list()),
    "DeleteText": lambda client: client.texts.delete("f" * 64),
}
MAY_NOT_BE_REPEATED = {
    "DeleteProfile",
    "DeletePreset",
    "DeleteTracks",
    "ImportProfile",
    "ActivateModel",
    "RollBackModel",
    "EndTrial",
    "CancelJob",
    "DeleteJob",
    "DeleteText",
    "EmbedStream",
}
"""Mutations without a request id, and a stream whose beginning is not kept."""


@pytest.fixture
def answering(peer):
    peer.answer("ExportProfile", profiles_export())
    peer.answer("WatchProfile", [profiles_pb2.WatchProfileResponse(deleted=True)])
    peer.answer("EmbedTracks", audio_pb2.EmbedTracksResponse(results=[{"track": {"track_id": "t"}}]))
    peer.answer("EmbedTexts", audio_pb2.EmbedTextsResponse(results=[{"text": {"tokens": 4}}]))
    peer.answer("StreamRecommendations", [gateway_pb2.StreamRecommendationsResponse(recommended={"etag": "e"})])
    peer.answer("UpsertTracks", catalogue_pb2.UpsertTracksResponse(statuses=[{}]))
    peer.answer("CreateJob", evaluation.CreateJobResponse(job=SUCCEEDED))
    peer.answer("GetJob", evaluation.GetJobResponse(job=SUCCEEDED))
    peer.answer("UploadText", lambda pieces: texts_pb2.UploadTextResponse(text={"text_id": sha256_of(pieces)}))
    peer.answer("WatchJob", [evaluation.WatchJobResponse(job=SUCCEEDED)])
    return peer


def sha256_of(pieces):
    return hashlib.sha256(b"".join(piece.chunk for piece in pieces)).hexdigest()


def profiles_export():
    return profiles_pb2.ExportProfileResponse(json="{}")


def test_the_table_above_is_the_public_endpoint():
    offered = {method.name for method in gateway_pb2.DESCRIPTOR.services_by_name["GatewayService"].methods}
    for names in (offer.methods for offer in OFFERED):
        offered.update(names)
    assert set(EVERYTHING) == offered


@pytest.mark.parametrize("method", EVERYTHING)
def test_each_call_has_a_deadline_and_a_request_id_and_reaches_its_method(client, answering, method):
    EVERYTHING[method](client)
    (call,) = answering.calls_of(method)
    assert 0 < call.remaining_s <= 301
    assert len(call.metadata["x-request-id"]) == 16


@pytest.mark.parametrize("method", EVERYTHING)
def test_each_call_that_may_be_repeated_survives_two_failures(client, answering, method):
    unavailable = ServiceError(Reason.STORE_UNAVAILABLE, "gone", retry_after_s=0.001)
    answering.fail(method, unavailable, times=2)
    if method in MAY_NOT_BE_REPEATED:
        with pytest.raises(Exception, match="gone"):
            EVERYTHING[method](client)
        assert len(answering.calls_of(method)) == 1
    else:
        EVERYTHING[method](client)
        calls = answering.calls_of(method)
        assert len(calls) == 3
        assert calls[0].request == calls[1].request == calls[2].request  # event and request ids, too


def test_every_repeated_mutation_carries_an_id_that_makes_a_repeat_harmless(client, answering):
    for method in ("EditControls", "UndoEdit", "RedoEdit", "CreateJob", "CreatePrototype"):
        EVERYTHING[method](client)
        EVERYTHING[method](client)
        ids = [call.request.request_id for call in answering.calls_of(method)]
        assert all(ids), method
        assert len(set(ids)) == 2, method
    EVERYTHING["RecordListening"](client)
    (call,) = answering.calls_of("RecordListening")
    assert all(event.event_id for event in call.request.events)
