"""GatewayService: use cases that take more than one service.

The gateway works on messages: it adds nothing to them that would need a domain of its own, and converting them back and
forth would cost more than the composition itself.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from leitmotif.api.common.v1 import vectors_pb2
from leitmotif.api.gateway.v1 import gateway_pb2, gateway_pb2_grpc
from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif_services.gateway.active_model import ActiveModel, model_changed
from leitmotif_services.gateway.current_profile import CurrentProfile
from leitmotif_services.gateway.embedding import Embedding
from leitmotif_services.gateway.exclusion_changes import ExclusionChanges
from leitmotif_services.gateway.known_tracks import TrackLookup
from leitmotif_services.gateway.profile_import import ProfileImport
from leitmotif_services.gateway.prototype_making import PrototypeMaking
from leitmotif_services.gateway.prototype_spaces import PrototypeSpaces
from leitmotif_services.gateway.ranking import Ranking, labelled
from leitmotif_services.gateway.recommendation_stream import recommendations
from leitmotif_services.gateway.track_ingestion import TrackIngestion
from leitmotif_services.gateway.upstreams import CallContext, Deadline, Upstreams, call
from leitmotif_services.runtime.byte_budget import ByteBudget
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.validation import checked_id, checked_length

_MOST_EVENTS = 1000
_FLOAT32_BYTES = 4


class GatewayServicer(gateway_pb2_grpc.GatewayServiceServicer):
    """Composes audio, profiles and prototypes; see the proto for what each method promises.

    `long_call_timeout_s` is for what embeds audio or writes a model; `ingest_budget` for the files that are being received.
    """

    def __init__(
        self,
        upstreams: Upstreams,
        model: ActiveModel,
        spaces: PrototypeSpaces,
        *,
        call_timeout_s: float,
        long_call_timeout_s: float,
        ingest_budget: ByteBudget,
    ) -> None:
        self._upstreams = upstreams
        self._call_timeout_s = call_timeout_s
        self._long_call_timeout_s = long_call_timeout_s
        self._model = model
        self._tracks = TrackLookup(upstreams, model)
        self._current = CurrentProfile(upstreams, model, spaces, self._tracks)
        self._ranking = Ranking(upstreams, model, self._current)
        self._exclusions = ExclusionChanges(upstreams, self._current, self._tracks)
        self._import = ProfileImport(upstreams, spaces, self._current)
        embedding = Embedding(upstreams)
        self._ingestion = TrackIngestion(upstreams, model, embedding, ingest_budget)
        self._prototypes = PrototypeMaking(upstreams, model, spaces, embedding)

    async def Recommend(self, request: gateway_pb2.RecommendRequest, context: CallContext) -> gateway_pb2.RecommendResponse:
        return await self._ranking.recommend(request, self._deadline(context))

    async def StreamRecommendations(
        self, request_iterator: AsyncIterator[gateway_pb2.RecommendRequest], context: CallContext
    ) -> AsyncIterator[gateway_pb2.StreamRecommendationsResponse]:
        answers = recommendations(request_iterator, self._ranking.recommend, context, self._call_timeout_s)
        async with aclosing(answers):
            async for answer in answers:
                yield answer

    async def WhatIf(self, request: gateway_pb2.WhatIfRequest, context: CallContext) -> gateway_pb2.WhatIfResponse:
        return await self._ranking.what_if(request, self._deadline(context))

    async def Explain(self, request: gateway_pb2.ExplainRequest, context: CallContext) -> gateway_pb2.ExplainResponse:
        return await self._ranking.explain(request, self._deadline(context))

    async def RecordListening(
        self, request: gateway_pb2.RecordListeningRequest, context: CallContext
    ) -> gateway_pb2.RecordListeningResponse:
        user_id = checked_id("user_id", request.user_id)
        checked_length("events", request.events, minimum=1, maximum=_MOST_EVENTS)
        deadline = self._deadline(context)

        async def record() -> gateway_pb2.RecordListeningResponse:
            affinities, artists, profile_version = await self._event_rows(request.events, user_id, deadline)
            recorded = await call(
                "profiles",
                self._upstreams.profiles.RecordEvents,
                profiles_pb2.RecordEventsRequest(
                    user_id=user_id,
                    events=request.events,
                    affinities=affinities,
                    model_version=profile_version,
                    artists=artists,
                ),
                deadline,
            )
            return gateway_pb2.RecordListeningResponse(
                recorded=recorded.recorded,
                repeated_events=recorded.repeated_events,
                etag=recorded.etag,
                uncounted_events=recorded.uncounted_events,
            )

        return await self._current.run(user_id, record, deadline)

    async def EditControls(
        self, request: gateway_pb2.EditControlsRequest, context: CallContext
    ) -> gateway_pb2.EditControlsResponse:
        user_id = checked_id("user_id", request.user_id)
        deadline = self._deadline(context)
        edit_request = profiles_pb2.EditProfileRequest(
            user_id=user_id,
            changes=request.changes,
            request_id=request.request_id,
            actor=request.actor,
            reason=request.reason,
            allow_missing=request.allow_missing,
            updates=request.updates,
        )

        async def edit(model_version: str, etag: str) -> profiles_pb2.EditProfileResponse:
            edit_request.model_version, edit_request.etag = model_version, etag
            return await call("profiles", self._upstreams.profiles.EditProfile, edit_request, deadline)

        edited = await self._current.run_change(user_id, edit, deadline, etag=request.etag)
        return gateway_pb2.EditControlsResponse(profile=edited.profile, edit=edited.edit)

    async def ChangeExclusions(
        self, request: gateway_pb2.ChangeExclusionsRequest, context: CallContext
    ) -> gateway_pb2.ChangeExclusionsResponse:
        return await self._exclusions.change(request, self._deadline(context))

    async def ImportProfile(
        self, request: gateway_pb2.ImportProfileRequest, context: CallContext
    ) -> gateway_pb2.ImportProfileResponse:
        return await self._import.put_in_place(request, self._deadline(context))

    async def DescribeProfile(
        self, request: gateway_pb2.DescribeProfileRequest, context: CallContext
    ) -> gateway_pb2.DescribeProfileResponse:
        user_id = checked_id("user_id", request.user_id)
        deadline = self._deadline(context)
        read = profiles_pb2.GetProfileRequest(user_id=user_id, top=request.top)

        async def describe() -> gateway_pb2.DescribeProfileResponse:
            profile = (await call("profiles", self._upstreams.profiles.GetProfile, read, deadline)).profile
            if profile.model_version != (await self._model.answering(user_id, deadline)).profile_version:
                raise model_changed()
            names = await self._model.names(profile.model_version, user_id, deadline)
            labelled_weights = labelled(profile.weights, names)
            del profile.weights[:]
            return gateway_pb2.DescribeProfileResponse(profile=profile, labelled_weights=labelled_weights)

        return await self._current.run(user_id, describe, deadline)

    async def IngestTrack(
        self, request_iterator: AsyncIterator[gateway_pb2.IngestTrackRequest], context: CallContext
    ) -> gateway_pb2.IngestTrackResponse:
        return await self._ingestion.ingest(request_iterator, Deadline.of(context, self._long_call_timeout_s))

    async def SearchPrototypes(
        self, request: gateway_pb2.SearchPrototypesRequest, context: CallContext
    ) -> gateway_pb2.SearchPrototypesResponse:
        return await self._prototypes.search(request, self._deadline(context))

    async def CreatePrototype(
        self, request: gateway_pb2.CreatePrototypeRequest, context: CallContext
    ) -> gateway_pb2.CreatePrototypeResponse:
        return await self._prototypes.create(request, Deadline.of(context, self._long_call_timeout_s))

    def _deadline(self, context: CallContext) -> Deadline:
        return Deadline.of(context, self._call_timeout_s)

    async def _event_rows(
        self, events: Sequence[profiles_pb2.Event], user_id: str, deadline: Deadline
    ) -> tuple[vectors_pb2.FloatMatrix, list[str], str]:
        """Affinities and artist of each event's track, and the profile version of the affinities; TRACK_NOT_FOUND."""
        track_ids = [checked_id("events.track_id", event.track_id) for event in events]
        known = await self._tracks.of(list(dict.fromkeys(track_ids)), user_id, deadline)
        if known.unknown_track_ids:
            unknown = known.unknown_track_ids[0]
            raise ServiceError(Reason.TRACK_NOT_FOUND, f"no track {unknown!r} in the catalogue", track_id=unknown)
        row_bytes = known.affinities.dimension * _FLOAT32_BYTES
        row_of = {track_id: row for row, track_id in enumerate(known.track_ids)}
        rows = [row_of[track_id] for track_id in track_ids]
        packed = b"".join(known.affinities.values[row * row_bytes : (row + 1) * row_bytes] for row in rows)
        affinities = vectors_pb2.FloatMatrix(values=packed, dimension=known.affinities.dimension)
        return affinities, [known.artists[row] for row in rows] if known.artists else [], known.profile_version
