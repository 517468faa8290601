"""Handlers that read their one request themselves, once they are ready for it; grpc.aio would read it before they run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import grpc

from leitmotif_services.runtime.errors import Reason, ServiceError

if TYPE_CHECKING:  # generic for the type checker only
    Handler = grpc.RpcMethodHandler[Any, Any]
    Context = grpc.aio.ServicerContext[Any, Any]

Behavior = TypeVar("Behavior", bound=Callable[..., Any])

_MARK = "reads_its_request"


def reading_handler(behavior: Behavior, *, response_streaming: bool, serializer: Any = None) -> Handler:
    """A handler of a method that takes one request: `behavior(_, context)` gets its bytes from `read_request(context)`.

    For grpc it takes a stream of requests; callers cannot tell the difference.
    """
    setattr(behavior, _MARK, True)
    make: Any = grpc.stream_stream_rpc_method_handler if response_streaming else grpc.stream_unary_rpc_method_handler
    return cast("Handler", make(behavior, response_serializer=serializer))


def reads_its_request(behavior: Callable[..., Any]) -> bool:
    """Whether the behavior is one of a `reading_handler`, so that nobody else may read."""
    return getattr(behavior, _MARK, False)


async def read_request(context: Context) -> bytes:
    """The bytes of the request; REQUEST_MALFORMED when the caller sent none.

    Read with the context, since the iterator that grpc hands over keeps the last message for as long as the call lasts.
    """
    content = await context.read()
    if content is grpc.aio.EOF:
        raise ServiceError(Reason.REQUEST_MALFORMED, "the call brought no request")
    return cast(bytes, content)
