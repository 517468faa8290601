"""Batches of audio: every item answered once, in order, whatever is wrong with its neighbours."""

import os
import struct

import pytest

from leitmotif import AudioItem, InternalError, InvalidArgumentError, PcmItem, Reason
from leitmotif.api.audio.v1 import audio_pb2
from leitmotif.types import EmbedFailure, TrackEmbedding
from leitmotif_services.audio.servicer import LONGEST_TRACK_ID
from leitmotif_services.runtime import errors as service_errors
from leitmotif_services.runtime.errors import ServiceError
from leitmotif_services.runtime.status import status_of
from leitmotif_services.runtime.validation import checked_text


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


class Pieces:
    """Iterates for both clients; raises `failure` at its end."""

    def __init__(self, pieces, failure=None):
        self.pieces, self.failure = pieces, failure

    def __iter__(self):
        yield from self.pieces
        if self.failure:
            raise self.failure

    async def __aiter__(self):
        for piece in self:
            yield piece


def streamed(requests):
    """A segment of a second for each message of samples, then the track."""
    for index, _ in enumerate(requests[1:]):
        segment = {"segment": {"start_s": index, "duration_s": 1.0}, "embedding": {"values": bytes(8), "dimension": 2}}
        yield audio_pb2.EmbedStreamResponse(segment=segment, encoder_id="e-1")
    yield audio_pb2.EmbedStreamResponse(track={"track_id": requests[0].start.track_id}, encoder_id="e-1")


def test_a_stream_of_samples(client, peer):
    peer.answer("EmbedStream", streamed)
    parts = client.audio.embed_stream(
        Pieces([bytes(8), bytes(16)]), sample_rate_hz=8_000, channels=2, track_id="t", encoder_id="e"
    )
    first, second, track = parts
    assert (first.segment.start_s, second.segment.start_s, first.embedding, first.encoder_id) == (0.0, 1.0, (0.0, 0.0), "e-1")
    assert isinstance(track, TrackEmbedding)
    start, *samples = peer.calls[0].request
    assert start.start == audio_pb2.StreamStart(track_id="t", encoder_id="e", sample_rate_hz=8_000, channels=2)
    assert [message.samples for message in samples] == [bytes(8), bytes(16)]


def test_what_the_source_of_a_stream_raises_reaches_the_caller(client, peer):
    peer.answer("EmbedStream", streamed)
    with pytest.raises(ZeroDivisionError, match="microphone"):
        list(client.audio.embed_stream(Pieces([bytes(8)], ZeroDivisionError("microphone")), sample_rate_hz=8_000))


def test_a_refused_stream_is_a_typed_error(client, peer):
    peer.fail("EmbedStream", ServiceError(service_errors.Reason.AUDIO_SILENT, "silent"))
    with pytest.raises(InvalidArgumentError) as caught:
        list(client.audio.embed_stream(Pieces([bytes(8)]), sample_rate_hz=8_000))
    assert caught.value.reason is Reason.AUDIO_SILENT
    assert len(peer.calls_of("EmbedStream")) == 1


def test_samples_are_items_as_files_are(client, peer):
    seen = []

    def answer(request):
        seen.extend(request.items)
        return audio_pb2.EmbedTracksResponse(results=[{"track": {}} for _ in request.items])

    peer.answer("EmbedTracks", answer)
    assert len(list(client.audio.embed([PcmItem("a", bytes(8), 8_000), AudioItem("b", b"x")]))) == 2
    assert [item.WhichOneof("source") for item in seen] == ["pcm", "content"]


def test_any_file_name_is_sent_as_an_id_that_the_service_takes(client, peer, tmp_path):
    sent = []

    def answer(request):
        for item in request.items:
            sent.append(checked_text("track_id", item.track_id, maximum=LONGEST_TRACK_ID))
        return embedded(request)

    peer.answer("EmbedTracks", answer)
    names = ["plain.wav", "n" * 200 + ".wav", "line\nbreak\x7f.wav", os.fsdecode(b"caf\xe9.wav"), "Caf\u00e9.wav"]
    for name in names:
        (tmp_path / name).write_bytes(b"xyz")
    outcomes = list(client.audio.embed([tmp_path / name for name in names]))
    assert [outcome.track_id for outcome in outcomes] == names
    assert {outcome.embedding for outcome in outcomes} == {(3.0, 0.0)}
    assert sent == ["plain.wav", "n" * 128, "line?break?.wav", "caf?.wav", "Caf\u00e9.wav"]
