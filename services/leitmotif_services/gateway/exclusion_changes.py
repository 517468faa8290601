"""Changes what a user keeps out of recommendations or of the profile."""

from google.rpc import error_details_pb2

from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.profiles.v1 import exclusions_pb2, profiles_pb2
from leitmotif_services.gateway.current_profile import CurrentProfile, undisturbed
from leitmotif_services.gateway.known_tracks import TrackLookup
from leitmotif_services.gateway.upstreams import Deadline, Upstreams, call
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.status import UpstreamError
from leitmotif_services.runtime.validation import checked_id


class ExclusionChanges:
    """ChangeExclusions; see the proto for what it promises."""

    def __init__(self, upstreams: Upstreams, current: CurrentProfile, tracks: TrackLookup) -> None:
        self._upstreams = upstreams
        self._current = current
        self._tracks = tracks

    async def change(
        self, request: gateway_pb2.ChangeExclusionsRequest, deadline: Deadline
    ) -> gateway_pb2.ChangeExclusionsResponse:
        """Add and remove entries, with what is known of the logged tracks where other events may count than before."""
        user_id = checked_id("user_id", request.user_id)
        change = exclusions_pb2.ChangeExclusionsRequest(
            user_id=user_id, add=request.add, remove=request.remove, allow_missing=request.allow_missing
        )
        counting = any(_changes_counting(entries) for entries in (request.add, request.remove))

        async def change_once(model_version: str, etag: str) -> exclusions_pb2.ChangeExclusionsResponse:
            change.model_version, change.etag = model_version, etag
            if not counting:
                return await self._send(change, deadline)
            if etag:  # the caller's own condition, and the caller's to try again
                return await self._change_counting(change, deadline)
            return await undisturbed(user_id, lambda: self._change_counting(change, deadline))

        changed = await self._current.run_change(user_id, change_once, deadline, etag=request.etag)
        return gateway_pb2.ChangeExclusionsResponse(exclusions=changed.exclusions, profile=changed.profile)

    async def _change_counting(
        self, change: exclusions_pb2.ChangeExclusionsRequest, deadline: Deadline
    ) -> exclusions_pb2.ChangeExclusionsResponse:
        """Change from what is in the log now; ETAG_MISMATCH where the profile changes meanwhile."""
        informed = exclusions_pb2.ChangeExclusionsRequest()
        informed.CopyFrom(change)
        try:
            read = profiles_pb2.GetProfileRequest(user_id=change.user_id, top=1)
            profile = (await call("profiles", self._upstreams.profiles.GetProfile, read, deadline)).profile
            known = await self._tracks.of_events(change.user_id, deadline)
        except UpstreamError as error:
            if error.reason != Reason.PROFILE_NOT_FOUND:
                raise
            return await self._change_without_profile(change, deadline)
        informed.etag = change.etag or profile.etag
        if known is not None:
            informed.known.CopyFrom(
                exclusions_pb2.KnownTracks(
                    track_ids=known.track_ids,
                    affinities=known.affinities,
                    artists=known.artists,
                    model_version=known.profile_version,
                )
            )
        return await self._send(informed, deadline)

    async def _change_without_profile(
        self, change: exclusions_pb2.ChangeExclusionsRequest, deadline: Deadline
    ) -> exclusions_pb2.ChangeExclusionsResponse:
        """PROFILE_NOT_FOUND, or a new profile, as the caller asked; ETAG_MISMATCH where one with events appeared meanwhile."""
        try:
            return await self._send(change, deadline)
        except UpstreamError as error:
            if not _misses_known_tracks(error):
                raise
            message = f"the profile of user {change.user_id!r} was made meanwhile"
            raise ServiceError(Reason.ETAG_MISMATCH, message) from error

    async def _send(
        self, change: exclusions_pb2.ChangeExclusionsRequest, deadline: Deadline
    ) -> exclusions_pb2.ChangeExclusionsResponse:
        return await call("profiles", self._upstreams.exclusions.ChangeExclusions, change, deadline)


def _misses_known_tracks(error: UpstreamError) -> bool:
    """True for FIELD_INVALID about `known`."""
    request = error_details_pb2.BadRequest()
    return error.reason == Reason.FIELD_INVALID and any(
        detail.Unpack(request) and any(violation.field == "known" for violation in request.field_violations)
        for detail in error.status.details
    )


def _changes_counting(entries: exclusions_pb2.Exclusions) -> bool:
    return bool(entries.uncounted_track_ids or entries.uncounted_artists or entries.uncounted_ranges)
