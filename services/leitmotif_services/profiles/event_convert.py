"""Listening events and the affinities of their tracks as messages."""

from collections.abc import Sequence
from typing import cast

import numpy as np
from google.protobuf.timestamp_pb2 import Timestamp
from numpy.typing import NDArray

from leitmotif.api.common.v1 import vectors_pb2
from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif_services.profiles.taste.history import Event, EventType
from leitmotif_services.profiles.taste.known_tracks import KnownTracks
from leitmotif_services.profiles.taste.profile import EVENT_LOG_LENGTH
from leitmotif_services.runtime.errors import invalid_field
from leitmotif_services.runtime.validation import checked_id, checked_length, checked_text

MOST_EVENTS = 1000
MOST_ARTIST_CHARACTERS = 256
MOST_AFFINITY = 1e6
"""Affinities are ratios of similarities, of the order of 1; a magnitude beyond this is a fault of whoever computed them."""

_MOST_TIME_S = 253_402_300_799  # the end of the year 9999
_LEAST_TIME_S = -62_135_596_800  # the beginning of the year 1
_FLOAT32 = np.dtype("<f4")
_EVENT_TYPES = {int(kind): kind for kind in EventType}


def events_of(events: Sequence[profiles_pb2.Event], *, now_us: int) -> list[Event]:
    """1 to 1000 events; those without a time, or with one that is still to come, happened at `now_us`."""
    checked_length("events", events, minimum=1, maximum=MOST_EVENTS)
    return [_event_of(event, f"events[{index}]", now_us) for index, event in enumerate(events)]


def _event_of(event: profiles_pb2.Event, field: str, now_us: int) -> Event:
    kind = _EVENT_TYPES.get(event.type)
    if kind is None:
        raise invalid_field(f"{field}.type", f"must be one of the named event types, is {event.type}")
    share = event.share_heard if event.HasField("share_heard") else None
    if share is not None and not 0.0 <= share <= 1.0:  # true for NaN too
        raise invalid_field(f"{field}.share_heard", f"must be 0 to 1, is {share!r}")
    occurred_at_us = time_of(event.occurred_at, f"{field}.occurred_at") if event.HasField("occurred_at") else now_us
    return Event(
        event_id=checked_id(f"{field}.event_id", event.event_id),
        track_id=checked_id(f"{field}.track_id", event.track_id),
        type=kind,
        occurred_at_us=min(occurred_at_us, now_us),
        share_heard=share,
    )


def time_of(time: Timestamp, field: str) -> int:
    """Microseconds since 1970, UTC, of a time within the years 1 to 9999; FIELD_INVALID."""
    if not (_LEAST_TIME_S <= time.seconds <= _MOST_TIME_S and 0 <= time.nanos < 1_000_000_000):
        raise invalid_field(field, "must be a time within the years 1 to 9999")
    return time.seconds * 1_000_000 + time.nanos // 1000


def artists_of(artists: Sequence[str], field: str, *, rows: int) -> Sequence[str]:
    """An artist for each row, "" for an unknown one, or none at all; FIELD_INVALID."""
    if artists and len(artists) != rows:
        raise invalid_field(field, f"must have {rows} entries, one for each track, or none; has {len(artists)}")
    return [checked_text(f"{field}[{index}]", artist, maximum=MOST_ARTIST_CHARACTERS) for index, artist in enumerate(artists)]


def known_tracks_of(
    track_ids: Sequence[str], affinities: vectors_pb2.FloatMatrix, artists: Sequence[str], *, field: str = ""
) -> KnownTracks:
    """Up to 10,000 tracks without repeats, with their affinities and artists; `field` is the path of what they are in."""
    prefix = f"{field}." if field else ""
    checked_length(f"{prefix}track_ids", track_ids, maximum=EVENT_LOG_LENGTH)
    rows = {checked_id(f"{prefix}track_ids[{row}]", track_id): row for row, track_id in enumerate(track_ids)}
    if len(rows) != len(track_ids):
        raise invalid_field(f"{prefix}track_ids", "must not repeat an id")
    return KnownTracks(
        rows,
        matrix_of(affinities, rows=len(rows), field=f"{prefix}affinities"),
        artists_of(artists, f"{prefix}artists", rows=len(rows)),
    )


def matrix_of(matrix: vectors_pb2.FloatMatrix, *, rows: int, field: str = "affinities") -> NDArray[np.float32]:
    """The affinities of a request, (rows, dimension); FIELD_INVALID for another size, or numbers that are none."""
    if rows == 0 and not matrix.values:
        return np.zeros((0, max(matrix.dimension, 0)), np.float32)
    if matrix.dimension < 1:
        raise invalid_field(f"{field}.dimension", f"must be at least 1, is {matrix.dimension}")
    expected = _FLOAT32.itemsize * rows * matrix.dimension
    if len(matrix.values) != expected:
        raise invalid_field(
            f"{field}.values",
            f"must have {expected} bytes for {rows} rows of {matrix.dimension} numbers, has {len(matrix.values)}",
        )
    values = np.frombuffer(matrix.values, _FLOAT32).reshape(rows, matrix.dimension)
    if not (np.abs(values) <= MOST_AFFINITY).all():
        raise invalid_field(f"{field}.values", f"must be finite numbers of at most {MOST_AFFINITY:g} in magnitude")
    return values


def event_message(event: Event) -> profiles_pb2.Event:
    """An event as it was recorded."""
    message = profiles_pb2.Event(
        event_id=event.event_id,
        track_id=event.track_id,
        type=cast("profiles_pb2.EventType", event.type.value),
        share_heard=event.share_heard,
    )
    message.occurred_at.FromMicroseconds(event.occurred_at_us)
    return message
