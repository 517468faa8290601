"""Collects tracks into calls that stay below the service's bounds."""

from collections.abc import Iterable, Iterator

from leitmotif._convert.catalogue import upsert_message_of
from leitmotif.api.prototypes.v1 import catalogue_pb2
from leitmotif.types import Track, TrackUpsert

MAX_TRACKS = 1000
"""Tracks of a call: what the service takes."""

MAX_BATCH_BYTES = 3 << 20
"""Of one call; services take 4 MiB by default. A larger track goes alone."""


def upsert_batches(tracks: Iterable[TrackUpsert | Track]) -> Iterator[list[catalogue_pb2.TrackUpsert]]:
    """The tracks in calls, in order; an id that comes again goes into a later call, for each may be in one call once."""
    batch: list[catalogue_pb2.TrackUpsert] = []
    batch_bytes = 0
    ids: set[str] = set()
    for track in tracks:
        message = upsert_message_of(track if isinstance(track, TrackUpsert) else TrackUpsert(track))
        size = message.ByteSize()
        track_id = message.track.track_id
        if batch and (len(batch) >= MAX_TRACKS or batch_bytes + size > MAX_BATCH_BYTES or track_id in ids):
            yield batch
            batch, batch_bytes, ids = [], 0, set()
        batch.append(message)
        batch_bytes += size
        ids.add(track_id)
    if batch:
        yield batch
