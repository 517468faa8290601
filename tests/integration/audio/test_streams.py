"""EmbedStream over a real gRPC server."""

import asyncio
import threading

import grpc
import numpy as np
import pytest
from google.rpc import status_pb2

from leitmotif.api.audio.v1 import audio_pb2 as pb
from leitmotif.api.audio.v1 import audio_pb2_grpc
from leitmotif_services.audio.convert import track_of
from leitmotif_services.audio.engine import load_engine
from leitmotif_services.runtime.status import DETAILS_KEY
from tests.integration.audio.serving import info_of, served, status_of_call, stream_messages
from tests.unit.audio.audio_files import encoded, music


async def test_a_stream_is_answered_while_it_is_sent(stub):
    samples = music(60.0, 22_050)
    engine = load_engine()
    call = stub.EmbedStream()
    sent, parts = 0, []
    for message in stream_messages(samples, track_id="t1"):
        await call.write(message)
        sent += len(message.samples) // 4
        if not parts and sent >= 11 * 22_050:
            parts.append(await call.read())  # before the rest is sent
    await call.done_writing()
    while (part := await call.read()) is not grpc.aio.EOF:
        parts.append(part)
    *segments, last = parts
    assert [part.segment.segment.start_s for part in segments] == [5.0 * index for index in range(11)]
    stretch = encoded(samples[5 * 22_050 : 15 * 22_050], subtype="FLOAT")
    np.testing.assert_allclose(
        np.frombuffer(segments[1].segment.embedding.values, "<f4"), engine.embed(stretch).embedding, atol=1e-4
    )
    track = track_of(last.track)
    assert (last.track.track_id, last.encoder_id, track.duration_s) == ("t1", "leitmotif-music-1", 60.0)
    assert float(track.embedding @ engine.embed(encoded(samples)).embedding) > 0.99


async def stream_refusal(call):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async for _ in call:
            pass
    return status_of_call(caught.value)


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([], "FIELD_INVALID"),
        ([pb.EmbedStreamRequest(samples=bytes(4))], "FIELD_INVALID"),
        ([*stream_messages([0.5]), *stream_messages([0.5])], "FIELD_INVALID"),
        ([*stream_messages([0.5], sample_rate_hz=0)], "FIELD_INVALID"),
        ([*stream_messages([0.5], encoder_id="nope")], "ENCODER_NOT_FOUND"),
        ([*stream_messages([0.5], track_id="a\nb")], "FIELD_INVALID"),
        ([*stream_messages([])], "AUDIO_EMPTY"),
        ([*stream_messages([0.5])], "AUDIO_TOO_SHORT"),
        ([*stream_messages(np.zeros(50_000))], "AUDIO_SILENT"),
        ([*stream_messages(np.full(50_000, np.nan))], "AUDIO_NOT_FINITE"),
    ],
)
async def test_streams_that_are_refused(stub, messages, reason):
    async def requests():
        for message in messages:
            yield message

    assert info_of(await stream_refusal(stub.EmbedStream(requests()))).reason == reason


async def test_the_limits_of_streams_are_settings():
    async with served(MAX_STREAM_S=20, MAX_STREAMS=1, STREAM_IDLE_S=0.2) as channel:
        stub = audio_pb2_grpc.AudioServiceStub(channel)

        async def messages():
            for message in stream_messages(music(21.0, 22_050)):
                yield message

        assert info_of(await stream_refusal(stub.EmbedStream(messages()))).reason == "AUDIO_TOO_LARGE"
        idle = stub.EmbedStream()
        await idle.write(next(stream_messages([])))
        for message in list(stream_messages(music(11.0, 22_050)))[1:]:
            await idle.write(message)
        assert (await idle.read()).segment.segment.start_s == 0.0  # it is open
        assert info_of(await stream_refusal(stub.EmbedStream(messages()))).reason == "OVERLOADED"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            while await idle.read() is not grpc.aio.EOF:
                pass
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert info_of(await stream_refusal(stub.EmbedStream(messages()))).reason == "AUDIO_TOO_LARGE"  # its place is free


class GatedSegments:
    """A real engine that waits at a gate before each segment, and counts them."""

    def __init__(self):
        self.engine = load_engine()
        self.encoder, self.frame_settings = self.engine.encoder, self.engine.frame_settings
        self.decoded_rate_hz = self.engine.decoded_rate_hz
        self.gate, self.begun = threading.Event(), 0

    def embed_waveform(self, waveform):
        self.begun += 1
        assert self.gate.wait(20)
        return self.engine.embed_waveform(waveform)


async def _settled(value):
    """`value()` once it has stayed the same for a while."""
    async with asyncio.timeout(20):
        while True:
            before = value()
            await asyncio.sleep(0.3)
            if value() == before:
                return before


async def test_a_fast_caller_is_held_back_and_one_who_goes_frees_the_work():
    engine = GatedSegments()
    async with served([engine], MAX_STREAMS=1, WORKERS=1) as channel:
        stub = audio_pb2_grpc.AudioServiceStub(channel)
        second = np.ascontiguousarray(music(1.0, 22_050), "<f4").tobytes()
        sent = 0

        async def endless():
            nonlocal sent
            yield next(stream_messages([]))
            while True:
                sent += 1
                yield pb.EmbedStreamRequest(samples=second)

        call = stub.EmbedStream(endless())
        async with asyncio.timeout(20):
            while not engine.begun:
                await asyncio.sleep(0.001)
        assert await _settled(lambda: sent) < 400  # what flow control keeps on the way: some megabytes of 88 KB pieces
        call.cancel()
        async with asyncio.timeout(20):  # its place is free at once, while its last segment is still worked on
            while True:
                short = stub.EmbedStream()
                await short.write(next(stream_messages([])))
                if (status := await _first_outcome(short)) != "OVERLOADED":
                    break
        assert status == "open"
        engine.gate.set()
        for message in list(stream_messages(music(2.0, 22_050)))[1:]:
            await short.write(message)
        await short.done_writing()
        parts = [part async for part in short]
        assert [part.WhichOneof("part") for part in parts] == ["segment", "track"]
        assert engine.begun == 2  # one of the caller who has gone, one of the other


async def _first_outcome(call):
    """The reason that refuses a stream, or "open" when none comes for a while."""
    try:
        async with asyncio.timeout(0.2):
            await asyncio.shield(call.wait_for_connection())
            await asyncio.shield(asyncio.ensure_future(call.code()))
    except TimeoutError:
        return "open"
    return info_of(status_pb2.Status.FromString(dict(await call.trailing_metadata())[DETAILS_KEY])).reason
