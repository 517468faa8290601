"""Bounds how many large messages are received at once: what waits stays with its sender, held back by flow control.

grpc.aio reads a request whole before its handler runs, so that a handler can bound neither what comes in at once nor what it
takes in memory: a thousand calls may each bring a message of the largest size. So these handlers read for themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import grpc

from leitmotif_services.runtime.message_parsing import lenient, well_formed
from leitmotif_services.runtime.single_request import read_request, reading_handler

if TYPE_CHECKING:  # generic for the type checker only
    Handler = grpc.RpcMethodHandler[Any, Any]


class MessageReceipt(grpc.aio.ServerInterceptor):
    """Requests of the given methods are read `at_once` at a time, in the order the calls came; each within `receipt_s`."""

    def __init__(self, methods: frozenset[str], *, at_once: int, receipt_s: float) -> None:
        """`methods` are full names, "/package.Service/Method", of methods that take one request and answer once."""
        self._methods = methods
        self._places = asyncio.Semaphore(at_once)
        self._receipt_s = receipt_s

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        handler = await continuation(handler_call_details)
        if handler is None or handler.unary_unary is None or handler_call_details.method not in self._methods:
            return handler
        # grpc types these attributes for its synchronous server.
        behavior: Any = handler.unary_unary
        parse: Any = lenient(handler.request_deserializer) or bytes

        async def call(_: object, context: Any) -> Any:
            async with self._places, asyncio.timeout(self._receipt_s):
                content = await read_request(context)
            request = well_formed(parse(content))
            del content
            return await behavior(request, context)

        return reading_handler(call, response_streaming=False, serializer=handler.response_serializer)
