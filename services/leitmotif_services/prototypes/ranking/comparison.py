"""Two profiles of one person, before and after a change: which tracks enter and leave the list, and why."""

from dataclasses import dataclass

import numpy as np

from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.ranking.eligible_tracks import eligible
from leitmotif_services.prototypes.ranking.explanation import explain, joined, removal_reason, shown_label
from leitmotif_services.prototypes.ranking.options import PLAIN, RankingOptions
from leitmotif_services.prototypes.ranking.places import places
from leitmotif_services.prototypes.ranking.recommendation import RankedTrack, recommend, removing, starting_from
from leitmotif_services.prototypes.search.scoring import Doubles, Positions

_NOTHING = 1e-9
"""A contribution that changed by less than this share of the largest did not change."""


@dataclass(frozen=True, slots=True)
class RankingChange:
    """A track that is on one of two lists only."""

    ranked: RankedTrack
    """Scored for the profile after the change."""
    rank_before: int
    """On the list, or else in the whole catalogue; 0 where a mute removed it."""
    rank_after: int
    reason: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Each list is what `recommend` gives; changes are in the order of the lists."""

    before: list[RankedTrack]
    after: list[RankedTrack]
    entered: list[RankingChange]
    left: list[RankingChange]


def compare(
    model: ServedModel,
    before: Profile,
    after: Profile,
    *,
    count: int,
    options: RankingOptions = PLAIN,
    contribution_count: int = 3,
) -> Comparison:
    """The first `count` tracks for either profile. TRACK_NOT_FOUND for an unknown seed."""
    lists = [
        recommend(model, profile, count=count, options=options, contribution_count=contribution_count)
        for profile in (before, after)
    ]
    first, second = ({_position(model, item): item for item in ranked} for ranked in lists)
    entering = np.array([position for position in second if position not in first], dtype=np.int64)
    leaving = np.array([position for position in first if position not in second], dtype=np.int64)
    old, new = (starting_from(model, profile, options)[0] for profile in (before, after))
    reasons = _Reasons(model, old, new, entering, leaving)
    entered = [
        RankingChange(second[position], rank, second[position].rank, reasons.of_entering(number, rank))
        for number, (position, rank) in enumerate(zip(entering.tolist(), _ranks(model, old, entering), strict=True))
    ]
    left = []
    parts = model.scoring.contributions(model.scoring.query(new), leaving)
    explanations = explain(parts, contribution_count, new, model.prototypes, model.expression)
    ranks = _ranks(model, new, leaving)
    for number, (position, rank, explanation) in enumerate(zip(leaving.tolist(), ranks, explanations, strict=True)):
        ranked = RankedTrack(model.catalogue.tracks[position], rank, explanation)
        left.append(RankingChange(ranked, first[position].rank, rank, reasons.of_leaving(number, rank)))
    return Comparison(lists[0], lists[1], entered, left)


def _position(model: ServedModel, item: RankedTrack) -> int:
    position = model.catalogue.position_of(item.track.track_id)
    assert position is not None
    return position


def _ranks(model: ServedModel, profile: Profile, positions: Positions) -> list[int]:
    """Places in the whole catalogue; 0 for tracks that a mute removes."""
    kept = eligible(model, muted=profile.muted)
    there = positions if kept is None else positions[kept[positions]]
    found = dict(zip(there.tolist(), places(model, model.scoring.query(profile), there, kept), strict=True))
    return [found.get(position, 0) for position in positions.tolist()]


class _Reasons:
    """Why tracks enter and leave.

    What counts is how a track's contributions change against those of the tracks it changes places with: where piano is turned
    up, what has none of it leaves though its own score stays.
    """

    def __init__(self, model: ServedModel, before: Profile, after: Profile, entering: Positions, leaving: Positions) -> None:
        self._model, self._before, self._after = model, before, after
        self._entering, self._leaving = entering, leaving
        self._entering_by, self._leaving_by = self._changes(entering), self._changes(leaving)

    def of_entering(self, number: int, rank_before: int) -> str:
        """The sentence for an entering track, by its number among them."""
        if rank_before == 0:
            removed_by = removing(self._model, self._before, int(self._entering[number]))
            return f"Enters because you unmuted {joined([self._label(k) for k in removed_by])}."
        own = self._entering_by[number]
        against = own - _mean(self._leaving_by, like=own)
        k = int(np.argmax(against))
        if against[k] <= _NOTHING * max(1.0, float(np.abs(own).max())):
            muted = [k for k in self._after.muted if k not in self._before.muted]
            why = f" because you muted {joined([self._label(k) for k in muted])}" if muted else ""
            return f"Enters in the place of tracks that are left out{why}."
        return f"Enters because {self._cause(k)}{'' if own[k] > 0 else ', and it has less of it than others'}."

    def of_leaving(self, number: int, rank_after: int) -> str:
        """The sentence for a leaving track, by its number among them."""
        if rank_after == 0:
            removed_by = removing(self._model, self._after, int(self._leaving[number]))
            return removal_reason(removed_by, self._model.prototypes)
        own = self._leaving_by[number]
        against = own - _mean(self._entering_by, like=own)
        k = int(np.argmin(against))
        if against[k] >= -_NOTHING * max(1.0, float(np.abs(own).max())):
            return "Leaves because others have come in above it."
        return f"Leaves because {self._cause(k)}{'' if own[k] < 0 else ', and others have more of it'}."

    def _changes(self, positions: Positions) -> Doubles:
        """(n, K): by how much each contribution grows."""
        scoring = self._model.scoring
        before, after = (scoring.contributions(scoring.query(profile), positions) for profile in (self._before, self._after))
        return after.total - before.total

    def _cause(self, k: int) -> str:
        label = self._label(k)
        if k in self._after.muted and k not in self._before.muted:
            return f"you muted {label}"
        if k in self._before.muted and k not in self._after.muted:
            return f"you unmuted {label}"
        edited = float(self._after.edits[k]) - float(self._before.edits[k])
        if edited:
            return f"you turned {'up' if edited > 0 else 'down'} {label}"
        more = float(self._after.history[k]) > float(self._before.history[k])
        return f"{label} counts for {'more' if more else 'less'} in your listening"

    def _label(self, k: int) -> str:
        return shown_label(self._model.prototypes[k])


def _mean(changes: Doubles, *, like: Doubles) -> Doubles:
    return changes.mean(axis=0) if len(changes) else np.zeros_like(like)
