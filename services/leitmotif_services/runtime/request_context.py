"""What belongs to the call at hand, and goes with the calls that are made on its behalf: its request id and its tenant."""

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
_tenant: ContextVar[str] = ContextVar("tenant", default="")


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


def serve_tenant(tenant_id: str) -> None:
    """Make the current task, and those that it starts, work for a tenant; `tenant_id` is a checked id."""
    _tenant.set(tenant_id)


def upstream_metadata() -> tuple[tuple[str, str], ...]:
    """Metadata to send with a call that is made on behalf of the current one; of the caller's own, the request id alone."""
    pairs = ((REQUEST_ID_KEY, _request_id.get()), (TENANT_KEY, _tenant.get()))
    return tuple((key, value) for key, value in pairs if value)
