"""Page sizes and opaque page tokens that are bound to the query they continue."""

import base64
import binascii
import hashlib

from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field

_DIGEST_BYTES = 8
_LONGEST_POSITION = 256


def page_size_of(requested: int, *, default: int, maximum: int) -> int:
    """The size to use: 0 stands for `default`, more than `maximum` is coerced, negative is refused."""
    if requested < 0:
        raise invalid_field("page_size", f"must not be negative, is {requested}")
    return min(requested or default, maximum)


def encode_page_token(position: str, *query: object) -> str:
    """A token that continues `query` behind `position`: a key, or a number as text; printable, at most 256 characters."""
    body = position.encode()
    return base64.urlsafe_b64encode(_digest(body, query) + body).decode().rstrip("=")


def decode_page_token(token: str, *query: object) -> str:
    """The position of a token; PAGE_TOKEN_INVALID when it was altered or belongs to another query. "" for no token."""
    if not token:
        return ""
    try:
        raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        digest, body = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
        if digest != _digest(body, query):
            raise ValueError("digest")
        position = body.decode()
        if len(position) > _LONGEST_POSITION or not position.isprintable():
            raise ValueError("position")
    except (ValueError, binascii.Error) as error:
        raise ServiceError(
            Reason.PAGE_TOKEN_INVALID, "page_token is not one of this query; start again without a token"
        ) from error
    return position


def _digest(body: bytes, query: tuple[object, ...]) -> bytes:
    # Detects a token of another query or a damaged one. It is no secret, and who knows this code can make a token: a position
    # grants nothing that a caller could not ask for, and is checked by who takes it.
    return hashlib.blake2b(body + repr(query).encode(), digest_size=_DIGEST_BYTES, person=b"leitmotif.page").digest()
