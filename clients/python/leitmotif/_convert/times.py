"""Timestamps of the wire and aware datetimes."""

from datetime import UTC, datetime

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp


def time_of(message: Message, field: str) -> datetime | None:
    """The Timestamp in `field` as a UTC datetime; None when it is not set."""
    if not message.HasField(field):
        return None
    stamp: Timestamp = getattr(message, field)
    return stamp.ToDatetime(tzinfo=UTC)


def timestamp_of(moment: datetime) -> Timestamp:
    """ValueError for a naive datetime: which instant it means would be a guess."""
    if moment.tzinfo is None:
        raise ValueError(f"a time must be an aware datetime, such as datetime.now(UTC); {moment} has no zone")
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
