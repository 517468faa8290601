"""Keeps profiles in step with the models: spaces are registered, and profiles of another model rebuilt, as needed."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif_services.gateway.active_model import ActiveModel, AnsweringModel, model_changed
from leitmotif_services.gateway.known_tracks import TrackLookup
from leitmotif_services.gateway.prototype_spaces import PrototypeSpaces
from leitmotif_services.gateway.upstreams import Deadline, Upstreams, call
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.status import UpstreamError

R = TypeVar("R")

_MENDS = 3
"""One for the space, one for the profile, one for a model that takes over meanwhile."""

_TRIES = 20
"""Of what is read and written in two calls: a device may record or edit between them, but hardly so often."""

_LONGEST_PAUSE_S = 0.1
"""Before such a try; drawn by chance, and the longer the more have failed."""


class CurrentProfile:
    """Runs a step that needs a user's profile under the model that answers the user, and mends what stands in its way."""

    def __init__(self, upstreams: Upstreams, model: ActiveModel, spaces: PrototypeSpaces, tracks: TrackLookup) -> None:
        self._upstreams = upstreams
        self._model = model
        self._spaces = spaces
        self._tracks = tracks

    async def run(self, user_id: str, step: Callable[[], Awaitable[R]], deadline: Deadline) -> R:
        """The result of `step`, which is tried again after the profile's space was registered or the profile rebuilt."""
        for _ in range(_MENDS):
            try:
                return await step()
            except (UpstreamError, ServiceError) as error:
                await self._mend(error, user_id, deadline)
        return await step()

    async def run_change(
        self, user_id: str, step: Callable[[str, str], Awaitable[R]], deadline: Deadline, *, etag: str = ""
    ) -> R:
        """As `run`, for a step that changes the profile on condition that it is of a model version and has an etag.

        Both are given to the step: the version is that of profiles of the model that answers the user; the etag is the caller's
        or, where the profile had to be rebuilt first, the one that the rebuild gave. An empty etag is none. ETAG_MISMATCH where
        somebody else has changed it.
        """

        async def change() -> R:
            model = await self._model.answering(user_id, deadline)
            return await step(model.profile_version, etag)

        for _ in range(_MENDS):
            try:
                return await change()
            except (UpstreamError, ServiceError) as error:
                rebuilt = await self._mend(error, user_id, deadline, etag=etag)
                if etag and rebuilt is not None:
                    etag = rebuilt.profile.etag
        return await change()

    async def run_edit(
        self, user_id: str, prototype_ids: Iterable[str], step: Callable[[], Awaitable[R]], deadline: Deadline
    ) -> R:
        """As `run`, for a step that would change controls of prototypes: they may be new since the profile was made."""
        try:
            return await self.run(user_id, step, deadline)
        except UpstreamError as error:
            if error.reason != Reason.PROTOTYPE_NOT_FOUND:
                raise
            known = (await self._model.answering(user_id, deadline)).prototype_ids
            if not set(prototype_ids).issubset(known):
                raise
        # All are prototypes of the model that answers, so the profile must be of another.
        await self._bring_up_to_date(user_id, deadline)
        return await self.run(user_id, step, deadline)

    async def rebuild(self, user_id: str, deadline: Deadline) -> profiles_pb2.RebuildProfileResponse:
        """Recompute the history weights under the user's model from the event log. PROFILE_NOT_FOUND.

        MODEL_VERSION_MISMATCH where the model changes meanwhile, and PROFILE_CONTENDED where the profile does, again and again:
        an event that is recorded between reading the log and writing would count no more.
        """
        model = await self._spaces.register(user_id, deadline)

        async def rebuild() -> profiles_pb2.RebuildProfileResponse:
            return await self._rebuild_as_read(await self._read(user_id, deadline), model, deadline)

        return await undisturbed(user_id, rebuild)

    async def _mend(
        self, error: UpstreamError | ServiceError, user_id: str, deadline: Deadline, *, etag: str = ""
    ) -> profiles_pb2.RebuildProfileResponse | None:
        """Take away what a step failed for, or raise the error; what a rebuild gave, if that was it."""
        if error.reason == Reason.PROTOTYPE_SPACE_UNKNOWN:
            await self._spaces.register(user_id, deadline)
            return None
        if error.reason == Reason.MODEL_VERSION_MISMATCH:
            return await self._bring_up_to_date(user_id, deadline, etag=etag)
        raise error

    async def _bring_up_to_date(
        self, user_id: str, deadline: Deadline, *, etag: str = ""
    ) -> profiles_pb2.RebuildProfileResponse | None:
        """Rebuild a profile that is of another model; nothing for one that is not, or for a user without one.

        With `etag`, only while the profile has it: ETAG_MISMATCH. When the model changes meanwhile, the profile stays as it is:
        whoever asked for it meets the mismatch again.
        """
        model = await self._spaces.register(user_id, deadline)

        async def rebuild_if_of_another() -> profiles_pb2.RebuildProfileResponse | None:
            profile = await self._read(user_id, deadline)
            if profile.model_version == model.profile_version:  # another call that met the mismatch was here before
                return None
            profile.etag = etag or profile.etag
            return await self._rebuild_as_read(profile, model, deadline)

        try:
            # The caller's own condition is the caller's to try again.
            return await (rebuild_if_of_another() if etag else undisturbed(user_id, rebuild_if_of_another))
        except (UpstreamError, ServiceError) as error:
            if error.reason not in (Reason.PROFILE_NOT_FOUND, Reason.MODEL_VERSION_MISMATCH):
                raise
            return None

    async def _read(self, user_id: str, deadline: Deadline) -> profiles_pb2.Profile:
        request = profiles_pb2.GetProfileRequest(user_id=user_id, top=1)
        return (await call("profiles", self._upstreams.profiles.GetProfile, request, deadline)).profile

    async def _rebuild_as_read(
        self, profile: profiles_pb2.Profile, model: AnsweringModel, deadline: Deadline
    ) -> profiles_pb2.RebuildProfileResponse:
        """Rebuild a profile from what is in its log now; ETAG_MISMATCH where it has changed since it was read."""
        request = profiles_pb2.RebuildProfileRequest(
            user_id=profile.user_id, model_version=model.profile_version, etag=profile.etag
        )
        known = await self._tracks.of_events(profile.user_id, deadline)
        if known is not None:
            if known.profile_version != model.profile_version:
                raise model_changed()
            request.track_ids.extend(known.track_ids)
            request.affinities.CopyFrom(known.affinities)
            request.artists.extend(known.artists)
        return await call("profiles", self._upstreams.profiles.RebuildProfile, request, deadline)


async def undisturbed(user_id: str, step: Callable[[], Awaitable[R]]) -> R:
    """The result of `step`, which writes a profile on condition that it is as it was read, and is tried again where it is not.

    PROFILE_CONTENDED where that goes on.
    """
    for failed in range(_TRIES):
        await asyncio.sleep(random.uniform(0.0, _LONGEST_PAUSE_S) * failed / _TRIES)
        try:
            return await step()
        except (UpstreamError, ServiceError) as error:
            if error.reason != Reason.ETAG_MISMATCH:
                raise
    message = f"the profile of user {user_id!r} changes too often to be changed as a whole; call again"
    raise ServiceError(Reason.PROFILE_CONTENDED, message, user_id=user_id)
