"""Cursors: page tokens that carry, signed, what a session is about and what it has sent.

Nothing is kept at the server, so that a cursor outlives a restart and is good at every replica that has the key.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass

from leitmotif_services.prototypes.ranking.sent_tracks import ARTIST_BYTES, SESSION_LIMIT, TRACK_BYTES, SentTracks
from leitmotif_services.runtime.errors import Reason, ServiceError

_FORMAT = b"\x01"
_DIGEST_BYTES = 16
_LENGTH_BYTES = 2
_HEAD_BYTES = len(_FORMAT) + 3 * _DIGEST_BYTES + 2 * _LENGTH_BYTES
_LONGEST = -(-4 * (_HEAD_BYTES + SESSION_LIMIT * (TRACK_BYTES + ARTIST_BYTES) + _DIGEST_BYTES) // 3)


@dataclass(frozen=True)
class Question:
    """What the pages of a session answer."""

    options: bytes
    """All that has to stay as it was, whatever the model."""
    profile_version: str
    """Model version of the profile."""
    profile: bytes
    """The profile: it has to stay as it was for as long as its model version does."""


class Cursors:
    """Makes and reads cursors. A cursor is printable and has at most 30,000 characters; 200 tracks take 1,700."""

    def __init__(self, key: bytes) -> None:
        """`key`: a secret, the same at every replica."""
        self._key = hashlib.blake2b(key, digest_size=32, person=b"leitmotif.cursor").digest()

    def encode(self, question: Question, sent: SentTracks) -> str:
        """The cursor of a session that has sent so much."""
        body = b"".join(
            (
                _FORMAT,
                *_digests(question),
                len(sent.tracks).to_bytes(_LENGTH_BYTES, "little"),
                len(sent.artists).to_bytes(_LENGTH_BYTES, "little"),
                *sent.tracks,
                *sent.artists,
            )
        )
        return base64.urlsafe_b64encode(body + self._signature(body)).decode().rstrip("=")

    def decode(self, token: str, question: Question) -> SentTracks:
        """What the session has sent; PAGE_TOKEN_INVALID unless the cursor was made here, for that question."""
        body = self._verified(token)
        options, version, profile = (body[1 + n * _DIGEST_BYTES :][:_DIGEST_BYTES] for n in range(3))
        asked_options, asked_version, asked_profile = _digests(question)
        if options != asked_options or (version == asked_version and profile != asked_profile):
            raise ServiceError(
                Reason.PAGE_TOKEN_INVALID,
                "page_token is of another request: all but the page stays as it was",
            )
        sizes = body[_HEAD_BYTES - 2 * _LENGTH_BYTES : _HEAD_BYTES]
        tracks = int.from_bytes(sizes[:_LENGTH_BYTES], "little")
        parts = memoryview(body)[_HEAD_BYTES:]
        middle = tracks * TRACK_BYTES
        return SentTracks(
            tuple(bytes(parts[start : start + TRACK_BYTES]) for start in range(0, middle, TRACK_BYTES)),
            tuple(bytes(parts[start : start + ARTIST_BYTES]) for start in range(middle, len(parts), ARTIST_BYTES)),
        )

    def _verified(self, token: str) -> bytes:
        try:
            if len(token) > _LONGEST:
                raise ValueError("length")
            raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
            body, signature = raw[:-_DIGEST_BYTES], raw[-_DIGEST_BYTES:]
            if (
                not hmac.compare_digest(signature, self._signature(body))
                or base64.urlsafe_b64encode(raw).decode().rstrip("=") != token
            ):
                raise ValueError("signature")
        except (ValueError, binascii.Error) as error:
            raise ServiceError(
                Reason.PAGE_TOKEN_INVALID, "page_token was not made by this service, or under another key; start without a token"
            ) from error
        return body

    def _signature(self, body: bytes) -> bytes:
        # Keyed BLAKE2b is a message authentication code (RFC 7693), at half the cost of an HMAC.
        return hashlib.blake2b(body, key=self._key, digest_size=_DIGEST_BYTES).digest()


def _digests(question: Question) -> tuple[bytes, bytes, bytes]:
    parts = (question.options, question.profile_version.encode(), question.profile)
    return tuple(hashlib.blake2b(part, digest_size=_DIGEST_BYTES).digest() for part in parts)  # type: ignore[return-value]
