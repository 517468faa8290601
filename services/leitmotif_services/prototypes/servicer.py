"""PrototypesService: validate, convert, call the domain on a thread, convert back. Ranks here; `PrototypeMethods` is the rest."""

from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2_grpc
from leitmotif_services.prototypes import convert
from leitmotif_services.prototypes.bounded_calls import Context
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.prototype_methods import PrototypeMethods
from leitmotif_services.prototypes.ranking.explanation import ALL
from leitmotif_services.prototypes.ranking.recommendation import explain_track, recommend
from leitmotif_services.runtime.errors import invalid_field
from leitmotif_services.runtime.validation import checked_count, checked_id, checked_length

DEFAULT_COUNT, MAX_COUNT = 20, 1000
MAX_EXCLUDED = 20_000
DEFAULT_CONTRIBUTIONS = 3


class PrototypesServicer(PrototypeMethods, prototypes_pb2_grpc.PrototypesServiceServicer):
    """Each call takes the model that answers once, at its start, and answers with that one to its end."""

    async def RecommendTracks(self, request: pb2.RecommendTracksRequest, context: Context) -> pb2.RecommendTracksResponse:
        model = self._registry.current()
        count = checked_count("count", request.count, default=DEFAULT_COUNT, maximum=MAX_COUNT)
        checked_length("options.excluded_track_ids", request.options.excluded_track_ids, maximum=MAX_EXCLUDED)
        contribution_count = request.contribution_count or DEFAULT_CONTRIBUTIONS
        if contribution_count < ALL:
            raise invalid_field("contribution_count", f"must be {ALL} for all, 0 or positive; is {contribution_count}")
        profile = _profile_of(request, model)

        def answer() -> pb2.RecommendTracksResponse:
            ranked = recommend(
                model,
                profile,
                count=count,
                excluded=request.options.excluded_track_ids,
                contribution_count=contribution_count,
                exact=request.exact,
            )
            tracks = [convert.scored_track_message(item, model.prototypes) for item in ranked]
            return self._calls.fitting(pb2.RecommendTracksResponse(tracks=tracks, model_version=model.model_version))

        return await self._calls.on_thread(context, answer)

    async def ExplainTrack(self, request: pb2.ExplainTrackRequest, context: Context) -> pb2.ExplainTrackResponse:
        model = self._registry.current()
        track_id = checked_id("track_id", request.track_id)
        profile = _profile_of(request, model)

        def answer() -> pb2.ExplainTrackResponse:
            ranked, removed_by = explain_track(model, profile, track_id)
            return pb2.ExplainTrackResponse(
                track=convert.scored_track_message(ranked, model.prototypes),
                removed_by=[model.prototypes[position].prototype_id for position in removed_by],
                model_version=model.model_version,
            )

        return await self._calls.on_thread(context, answer)


def _profile_of(request: pb2.RecommendTracksRequest | pb2.ExplainTrackRequest, model: ServedModel) -> Profile:
    return convert.profile_of(request.profile, model_version=model.profile_version, prototype_count=len(model.prototypes))
