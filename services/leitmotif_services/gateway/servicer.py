"""GatewayService: use cases that take more than one service.

The gateway works on messages: it adds nothing to them that would need a domain of its own, and converting them back and
forth would cost more than the composition itself.
"""

from collections.abc import Iterable

from leitmotif.api.common.v1 import vectors_pb2
from leitmotif.api.gateway.v1 import gateway_pb2, gateway_pb2_grpc
from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2, prototypes_pb2
from leitmotif_services.gateway.active_model import ActiveModel
from leitmotif_services.gateway.current_profile import CurrentProfile
from leitmotif_services.gateway.upstreams import CallContext, Deadline, Upstreams, call
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.status import UpstreamError
from leitmotif_services.runtime.validation import checked_id, checked_length

_MOST_EXCLUDED = 10_000
_MOST_EVENTS = 1000
_FLOAT32_BYTES = 4


class GatewayServicer(gateway_pb2_grpc.GatewayServiceServicer):
    """Composes profiles and prototypes; see the proto for what each method promises."""

    def __init__(self, upstreams: Upstreams, *, call_timeout_s: float) -> None:
        self._upstreams = upstreams
        self._call_timeout_s = call_timeout_s
        self._model = ActiveModel(upstreams)
        self._current = CurrentProfile(upstreams, self._model)

    async def Recommend(self, request: gateway_pb2.RecommendRequest, context: CallContext) -> gateway_pb2.RecommendResponse:
        user_id = checked_id("user_id", request.user_id)
        checked_length("excluded_track_ids", request.excluded_track_ids, maximum=_MOST_EXCLUDED)
        deadline = Deadline.of(context, self._call_timeout_s)

        async def recommend() -> gateway_pb2.RecommendResponse:
            profile = await self._profile_vector(user_id, deadline, include_heard=not request.include_heard)
            ranking = await call(
                "prototypes",
                self._upstreams.prototypes.RecommendTracks,
                prototypes_pb2.RecommendTracksRequest(
                    profile=profile.vector,
                    count=request.count,
                    options=prototypes_pb2.RankingOptions(
                        excluded_track_ids=[*request.excluded_track_ids, *profile.heard_track_ids]
                    ),
                    contribution_count=request.contribution_count,
                ),
                deadline,
            )
            return gateway_pb2.RecommendResponse(tracks=ranking.tracks, model_version=ranking.model_version, etag=profile.etag)

        return await self._current.run(user_id, recommend, deadline)

    async def Explain(self, request: gateway_pb2.ExplainRequest, context: CallContext) -> gateway_pb2.ExplainResponse:
        user_id = checked_id("user_id", request.user_id)
        track_id = checked_id("track_id", request.track_id)
        deadline = Deadline.of(context, self._call_timeout_s)

        async def explain() -> gateway_pb2.ExplainResponse:
            profile = await self._profile_vector(user_id, deadline, include_heard=False)
            explained = await call(
                "prototypes",
                self._upstreams.prototypes.ExplainTrack,
                prototypes_pb2.ExplainTrackRequest(profile=profile.vector, track_id=track_id),
                deadline,
            )
            return gateway_pb2.ExplainResponse(
                track=explained.track, removed_by=explained.removed_by, model_version=explained.model_version
            )

        return await self._current.run(user_id, explain, deadline)

    async def RecordListening(
        self, request: gateway_pb2.RecordListeningRequest, context: CallContext
    ) -> gateway_pb2.RecordListeningResponse:
        user_id = checked_id("user_id", request.user_id)
        checked_length("events", request.events, minimum=1, maximum=_MOST_EVENTS)
        deadline = Deadline.of(context, self._call_timeout_s)

        async def record() -> gateway_pb2.RecordListeningResponse:
            track_ids = [event.track_id for event in request.events]
            affinities, model_version = await self._affinities(track_ids, deadline)
            recorded = await call(
                "profiles",
                self._upstreams.profiles.RecordEvents,
                profiles_pb2.RecordEventsRequest(
                    user_id=user_id, events=request.events, affinities=affinities, model_version=model_version
                ),
                deadline,
            )
            return gateway_pb2.RecordListeningResponse(
                recorded=recorded.recorded, repeated_events=recorded.repeated_events, etag=recorded.etag
            )

        return await self._current.run(user_id, record, deadline)

    async def EditControls(
        self, request: gateway_pb2.EditControlsRequest, context: CallContext
    ) -> gateway_pb2.EditControlsResponse:
        user_id = checked_id("user_id", request.user_id)
        deadline = Deadline.of(context, self._call_timeout_s)
        edit_request = profiles_pb2.EditProfileRequest(
            user_id=user_id,
            changes=request.changes,
            etag=request.etag,
            request_id=request.request_id,
            actor=request.actor,
            reason=request.reason,
            allow_missing=request.allow_missing,
        )

        async def edit() -> profiles_pb2.EditProfileResponse:
            return await call("profiles", self._upstreams.profiles.EditProfile, edit_request, deadline)

        try:
            edited = await self._current.run(user_id, edit, deadline)
        except UpstreamError as error:
            if error.reason != Reason.PROTOTYPE_NOT_FOUND or not await self._only_newer_model_knows(request.changes, deadline):
                raise
            await self._current.rebuild(user_id, deadline)
            edited = await edit()
        return gateway_pb2.EditControlsResponse(profile=edited.profile, edit=edited.edit)

    async def DescribeProfile(
        self, request: gateway_pb2.DescribeProfileRequest, context: CallContext
    ) -> gateway_pb2.DescribeProfileResponse:
        user_id = checked_id("user_id", request.user_id)
        deadline = Deadline.of(context, self._call_timeout_s)
        read = profiles_pb2.GetProfileRequest(user_id=user_id, top=request.top)
        profile = (await call("profiles", self._upstreams.profiles.GetProfile, read, deadline)).profile
        if profile.model_version != await self._model.version(deadline):
            await self._current.rebuild(user_id, deadline)
            profile = (await call("profiles", self._upstreams.profiles.GetProfile, read, deadline)).profile
        names = await self._model.names(profile.model_version, deadline)
        labelled = [
            gateway_pb2.LabelledWeight(
                weight=weight, label=names.labels[weight.prototype_id], weak=weight.prototype_id in names.weak
            )
            for weight in sorted(profile.weights, key=lambda weight: -abs(weight.weight))
        ]
        del profile.weights[:]
        return gateway_pb2.DescribeProfileResponse(profile=profile, labelled_weights=labelled)

    async def _profile_vector(
        self, user_id: str, deadline: Deadline, *, include_heard: bool
    ) -> profiles_pb2.GetProfileVectorResponse:
        request = profiles_pb2.GetProfileVectorRequest(user_id=user_id, include_heard=include_heard)
        return await call("profiles", self._upstreams.profiles.GetProfileVector, request, deadline)

    async def _affinities(self, track_ids: list[str], deadline: Deadline) -> tuple[vectors_pb2.FloatMatrix, str]:
        """One row of affinities a track, repeats included, and their model version; TRACK_NOT_FOUND for an unknown track."""
        unique = list(dict.fromkeys(checked_id("events.track_id", track_id) for track_id in track_ids))
        lookup = catalogue_pb2.GetAffinitiesRequest(track_ids=unique)
        known = await call("prototypes", self._upstreams.catalogue.GetAffinities, lookup, deadline)
        if known.unknown_track_ids:
            unknown = known.unknown_track_ids[0]
            raise ServiceError(Reason.TRACK_NOT_FOUND, f"no track {unknown!r} in the catalogue", track_id=unknown)
        row_bytes = known.affinities.dimension * _FLOAT32_BYTES
        values = known.affinities.values
        row_of = {track_id: values[row * row_bytes : (row + 1) * row_bytes] for row, track_id in enumerate(known.track_ids)}
        packed = b"".join(row_of[track_id] for track_id in track_ids)
        return vectors_pb2.FloatMatrix(values=packed, dimension=known.affinities.dimension), known.model_version

    async def _only_newer_model_knows(self, changes: Iterable[profiles_pb2.ControlChange], deadline: Deadline) -> bool:
        """Whether all prototypes of the changes exist in the active model, so that the profile must be of an older one."""
        return all([await self._model.has_prototype(change.prototype_id, deadline) for change in changes])
