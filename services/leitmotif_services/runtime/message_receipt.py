"""Bounds how many large messages are received at once: what waits stays with its sender, held back by flow control.

grpc.aio reads a request whole before its handler runs, so that a handler can bound neither what comes in at once nor what it
takes in memory: a thousand calls may each bring a message of the largest size. This interceptor runs before a request is read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:  # generic for the type checker only
    Handler = grpc.RpcMethodHandler[Any, Any]

log = logging.getLogger(__name__)


class MessageReceipt(grpc.aio.ServerInterceptor):
    """Requests of the given methods are read `at_once` at a time, in the order the calls came; each within `receipt_s`."""

    def __init__(self, methods: frozenset[str], *, at_once: int, receipt_s: float) -> None:
        """`methods` are full names, "/package.Service/Method", of methods that take one request."""
        self._methods = methods
        self._places = asyncio.Semaphore(at_once)
        self._receipt_s = receipt_s

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        handler = await continuation(handler_call_details)
        if handler is None or handler_call_details.method not in self._methods:
            return handler
        await self._places.acquire()
        receipt = _Receipt(self._places, self._receipt_s)
        parse = handler.request_deserializer

        def parsed(content: bytes) -> Any:
            receipt.end()
            return content if parse is None else parse(content)

        make: Any = grpc.unary_stream_rpc_method_handler if handler.response_streaming else grpc.unary_unary_rpc_method_handler
        behavior = handler.unary_stream if handler.response_streaming else handler.unary_unary
        return make(behavior, request_deserializer=parsed, response_serializer=handler.response_serializer)  # type: ignore[no-any-return]


class _Receipt:
    """One request on its way; its place is given back once, when it is there, when its call ends, or when time is up."""

    def __init__(self, places: asyncio.Semaphore, receipt_s: float) -> None:
        call = asyncio.current_task()
        assert call is not None
        self._call = call
        self._places = places
        self._ended = False
        self._timer = asyncio.get_running_loop().call_later(receipt_s, self._give_up)
        call.add_done_callback(self.end)

    def end(self, _: object = None) -> None:
        if not self._ended:
            self._ended = True
            self._timer.cancel()
            self._places.release()

    def _give_up(self) -> None:
        log.info("a request took too long to come")
        self._call.cancel()
