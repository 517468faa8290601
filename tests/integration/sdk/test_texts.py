"""Phrases in calls: every one answered once, in order, whatever is wrong with its neighbours."""

import struct

import pytest

from leitmotif import InternalError, InvalidArgumentError, Reason
from leitmotif.api.audio.v1 import audio_pb2
from leitmotif.types import TextEmbedding, TextFailure
from leitmotif_services.runtime import errors as service_errors
from leitmotif_services.runtime.errors import ServiceError
from leitmotif_services.runtime.status import status_of


def embedded(request):
    """Embeds a phrase as (its length, 0); refuses empty ones."""
    results = []
    for text in request.texts:
        if text:
            embedding = {"values": struct.pack("<2f", len(text), 0.0), "dimension": 2}
            results.append(audio_pb2.EmbedTextResult(text={"embedding": embedding, "tokens": len(text) + 2}))
        else:
            status = status_of(ServiceError(service_errors.Reason.TEXT_EMPTY, "empty"), "")
            results.append(audio_pb2.EmbedTextResult(status=status))
    return audio_pb2.EmbedTextsResponse(results=results, encoder_id="e-1", text_encoder_id="e-1-text")


@pytest.fixture
def reading_peer(peer):
    peer.answer("EmbedTexts", embedded)
    return peer


def test_phrases_go_in_calls_and_come_back_in_order(client, reading_peer):
    texts = ["x" * length for length in range(1, 151)]
    outcomes = client.audio.embed_texts(iter(texts), "e")
    assert outcomes == tuple(TextEmbedding(text, "e-1", "e-1-text", (float(len(text)), 0.0), len(text) + 2) for text in texts)
    assert [len(call.request.texts) for call in reading_peer.calls] == [64, 64, 22]
    assert {call.request.encoder_id for call in reading_peer.calls} == {"e"}


def test_the_size_of_a_call_can_be_chosen(client, reading_peer):
    assert len(client.audio.embed_texts(["a", "b", "c"], batch_texts=2)) == 3
    assert [len(call.request.texts) for call in reading_peer.calls] == [2, 1]


def test_what_cannot_be_sent_fails_alone(client, reading_peer):
    texts = ["a", "\ud800", "", "x" * 70_000, "b"]
    outcomes = client.audio.embed_texts(texts)
    assert [outcome.text for outcome in outcomes] == texts
    assert [outcome.error.reason for outcome in outcomes if isinstance(outcome, TextFailure)] == [
        *(Reason.FIELD_INVALID, Reason.TEXT_EMPTY, Reason.LIMIT_EXCEEDED)
    ]
    assert [list(call.request.texts) for call in reading_peer.calls] == [["a", "", "b"]]


def test_nothing_to_send_is_no_call(client, reading_peer):
    assert client.audio.embed_texts([]) == ()
    (failure,) = client.audio.embed_texts(["\udfff"])
    assert isinstance(failure.error, InvalidArgumentError)
    assert reading_peer.calls == []


def test_one_string_is_not_taken_for_its_letters(client, reading_peer):
    with pytest.raises(InvalidArgumentError, match="not one string"):
        client.audio.embed_texts("calm piano")
    assert reading_peer.calls == []


def test_a_wrong_number_of_results_is_a_defect_of_the_server(client, peer):
    peer.answer("EmbedTexts", audio_pb2.EmbedTextsResponse())
    with pytest.raises(InternalError, match="0 results to 1 texts"):
        client.audio.embed_texts(["a"])
