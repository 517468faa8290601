"""Messages about rankings ↔ domain."""

import math
from collections.abc import Sequence

from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif_services.prototypes.convert import scored_track_message, track_message
from leitmotif_services.prototypes.filter_convert import filter_of
from leitmotif_services.prototypes.live_catalogue.filters import All, FieldIn, Not
from leitmotif_services.prototypes.prototype import Prototype
from leitmotif_services.prototypes.ranking.comparison import Comparison, RankingChange
from leitmotif_services.prototypes.ranking.cursor import Question
from leitmotif_services.prototypes.ranking.explanation import ALL
from leitmotif_services.prototypes.ranking.lifting_edits import LiftingEdit
from leitmotif_services.prototypes.ranking.options import PLAIN, Exploration, RankingOptions
from leitmotif_services.prototypes.ranking.similar_tracks import Likeness, SimilarTrack
from leitmotif_services.runtime.errors import invalid_field
from leitmotif_services.runtime.validation import checked_count, checked_id, checked_length

DEFAULT_COUNT, MAX_COUNT = 20, 1000
DEFAULT_CONTRIBUTIONS = 3
MAX_EXCLUDED = 22_000
MAX_HIDDEN_ARTISTS = 500
MAX_SEEDS = 100
DEFAULT_SEED_WEIGHT = 0.5
MAX_SIMILAR_EXCLUDED = 10_000
MAX_TARGET_RANK = 1000

LIKENESSES: dict[int, Likeness] = {
    pb2.LIKENESS_UNSPECIFIED: "sound",
    pb2.LIKENESS_SOUND: "sound",
    pb2.LIKENESS_AFFINITY: "affinity",
}
"""What each wire value stands for."""


def count_of(requested: int) -> int:
    """Length of a list; FIELD_INVALID outside 1 to MAX_COUNT, 0 aside."""
    return checked_count("count", requested, default=DEFAULT_COUNT, maximum=MAX_COUNT)


def contribution_count_of(requested: int) -> int:
    """Contributions to list with each track, or `ALL`; FIELD_INVALID below that."""
    if requested < ALL:
        raise invalid_field("contribution_count", f"must be {ALL} for all, 0 or positive; is {requested}")
    return requested or DEFAULT_CONTRIBUTIONS


def target_rank_of(requested: int) -> int:
    """Rank that edits are to reach; 0 for none. FIELD_INVALID outside 0 to MAX_TARGET_RANK."""
    if not 0 <= requested <= MAX_TARGET_RANK:
        raise invalid_field("target_rank", f"must be 1 to {MAX_TARGET_RANK}, or 0 for none; is {requested}")
    return requested


def options_of(message: pb2.RankingOptions, hidden_artists: Sequence[str] = ()) -> RankingOptions:
    """The options of a request's `options`. FIELD_INVALID, LIMIT_EXCEEDED or FILTER_CONTRADICTORY where they cannot be.

    A filter that keeps none but tracks of hidden artists contradicts nobody: it leaves an empty list.
    """
    if not message.ByteSize() and not hidden_artists:
        return PLAIN
    checked_length("options.excluded_track_ids", message.excluded_track_ids, maximum=MAX_EXCLUDED)
    checked_length("options.seed_track_ids", message.seed_track_ids, maximum=MAX_SEEDS)
    if message.max_per_artist < 0:
        raise invalid_field("options.max_per_artist", f"must not be negative, is {message.max_per_artist}")
    if not 0.0 <= message.diversity <= 1.0:  # nor is NaN
        raise invalid_field("options.diversity", f"must be 0 to 1, is {message.diversity:g}")
    exploration = None
    if message.HasField("exploration"):
        strength = _share("options.exploration.strength", message.exploration.strength)
        exploration = Exploration(strength, message.exploration.seed)
    seed_weight = DEFAULT_SEED_WEIGHT
    if message.HasField("seed_weight"):
        seed_weight = _share("options.seed_weight", message.seed_weight)
    checked_length("hidden_artists", hidden_artists, maximum=MAX_HIDDEN_ARTISTS)
    passing = filter_of(message.filter, "options.filter") if message.HasField("filter") else None
    if hidden_artists:
        shown = Not(FieldIn("artist", tuple(sorted(set(hidden_artists))), "hidden_artists"))
        passing = shown if passing is None else All((passing, shown))
    return RankingOptions(
        filter=passing,
        excluded=message.excluded_track_ids,
        seeds=[checked_id(f"options.seed_track_ids[{n}]", track_id) for n, track_id in enumerate(message.seed_track_ids)],
        seed_weight=seed_weight,
        max_per_artist=message.max_per_artist,
        diversity=message.diversity,
        exploration=exploration,
    )


def question_of(request: pb2.RecommendTracksRequest) -> Question:
    """What has to stay as it was from page to page: all but the page's size, and the profile while its model version stays."""
    options = b"%d %d %b\n%b%b" % (
        request.contribution_count,
        request.exact,
        request.user_id.encode(),
        request.options.SerializeToString(deterministic=True),
        pb2.RecommendTracksRequest(hidden_artists=sorted(request.hidden_artists)).SerializeToString(),
    )
    return Question(options, request.profile.model_version, request.profile.SerializeToString(deterministic=True))


def comparison_message(
    compared: Comparison, prototypes: Sequence[Prototype], *, model_version: str, catalogue_revision: int
) -> pb2.CompareRankingsResponse:
    """What a comparison found, as a message."""
    return pb2.CompareRankingsResponse(
        before=[scored_track_message(item, prototypes) for item in compared.before],
        after=[scored_track_message(item, prototypes) for item in compared.after],
        entered=[_change_message(change, prototypes) for change in compared.entered],
        left=[_change_message(change, prototypes) for change in compared.left],
        model_version=model_version,
        catalogue_revision=catalogue_revision,
    )


def lifting_edit_message(edit: LiftingEdit, prototypes: Sequence[Prototype]) -> pb2.LiftingEdit:
    """An edit that brings a track up, as a message."""
    prototype = prototypes[edit.prototype]
    return pb2.LiftingEdit(prototype_id=prototype.prototype_id, label=prototype.label, amount=edit.amount, rank=edit.rank)


def likeness_of(value: int) -> Likeness:
    """What makes tracks alike; FIELD_INVALID for a value that is not defined."""
    if value not in LIKENESSES:
        raise invalid_field("likeness", f"must be LIKENESS_SOUND or LIKENESS_AFFINITY, is {value}")
    return LIKENESSES[value]


def similar_track_message(similar: SimilarTrack, prototypes: Sequence[Prototype]) -> pb2.SimilarTrack:
    """A track that is like another, as a message."""
    return pb2.SimilarTrack(
        track=track_message(similar.track),
        similarity=similar.similarity,
        shared_labels=[prototypes[position].label for position in similar.shared],
    )


def _change_message(change: RankingChange, prototypes: Sequence[Prototype]) -> pb2.RankingChange:
    return pb2.RankingChange(
        track=scored_track_message(change.ranked, prototypes),
        rank_before=change.rank_before,
        rank_after=change.rank_after,
        reason=change.reason,
    )


def _share(field: str, value: float) -> float:
    if not 0.0 < value <= 1.0 or math.isnan(value):
        raise invalid_field(field, f"must be above 0, at most 1; is {value:g}")
    return value
