"""A watch may last for hours without a word: clients ping meanwhile, and the server must bear it."""

import asyncio
import re
from pathlib import Path

import grpc
import pytest
from grpc._cython import cygrpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from leitmotif_services.runtime.app import App
from leitmotif_services.runtime.server import GrpcServer, ServerSettings

SOURCES = Path(__file__).resolve().parents[3]
PINGS_EACH_S = 10.5
PINGS = 4
"""gRPC closes a connection at the third ping that came too soon."""


def test_every_channel_argument_is_one_that_grpc_knows() -> None:
    known = Path(cygrpc.__file__).read_bytes()
    files = [file for folder in ("services", "clients/python/leitmotif") for file in (SOURCES / folder).rglob("*.py")]
    named = {name for file in files for name in re.findall(r'\("(grpc\.[a-z0-9_.]+)",', file.read_text(encoding="utf-8"))}
    assert "grpc.http2.min_ping_interval_without_data_ms" in named
    # gRPC passes over an argument that it does not know, without a word.
    assert [name for name in sorted(named) if name.encode() not in known] == []


@pytest.mark.slow
async def test_a_silent_stream_with_pings_is_not_cut_off() -> None:
    server = GrpcServer(ServerSettings("127.0.0.1:0"), App("silent"))
    await server.start()
    options = [
        ("grpc.keepalive_time_ms", round(PINGS_EACH_S * 1000)),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
    ]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}", options=options) as channel:
        stream = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert (await stream.read()).status == health_pb2.HealthCheckResponse.SERVING
        reading = asyncio.create_task(stream.read())
        states = set()
        for _ in range(round(PINGS * PINGS_EACH_S)):
            states.add(channel.get_state())
            await asyncio.sleep(1.0)
        assert states == {grpc.ChannelConnectivity.READY}
        assert not reading.done()
        stream.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    await server.drain()
