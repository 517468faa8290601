"""Requests whose bytes are no message: refused with a reason, where gRPC by itself answers INTERNAL."""

from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError

from leitmotif_services.runtime.errors import Reason, ServiceError


class MalformedRequest:
    """Stands for a request that could not be parsed until its handler runs, where an error can be told."""


MALFORMED = MalformedRequest()


def lenient(parse: Callable[[bytes], Any] | None) -> Callable[[bytes], Any] | None:
    """`parse` that returns MALFORMED where it would raise; None, which leaves bytes as they are, stays None."""
    if parse is None:
        return None

    def parsed(content: bytes) -> Any:
        try:
            return parse(content)
        except DecodeError:
            return MALFORMED

    return parsed


def well_formed(request: Any) -> Any:
    """`request`; REQUEST_MALFORMED when it could not be parsed."""
    if request is MALFORMED:
        raise ServiceError(
            Reason.REQUEST_MALFORMED, "the request is not a message of this method's type, or a text in it is not UTF-8"
        )
    return request
