"""A stream through the gateway, on real servers, with both clients of the SDK."""

import asyncio
from contextlib import asynccontextmanager

import numpy as np
import pytest

from leitmotif import AsyncClient, Client, InvalidArgumentError, OverloadedError, Reason
from leitmotif.types import SegmentEmbedding, TrackEmbedding
from leitmotif_services.audio.app import build as build_audio
from leitmotif_services.audio.config import AudioConfig
from leitmotif_services.audio.engine import load_engine
from leitmotif_services.gateway.app import build as build_gateway
from leitmotif_services.gateway.config import GatewayConfig
from leitmotif_services.runtime.server import GrpcServer
from tests.unit.audio.audio_files import encoded, music

RATE_HZ = 22_050


@asynccontextmanager
async def listening(app, settings):
    server = GrpcServer(settings, app)
    await server.start()
    try:
        yield f"127.0.0.1:{server.port}"
    finally:
        await server.drain()
        await app.close()


@pytest.fixture
async def address():
    """Of a gateway with an audio service behind it."""
    audio = AudioConfig.from_environment(
        {"LEITMOTIF_AUDIO_LISTEN": "127.0.0.1:0", "LEITMOTIF_AUDIO_MAX_STREAM_S": "60", "LEITMOTIF_AUDIO_MAX_STREAMS": "1"}
    )
    async with listening(await build_audio(audio), audio.server) as behind:
        environ = {"LEITMOTIF_GATEWAY_LISTEN": "127.0.0.1:0", "LEITMOTIF_GATEWAY_AUDIO_ADDRESS": behind}
        gateway = GatewayConfig.from_environment(environ)
        async with listening(await build_gateway(gateway), gateway.server) as front:
            yield front


def pieces(samples, piece=RATE_HZ):
    for start in range(0, len(samples), piece):
        yield np.ascontiguousarray(samples[start : start + piece], "<f4").tobytes()


async def each(items):
    for item in items:
        yield item


async def with_async_client(address, samples):
    async with AsyncClient(address) as client:
        return [part async for part in client.audio.embed_stream(each(pieces(samples)), sample_rate_hz=RATE_HZ, track_id="t")]


async def with_sync_client(address, samples):
    def run():
        with Client(address) as client:
            return list(client.audio.embed_stream(pieces(samples), sample_rate_hz=RATE_HZ, track_id="t"))

    return await asyncio.to_thread(run)


@pytest.mark.parametrize("embed", [with_async_client, with_sync_client])
async def test_a_long_stream_is_embedded(address, embed):
    samples = music(32.0, RATE_HZ)
    *segments, track = await embed(address, samples)
    assert [part.segment.start_s for part in segments if isinstance(part, SegmentEmbedding)] == [0.0, 5.0, 10.0, 15.0, 20.0, 25.0]
    assert isinstance(track, TrackEmbedding)
    assert (track.track_id, track.duration_s, track.encoder_id) == ("t", 32.0, "leitmotif-music-1")
    assert float(np.dot(track.embedding, load_engine().embed(encoded(samples)).embedding)) > 0.99


@pytest.mark.parametrize("embed", [with_async_client, with_sync_client])
@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.full(3 * RATE_HZ, np.nan), Reason.AUDIO_NOT_FINITE),
        (np.zeros(3 * RATE_HZ), Reason.AUDIO_SILENT),
        (music(90.0, RATE_HZ), Reason.AUDIO_TOO_LARGE),
        (music(900.0, RATE_HZ), Reason.AUDIO_TOO_LARGE),
    ],
    ids=["not finite", "silent", "too long", "far too long"],
)
async def test_a_refusal_arrives_while_the_caller_is_still_sending(address, embed, samples, reason):
    with pytest.raises(InvalidArgumentError) as caught:
        await embed(address, samples)
    assert caught.value.reason is reason


async def test_a_stream_that_is_left_frees_its_place_behind_the_gateway(address):
    async with AsyncClient(address) as client:

        async def open_ended():
            for piece in pieces(music(11.0, RATE_HZ)):
                yield piece
            await asyncio.Event().wait()

        stream = client.audio.embed_stream(open_ended(), sample_rate_hz=RATE_HZ)
        assert isinstance(await anext(stream), SegmentEmbedding)
        with pytest.raises(OverloadedError):
            await with_async_client(address, music(2.0, RATE_HZ))
        await stream.aclose()
        async with asyncio.timeout(20):
            while True:
                try:
                    parts = await with_async_client(address, music(2.0, RATE_HZ))
                    break
                except OverloadedError:
                    await asyncio.sleep(0.01)
        assert isinstance(parts[-1], TrackEmbedding)
