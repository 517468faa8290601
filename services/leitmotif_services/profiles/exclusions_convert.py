"""Exclusions as messages."""

from collections.abc import Sequence

from google.protobuf.timestamp_pb2 import Timestamp

from leitmotif.api.profiles.v1 import exclusions_pb2
from leitmotif_services.profiles.event_convert import MOST_ARTIST_CHARACTERS, known_tracks_of, time_of
from leitmotif_services.profiles.taste.exclusions import Exclusions, TimeRange, sorted_ranges
from leitmotif_services.profiles.use_cases.excluding import ModelTracks
from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field
from leitmotif_services.runtime.validation import checked_id, checked_text

MOST_ENTRIES = 2000
"""Entries in one request, of all kinds."""


def exclusions_of(message: exclusions_pb2.Exclusions, field: str) -> Exclusions:
    """Sets of checked entries; a repeat is no other entry. `field` is the path of the message in its request."""
    return Exclusions(
        hidden_track_ids=_ids(message.hidden_track_ids, f"{field}.hidden_track_ids"),
        hidden_artists=_artists(message.hidden_artists, f"{field}.hidden_artists"),
        uncounted_track_ids=_ids(message.uncounted_track_ids, f"{field}.uncounted_track_ids"),
        uncounted_artists=_artists(message.uncounted_artists, f"{field}.uncounted_artists"),
        uncounted_ranges=frozenset(
            _range_of(stretch, f"{field}.uncounted_ranges[{index}]") for index, stretch in enumerate(message.uncounted_ranges)
        ),
    )


def check_size(request: exclusions_pb2.ChangeExclusionsRequest) -> None:
    """LIMIT_EXCEEDED for more than 2000 entries in `add` and `remove` together."""
    size = sum(
        len(message.hidden_track_ids)
        + len(message.hidden_artists)
        + len(message.uncounted_track_ids)
        + len(message.uncounted_artists)
        + len(message.uncounted_ranges)
        for message in (request.add, request.remove)
    )
    if size > MOST_ENTRIES:
        raise ServiceError(
            Reason.LIMIT_EXCEEDED,
            f"add and remove have {size} entries together, {MOST_ENTRIES} are allowed",
            limit=MOST_ENTRIES,
            actual=size,
        )


def model_tracks_of(message: exclusions_pb2.KnownTracks) -> ModelTracks:
    """The `known` of a request."""
    tracks = known_tracks_of(message.track_ids, message.affinities, message.artists, field="known")
    return ModelTracks(tracks, checked_id("known.model_version", message.model_version))


def exclusions_message(exclusions: Exclusions) -> exclusions_pb2.Exclusions:
    """Sorted, so that equal exclusions are equal messages."""
    return exclusions_pb2.Exclusions(
        hidden_track_ids=sorted(exclusions.hidden_track_ids),
        hidden_artists=sorted(exclusions.hidden_artists),
        uncounted_track_ids=sorted(exclusions.uncounted_track_ids),
        uncounted_artists=sorted(exclusions.uncounted_artists),
        uncounted_ranges=[_range_message(stretch) for stretch in sorted_ranges(exclusions.uncounted_ranges)],
    )


def _ids(values: Sequence[str], field: str) -> frozenset[str]:
    return frozenset(checked_id(f"{field}[{index}]", value) for index, value in enumerate(values))


def _artists(values: Sequence[str], field: str) -> frozenset[str]:
    for index, value in enumerate(values):
        if not value:
            raise invalid_field(f"{field}[{index}]", "must not be empty")
        checked_text(f"{field}[{index}]", value, maximum=MOST_ARTIST_CHARACTERS)
    return frozenset(values)


def _range_of(message: exclusions_pb2.TimeRange, field: str) -> TimeRange:
    start_us = time_of(message.start, f"{field}.start") if message.HasField("start") else None
    end_us = time_of(message.end, f"{field}.end") if message.HasField("end") else None
    if start_us is None and end_us is None:
        raise invalid_field(field, "must have a start or an end")
    if start_us is not None and end_us is not None and end_us <= start_us:
        raise invalid_field(f"{field}.end", "must be after the start")
    return TimeRange(start_us, end_us)


def _range_message(stretch: TimeRange) -> exclusions_pb2.TimeRange:
    message = exclusions_pb2.TimeRange()
    for time, time_us in ((message.start, stretch.start_us), (message.end, stretch.end_us)):
        if time_us is not None:
            time.CopyFrom(_time_message(time_us))
    return message


def _time_message(time_us: int) -> Timestamp:
    time = Timestamp()
    time.FromMicroseconds(time_us)
    return time
