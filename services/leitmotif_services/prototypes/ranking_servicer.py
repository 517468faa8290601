"""The half of PrototypesService that ranks: validate, convert, call the domain on a thread, convert back."""

from collections.abc import Callable

from leitmotif.api.common.v1 import vectors_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif_services.prototypes import convert
from leitmotif_services.prototypes.bounded_calls import BoundedCalls, Context
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.models.model_registry import ModelRegistry
from leitmotif_services.prototypes.models.trial import Arm
from leitmotif_services.prototypes.models_convert import ARMS
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.ranking.cursor import Cursors
from leitmotif_services.prototypes.ranking.recommendation import explain_track, recommend_page
from leitmotif_services.prototypes.ranking.sent_tracks import NOTHING_SENT
from leitmotif_services.prototypes.ranking_convert import contribution_count_of, count_of, options_of, question_of
from leitmotif_services.runtime.validation import checked_id


class RankingMethods:
    """Ranks, compares and explains. Each call takes the model that answers once, at its start."""

    def __init__(self, registry: ModelRegistry, calls: BoundedCalls, cursors: Cursors) -> None:
        self._registry = registry
        self._calls = calls
        self._cursors = cursors

    async def RecommendTracks(self, request: pb2.RecommendTracksRequest, context: Context) -> pb2.RecommendTracksResponse:
        return await self._calls.on_thread(context, self._recommendation(request))

    async def ExplainTrack(self, request: pb2.ExplainTrackRequest, context: Context) -> pb2.ExplainTrackResponse:
        model, _ = self._answering(request.user_id)
        track_id = checked_id("track_id", request.track_id)
        profile = _profile_of(request.profile, model)

        def answer() -> pb2.ExplainTrackResponse:
            ranked, removed_by = explain_track(model, profile, track_id)
            return pb2.ExplainTrackResponse(
                track=convert.scored_track_message(ranked, model.prototypes),
                removed_by=[model.prototypes[position].prototype_id for position in removed_by],
                model_version=model.model_version,
                catalogue_revision=model.catalogue_revision,
            )

        return await self._calls.on_thread(context, answer)

    def _answering(self, user_id: str, profile_version: str = "") -> tuple[ServedModel, Arm]:
        """The model that answers the user, and the trial's arm. `profile_version`: of a page behind the first, which any loaded
        model may rank that takes such profiles.
        """
        if user_id:
            checked_id("user_id", user_id)
        model, arm = self._registry.for_user(user_id)
        if profile_version and model.profile_version != profile_version:
            return self._registry.with_profile_version(profile_version) or model, arm
        return model, arm

    def _recommendation(self, request: pb2.RecommendTracksRequest) -> Callable[[], pb2.RecommendTracksResponse]:
        """The work that answers a valid request; what is wrong with any other is raised at once."""
        model, arm = self._answering(request.user_id, request.profile.model_version if request.page_token else "")
        count = count_of(request.count)
        contribution_count = contribution_count_of(request.contribution_count)
        options = options_of(request.options)
        profile = _profile_of(request.profile, model)
        sent = self._cursors.decode(request.page_token, question_of(request)) if request.page_token else NOTHING_SENT

        def answer() -> pb2.RecommendTracksResponse:
            page = recommend_page(
                model,
                profile,
                count=count,
                options=options,
                contribution_count=contribution_count,
                exact=request.exact,
                sent=sent,
            )
            return self._calls.fitting(
                pb2.RecommendTracksResponse(
                    tracks=[convert.scored_track_message(item, model.prototypes) for item in page.tracks],
                    model_version=model.model_version,
                    next_page_token=self._cursors.encode(question_of(request), page.sent) if page.sent else "",
                    catalogue_revision=model.catalogue_revision,
                    arm=ARMS[arm],
                )
            )

        return answer


def _profile_of(message: vectors_pb2.ProfileVector, model: ServedModel) -> Profile:
    return convert.profile_of(message, model_version=model.profile_version, prototype_count=len(model.prototypes))
