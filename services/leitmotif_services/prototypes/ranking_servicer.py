"""The half of PrototypesService that ranks: validate, convert, call the domain on a thread, convert back."""

from collections.abc import AsyncIterator, Callable

from leitmotif.api.common.v1 import vectors_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif_services.prototypes import convert
from leitmotif_services.prototypes.bounded_calls import BoundedCalls, Context
from leitmotif_services.prototypes.filter_convert import filter_of
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.models.model_registry import ModelRegistry
from leitmotif_services.prototypes.models.trial import Arm
from leitmotif_services.prototypes.models_convert import ARMS
from leitmotif_services.prototypes.ordered_answers import in_order_of_requests
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.ranking.comparison import compare
from leitmotif_services.prototypes.ranking.cursor import Cursors
from leitmotif_services.prototypes.ranking.eligible_tracks import known_position
from leitmotif_services.prototypes.ranking.lifting_edits import lifting_edits
from leitmotif_services.prototypes.ranking.recommendation import explain_track, recommend_page
from leitmotif_services.prototypes.ranking.sent_tracks import NOTHING_SENT
from leitmotif_services.prototypes.ranking.similar_tracks import similar_tracks
from leitmotif_services.prototypes.ranking_convert import (
    MAX_SIMILAR_EXCLUDED,
    comparison_message,
    contribution_count_of,
    count_of,
    lifting_edit_message,
    likeness_of,
    options_of,
    question_of,
    similar_track_message,
    target_rank_of,
)
from leitmotif_services.runtime.request_context import current_request_id
from leitmotif_services.runtime.status import status_of
from leitmotif_services.runtime.validation import checked_id, checked_length


class RankingMethods:
    """Ranks, compares and explains. Each call takes the model that answers once, at its start."""

    def __init__(self, registry: ModelRegistry, calls: BoundedCalls, cursors: Cursors) -> None:
        self._registry = registry
        self._calls = calls
        self._cursors = cursors

    async def RecommendTracks(self, request: pb2.RecommendTracksRequest, context: Context) -> pb2.RecommendTracksResponse:
        return await self._calls.on_thread(context, self._recommendation(request))

    async def StreamRecommendations(
        self, request_iterator: AsyncIterator[pb2.RecommendTracksRequest], context: Context
    ) -> AsyncIterator[pb2.StreamRecommendationsResponse]:
        async def outcome(index: int, request: pb2.RecommendTracksRequest) -> pb2.StreamRecommendationsResponse:
            try:
                recommended = await self._calls.on_free_thread(context, self._recommendation(request))
                return pb2.StreamRecommendationsResponse(index=index, recommended=recommended)
            except Exception as error:
                return pb2.StreamRecommendationsResponse(index=index, refused=status_of(error, current_request_id()))

        async for response in in_order_of_requests(request_iterator, outcome, at_once=self._calls.workers):
            yield response

    async def CompareRankings(self, request: pb2.CompareRankingsRequest, context: Context) -> pb2.CompareRankingsResponse:
        model, _ = self._answering(request.user_id)
        count = count_of(request.count)
        contribution_count = contribution_count_of(request.contribution_count)
        options = options_of(request.options, request.hidden_artists)
        before = _profile_of(request.before, model, "before")
        after = _profile_of(request.after, model, "after")

        def answer() -> pb2.CompareRankingsResponse:
            compared = compare(model, before, after, count=count, options=options, contribution_count=contribution_count)
            return self._calls.fitting(
                comparison_message(
                    compared,
                    model.prototypes,
                    model_version=model.model_version,
                    catalogue_revision=model.catalogue_revision,
                )
            )

        return await self._calls.on_thread(context, answer)

    async def ExplainTrack(self, request: pb2.ExplainTrackRequest, context: Context) -> pb2.ExplainTrackResponse:
        model, _ = self._answering(request.user_id)
        track_id = checked_id("track_id", request.track_id)
        target_rank = target_rank_of(request.target_rank)
        profile = _profile_of(request.profile, model)

        def answer() -> pb2.ExplainTrackResponse:
            ranked, removed_by = explain_track(model, profile, track_id)
            wanted = target_rank > 0 and ranked.rank > target_rank
            lifting = lifting_edits(model, profile, known_position(model, track_id), target_rank) if wanted else []
            return pb2.ExplainTrackResponse(
                track=convert.scored_track_message(ranked, model.prototypes),
                removed_by=[model.prototypes[position].prototype_id for position in removed_by],
                model_version=model.model_version,
                lifting_edits=[lifting_edit_message(edit, model.prototypes) for edit in lifting],
                catalogue_revision=model.catalogue_revision,
            )

        return await self._calls.on_thread(context, answer)

    async def FindSimilarTracks(self, request: pb2.FindSimilarTracksRequest, context: Context) -> pb2.FindSimilarTracksResponse:
        model = self._registry.current()
        track_id = checked_id("track_id", request.track_id)
        likeness = likeness_of(request.likeness)
        count = count_of(request.count)
        passing = filter_of(request.filter) if request.HasField("filter") else None
        checked_length("excluded_track_ids", request.excluded_track_ids, maximum=MAX_SIMILAR_EXCLUDED)

        def answer() -> pb2.FindSimilarTracksResponse:
            found = similar_tracks(
                model, track_id, likeness=likeness, count=count, passing=passing, excluded=request.excluded_track_ids
            )
            return self._calls.fitting(
                pb2.FindSimilarTracksResponse(
                    tracks=[similar_track_message(similar, model.prototypes) for similar in found],
                    model_version=model.model_version,
                    catalogue_revision=model.catalogue_revision,
                )
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
        options = options_of(request.options, request.hidden_artists)
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
                    partial=page.partial,
                )
            )

        return answer


def _profile_of(message: vectors_pb2.ProfileVector, model: ServedModel, field: str = "profile") -> Profile:
    return convert.profile_of(message, model_version=model.profile_version, prototype_count=len(model.prototypes), field=field)
