"""Cursors: what they carry comes back, and what was not made here is refused."""

import base64
import dataclasses
import hashlib

import pytest

from leitmotif_services.prototypes.ranking.cursor import Cursors, Question
from leitmotif_services.prototypes.ranking.sent_tracks import (
    NOTHING_SENT,
    SESSION_LIMIT,
    artist_fingerprint,
    track_fingerprint,
)
from leitmotif_services.runtime.errors import Reason, ServiceError

QUESTION = Question(b"options", "model-1", b"profile")
CURSORS = Cursors(b"a key of some length")


def sent(tracks: int, artists: int = 0):
    return NOTHING_SENT.with_more([f"track-{n}" for n in range(tracks)], [f"artist {n}" for n in range(artists)])


def refused(token: str, question: Question = QUESTION, cursors: Cursors = CURSORS) -> bool:
    try:
        cursors.decode(token, question)
    except ServiceError as error:
        assert error.reason is Reason.PAGE_TOKEN_INVALID
        return True
    return False


@pytest.mark.parametrize(("tracks", "artists"), [(1, 0), (20, 20), (20, 3), (SESSION_LIMIT, 0), (SESSION_LIMIT, SESSION_LIMIT)])
def test_what_was_sent_comes_back(tracks: int, artists: int) -> None:
    token = CURSORS.encode(QUESTION, sent(tracks, artists))
    assert CURSORS.decode(token, QUESTION) == sent(tracks, artists)
    assert Cursors(b"a key of some length").decode(token, QUESTION) == sent(tracks, artists)
    assert token.isascii()
    assert token.isprintable()


def test_its_size_is_bounded() -> None:
    assert len(CURSORS.encode(QUESTION, sent(20))) < 300
    assert len(CURSORS.encode(QUESTION, sent(SESSION_LIMIT))) < 16_200
    assert len(CURSORS.encode(QUESTION, sent(SESSION_LIMIT, SESSION_LIMIT))) < 30_000


def test_every_altered_byte_is_found() -> None:
    token = CURSORS.encode(QUESTION, sent(3, 2))
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    for place in range(len(raw)):
        altered = bytearray(raw)
        altered[place] ^= 1
        assert refused(base64.urlsafe_b64encode(altered).decode().rstrip("=")), place
    assert not refused(token)


@pytest.mark.parametrize("token", ["x", "%%%", "é", "=", "A" * 40, "A" * 100_000, " ", "\x00"])
def test_what_is_no_cursor_is_refused(token: str) -> None:
    assert refused(token)


def test_padding_and_other_spellings_of_the_same_bytes_are_refused() -> None:
    token = CURSORS.encode(QUESTION, sent(3))
    assert refused(token + "=")
    assert refused(token[:-1])
    assert refused(token + "AAAA")


def test_a_cursor_of_another_key_is_refused() -> None:
    token = CURSORS.encode(QUESTION, sent(3))
    assert refused(token, cursors=Cursors(b"another key of some length"))
    # Whoever knows the format, but not the key, can sign with a hash alone.
    body = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))[:-16]
    forged = base64.urlsafe_b64encode(body + hashlib.sha256(body).digest()[:16]).decode().rstrip("=")
    assert refused(forged)


def test_it_is_bound_to_its_question() -> None:
    token = CURSORS.encode(QUESTION, sent(3))
    assert refused(token, dataclasses.replace(QUESTION, options=b"others"))
    assert refused(token, dataclasses.replace(QUESTION, profile=b"another"))
    assert not refused(token, dataclasses.replace(QUESTION, profile=b"another", profile_version="model-2"))
    assert refused(token, dataclasses.replace(QUESTION, options=b"others", profile_version="model-2"))


def test_fingerprints_tell_tracks_apart() -> None:
    assert len({track_fingerprint(f"track-{n}") for n in range(100_000)}) == 100_000
    assert track_fingerprint("a") != artist_fingerprint("a")
