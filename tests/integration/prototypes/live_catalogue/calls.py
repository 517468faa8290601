"""Calls of a running service that the tests of this folder make."""

from collections.abc import Sequence

import numpy as np
from google.rpc import error_details_pb2, status_pb2

from leitmotif.api.prototypes.v1 import catalogue_pb2 as pb2
from tests.integration.prototypes.running_service import Service
from tests.unit.prototypes.live_catalogue.changed_models import unit

ENCODER = "mel-cnn-1"


def message(track_id: str, *values: float, **fields: object) -> pb2.TrackUpsert:
    """A track; without `values`, without an embedding."""
    track = pb2.Track(track_id=track_id, title=track_id.title(), artist="New", duration_s=30.0)
    track.MergeFrom(pb2.Track(**fields))  # type: ignore[arg-type]
    return pb2.TrackUpsert(track=track, embedding=np.asarray(unit(*values), "<f4").tobytes() if values else b"")


async def upsert(service: Service, *tracks: pb2.TrackUpsert, encoder_id: str = ENCODER) -> pb2.UpsertTracksResponse:
    return await service.catalogue.UpsertTracks(pb2.UpsertTracksRequest(tracks=tracks, encoder_id=encoder_id))


async def delete(service: Service, *track_ids: str) -> pb2.DeleteTracksResponse:
    return await service.catalogue.DeleteTracks(pb2.DeleteTracksRequest(track_ids=track_ids))


async def listed(service: Service, page_size: int = 1000, **request: object) -> list[pb2.Track]:
    """The whole list, page by page."""
    tracks: list[pb2.Track] = []
    token = ""
    while True:
        asked = pb2.ListTracksRequest(page_size=page_size, page_token=token, **request)  # type: ignore[arg-type]
        page = await service.catalogue.ListTracks(asked)
        tracks += page.tracks
        token = page.next_page_token
        if not token:
            assert page.total_size == len(tracks)
            return tracks


async def ids(service: Service, **request: object) -> list[str]:
    return [track.track_id for track in await listed(service, **request)]


def reasons(statuses: Sequence[status_pb2.Status]) -> list[tuple[str, str]]:
    """Reason and field of each status; both empty for OK."""
    found = []
    for status in statuses:
        info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        for detail in status.details:
            detail.Unpack(info)
            detail.Unpack(request)
        assert bool(status.code) == bool(info.reason)
        found.append((info.reason, request.field_violations[0].field if request.field_violations else ""))
    return found
