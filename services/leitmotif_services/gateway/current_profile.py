"""Keeps profiles in step with the models: spaces are registered, and profiles of another model rebuilt, as needed."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2
from leitmotif_services.gateway.active_model import ActiveModel
from leitmotif_services.gateway.upstreams import Deadline, Upstreams, call
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.status import UpstreamError

R = TypeVar("R")

_EVENTS_PAGE = 1000
_MOST_TRACKS = 10_000
"""GetAffinities takes that many; the event log of a profile is no longer either."""

_MENDS = 3
"""One for the space, one for the profile, one for a model that takes over meanwhile."""


class CurrentProfile:
    """Runs a step that needs a user's profile under the model that answers the user, and mends what stands in its way."""

    def __init__(self, upstreams: Upstreams, model: ActiveModel) -> None:
        self._upstreams = upstreams
        self._model = model

    async def run(self, user_id: str, step: Callable[[], Awaitable[R]], deadline: Deadline) -> R:
        """The result of `step`, which is tried again after the profile's space was registered or the profile rebuilt."""
        for _ in range(_MENDS):
            try:
                return await step()
            except (UpstreamError, ServiceError) as error:
                if error.reason == Reason.PROTOTYPE_SPACE_UNKNOWN:
                    await self._model.register_space(user_id, deadline)
                elif error.reason == Reason.MODEL_VERSION_MISMATCH:
                    await self.rebuild(user_id, deadline)
                else:
                    raise
        return await step()

    async def run_edit(
        self,
        user_id: str,
        changes: Iterable[profiles_pb2.ControlChange],
        step: Callable[[], Awaitable[R]],
        deadline: Deadline,
    ) -> R:
        """As `run`, for a step that changes controls, or would: of prototypes that may be new since the profile was made."""
        try:
            return await self.run(user_id, step, deadline)
        except UpstreamError as error:
            if error.reason != Reason.PROTOTYPE_NOT_FOUND:
                raise
            known = (await self._model.answering(user_id, deadline)).prototype_ids
            if not {change.prototype_id for change in changes}.issubset(known):
                raise
        # All are prototypes of the model that answers, so the profile must be of another.
        await self.rebuild(user_id, deadline)
        return await self.run(user_id, step, deadline)

    async def rebuild(self, user_id: str, deadline: Deadline) -> None:
        """Recompute the history weights under the user's model from the event log; nothing for a user without profile.

        When the model changes meanwhile, the profile stays as it is: whoever asked for it meets the mismatch again.
        """
        model = await self._model.register_space(user_id, deadline)
        try:
            track_ids = await self._heard_tracks(user_id, deadline)
        except UpstreamError as error:
            if error.reason == Reason.PROFILE_NOT_FOUND:
                return
            raise
        request = profiles_pb2.RebuildProfileRequest(user_id=user_id, model_version=model.profile_version)
        if track_ids:
            lookup = catalogue_pb2.GetAffinitiesRequest(track_ids=track_ids, user_id=user_id)
            known = await call("prototypes", self._upstreams.catalogue.GetAffinities, lookup, deadline)
            if await self._model.profile_version_of(known.model_version, user_id, deadline) != model.profile_version:
                return
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
