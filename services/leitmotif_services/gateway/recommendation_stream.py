"""Recommendations for offline jobs: many users a call, a few worked on at once, answers in the order of the requests."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif_services.gateway.upstreams import CallContext, Deadline
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.request_context import current_request_id
from leitmotif_services.runtime.status import UpstreamError, status_of

Recommend = Callable[[gateway_pb2.RecommendRequest, Deadline], Awaitable[gateway_pb2.RecommendResponse]]

AT_ONCE = 8
"""Requests of one stream that are worked on, or whose answers wait to be read."""

MAX_REQUEST_BYTES = 4 << 20
"""A larger request is refused by itself, so that the requests in hand stay within 32 MiB a stream."""

_FIRST_WAIT_S = 0.02
_LONGEST_WAIT_S = 1.0


async def recommendations(
    requests: AsyncIterator[gateway_pb2.RecommendRequest], recommend: Recommend, context: CallContext, call_timeout_s: float
) -> AsyncGenerator[gateway_pb2.StreamRecommendationsResponse, None]:
    """One answer a request, in order. `call_timeout_s` bounds each request where the caller set no deadline for the stream."""
    answers: asyncio.Queue[asyncio.Task[gateway_pb2.StreamRecommendationsResponse] | None] = asyncio.Queue()
    places = asyncio.Semaphore(AT_ONCE)
    started: set[asyncio.Task[gateway_pb2.StreamRecommendationsResponse]] = set()

    async def read() -> None:
        index = 0
        try:
            await places.acquire()
            async for request in requests:
                task = asyncio.create_task(_answer(index, request, recommend, Deadline.of(context, call_timeout_s)))
                started.add(task)
                answers.put_nowait(task)
                index += 1
                await places.acquire()
        finally:
            answers.put_nowait(None)

    # Read beside answering: a caller may wait for an answer before it sends the next request.
    reading = asyncio.create_task(read())
    try:
        while (task := await answers.get()) is not None:
            yield await task
            started.discard(task)
            places.release()
        await reading
    finally:
        for unfinished in (reading, *started):
            unfinished.cancel()
        await asyncio.gather(reading, *started, return_exceptions=True)


async def _answer(
    index: int, request: gateway_pb2.RecommendRequest, recommend: Recommend, deadline: Deadline
) -> gateway_pb2.StreamRecommendationsResponse:
    try:
        recommended = await _with_patience(request, recommend, deadline)
    except Exception as error:
        return gateway_pb2.StreamRecommendationsResponse(index=index, refused=status_of(error, current_request_id()))
    return gateway_pb2.StreamRecommendationsResponse(index=index, recommended=recommended)


async def _with_patience(
    request: gateway_pb2.RecommendRequest, recommend: Recommend, deadline: Deadline
) -> gateway_pb2.RecommendResponse:
    size = request.ByteSize()
    if size > MAX_REQUEST_BYTES:
        message = f"the request has {size} bytes, {MAX_REQUEST_BYTES} are allowed in a stream"
        raise ServiceError(Reason.LIMIT_EXCEEDED, message, limit=MAX_REQUEST_BYTES, actual=size)
    wait_s = _FIRST_WAIT_S
    while True:
        try:
            return await recommend(request, deadline)
        except UpstreamError as error:
            # Callers who want one list come first: this one can wait until the services have room.
            if error.reason != Reason.OVERLOADED or deadline.remaining_s() <= wait_s:
                raise
        await asyncio.sleep(wait_s)
        wait_s = min(2.0 * wait_s, _LONGEST_WAIT_S)
