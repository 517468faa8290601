"""Memory of a gateway process under what is meant to fill it."""

import asyncio
import sys
from collections import Counter
from contextlib import AsyncExitStack

import grpc
import pytest

from tests.integration.gateway.gateway_process import (
    MIB,
    PATH,
    behind,
    channel_to,
    gateway_process,
    once,
    refusal_of,
    resident_bytes,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

BUDGET = {"MAX_HELD_BYTES": 64 * MIB, "MAX_MESSAGE_BYTES": 16 * MIB}


async def outcome(call):
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error
    return None


async def test_uploads_of_many_callers_stay_within_the_budget():
    """24 callers with 15 MiB each: three fit into the three quarters of 64 MiB that uploads may fill."""
    gate, received = asyncio.Event(), []

    async def embed(request, context):
        received.append(len(request))
        del request
        await gate.wait()
        return b""

    async with behind(EmbedTracks=embed) as addresses, gateway_process(addresses, **BUDGET) as process, AsyncExitStack() as exits:
        before, content = resident_bytes(process), bytes(15 * MIB)
        channels = [await exits.enter_async_context(channel_to(process)) for _ in range(24)]
        calls = [asyncio.ensure_future(outcome(each.unary_unary(PATH["EmbedTracks"])(content))) for each in channels]
        done = set()
        while len(done) < 21:
            more, _ = await asyncio.wait(set(calls) - done, return_when=asyncio.FIRST_COMPLETED, timeout=30)
            assert more
            done |= more
        for call in done:
            reason, metadata, retry_s = refusal_of(call.result())
            assert (reason, metadata.get("bound"), metadata.get("limit")) == ("OVERLOADED", "bytes", str(48 * MIB))
            assert retry_s > 0
        assert resident_bytes(process, "VmHWM") - before < 4 * 64 * MIB
        assert await outcome(channels[0].unary_unary(PATH["ListEncoders"])(b""))  # not served behind, but not refused either
        gate.set()
        assert [await call for call in set(calls) - done] == [None] * 3
        assert received == [15 * MIB] * 3
        assert await outcome(channels[0].unary_unary(PATH["EmbedTracks"])(content)) is None


async def test_callers_who_go_and_errors_give_the_budget_back():
    entered = asyncio.Semaphore(0)

    async def embed(request, context):
        if request.startswith(b"\1"):
            await context.abort(grpc.StatusCode.INTERNAL, "broken")
        entered.release()
        await asyncio.Event().wait()

    async with (
        behind(EmbedTracks=embed) as addresses,
        gateway_process(addresses, **BUDGET) as process,
        channel_to(process) as channel,
    ):
        method = channel.unary_unary(PATH["EmbedTracks"])
        for _ in range(8):
            call = method(bytes(15 * MIB))
            await entered.acquire()
            call.cancel()
            assert (await outcome(method(b"\1" + bytes(15 * MIB)))).code() is grpc.StatusCode.INTERNAL
        assert resident_bytes(process) < 4 * 64 * MIB


async def test_answers_that_nobody_takes_stay_within_the_budget():
    """40 callers ask for 3 MiB each and do not read. Five fit into a quarter of 64 MiB; small answers pass by."""
    asked = []

    async def tracks(request, context):
        asked.append(context)
        return bytes(3 * MIB)

    async def model(request, context):
        return b"model"

    async with (
        behind(ListTracks=tracks, GetModel=model) as addresses,
        gateway_process(addresses, **BUDGET) as process,
        AsyncExitStack() as exits,
    ):
        before = resident_bytes(process)
        channels = [await exits.enter_async_context(channel_to(process)) for _ in range(40)]
        # Opened as streams, so that nothing is read before it is asked for.
        unread = [channel.unary_stream(PATH["ListTracks"])(b"") for channel in channels]
        refused = Counter()

        async def watch(call):
            if await call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
                refused["bytes"] += 1

        watching = [asyncio.ensure_future(watch(call)) for call in unread]
        await once(lambda: asyncio.sleep(0, refused["bytes"] == 35))
        assert resident_bytes(process, "VmHWM") - before < 64 * MIB  # 40 × 3 MiB in two copies are 240
        assert len(asked) == 5
        assert await channels[0].unary_unary(PATH["GetModel"])(b"") == b"model"
        error = await outcome(channels[0].unary_unary(PATH["ListTracks"])(b""))
        assert refusal_of(error)[:1] == ("OVERLOADED",)
        for call in unread:
            call.cancel()
        await asyncio.wait(watching)

        async def answered():
            return await outcome(channels[0].unary_unary(PATH["ListTracks"])(b"")) is None

        await once(answered)


async def test_large_requests_of_other_methods_do_not_pass_unseen():
    """Who begins a request and does not end it is ended when too many do; prompt callers notice nothing."""

    async def model(request, context):
        return b"model"

    async def job(request, context):
        return str(len(request)).encode()

    async with (
        behind(GetModel=model, CreateJob=job) as addresses,
        gateway_process(addresses, **BUDGET) as process,
        channel_to(process) as channel,
    ):
        silent = [channel.stream_unary(PATH["GetModel"])() for _ in range(12)]
        ended = set()

        async def watch(call):
            error = await outcome(call)
            ended.add(call)
            return error

        watching = [asyncio.ensure_future(watch(call)) for call in silent]
        while len(ended) < 8:  # 64 MiB / 16 MiB may be slow
            assert await channel.unary_unary(PATH["GetModel"])(b"", timeout=5) == b"model"
            await asyncio.sleep(0.02)
        for call in silent:
            call.cancel()
        errors = [error for error in await asyncio.gather(*watching, return_exceptions=True) if hasattr(error, "code")]
        assert {refusal_of(error)[1]["bound"] for error in errors} == {"slow requests"}
        assert len(errors) == 8
        assert await channel.unary_unary(PATH["CreateJob"])(bytes(2 * MIB)) == str(2 * MIB).encode()


async def test_an_upload_larger_than_the_budget_is_told_so():
    async def embed(request, context):
        return b""

    settings = {"MAX_HELD_BYTES": 8 * MIB, "MAX_MESSAGE_BYTES": 16 * MIB}
    async with (
        behind(EmbedTracks=embed) as addresses,
        gateway_process(addresses, **settings) as process,
        channel_to(process) as channel,
    ):
        error = await outcome(channel.unary_unary(PATH["EmbedTracks"])(bytes(7 * MIB)))
        assert refusal_of(error)[0] == "LIMIT_EXCEEDED"
        assert await outcome(channel.unary_unary(PATH["EmbedTracks"])(bytes(5 * MIB))) is None
        error = await outcome(channel.stream_unary(PATH["EmbedTracks"])(iter(())))
        assert refusal_of(error)[0] == "REQUEST_MALFORMED"


async def test_streams_of_audio_have_a_bound():
    async def embed(requests, context):
        async for request in requests:
            yield request

    settings = {"MAX_REQUEST_STREAMS": 2}
    async with (
        behind(EmbedStream=embed) as addresses,
        gateway_process(addresses, **settings) as process,
        channel_to(process) as channel,
    ):

        async def opened():
            call = channel.stream_stream(PATH["EmbedStream"])()
            await call.write(b"samples")
            return call, await call.read()

        streams = [await opened() for _ in range(2)]
        assert [first for _, first in streams] == [b"samples"] * 2
        error = await outcome(opened())
        reason, metadata, _ = refusal_of(error)
        assert (reason, metadata) == ("OVERLOADED", metadata | {"bound": "streams of requests", "limit": "2"})
        streams[0][0].cancel()

        async def free():
            return await outcome(opened()) is None

        await once(free)
        streams[1][0].cancel()
