"""Ends watches when a server drains: a stream that lasts until something happens elsewhere would outlast every grace period."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

import grpc

from leitmotif_services.runtime.errors import Reason, ServiceError

if TYPE_CHECKING:  # generic for the type checker only
    Handler = grpc.RpcMethodHandler[Any, Any]

T = TypeVar("T")

LAST_WORD_S = 0.1
"""A watch gets so long to send what has just happened, such as health's NOT_SERVING, in seconds."""

END_S = 1.0
"""A watch that has not ended then, because its caller does not read, is cut off, in seconds."""

WATCH = "Watch"
"""What the names of watches begin with, as the protos have it."""

_RECONNECT = "the server is stopping; reconnect: another one, or the one after it, goes on"
_RETRY_AFTER_S = 0.2


def is_watch(method: str) -> bool:
    """Whether a method, "/package.Service/Method", lasts until its caller has seen enough: those that are named Watch…"""
    return method.rpartition("/")[2].startswith(WATCH)


class Watches(grpc.aio.ServerInterceptor):
    """Keeps track of open watches: see `is_watch`."""

    def __init__(self) -> None:
        self._calls: set[asyncio.Task[Any]] = set()
        self._limits: set[asyncio.Timeout] = set()
        self._ends_at: float | None = None

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        handler = await continuation(handler_call_details)
        if handler is None or handler.unary_stream is None or not is_watch(handler_call_details.method):
            return handler
        behavior: Any = handler.unary_stream
        watched: Any = self._generated(behavior) if inspect.isasyncgenfunction(behavior) else self._written(behavior)
        return grpc.unary_stream_rpc_method_handler(
            watched, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer
        )

    async def end(self) -> bool:
        """End the open watches, and those that still come, with SERVER_DRAINING.

        Returns whether some had to be cut off: gRPC keeps their calls open, with what their callers did not read.
        """
        self._ends_at = asyncio.get_running_loop().time() + LAST_WORD_S
        for limit in self._limits:
            limit.reschedule(self._ends_at)
        if not self._calls:
            return False
        _, stuck = await asyncio.wait(set(self._calls), timeout=END_S)
        for call in stuck:
            call.cancel()
        return bool(stuck)

    def _generated(self, behavior: Callable[[Any, Any], AsyncGenerator[Any, None]]) -> Callable[[Any, Any], AsyncIterator[Any]]:
        async def watched(request: Any, context: Any) -> AsyncIterator[Any]:
            self._enter()
            async with aclosing(behavior(request, context)) as answers:
                while (answer := await self._before_the_end(anext(answers, grpc.aio.EOF))) is not grpc.aio.EOF:
                    yield answer

        return watched

    def _written(self, behavior: Callable[[Any, Any], Awaitable[None]]) -> Callable[[Any, Any], Coroutine[Any, Any, None]]:
        """As `_generated`, for a behavior that writes to its context: health's own, which no call boundary surrounds."""

        async def watched(request: Any, context: Any) -> None:
            self._enter()
            try:
                await self._before_the_end(behavior(request, context))
            except ServiceError:
                await context.abort(grpc.StatusCode.UNAVAILABLE, _RECONNECT)

        return watched

    def _enter(self) -> None:
        call = asyncio.current_task()
        assert call is not None
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _before_the_end(self, step: Awaitable[T]) -> T:
        # Around one step, and never around a `yield`: there the task may be in the middle of sending.
        limit = asyncio.timeout_at(self._ends_at)
        try:
            async with limit:
                self._limits.add(limit)
                return await step
        except TimeoutError:
            if not limit.expired():
                raise
            raise ServiceError(Reason.SERVER_DRAINING, _RECONNECT, retry_after_s=_RETRY_AFTER_S) from None
        finally:
            self._limits.discard(limit)
