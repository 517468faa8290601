"""A drain waits for no watch, also where its caller does not read; and for every other stream as for a call."""

import asyncio
import time
from contextlib import asynccontextmanager

import grpc
import pytest

from leitmotif_services.runtime.app import App, Mount
from leitmotif_services.runtime.server import GrpcServer, ServerSettings


@asynccontextmanager
async def served(**behaviors):
    methods = {name: grpc.unary_stream_rpc_method_handler(behavior) for name, behavior in behaviors.items()}
    handlers = (grpc.method_handlers_generic_handler("test.Streams", methods),)
    app = App("test")
    app.mounts.append(Mount("test.Streams", lambda server: server.add_generic_rpc_handlers(handlers)))
    server = GrpcServer(ServerSettings("127.0.0.1:0", grace_s=20.0), app)
    await server.start()
    # The client buffers 64 KiB of what is not read, however fast the link is.
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}", options=[("grpc.http2.bdp_probe", 0)]) as channel:
        yield server, channel
    await server.drain()


async def test_a_watch_whose_caller_does_not_read_is_cut_off():
    sent = []

    async def watch(request, context):
        while True:
            yield bytes(100_000)
            sent.append(len(sent))

    async with served(Watch=watch) as (server, channel):
        call = channel.unary_stream("/test.Streams/Watch")(b"")
        assert await call.read()
        before = -1
        while before != len(sent):  # until nothing more fits on its way
            before = len(sent)
            await asyncio.sleep(0.1)
        started = time.monotonic()
        await server.drain()
        assert time.monotonic() - started < 3.0
        call.cancel()


async def test_another_stream_is_finished_first():
    release = asyncio.Event()

    async def read(request, context):
        yield b"1"
        await release.wait()
        yield b"2"

    async with served(Read=read) as (server, channel):
        call = channel.unary_stream("/test.Streams/Read")(b"")
        assert await call.read() == b"1"
        drain = asyncio.ensure_future(server.drain())
        done, _ = await asyncio.wait([drain], timeout=0.5)
        assert not done
        release.set()
        assert await call.read() == b"2"
        assert await call.code() is grpc.StatusCode.OK
        await drain


async def test_the_watch_s_own_timeout_is_no_drain():
    async def watch(request, context):
        yield b"1"
        raise TimeoutError

    async with served(Watch=watch) as (_, channel):
        call = channel.unary_stream("/test.Streams/Watch")(b"")
        assert await call.read() == b"1"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
