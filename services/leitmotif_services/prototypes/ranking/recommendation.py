"""The use cases over a model: rank the catalogue for a profile, and explain one track."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.ranking.explanation import ALL, Explanation, explain, removal_reason
from leitmotif_services.prototypes.track import Track
from leitmotif_services.runtime.errors import Reason, ServiceError


@dataclass(frozen=True, slots=True)
class RankedTrack:
    """A track with its place and the reasons for it."""

    track: Track
    rank: int
    """From 1; 0 for a track that a mute removes."""
    explanation: Explanation


def recommend(
    model: ServedModel,
    profile: Profile,
    *,
    count: int,
    excluded: Iterable[str] = (),
    contribution_count: int = 3,
    exact: bool = False,
) -> list[RankedTrack]:
    """The best `count` ≥ 1 tracks, best first; fewer when mutes and exclusions leave fewer.

    `excluded`: track ids, unknown ones are ignored. `contribution_count`: contributions listed with each track, or
    `explanation.ALL`. `exact`: search the reference instead of the index.
    """
    kept = model.expression.kept(profile.muted)
    positions = [position for track_id in excluded if (position := model.catalogue.position_of(track_id)) is not None]
    kept[positions] = False
    query = model.scoring.query(profile)
    index = model.exact if exact else model.index
    found = index.search(query, count, kept)
    parts = model.scoring.contributions(query, found)
    explanations = explain(parts, contribution_count, profile, model.prototypes, model.expression)
    return [
        RankedTrack(model.catalogue.tracks[position], rank, explanation)
        for rank, (position, explanation) in enumerate(zip(found.tolist(), explanations, strict=True), start=1)
    ]


def explain_track(model: ServedModel, profile: Profile, track_id: str) -> tuple[RankedTrack, list[int]]:
    """One track with all its contributions, and the positions of the muted prototypes that remove it.

    Its rank is its place among all tracks of the catalogue that no mute removes. TRACK_NOT_FOUND for an unknown track.
    """
    position = known_position(model, track_id)
    removed_by = [prototype for prototype in profile.muted if model.expression.mask(prototype)[position]]
    query = model.scoring.query(profile)
    parts = model.scoring.contributions(query, np.array([position]))
    [explanation] = explain(parts, ALL, profile, model.prototypes, model.expression)
    if removed_by:
        reason = removal_reason(removed_by, model.prototypes)
        rank = 0
    else:
        reason = explanation.reason
        rank = model.exact.rank(query, position, model.expression.kept(profile.muted))
    whole = Explanation(explanation.score, explanation.bias, explanation.contributions, explanation.other_contributions, reason)
    return RankedTrack(model.catalogue.tracks[position], rank, whole), removed_by


def known_position(model: ServedModel, track_id: str) -> int:
    """Position of a track; TRACK_NOT_FOUND when the catalogue has none of that id."""
    position = model.catalogue.position_of(track_id)
    if position is None:
        raise ServiceError(Reason.TRACK_NOT_FOUND, f"no track {track_id!r} in the catalogue", track_id=track_id)
    return position
