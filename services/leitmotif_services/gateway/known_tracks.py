"""What the prototypes service knows of tracks: affinities under the model that answers a user, and artists."""

from collections.abc import Sequence
from dataclasses import dataclass

from leitmotif.api.common.v1 import vectors_pb2
from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2
from leitmotif_services.gateway.active_model import ActiveModel, model_changed
from leitmotif_services.gateway.upstreams import Deadline, Upstreams, call

MOST_TRACKS = 10_000
"""GetAffinities takes that many; the event log of a profile is no longer either."""

_EVENTS_PAGE = 1000


@dataclass(frozen=True)
class KnownTracks:
    """Tracks that the catalogue has, and those of the question that it has not."""

    track_ids: Sequence[str]
    affinities: vectors_pb2.FloatMatrix
    """One row a track."""
    artists: Sequence[str]
    """One a track; nothing where the prototypes service is of a release that does not tell."""
    unknown_track_ids: Sequence[str]
    profile_version: str
    """What profiles carry that the affinities belong to."""


class TrackLookup:
    """Looks tracks up."""

    def __init__(self, upstreams: Upstreams, model: ActiveModel) -> None:
        self._upstreams = upstreams
        self._model = model

    async def of(self, track_ids: Sequence[str], user_id: str, deadline: Deadline) -> KnownTracks:
        """1 to `MOST_TRACKS` tracks, without repeats; MODEL_VERSION_MISMATCH where the model changes meanwhile."""
        lookup = catalogue_pb2.GetAffinitiesRequest(track_ids=track_ids, user_id=user_id)
        known = await call("prototypes", self._upstreams.catalogue.GetAffinities, lookup, deadline)
        profile_version = await self._model.profile_version_of(known.model_version, user_id, deadline)
        if profile_version is None:
            raise model_changed()
        return KnownTracks(known.track_ids, known.affinities, known.artists, known.unknown_track_ids, profile_version)

    async def of_events(self, user_id: str, deadline: Deadline) -> KnownTracks | None:
        """The tracks of a user's event log; None where it has no events. PROFILE_NOT_FOUND."""
        track_ids = await self._logged_tracks(user_id, deadline)
        return await self.of(track_ids, user_id, deadline) if track_ids else None

    async def _logged_tracks(self, user_id: str, deadline: Deadline) -> list[str]:
        tracks: dict[str, None] = {}
        request = profiles_pb2.ListEventsRequest(user_id=user_id, page_size=_EVENTS_PAGE)
        while True:
            page = await call("profiles", self._upstreams.profiles.ListEvents, request, deadline)
            tracks.update(dict.fromkeys(event.track_id for event in page.events))
            if not page.next_page_token:
                return list(tracks)[-MOST_TRACKS:]
            request.page_token = page.next_page_token
