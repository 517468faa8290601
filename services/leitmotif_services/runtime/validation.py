"""Checks of request fields that every service shares; each raises FIELD_INVALID with the field's path."""

import re
from collections.abc import Sequence

from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field

ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""What an id may look like: safe inside a Redis key, a hash tag and a file name."""


def checked_id(field: str, value: str) -> str:
    """`value` when it is a well-formed id."""
    if not ID_PATTERN.fullmatch(value):
        shown = value if len(value) <= 40 else value[:40] + "…"
        raise invalid_field(
            field, f"must be 1 to 128 letters, digits, '.', '_' or '-', starting with a letter or digit; is {shown!r}"
        )
    return value


def checked_text(field: str, value: str, *, maximum: int) -> str:
    """`value` when it has at most `maximum` characters and none of them is a control character."""
    if len(value) > maximum:
        raise invalid_field(field, f"must have at most {maximum} characters, has {len(value)}")
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise invalid_field(field, "must not contain control characters")
    return value


def checked_count(field: str, value: int, *, default: int, maximum: int) -> int:
    """`value` in 1 to `maximum`; 0 stands for `default`."""
    if value == 0:
        return default
    if not 1 <= value <= maximum:
        raise invalid_field(field, f"must be 1 to {maximum}, or 0 for {default}; is {value}")
    return value


def checked_length(field: str, values: Sequence[object], *, minimum: int = 0, maximum: int) -> None:
    """Refuse a repeated field with fewer than `minimum` or more than `maximum` entries."""
    if len(values) < minimum:
        raise invalid_field(field, f"must have at least {minimum} entries, has {len(values)}")
    if len(values) > maximum:
        raise ServiceError(
            Reason.LIMIT_EXCEEDED, f"{field} has {len(values)} entries, {maximum} are allowed", limit=maximum, actual=len(values)
        )
