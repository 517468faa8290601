"""Keeps profiles in step with the active model: spaces are registered, and profiles of an older model rebuilt, as needed."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2
from leitmotif_services.gateway.active_model import ActiveModel
from leitmotif_services.gateway.upstreams import Deadline, Upstreams, call
from leitmotif_services.runtime.errors import Reason
from leitmotif_services.runtime.status import UpstreamError

R = TypeVar("R")

_EVENTS_PAGE = 1000
_MOST_TRACKS = 10_000
"""GetAffinities takes that many; the event log of a profile is no longer either."""


class CurrentProfile:
    """Runs a step that needs a user's profile under the active model, and mends what stands in its way once."""

    def __init__(self, upstreams: Upstreams, model: ActiveModel) -> None:
        self._upstreams = upstreams
        self._model = model

    async def run(self, user_id: str, step: Callable[[], Awaitable[R]], deadline: Deadline) -> R:
        """The result of `step`, which is tried again after the profile's space was registered or the profile rebuilt."""
        for _ in range(2):
            try:
                return await step()
            except UpstreamError as error:
                if error.reason == Reason.PROTOTYPE_SPACE_UNKNOWN:
                    await self._model.register_space(deadline)
                elif error.reason == Reason.MODEL_VERSION_MISMATCH:
                    await self.rebuild(user_id, deadline)
                else:
                    raise
        return await step()

    async def rebuild(self, user_id: str, deadline: Deadline) -> None:
        """Recompute the user's history weights under the active model from the event log; nothing for a user without profile."""
        model_version = await self._model.register_space(deadline)
        try:
            track_ids = await self._heard_tracks(user_id, deadline)
        except UpstreamError as error:
            if error.reason == Reason.PROFILE_NOT_FOUND:
                return
            raise
        request = profiles_pb2.RebuildProfileRequest(user_id=user_id, model_version=model_version)
        if track_ids:
            lookup = catalogue_pb2.GetAffinitiesRequest(track_ids=track_ids)
            known = await call("prototypes", self._upstreams.catalogue.GetAffinities, lookup, deadline)
            request.model_version = known.model_version
            request.track_ids.extend(known.track_ids)
            request.affinities.CopyFrom(known.affinities)
        await call("profiles", self._upstreams.profiles.RebuildProfile, request, deadline)

    async def _heard_tracks(self, user_id: str, deadline: Deadline) -> list[str]:
        tracks: dict[str, None] = {}
        request = profiles_pb2.ListEventsRequest(user_id=user_id, page_size=_EVENTS_PAGE)
        while True:
            page = await call("profiles", self._upstreams.profiles.ListEvents, request, deadline)
            tracks.update(dict.fromkeys(event.track_id for event in page.events))
            if not page.next_page_token:
                return list(tracks)[-_MOST_TRACKS:]
            request.page_token = page.next_page_token
