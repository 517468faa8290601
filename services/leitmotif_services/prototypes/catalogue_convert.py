"""Tracks to add or replace: messages → domain."""

import math

import numpy as np

from leitmotif.api.prototypes.v1 import catalogue_pb2 as pb2
from leitmotif_services.prototypes.bundle_records import FIELDS_LIMIT, NUMBER_LIMIT, TEXT_LIMIT, TRACK_FIELDS
from leitmotif_services.prototypes.live_catalogue.changes import Floats
from leitmotif_services.prototypes.track import FIELD_NAME, Track
from leitmotif_services.runtime.errors import invalid_field
from leitmotif_services.runtime.validation import checked_id, checked_text

MAX_TAGS = 256
MAX_DURATION_S = 1e7
LENGTH_TOLERANCE = 1e-3
"""How far the length of an embedding may be from 1."""


def upsert_of(message: pb2.TrackUpsert, path: str, *, dimension: int) -> tuple[Track, Floats | None]:
    """The track at `path` of a request, with its embedding (D,), or None where it has none; FIELD_INVALID says what is wrong."""
    track = track_of(message.track, f"{path}.track")
    return track, embedding_of(message.embedding, f"{path}.embedding", dimension=dimension) if message.embedding else None


def track_of(message: pb2.Track, path: str) -> Track:
    """The track of a message; FIELD_INVALID says what is wrong with it."""
    if len(message.tags) > MAX_TAGS:
        raise invalid_field(f"{path}.tags", f"must have at most {MAX_TAGS} entries, has {len(message.tags)}")
    if not 0.0 <= message.duration_s <= MAX_DURATION_S:
        raise invalid_field(f"{path}.duration_s", f"must be 0 to {MAX_DURATION_S:g}, is {message.duration_s}")
    for index, tag in enumerate(message.tags):
        if not checked_text(f"{path}.tags[{index}]", tag, maximum=TEXT_LIMIT):
            raise invalid_field(f"{path}.tags[{index}]", "must not be empty")
    _check_further_fields(message, path)
    return Track(
        track_id=checked_id(f"{path}.track_id", message.track_id),
        title=checked_text(f"{path}.title", message.title, maximum=TEXT_LIMIT),
        artist=checked_text(f"{path}.artist", message.artist, maximum=TEXT_LIMIT),
        duration_s=message.duration_s,
        tags=tuple(dict.fromkeys(message.tags)),
        year=message.year if message.HasField("year") else None,
        texts=dict(message.texts),
        numbers=dict(message.numbers),
    )


def embedding_of(raw: bytes, path: str, *, dimension: int) -> Floats:
    """(D,) of unit length."""
    if len(raw) != 4 * dimension:
        raise invalid_field(path, f"must have {4 * dimension} bytes, 4 for each of {dimension} dimensions; has {len(raw)}")
    embedding = np.frombuffer(raw, "<f4").astype(np.float32)
    length = float(np.linalg.norm(embedding.astype(np.float64)))
    if not abs(length - 1.0) <= LENGTH_TOLERANCE:  # NaN is no length either
        raise invalid_field(path, f"must be finite and of length 1, to {LENGTH_TOLERANCE:g}; has length {length:.6g}")
    return embedding


def _check_further_fields(message: pb2.Track, path: str) -> None:
    count = len(message.texts) + len(message.numbers)
    if count > FIELDS_LIMIT:
        raise invalid_field(path, f"must have at most {FIELDS_LIMIT} further fields, has {count}")
    for kind, names in (("texts", message.texts), ("numbers", message.numbers)):
        for name in sorted(names):
            if not FIELD_NAME.fullmatch(name):
                raise invalid_field(f"{path}.{kind}", f"names must be like 'bpm' or 'release_day', one is {name[:64]!r}")
            if name in TRACK_FIELDS:
                raise invalid_field(f"{path}.{kind}.{name}", "is a field that every track has")
    for name in sorted(message.texts):
        checked_text(f"{path}.texts.{name}", message.texts[name], maximum=TEXT_LIMIT)
        if name in message.numbers:
            raise invalid_field(f"{path}.numbers.{name}", "is among the texts as well")
    for name in sorted(message.numbers):
        number = message.numbers[name]
        if not math.isfinite(number) or abs(number) > NUMBER_LIMIT:
            raise invalid_field(f"{path}.numbers.{name}", f"must be finite and at most {NUMBER_LIMIT:g}, is {number}")
