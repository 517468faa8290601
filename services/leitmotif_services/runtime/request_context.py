"""What belongs to the call at hand: its request id, and the time that is left of its deadline."""

import secrets
from collections.abc import Sequence
from contextvars import ContextVar

from leitmotif_services.runtime.errors import invalid_field
from leitmotif_services.runtime.validation import checked_id

REQUEST_ID_KEY = "x-request-id"
"""Metadata key that carries the request id through every hop, and back to the caller."""

TENANT_KEY = "x-leitmotif-tenant"
"""Metadata key that carries the tenant of a call from the gateway to the services behind it, which trust it."""

DEFAULT_TENANT = "default"
"""Whom a call without a tenant is for."""

_request_id: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """Id of the call that the current task serves; empty outside a call."""
    return _request_id.get()


def adopt_request_id(metadata: Sequence[tuple[str, str | bytes]]) -> str:
    """Take over the caller's request id when it is short and printable, else make one; returns it."""
    for key, value in metadata:
        if key == REQUEST_ID_KEY and isinstance(value, str) and 1 <= len(value) <= 64 and value.isascii() and value.isprintable():
            _request_id.set(value)
            return value
    made = secrets.token_hex(8)
    _request_id.set(made)
    return made


def tenant_of(metadata: Sequence[tuple[str, str | bytes]]) -> str:
    """The tenant that a call is for; FIELD_INVALID where it is no id, or is given twice."""
    given = [value for key, value in metadata if key == TENANT_KEY]
    if not given:
        return DEFAULT_TENANT
    if len(given) > 1 or not isinstance(given[0], str):
        raise invalid_field(TENANT_KEY, "must be given once, as text")
    return checked_id(TENANT_KEY, given[0])


def upstream_metadata() -> tuple[tuple[str, str], ...]:
    """Metadata to send with a call that is made on behalf of the current one."""
    request_id = _request_id.get()
    return ((REQUEST_ID_KEY, request_id),) if request_id else ()
