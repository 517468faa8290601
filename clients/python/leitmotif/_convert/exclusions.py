"""What a user keeps out."""

from leitmotif._convert.profiles import profile_of
from leitmotif._convert.times import time_of, timestamp_of
from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.profiles.v1 import exclusions_pb2 as pb2
from leitmotif.types import ChangedExclusions, Exclusions, TimeRange


def exclusions_message_of(exclusions: Exclusions) -> pb2.Exclusions:
    return pb2.Exclusions(
        hidden_track_ids=exclusions.hidden_track_ids,
        hidden_artists=exclusions.hidden_artists,
        uncounted_track_ids=exclusions.uncounted_track_ids,
        uncounted_artists=exclusions.uncounted_artists,
        uncounted_ranges=map(_range_message_of, exclusions.uncounted_ranges),
    )


def exclusions_of(message: pb2.Exclusions) -> Exclusions:
    return Exclusions(
        hidden_track_ids=tuple(message.hidden_track_ids),
        hidden_artists=tuple(message.hidden_artists),
        uncounted_track_ids=tuple(message.uncounted_track_ids),
        uncounted_artists=tuple(message.uncounted_artists),
        uncounted_ranges=tuple(TimeRange(time_of(each, "start"), time_of(each, "end")) for each in message.uncounted_ranges),
    )


def changed_exclusions_of(message: gateway_pb2.ChangeExclusionsResponse) -> ChangedExclusions:
    return ChangedExclusions(exclusions_of(message.exclusions), profile_of(message.profile))


def _range_message_of(stretch: TimeRange) -> pb2.TimeRange:
    return pb2.TimeRange(
        start=None if stretch.start is None else timestamp_of(stretch.start),
        end=None if stretch.end is None else timestamp_of(stretch.end),
    )
