"""Rankings, with what is asked of them and what explains them."""

from leitmotif._convert.catalogue import track_of
from leitmotif._convert.filters import filter_message_of
from leitmotif._convert.models import arm_of
from leitmotif._convert.profiles import applied_preset_message_of, labelled_weight_of
from leitmotif._convert.status import error_of_status
from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif.types import (
    Contribution,
    Explanation,
    LiftingEdit,
    Likeness,
    RankingChange,
    RecommendationFailure,
    RecommendationRequest,
    Recommendations,
    ScoredTrack,
    SimilarTrack,
    SimilarTracks,
    WhatIf,
)

LIKENESSES = {Likeness.SOUND: pb2.LIKENESS_SOUND, Likeness.AFFINITY: pb2.LIKENESS_AFFINITY}
"""The enum value of each likeness."""


def request_message_of(request: RecommendationRequest, page_token: str = "") -> gateway_pb2.RecommendRequest:
    return gateway_pb2.RecommendRequest(
        user_id=request.user_id,
        count=request.count,
        include_heard=request.include_heard,
        contribution_count=request.contributions,
        options=options_message_of(request),
        page_token=page_token,
        preset=applied_preset_message_of(request.preset, request.preset_share),
    )


def options_message_of(request: RecommendationRequest) -> pb2.RankingOptions:
    exploration = request.exploration
    return pb2.RankingOptions(
        filter=filter_message_of(request.filter),
        excluded_track_ids=request.exclude,
        seed_track_ids=request.seeds,
        seed_weight=request.seed_weight,
        max_per_artist=request.max_per_artist,
        diversity=request.diversity,
        exploration=None if exploration is None else pb2.Exploration(strength=exploration.strength, seed=exploration.seed),
    )


def scored_track_of(message: pb2.ScoredTrack) -> ScoredTrack:
    return ScoredTrack(
        track=track_of(message.track),
        rank=message.rank,
        score=message.score,
        bias=message.bias,
        contributions=tuple(map(_contribution_of, message.contributions)),
        other_contributions=message.other_contributions,
        reason=message.reason,
    )


def _contribution_of(message: pb2.Contribution) -> Contribution:
    return Contribution(
        prototype_id=message.prototype_id,
        label=message.label,
        contribution=message.contribution,
        edit_contribution=message.edit_contribution,
        affinity=message.affinity,
    )


def recommendations_of(message: gateway_pb2.RecommendResponse, user_id: str = "") -> Recommendations:
    return Recommendations(
        tracks=tuple(map(scored_track_of, message.tracks)),
        model_version=message.model_version,
        etag=message.etag,
        next_page_token=message.next_page_token,
        catalogue_revision=message.catalogue_revision,
        arm=arm_of(message.arm),
        user_id=user_id,
        partial=message.partial,
    )


def streamed_of(message: gateway_pb2.StreamRecommendationsResponse, user_id: str) -> Recommendations | RecommendationFailure:
    """The answer for a user. One with neither outcome is a defect of the service and reads as one."""
    if message.WhichOneof("outcome") == "recommended":
        return recommendations_of(message.recommended, user_id)
    return RecommendationFailure(user_id, error_of_status(message.refused))


def ranking_change_of(message: pb2.RankingChange) -> RankingChange:
    return RankingChange(scored_track_of(message.track), message.rank_before, message.rank_after, message.reason)


def what_if_of(message: gateway_pb2.WhatIfResponse) -> WhatIf:
    return WhatIf(
        before=tuple(map(scored_track_of, message.before)),
        after=tuple(map(scored_track_of, message.after)),
        entered=tuple(map(ranking_change_of, message.entered)),
        left=tuple(map(ranking_change_of, message.left)),
        weights=tuple(map(labelled_weight_of, message.labelled_weights)),
        model_version=message.model_version,
        etag=message.etag,
        catalogue_revision=message.catalogue_revision,
    )


def explanation_of(message: gateway_pb2.ExplainResponse) -> Explanation:
    return Explanation(
        track=scored_track_of(message.track),
        removed_by=tuple(message.removed_by),
        model_version=message.model_version,
        lifting_edits=tuple(map(lifting_edit_of, message.lifting_edits)),
        catalogue_revision=message.catalogue_revision,
    )


def lifting_edit_of(message: pb2.LiftingEdit) -> LiftingEdit:
    return LiftingEdit(message.prototype_id, message.label, message.amount, message.rank)


def similar_tracks_of(message: pb2.FindSimilarTracksResponse) -> SimilarTracks:
    return SimilarTracks(tuple(map(similar_track_of, message.tracks)), message.model_version, message.catalogue_revision)


def similar_track_of(message: pb2.SimilarTrack) -> SimilarTrack:
    return SimilarTrack(track_of(message.track), message.similarity, tuple(message.shared_labels))
