"""Bounds what a server has open: calls that answer once, streams, and watches, each by a number of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import grpc

from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.single_request import reading_handler
from leitmotif_services.runtime.watches import is_watch

if TYPE_CHECKING:  # generic for the type checker only
    Handler = grpc.RpcMethodHandler[Any, Any]

OPERATION = ("/grpc.health.", "/grpc.reflection.")
"""Methods that serve the operation of a server rather than its callers."""

_MAX_OPERATION_STREAMS = 256


class CallBounds(grpc.aio.ServerInterceptor):
    """Refuses a call that is one too many, before its request is read. A place is free again the moment its call has ended.

    Watches, which wait for most of their time and last for hours, leave the places of streams that work alone.
    Health checks that answer once are outside every bound; watches of health, and reflection, have one of their own.
    """

    def __init__(self, *, max_calls: int, max_streams: int, max_watches: int) -> None:
        self._calls = _Bound("calls", max_calls)
        self._streams = _Bound("streams", max_streams)
        self._watches = _Bound("watches", max_watches)
        self._operation = _Bound("operation streams", _MAX_OPERATION_STREAMS)

    @property
    def open(self) -> int:
        """Calls of every kind that are being served."""
        return self._calls.open + self._streams.open + self._watches.open

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        method = handler_call_details.method
        if method.startswith(OPERATION) and not handler.response_streaming:
            return handler
        bound = self._bound_of(method, streaming=bool(handler.response_streaming))
        return handler if bound.enter() else _refusing(handler, bound)

    def _bound_of(self, method: str, *, streaming: bool) -> _Bound:
        if not streaming:
            return self._calls
        if method.startswith(OPERATION):
            return self._operation
        return self._watches if is_watch(method) else self._streams


class _Bound:
    def __init__(self, name: str, limit: int) -> None:
        self.name = name
        self.limit = limit
        self.open = 0

    def enter(self) -> bool:
        """Take a place for the call that the current task serves; False when there is none."""
        if self.open >= self.limit:
            return False
        self.open += 1
        call = asyncio.current_task()
        assert call is not None
        call.add_done_callback(self._leave)
        return True

    def _leave(self, _: object) -> None:
        self.open -= 1

    def refusal(self) -> ServiceError:
        message = f"the server has {self.limit} {self.name} open, as many as it takes"
        return ServiceError(Reason.OVERLOADED, message, bound=self.name, limit=self.limit)


def _refusing(handler: Handler, bound: _Bound) -> Handler:
    async def refuse(_: object, __: object) -> Any:
        raise bound.refusal()

    async def refuse_stream(_: object, __: object) -> AsyncIterator[Any]:
        raise bound.refusal()
        yield

    if handler.stream_stream is not None and handler.response_streaming:
        return grpc.stream_stream_rpc_method_handler(refuse_stream)
    return reading_handler(refuse, response_streaming=False)
