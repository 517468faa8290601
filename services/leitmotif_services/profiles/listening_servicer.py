"""The methods of ProfilesService that listening comes in by, and that place it under a model."""

from typing import Any

from leitmotif.api.profiles.v1 import profiles_pb2 as pb2
from leitmotif_services.profiles.called_tenants import CalledTenants
from leitmotif_services.profiles.convert import profile_message
from leitmotif_services.profiles.event_convert import artists_of, events_of, known_tracks_of, matrix_of
from leitmotif_services.profiles.space_convert import space_of
from leitmotif_services.profiles.use_cases.known_spaces import KnownSpaces
from leitmotif_services.profiles.use_cases.profile_updates import wall_clock_us
from leitmotif_services.runtime.validation import checked_id, checked_text

_MOST_ETAG_CHARACTERS = 128


class ListeningMethods:
    """Validate, convert, count, convert back."""

    def __init__(self, tenants: CalledTenants, spaces: KnownSpaces) -> None:
        self._tenants = tenants
        self._spaces = spaces

    async def RegisterPrototypeSpace(
        self,
        request: pb2.RegisterPrototypeSpaceRequest,
        context: Any,  # noqa: ARG002
    ) -> pb2.RegisterPrototypeSpaceResponse:
        await self._spaces.register(space_of(request))
        return pb2.RegisterPrototypeSpaceResponse()

    async def RecordEvents(self, request: pb2.RecordEventsRequest, context: Any) -> pb2.RecordEventsResponse:
        user_id = checked_id("user_id", request.user_id)
        model_version = checked_id("model_version", request.model_version)
        events = events_of(request.events, now_us=wall_clock_us())
        affinities = matrix_of(request.affinities, rows=len(events))
        artists = artists_of(request.artists, "artists", rows=len(events))
        outcome = await self._tenants.of(context).recording.record_events(user_id, events, affinities, model_version, artists)
        return pb2.RecordEventsResponse(
            recorded=outcome.recorded,
            repeated_events=outcome.repeated,
            etag=outcome.version.etag,
            uncounted_events=outcome.uncounted,
        )

    async def RebuildProfile(self, request: pb2.RebuildProfileRequest, context: Any) -> pb2.RebuildProfileResponse:
        user_id = checked_id("user_id", request.user_id)
        model_version = checked_id("model_version", request.model_version)
        known = known_tracks_of(request.track_ids, request.affinities, request.artists)
        etag = checked_text("etag", request.etag, maximum=_MOST_ETAG_CHARACTERS)
        rebuilt = await self._tenants.of(context).rebuilding.rebuild(user_id, model_version, known, etag=etag)
        return pb2.RebuildProfileResponse(
            profile=profile_message(rebuilt),
            counted_events=rebuilt.counted_events,
            dropped_prototype_ids=rebuilt.dropped_prototype_ids,
            carried=[pb2.CarriedControl(**takeover._asdict()) for takeover in rebuilt.takeovers],
        )
