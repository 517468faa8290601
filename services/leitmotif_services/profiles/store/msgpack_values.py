"""What all stored values have in common: a schema version, and STORED_VALUE_UNREADABLE for whatever cannot be read back.

Schema 2 is written; schema 1, of the release before, is read. A value comes into schema 2 when it is next written.
"""

import math
import struct
import zlib
from collections.abc import Callable
from typing import Any, TypeVar

import msgpack

from leitmotif_services.runtime.errors import Reason, ServiceError

SCHEMA = 2
SCHEMA_BEFORE = 1

T = TypeVar("T")

_THOUSANDTHS = 1000
_CHECKED_HEAD = struct.Struct(">BI")


def packed(value: tuple[Any, ...] | list[Any]) -> bytes:
    """As msgpack."""
    encoded: bytes = msgpack.packb(value)
    return encoded


def checked(body: bytes) -> bytes:
    """A value whose damage is noticed: schema, CRC-32 of the body, body."""
    return _CHECKED_HEAD.pack(SCHEMA, zlib.crc32(body)) + body


def checked_body(value: bytes) -> Any:
    """The unpacked body of a `checked` value; ValueError for another schema or damage."""
    schema, checksum = _CHECKED_HEAD.unpack_from(value)
    if schema != SCHEMA:
        raise other_schema(schema)
    body = memoryview(value)[_CHECKED_HEAD.size :]
    if zlib.crc32(body) != checksum:
        raise ValueError("its checksum does not fit")
    return msgpack.unpackb(body, use_list=False)


def other_schema(schema: object) -> ValueError:
    """For a value that a later release wrote, or none of this service."""
    return ValueError(f"its schema is {schema!r}, this release reads {SCHEMA_BEFORE} and {SCHEMA}")


def readable(what: str, decode: Callable[[], T]) -> T:
    """The result of `decode`; STORED_VALUE_UNREADABLE, naming `what`, where the bytes are not what they should be."""
    try:
        return decode()
    except (ValueError, TypeError, IndexError, KeyError, struct.error, zlib.error, msgpack.UnpackException) as error:
        raise ServiceError(Reason.STORED_VALUE_UNREADABLE, f"{what} cannot be read: {error}") from error


def short_number(value: float) -> int | float:
    """A number that people choose, as whole thousandths where it is exactly that many: 1 to 3 bytes instead of 9."""
    if abs(value) > 32.0 or (value == 0.0 and math.copysign(1.0, value) < 0.0):
        return value
    thousandths = round(value * _THOUSANDTHS)
    return thousandths if thousandths / _THOUSANDTHS == value else value


def long_number(value: int | float) -> float:
    """The number of `short_number`, bit for bit."""
    return value / _THOUSANDTHS if type(value) is int else float(value)
