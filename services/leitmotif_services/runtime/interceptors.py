"""The boundary of every call: request id, one log line, and errors turned into statuses. All four kinds of method."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, NoReturn, cast

import grpc
from google.rpc import status_pb2

from leitmotif_services.runtime.call_bounds import OPERATION
from leitmotif_services.runtime.errors import Reason, ServiceError, forget_locals
from leitmotif_services.runtime.message_parsing import lenient, well_formed
from leitmotif_services.runtime.request_context import REQUEST_ID_KEY, adopt_request_id
from leitmotif_services.runtime.single_request import reads_its_request
from leitmotif_services.runtime.status import DETAILS_KEY, code_of, status_of

log = logging.getLogger("leitmotif.call")

Admit = Callable[[Any], Any]
"""Passes a request, or a stream of them, on to the handler, unless it is malformed."""

if TYPE_CHECKING:  # generic for the type checker only
    Handler = grpc.RpcMethodHandler[Any, Any]
    Context = grpc.aio.ServicerContext[Any, Any]

DISCARD_S = 1.0
"""A refused stream is read for so long at most, in seconds."""

_HANDLER_KINDS: dict[tuple[bool, bool], Callable[..., object]] = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}
"""By whether requests and responses are streams."""


class CallBoundary(grpc.aio.ServerInterceptor):
    """Wraps each handler so that whatever it raises reaches the caller as a status with a reason and a request id."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if method.startswith(OPERATION):
            return handler
        if handler is None:
            return grpc.unary_unary_rpc_method_handler(cast(Any, _single(method, _not_offered, well_formed, reads_stream=False)))
        # grpc types these attributes for its synchronous server; under grpc.aio they are coroutines and generators.
        behavior = cast(Any, handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream)
        admit = _each_well_formed if handler.request_streaming else well_formed
        reads_stream = bool(handler.request_streaming) and not reads_its_request(behavior)
        wrapped = (
            _streaming(method, behavior, admit, reads_stream=reads_stream)
            if handler.response_streaming
            else _single(method, behavior, admit, reads_stream=reads_stream)
        )
        make = _HANDLER_KINDS[bool(handler.request_streaming), bool(handler.response_streaming)]
        return cast(
            "Handler",
            make(
                wrapped,
                request_deserializer=lenient(handler.request_deserializer),
                response_serializer=handler.response_serializer,
            ),
        )


async def _not_offered(_request: bytes, _context: Context) -> Any:
    raise ServiceError(Reason.METHOD_NOT_OFFERED, "there is no such method at this address")


async def _each_well_formed(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
    async for request in requests:
        yield well_formed(request)


def _single(
    method: str, behavior: Callable[[Any, Context], Awaitable[Any]], admit: Admit, *, reads_stream: bool
) -> Callable[[Any, Context], Awaitable[Any]]:
    async def call(request: Any, context: Context) -> Any:
        started, request_id = _begin(context)
        try:
            response = await behavior(admit(request), context)
        except asyncio.CancelledError:
            _log(method, "CANCELLED", started)
            raise
        except Exception as error:
            if reads_stream:
                await _discard(request)
            request = None  # grpc keeps an aborted call and these frames in a cycle, until the garbage collector comes
            await _refuse(error, method, started, request_id, context)
        _log(method, "OK", started)
        return response

    return call


def _streaming(
    method: str, behavior: Callable[[Any, Context], AsyncIterator[Any]], admit: Admit, *, reads_stream: bool
) -> Callable[[Any, Context], AsyncIterator[Any]]:
    async def call(request: Any, context: Context) -> AsyncIterator[Any]:
        started, request_id = _begin(context)
        try:
            async for response in behavior(admit(request), context):
                yield response
        except (asyncio.CancelledError, GeneratorExit):
            _log(method, "CANCELLED", started)
            raise
        except Exception as error:
            if reads_stream:
                await _discard(request)
            await _refuse(error, method, started, request_id, context)
        _log(method, "OK", started)

    return call


async def _discard(requests: AsyncIterator[Any]) -> None:
    """Read what a caller is still sending before its call is refused.

    A grpc.aio client whose write meets a call that has ended reports INTERNAL instead of the status that ended it.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DISCARD_S):
            async for _ in requests:
                pass


def _begin(context: Context) -> tuple[float, str]:
    request_id = adopt_request_id(tuple(context.invocation_metadata() or ()))
    context.set_trailing_metadata(((REQUEST_ID_KEY, request_id),))
    remaining_s = context.time_remaining()
    if remaining_s is not None and remaining_s <= 0:
        log.debug("arrived past its deadline")
    return time.perf_counter(), request_id


async def _refuse(error: Exception, method: str, started: float, request_id: str, context: Context) -> NoReturn:
    if isinstance(error, grpc.aio.AbortError):
        _log(method, "ABORTED", started)
        raise error
    if isinstance(error, TimeoutError):
        error = ServiceError(Reason.DEADLINE_EXCEEDED, "the deadline passed before the work was done")
    status = status_of(error, request_id)
    _log(method, code_of(status).name, started, reason=getattr(error, "reason", Reason.INTERNAL))
    forget_locals(error)
    await context.abort(code_of(status), status.message, trailing_metadata_of(status, request_id))
    raise AssertionError("abort returned")


def trailing_metadata_of(status: status_pb2.Status, request_id: str) -> tuple[tuple[str, str | bytes], ...]:
    """Trailing metadata that carries a status' details beside the request id."""
    return ((DETAILS_KEY, status.SerializeToString()), (REQUEST_ID_KEY, request_id))


def _log(method: str, code: str, started: float, **extra: object) -> None:
    elapsed_ms = round((time.perf_counter() - started) * 1e3, 2)
    level = logging.WARNING if code in ("INTERNAL", "UNKNOWN", "DATA_LOSS") else logging.INFO
    log.log(level, "call", extra={"method": method, "code": code, "elapsed_ms": elapsed_ms, **extra})
