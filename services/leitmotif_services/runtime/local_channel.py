"""A channel to servicers in the same process: generated stubs work on it as on a network channel, without the hop.

A hop in Python costs more than the work of a recommendation itself. The messages are handed over as they are, so a
servicer must not keep or change a request, and a caller must not change a response; neither happens here. Errors are
the same AioRpcError with the same status details that a network channel raises.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, cast

import grpc
from google.rpc import status_pb2

from leitmotif_services.runtime.app import App
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.interceptors import trailing_metadata_of
from leitmotif_services.runtime.message_parsing import lenient, well_formed
from leitmotif_services.runtime.request_context import current_request_id
from leitmotif_services.runtime.status import code_of, status_of

Metadata = Sequence[tuple[str, str | bytes]]
Serializer = Callable[[Any], bytes]
Deserializer = Callable[[bytes], Any]


class LocalContext:
    """The part of grpc.aio.ServicerContext that servicers of this platform use."""

    def __init__(self, timeout_s: float | None, metadata: Metadata) -> None:
        loop = asyncio.get_running_loop()
        self._deadline = None if timeout_s is None else loop.time() + timeout_s
        self._metadata = metadata

    def time_remaining(self) -> float | None:
        """Seconds left of the caller's deadline; None without one."""
        return None if self._deadline is None else max(0.0, self._deadline - asyncio.get_running_loop().time())

    def invocation_metadata(self) -> Metadata:
        """Metadata of the call."""
        return self._metadata


class LocalChannel:
    """Reaches the servicers of the given apps; `cast` to grpc.aio.Channel where a stub wants one, see `as_channel`."""

    def __init__(self, *apps: App) -> None:
        self._handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
        for app in apps:
            for mount in app.mounts:
                mount.add_to_server(self)

    def as_channel(self) -> grpc.aio.Channel:
        """The channel itself, typed as the stubs expect it."""
        return cast(grpc.aio.Channel, self)

    # What generated `add_<Service>Servicer_to_server` functions call on a server.

    def add_generic_rpc_handlers(self, handlers: Sequence[object]) -> None:
        """Part of the server interface; the registered handlers below hold the same methods."""

    def add_registered_method_handlers(self, service_name: str, handlers: Mapping[str, grpc.RpcMethodHandler[Any, Any]]) -> None:
        """Take the methods of a service."""
        for name, handler in handlers.items():
            self._handlers[f"/{service_name}/{name}"] = handler

    # What generated stubs, and the gateway's forwarding, call on a channel.

    def unary_unary(
        self,
        path: str,
        request_serializer: Serializer | None = None,
        response_deserializer: Deserializer | None = None,
        **_: object,
    ) -> Callable[..., Any]:
        """A callable for one method. Without serializers, requests and responses are bytes."""
        handler = self._handlers.get(path)

        async def call(request: Any, *, timeout: float | None = None, metadata: Metadata = (), **_: object) -> Any:
            try:
                if handler is None or handler.unary_unary is None:
                    raise ServiceError(Reason.METHOD_NOT_OFFERED, f"no method {path}")
                async with asyncio.timeout(timeout):
                    message = request if request_serializer else _parsed(handler, request)
                    response = await cast(Any, handler.unary_unary)(message, LocalContext(timeout, metadata))
            except Exception as error:
                raise _as_rpc_error(error) from error
            return response if response_deserializer else cast(Any, handler).response_serializer(response)

        return call

    def unary_stream(
        self,
        path: str,
        request_serializer: Serializer | None = None,
        response_deserializer: Deserializer | None = None,
        **_: object,
    ) -> Callable[..., Any]:
        """As `unary_unary`, for a method that streams its responses."""
        handler = self._handlers.get(path)
        behavior = cast(Any, handler).unary_stream if handler else None
        return _streaming(path, handler, behavior, _parsed, request_serializer, response_deserializer)

    def stream_stream(
        self,
        path: str,
        request_serializer: Serializer | None = None,
        response_deserializer: Deserializer | None = None,
        **_: object,
    ) -> Callable[..., Any]:
        """As `unary_stream`, for a method that takes a stream of requests as well, read as its servicer asks for more."""
        handler = self._handlers.get(path)
        behavior = cast(Any, handler).stream_stream if handler else None
        return _streaming(path, handler, behavior, _each_parsed, request_serializer, response_deserializer)


def _streaming(
    path: str,
    handler: grpc.RpcMethodHandler[Any, Any] | None,
    behavior: Callable[[Any, LocalContext], AsyncGenerator[Any, None]] | None,
    parse: Callable[[grpc.RpcMethodHandler[Any, Any], Any], Any],
    request_serializer: Serializer | None,
    response_deserializer: Deserializer | None,
) -> Callable[..., AsyncIterator[Any]]:
    async def call(request: Any, *, timeout: float | None = None, metadata: Metadata = (), **_: object) -> AsyncIterator[Any]:
        try:
            if handler is None or behavior is None:
                raise ServiceError(Reason.METHOD_NOT_OFFERED, f"no method {path}")
            message = request if request_serializer else parse(handler, request)
            async with asyncio.timeout(timeout), aclosing(behavior(message, LocalContext(timeout, metadata))) as responses:
                async for response in responses:
                    yield response if response_deserializer else cast(Any, handler).response_serializer(response)
        except Exception as error:
            raise _as_rpc_error(error) from error

    return call


def _parsed(handler: grpc.RpcMethodHandler[Any, Any], request: bytes) -> Any:
    return well_formed(cast(Any, lenient(cast(Any, handler).request_deserializer))(request))


async def _each_parsed(handler: grpc.RpcMethodHandler[Any, Any], requests: AsyncIterator[bytes]) -> AsyncIterator[Any]:
    async for request in requests:
        yield _parsed(handler, request)


def _as_rpc_error(error: Exception) -> grpc.aio.AioRpcError:
    if isinstance(error, grpc.aio.AioRpcError):
        return error
    if isinstance(error, TimeoutError):
        error = ServiceError(Reason.DEADLINE_EXCEEDED, "the deadline passed before the work was done")
    request_id = current_request_id()
    status: status_pb2.Status = status_of(error, request_id)
    trailing = grpc.aio.Metadata(*trailing_metadata_of(status, request_id))
    return grpc.aio.AioRpcError(code_of(status), grpc.aio.Metadata(), trailing, details=status.message)
