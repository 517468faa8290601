"""Bounds the memory that messages take while a server passes them on: in bytes, since a bound on calls says nothing of them.

grpc.aio reads a request whole before its handler runs, whatever its size. So the handlers here read for themselves: large
messages once there is room for them, and until then they stay with their sender, held back by flow control.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Any, cast

import grpc

from leitmotif_services.runtime.byte_budget import ByteBudget
from leitmotif_services.runtime.call_bounds import OPERATION
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.message_parsing import lenient, well_formed
from leitmotif_services.runtime.single_request import read_request, reading_handler

if TYPE_CHECKING:  # generic for the type checker only
    Handler = grpc.RpcMethodHandler[Any, Any]

SMALL_BYTES = 64 << 10
"""Messages up to this size are not counted, and so are never refused: the bound on calls bounds them well enough."""

UPLOADS_SHARE = 0.75
"""Part of the budget that uploads and their answers may fill; the rest stays for all other calls."""

LARGE_ANSWER_BYTES = 4 << 20
"""What a download takes until its answer is there: the largest message that a service sends, unless it is set otherwise."""

WAIT_S = 5.0
"""An upload or download waits so long for room, in seconds."""

PROMPT_S = 1.0
"""A request other than an upload that takes longer to come is a straggler, in seconds."""

TRANSFER_S = 120.0
"""A request must have come within so long: time for 64 MiB at 5 Mbit/s, in seconds."""


class MessageBudget(grpc.aio.ServerInterceptor):
    """Counts requests and answers above `SMALL_BYTES` from their receipt until their call has ended; more is OVERLOADED.

    An upload takes the largest size before it is read, a download before it is passed on; from the moment in which the message
    is there it takes its own. Other requests are read at once, since they are small where nobody means harm: as many of them as
    fit into the budget at the largest size may be slow in coming, and one more ends the oldest.
    """

    def __init__(
        self,
        max_bytes: int,
        *,
        max_message_bytes: int,
        uploads: frozenset[str],
        downloads: frozenset[str],
        max_request_streams: int,
    ) -> None:
        """`uploads` and `downloads` are full names, "/package.Service/Method": methods with large requests, and large answers."""
        self._for_uploads = ByteBudget(int(max_bytes * UPLOADS_SHARE))
        self._for_others = ByteBudget(max_bytes - self._for_uploads.max_bytes)
        self._largest_upload = min(max_message_bytes, self._for_uploads.max_bytes)
        self._largest_answer = min(LARGE_ANSWER_BYTES, self._for_others.max_bytes)
        self._uploads = uploads
        self._downloads = downloads
        self._stragglers: dict[asyncio.Timeout, None] = {}
        self._max_stragglers = max(1, max_bytes // max_message_bytes)
        self._request_streams = 0
        self._max_request_streams = max_request_streams

    @property
    def held_bytes(self) -> int:
        """Bytes that are counted now."""
        return self._for_uploads.held_bytes + self._for_others.held_bytes

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or method.startswith(OPERATION):
            return handler
        if handler.stream_stream is not None:
            return self._exchange(handler)
        if handler.stream_unary is not None:
            return self._intake(handler)
        serialize: Any = handler.response_serializer or bytes
        parse: Any = lenient(handler.request_deserializer) or bytes
        budget, read = self._for_others, self._read
        if method in self._uploads:
            budget, read = self._for_uploads, self._read_upload
        elif method in self._downloads:
            read = self._read_before_download
        call: Any = (
            self._streaming(handler.unary_stream, budget, read, parse, serialize)
            if handler.response_streaming
            else self._single(handler.unary_unary, budget, read, parse, serialize)
        )
        return reading_handler(call, response_streaming=bool(handler.response_streaming))

    def _single(
        self, behavior: Any, budget: ByteBudget, read: Any, parse: Any, serialize: Any
    ) -> Callable[[object, Any], Awaitable[bytes]]:
        async def call(_: object, context: Any) -> bytes:
            share = _Share(budget)
            request = well_formed(parse(await read(context, share)))
            answer = await behavior(request, context)
            del request
            content: bytes = serialize(answer)
            share.hold(len(content))
            return content

        return call

    def _streaming(
        self, behavior: Any, budget: ByteBudget, read: Any, parse: Any, serialize: Any
    ) -> Callable[[object, Any], AsyncIterator[bytes]]:
        async def call(_: object, context: Any) -> AsyncIterator[bytes]:
            share = _Share(budget)
            request = well_formed(parse(await read(context, share)))
            async with aclosing(behavior(request, context)) as answers:
                async for answer in answers:
                    content = serialize(answer)
                    share.hold(len(content))
                    yield content
                    # It has been handed on. The next answer of a watch may be hours away.
                    del answer, content
                    share.hold(0)

        return call

    def _exchange(self, handler: Handler) -> Handler:
        behavior: Any = handler.stream_stream

        async def call(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
            with self._request_stream():
                async with aclosing(behavior(requests, context)) as answers:
                    async for answer in answers:
                        yield answer

        return grpc.stream_stream_rpc_method_handler(
            call,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _intake(self, handler: Handler) -> Handler:
        behavior: Any = handler.stream_unary

        async def call(requests: AsyncIterator[Any], context: Any) -> Any:
            with self._request_stream():
                return await behavior(requests, context)

        return grpc.stream_unary_rpc_method_handler(
            cast(Any, call),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    @contextmanager
    def _request_stream(self) -> Iterator[None]:
        if self._request_streams >= self._max_request_streams:
            message = f"the server has {self._max_request_streams} streams of requests open, as many as it takes"
            raise ServiceError(Reason.OVERLOADED, message, bound="streams of requests", limit=self._max_request_streams)
        self._request_streams += 1
        try:
            yield
        finally:
            self._request_streams -= 1

    async def _read_upload(self, context: Any, share: _Share) -> bytes:
        await share.wait_for(self._largest_upload)
        content = await self._within(asyncio.timeout(TRANSFER_S), context)
        share.hold(len(content))
        return content

    async def _read(self, context: Any, share: _Share) -> bytes:
        limit = asyncio.timeout(TRANSFER_S)
        timer = asyncio.get_running_loop().call_later(PROMPT_S, self._add_straggler, limit)
        try:
            content = await self._within(limit, context)
        finally:
            timer.cancel()
            self._stragglers.pop(limit, None)
        share.hold(len(content))
        return content

    async def _read_before_download(self, context: Any, share: _Share) -> bytes:
        content = await self._read(context, share)
        await share.wait_for(self._largest_answer)
        return content

    async def _within(self, limit: asyncio.Timeout, context: Any) -> bytes:
        try:
            async with limit:
                return await read_request(context)
        except TimeoutError:
            raise ServiceError(Reason.OVERLOADED, "the request was too slow in coming", bound="slow requests") from None

    def _add_straggler(self, limit: asyncio.Timeout) -> None:
        if len(self._stragglers) >= self._max_stragglers:
            oldest = next(iter(self._stragglers))
            del self._stragglers[oldest]
            oldest.reschedule(asyncio.get_running_loop().time())
        self._stragglers[limit] = None


class _Share:
    """What one call holds of the budget, until the task that serves it has ended: only then is its answer sent."""

    def __init__(self, budget: ByteBudget) -> None:
        self._budget = budget
        self._size = 0
        call = asyncio.current_task()
        assert call is not None
        call.add_done_callback(self._release)

    async def wait_for(self, size: int) -> None:
        """Hold `size` bytes more, in turn."""
        await self._budget.wait_for(size, WAIT_S)
        self._size += size

    def hold(self, size: int) -> None:
        """Hold `size` bytes in place of what was held, nothing where it is small; OVERLOADED when they do not fit."""
        counted = size if size > SMALL_BYTES else 0
        self._budget.resize(self._size, counted)
        self._size = counted

    def _release(self, _: object) -> None:
        self._budget.resize(self._size, 0)
        self._size = 0
