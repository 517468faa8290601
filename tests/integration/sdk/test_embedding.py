"""Batches of audio: every item answered once, in order, whatever is wrong with its neighbours."""

import struct

import pytest

from leitmotif import AudioItem, InternalError, InvalidArgumentError, Reason
from leitmotif.api.audio.v1 import audio_pb2
from leitmotif.types import EmbedFailure, TrackEmbedding
from leitmotif_services.runtime import errors as service_errors
from leitmotif_services.runtime.errors import ServiceError
from leitmotif_services.runtime.status import status_of


def embedded(request):
    """Embeds an item as (its length, 0); refuses empty ones."""
    results = []
    for item in request.items:
        if item.content:
            values = struct.pack("<2f", len(item.content), 0.0)
            track = audio_pb2.TrackEmbedding(track_id=item.track_id, embedding={"values": values, "dimension": 2})
            results.append(audio_pb2.EmbedTrackResult(track=track))
        else:
            status = status_of(ServiceError(service_errors.Reason.AUDIO_EMPTY, "no bytes"), "")
            results.append(audio_pb2.EmbedTrackResult(status=status))
    return audio_pb2.EmbedTracksResponse(results=results, encoder_id="e-1")


@pytest.fixture
def embedding_peer(peer):
    peer.answer("EmbedTracks", embedded)
    return peer


def test_items_go_in_batches_and_come_back_in_order(client, embedding_peer):
    items = [AudioItem(f"t{length}", b"x" * length) for length in range(1, 41)]
    outcomes = list(client.audio.embed(items, "e"))
    assert [outcome.track_id for outcome in outcomes] == [item.track_id for item in items]
    assert [outcome.embedding for outcome in outcomes] == [(float(length), 0.0) for length in range(1, 41)]
    assert {outcome.encoder_id for outcome in outcomes} == {"e-1"}
    assert [len(call.request.items) for call in embedding_peer.calls] == [16, 16, 8]
    assert {call.request.encoder_id for call in embedding_peer.calls} == {"e"}


def test_a_batch_is_sent_before_the_next_is_read(client, embedding_peer, first):
    read = []

    def items():
        for number in range(6):
            read.append(number)
            yield AudioItem(str(number), b"x")

    assert len(first(client.audio.embed(items(), batch_items=2), 1)) == 1
    assert read == [0, 1, 2]  # the third shows that the first batch is full


def test_a_bad_item_does_not_harm_its_neighbours(client, embedding_peer, tmp_path):
    good = tmp_path / "good.wav"
    good.write_bytes(b"xyz")
    items = [AudioItem("a", b"x"), AudioItem("b", b""), tmp_path / "missing.wav", good, str(good)]
    a, b, missing, from_path, from_text = client.audio.embed(items)
    assert isinstance(a, TrackEmbedding)
    assert isinstance(b, EmbedFailure)
    assert b.error.reason == Reason.AUDIO_EMPTY
    assert isinstance(b.error, InvalidArgumentError)
    assert missing.track_id == "missing.wav"
    assert "missing.wav: No such file" in missing.error.message
    assert (from_path.track_id, from_path.embedding) == ("good.wav", (3.0, 0.0))
    assert from_text == from_path
    assert len(embedding_peer.calls) == 1


def test_an_item_that_fits_no_message_is_refused_here(client, embedding_peer):
    huge, small = client.audio.embed([AudioItem("huge", bytes(64 << 20)), AudioItem("small", b"x")])
    assert huge.error.reason == Reason.LIMIT_EXCEEDED
    assert small.embedding == (1.0, 0.0)
    assert [[item.track_id for item in call.request.items] for call in embedding_peer.calls] == [["small"]]


def test_large_items_go_alone(client, embedding_peer):
    large = bytes(20 << 20)
    outcomes = list(client.audio.embed([AudioItem("a", large), AudioItem("b", large)]))
    assert [outcome.track_id for outcome in outcomes] == ["a", "b"]
    assert [len(call.request.items) for call in embedding_peer.calls] == [1, 1]


def test_nothing_to_embed_calls_nothing(client, embedding_peer):
    assert list(client.audio.embed([])) == []
    assert embedding_peer.calls == []


def test_an_answer_of_the_wrong_length_is_a_defect(client, peer):
    peer.answer("EmbedTracks", audio_pb2.EmbedTracksResponse())
    with pytest.raises(InternalError, match="0 results to 1 items"):
        list(client.audio.embed([AudioItem("a", b"x")]))
