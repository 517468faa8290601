"""The service over a real gRPC server at a free port."""

import asyncio
import os
import struct
import threading
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc

from leitmotif.api.audio.v1 import audio_pb2 as pb
from leitmotif.api.audio.v1 import audio_pb2_grpc
from leitmotif_services.audio.app import build
from leitmotif_services.audio.config import AudioConfig
from leitmotif_services.audio.convert import track_of
from leitmotif_services.audio.engine import load_engine
from leitmotif_services.runtime.errors import ServiceError
from leitmotif_services.runtime.server import GrpcServer
from leitmotif_services.runtime.status import DETAILS_KEY
from tests.unit.audio.audio_files import encoded, every_encoding, music, real_recordings, tone

DATA = Path(os.environ.get("LEITMOTIF_TEST_DATA", Path(__file__).parents[3] / "../shared/data"))


@asynccontextmanager
async def served(engines=None, **settings):
    environ = {"LEITMOTIF_AUDIO_LISTEN": "127.0.0.1:0"} | {f"LEITMOTIF_AUDIO_{k}": str(v) for k, v in settings.items()}
    config = AudioConfig.from_environment(environ)
    app = await build(config, engines=engines)
    server = GrpcServer(config.server, app)
    await server.start()
    options = [("grpc.max_send_message_length", 64 << 20), ("grpc.max_receive_message_length", 64 << 20)]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}", options=options) as channel:
        try:
            yield channel
        finally:
            await server.drain()
            await app.close()


@pytest.fixture
async def channel():
    async with served() as channel:
        yield channel


@pytest.fixture
def stub(channel):
    return audio_pb2_grpc.AudioServiceStub(channel)


def request_of(*contents, encoder_id=""):
    items = [pb.AudioItem(track_id=f"t{index}", content=content) for index, content in enumerate(contents)]
    return pb.EmbedTracksRequest(items=items, encoder_id=encoder_id)


def info_of(status):
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.domain == "leitmotif"
    return info


async def refusal(call):
    """The google.rpc.Status of a call that must fail."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    details = dict(caught.value.trailing_metadata())
    return status_pb2.Status.FromString(details[DETAILS_KEY])


async def test_good_and_bad_items_in_one_batch(stub):
    good = every_encoding(3.0)
    wav = good["wav"]
    contents = {
        "wav": wav,
        "AUDIO_EMPTY": b"",
        "flac": good["flac"],
        "AUDIO_FORMAT_UNKNOWN": b"not audio at all, although it was called music.mp3 " * 50,
        "vorbis": good["vorbis"],
        "AUDIO_CORRUPT": good["vorbis"][: len(good["vorbis"]) // 2],
        "mp3": good["mp3"],
        "AUDIO_SILENT": encoded(np.zeros(50_000, np.float32)),
        "opus": good["opus"],
        "AUDIO_NOT_FINITE": encoded(np.full(50_000, np.nan, np.float32), subtype="FLOAT"),
        "AUDIO_TOO_SHORT": encoded(tone(440.0, 0.5)),
        "AUDIO_TOO_LARGE": encoded(np.stack([tone(440.0)] * 9, axis=1)),
    }
    response = await stub.EmbedTracks(request_of(*contents.values()), metadata=(("x-request-id", "req-1"),))
    assert len(response.results) == len(contents)
    for index, (name, result) in enumerate(zip(contents, response.results, strict=True)):
        if name.startswith("AUDIO_"):
            info = info_of(result.status)
            assert (info.reason, info.metadata["requestId"]) == (name, "req-1")
        else:
            assert result.track.track_id == f"t{index}"
            track = track_of(result.track)
            assert track.embedding.shape == (128,)
            assert (track.source_sample_rate_hz, track.duration_s) == (24_000, pytest.approx(3.0, abs=0.05))
    assert response.encoder_id == "leitmotif-descriptors-1"
    assert response.timings.queue_s >= 0
    assert response.timings.decode_s > 0
    assert response.timings.compute_s > 0


async def test_a_served_embedding_equals_one_made_in_process(stub):
    content = encoded(music(12.0), 24_000)
    response = await stub.EmbedTracks(request_of(content))
    served_track, own = track_of(response.results[0].track), load_engine().embed(content)
    np.testing.assert_allclose(served_track.segment_embeddings, own.segment_embeddings, atol=1e-6)
    assert served_track.segments == own.segments
    assert served_track.descriptors == own.descriptors


@pytest.mark.skipif(not real_recordings(DATA), reason=f"no recordings below {DATA}")
async def test_the_real_recordings(stub):
    paths = real_recordings(DATA)
    response = await stub.EmbedTracks(request_of(*(path.read_bytes() for path in paths)))
    tracks = {path.name: track_of(result.track) for path, result in zip(paths, response.results, strict=True)}
    assert len(tracks) == 8
    fishing = next(track for name, track in tracks.items() if "Fishin" in name)
    assert fishing.duration_s == pytest.approx(132.99, abs=0.01)
    assert len(fishing.segments) == 26
    trumpet = next(track for name, track in tracks.items() if "trumpet" in name)
    assert trumpet.descriptors.brightness_hz > fishing.descriptors.brightness_hz


async def test_encoders(stub):
    listed = (await stub.ListEncoders(pb.ListEncodersRequest())).encoders
    assert [encoder.encoder_id for encoder in listed] == ["leitmotif-descriptors-1"]
    for encoder_id in ("", "leitmotif-descriptors-1"):
        assert (await stub.GetEncoder(pb.GetEncoderRequest(encoder_id=encoder_id))).encoder == listed[0]
    assert (listed[0].dimension, listed[0].sample_rate_hz, listed[0].segment_s, listed[0].hop_s) == (128, 22_050, 10.0, 5.0)


async def test_an_unknown_encoder(stub):
    for call in (
        stub.GetEncoder(pb.GetEncoderRequest(encoder_id="nope")),
        stub.EmbedTracks(request_of(encoded(tone(440.0)), encoder_id="nope")),
    ):
        status = await refusal(call)
        assert (status.code, info_of(status).reason) == (5, "ENCODER_NOT_FOUND")


async def test_a_further_encoder_can_be_the_default(tmp_path):
    import onnx

    from leitmotif_services.audio.encoder_artifact import METADATA_KEY
    from leitmotif_services.workshop.encoder_building import build_encoder

    path = tmp_path / "other.onnx"
    build_encoder(path, seed=1, tracks=8)
    model = onnx.load(path)
    model.metadata_props[0].value = model.metadata_props[0].value.replace("leitmotif-descriptors-1", "other-1")
    assert model.metadata_props[0].key == METADATA_KEY
    onnx.save(model, path)
    async with served(ENCODERS=tmp_path, DEFAULT_ENCODER_ID="other-1") as channel:
        stub = audio_pb2_grpc.AudioServiceStub(channel)
        listed = (await stub.ListEncoders(pb.ListEncodersRequest())).encoders
        assert [encoder.encoder_id for encoder in listed] == ["other-1", "leitmotif-descriptors-1"]
        response = await stub.EmbedTracks(request_of(encoded(tone(440.0))))
        assert response.encoder_id == "other-1"


async def test_a_broken_encoder_stops_the_start(tmp_path):
    (tmp_path / "broken.onnx").write_bytes(b"no graph")
    config = AudioConfig.from_environment({"LEITMOTIF_AUDIO_ENCODERS": str(tmp_path)})
    with pytest.raises(ServiceError, match=r"broken\.onnx"):
        await build(config)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.EmbedTracksRequest(), "items"),
        (request_of(*[b"x"] * 17), ""),
        (pb.EmbedTracksRequest(items=[pb.AudioItem(track_id="a\nb")]), "items[0].track_id"),
        (pb.EmbedTracksRequest(items=[pb.AudioItem(), pb.AudioItem(track_id="x" * 129)]), "items[1].track_id"),
    ],
    ids=["no item", "too many", "control character", "long name"],
)
async def test_calls_that_are_refused_as_a_whole(stub, request_, field):
    status = await refusal(stub.EmbedTracks(request_))
    assert status.code == 3
    assert info_of(status).reason == ("FIELD_INVALID" if field else "LIMIT_EXCEEDED")
    if field:
        violation = error_details_pb2.BadRequest()
        assert status.details[1].Unpack(violation)
        assert violation.field_violations[0].field == field


async def test_limits_are_settings():
    async with served(MAX_ITEM_BYTES=20_000, MAX_DURATION_S=1.5, MAX_ITEMS=2) as channel:
        stub = audio_pb2_grpc.AudioServiceStub(channel)
        contents = (encoded(tone(440.0, 1.0, 8_000), 8_000), encoded(tone(440.0, 2.0)))
        short, big = (await stub.EmbedTracks(request_of(*contents))).results
        assert short.track.duration_s == 1.0
        assert info_of(big.status).reason == "LIMIT_EXCEEDED"
        long = (await stub.EmbedTracks(request_of(encoded(tone(440.0, 1.6, 8_000), 8_000, "FLAC")))).results[0]
        assert info_of(long.status).reason == "AUDIO_TOO_LARGE"
        assert info_of(await refusal(stub.EmbedTracks(request_of(b"", b"", b"")))).reason == "LIMIT_EXCEEDED"


async def test_ten_hours_in_a_header_do_not_take_ten_hours(stub):
    content = bytearray(encoded(tone(440.0), container="FLAC"))
    content[22:26] = struct.pack(">I", 22_050 * 36_000)
    result = (await stub.EmbedTracks(request_of(bytes(content)))).results[0]
    assert info_of(result.status).reason == "AUDIO_TOO_LARGE"


class Gated:
    """A real engine that waits at a gate before each file."""

    def __init__(self):
        self.engine = load_engine()
        self.encoder = self.engine.encoder
        self.gate, self.waiting = threading.Event(), threading.Semaphore(0)

    def embed(self, content):
        self.waiting.release()
        assert self.gate.wait(20)
        return self.engine.embed(content)


async def test_overload_is_refused_with_retry_info_and_passes():
    engine = Gated()
    async with served([engine], WORKERS=1, WAITING=1) as channel:
        stub = audio_pb2_grpc.AudioServiceStub(channel)
        content = encoded(tone(440.0))
        running = asyncio.ensure_future(stub.EmbedTracks(request_of(content)))
        await asyncio.to_thread(engine.waiting.acquire)
        others = [asyncio.ensure_future(_outcome(stub.EmbedTracks(request_of(content)))) for _ in range(4)]
        done, pending = await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED)
        while len(pending) > 1:
            more, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            done |= more
        for refused in done:
            status = refused.result()
            assert (status.code, info_of(status).reason) == (8, "OVERLOADED")
            retry = error_details_pb2.RetryInfo()
            assert any(detail.Unpack(retry) for detail in status.details)
            assert retry.retry_delay.ToMilliseconds() > 0
        # Health answers while every worker is busy.
        health = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
        assert health.status == health_pb2.HealthCheckResponse.SERVING
        engine.gate.set()
        assert len((await running).results) == 1
        assert len((await pending.pop()).results) == 1
        assert (await stub.EmbedTracks(request_of(content))).results[0].track.duration_s == 2.0


async def _outcome(call):
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        return status_pb2.Status.FromString(dict(error.trailing_metadata())[DETAILS_KEY])


def stream_messages(samples, sample_rate_hz=22_050, piece=8192, **start):
    yield pb.EmbedStreamRequest(start=pb.StreamStart(sample_rate_hz=sample_rate_hz, channels=1, **start))
    for first in range(0, len(samples), piece):
        yield pb.EmbedStreamRequest(samples=np.ascontiguousarray(samples[first : first + piece], "<f4").tobytes())


async def test_samples_in_a_batch_are_embedded_as_the_file_is(stub):
    samples = music(12.0)
    items = [
        pb.AudioItem(track_id="file", content=encoded(samples, 24_000, subtype="FLOAT")),
        pb.AudioItem(track_id="samples", pcm=pb.PcmAudio(samples=samples.tobytes(), sample_rate_hz=24_000, channels=1)),
        pb.AudioItem(track_id="rate", pcm=pb.PcmAudio(samples=samples.tobytes(), sample_rate_hz=0, channels=1)),
        pb.AudioItem(track_id="nothing"),
    ]
    file, own, rate, nothing = (await stub.EmbedTracks(pb.EmbedTracksRequest(items=items))).results
    assert own.track.embedding == file.track.embedding
    assert own.track.descriptors == file.track.descriptors
    assert (info_of(rate.status).reason, info_of(nothing.status).reason) == ("FIELD_INVALID", "AUDIO_EMPTY")


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
    assert (last.track.track_id, last.encoder_id, track.duration_s) == ("t1", "leitmotif-descriptors-1", 60.0)
    assert float(track.embedding @ engine.embed(encoded(samples)).embedding) > 0.99


async def stream_refusal(call):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async for _ in call:
            pass
    return status_pb2.Status.FromString(dict(caught.value.trailing_metadata())[DETAILS_KEY])


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
