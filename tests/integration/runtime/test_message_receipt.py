"""Large requests are received a few at a time, and nobody can keep a place."""

import asyncio
from contextlib import asynccontextmanager

import grpc

from leitmotif_services.runtime.message_receipt import MessageReceipt

METHOD = "/test.Echo/Length"
MIB = 1 << 20


@asynccontextmanager
async def served(*, at_once=1, receipt_s=20.0):
    async def length(request, context):
        return str(len(request)).encode()

    handler = grpc.method_handlers_generic_handler("test.Echo", {"Length": grpc.unary_unary_rpc_method_handler(length)})
    limit = [("grpc.max_receive_message_length", 64 * MIB)]
    server = grpc.aio.server(
        interceptors=[MessageReceipt(frozenset({METHOD}), at_once=at_once, receipt_s=receipt_s)], options=limit
    )
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(0)


async def test_every_call_is_answered_in_its_turn():
    async with served() as channel:
        sizes = [n * MIB for n in range(12)]
        answers = await asyncio.gather(*(channel.unary_unary(METHOD)(bytes(size)) for size in sizes))
    assert answers == [str(size).encode() for size in sizes]


async def test_callers_who_go_or_send_nothing_leave_their_place():
    async with served(receipt_s=0.3) as channel:
        silent = [channel.stream_unary(METHOD)() for _ in range(3)]  # opened as a stream, nothing is ever sent
        await asyncio.sleep(0.1)
        silent[1].cancel()
        assert await channel.unary_unary(METHOD)(bytes(3), timeout=10) == b"3"
        for call in silent:
            call.cancel()


async def test_a_place_that_is_taken_holds_the_next_caller_back():
    async with served() as channel:
        silent = channel.stream_unary(METHOD)()
        await asyncio.sleep(0.1)
        waiting = asyncio.ensure_future(channel.unary_unary(METHOD)(bytes(3), timeout=20))
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert not done
        silent.cancel()
        assert await waiting == b"3"
