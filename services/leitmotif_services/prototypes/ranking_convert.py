"""Messages about rankings ↔ domain."""

import hashlib
import math

from leitmotif.api.common.v1 import vectors_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif_services.prototypes.filter_convert import filter_of
from leitmotif_services.prototypes.ranking.cursor import Question
from leitmotif_services.prototypes.ranking.explanation import ALL
from leitmotif_services.prototypes.ranking.options import PLAIN, Exploration, RankingOptions
from leitmotif_services.runtime.errors import invalid_field
from leitmotif_services.runtime.validation import checked_count, checked_id, checked_length

DEFAULT_COUNT, MAX_COUNT = 20, 1000
DEFAULT_CONTRIBUTIONS = 3
MAX_EXCLUDED = 20_000
MAX_SEEDS = 100
DEFAULT_SEED_WEIGHT = 0.5


def count_of(requested: int) -> int:
    """Length of a list; FIELD_INVALID outside 1 to MAX_COUNT, 0 aside."""
    return checked_count("count", requested, default=DEFAULT_COUNT, maximum=MAX_COUNT)


def contribution_count_of(requested: int) -> int:
    """Contributions to list with each track, or `ALL`; FIELD_INVALID below that."""
    if requested < ALL:
        raise invalid_field("contribution_count", f"must be {ALL} for all, 0 or positive; is {requested}")
    return requested or DEFAULT_CONTRIBUTIONS


def options_of(message: pb2.RankingOptions) -> RankingOptions:
    """The options of a request's `options`. FIELD_INVALID, LIMIT_EXCEEDED or FILTER_CONTRADICTORY where they cannot be."""
    if not message.ByteSize():
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
    return RankingOptions(
        filter=filter_of(message.filter, "options.filter") if message.HasField("filter") else None,
        excluded=message.excluded_track_ids,
        seeds=[checked_id(f"options.seed_track_ids[{n}]", track_id) for n, track_id in enumerate(message.seed_track_ids)],
        seed_weight=seed_weight,
        max_per_artist=message.max_per_artist,
        diversity=message.diversity,
        exploration=exploration,
    )


def question_of(request: pb2.RecommendTracksRequest) -> Question:
    """What has to stay as it was from page to page: all but the page's size, and the profile while its model version stays."""
    digest = hashlib.blake2b(request.options.SerializeToString(deterministic=True), digest_size=16)
    digest.update(f"\n{request.contribution_count} {request.exact:d} {request.user_id}".encode())
    return Question(digest.digest(), request.profile.model_version, _profile_digest(request.profile))


def _profile_digest(profile: vectors_pb2.ProfileVector) -> bytes:
    return hashlib.blake2b(profile.SerializeToString(deterministic=True), digest_size=16).digest()


def _share(field: str, value: float) -> float:
    if not 0.0 < value <= 1.0 or math.isnan(value):
        raise invalid_field(field, f"must be above 0, at most 1; is {value:g}")
    return value
