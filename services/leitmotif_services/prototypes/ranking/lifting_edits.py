"""The smallest single edits that bring a track up: how far to raise or lower one prototype until it stands among the first."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.ranking.edit_range import STEPS_PER_UNIT, EditRange, edit_range
from leitmotif_services.prototypes.ranking.eligible_tracks import eligible
from leitmotif_services.prototypes.ranking.linear_crossings import LinearCrossings
from leitmotif_services.prototypes.search.scoring import Mask

MOST = 5
"""Edits that are told."""

LINEAR_KINDS = frozenset({"leitmotif"})
"""Kinds of model whose scores are linear in the edits."""

_CONFIRMED = 16
"""Steps that exact scores are asked to confirm: the rounding that they may be wrong by is less than one."""

_PROBES = (125, 250, 500, 1000, 2000, 4000, 8000)
"""Steps that are tried where scores are not linear."""

_RIVALS = 500
"""Best tracks that a probe is compared with, beside as many as the rank that is asked for."""

_BISECTED = 2 * MOST


@dataclass(frozen=True, slots=True)
class LiftingEdit:
    """An edit of one prototype that puts a track among the first."""

    prototype: int
    amount: float
    """What to add to the person's edit of it; whole thousandths."""
    rank: int
    """The track's place with it."""


def lifting_edits(model: ServedModel, profile: Profile, position: int, target_rank: int) -> list[LiftingEdit]:
    """At most MOST edits after which the track at `position`, which no mute removes, has a rank of at most `target_rank` ≥ 1.

    The rank is that in the whole catalogue. The smallest come first, one a prototype and direction; empty where it has that rank.

    Where scores are linear in the edits they are the smallest there are, in whole thousandths; elsewhere they are found by trying
    and halving, and a smaller one may be passed over. The rank is always exact. Muted and hidden prototypes are left alone.
    """
    kept = eligible(model, muted=profile.muted)

    def rank(candidate: Profile) -> int:
        return model.exact.rank(model.scoring.query(candidate), position, kept)

    if rank(profile) <= target_rank:
        return []
    ranges = [
        tried
        for prototype in range(len(model.prototypes))
        if prototype not in profile.muted and model.prototypes[prototype].prototype_id not in model.hidden_prototype_ids
        for direction in (1, -1)
        if (tried := edit_range(profile, prototype, direction)).first <= tried.last
    ]
    search = _smallest if model.manifest.kind in LINEAR_KINDS else _by_halving
    found = list(search(model, profile, position, target_rank, kept, ranges, rank))
    return sorted(found, key=lambda edit: (abs(edit.amount), edit.rank, edit.prototype))[:MOST]


Rank = Callable[[Profile], int]


def _smallest(
    model: ServedModel, profile: Profile, position: int, target_rank: int, kept: Mask | None, ranges: list[EditRange], rank: Rank
) -> Iterator[LiftingEdit]:
    crossings = LinearCrossings(model, model.scoring.query(profile), position, kept)
    bounds = crossings.lower_bounds(ranges, target_rank - 1)
    found: list[float] = []
    for number in np.argsort(bounds, kind="stable").tolist():
        tried = ranges[number]
        # What is left needs at least so many steps; one is given for rounding.
        if bounds[number] > tried.last + 1:
            continue
        if len(found) >= MOST and bounds[number] > sorted(found)[MOST - 1] * STEPS_PER_UNIT + 1:
            return
        for steps in crossings.reaching(tried, target_rank - 1)[:_CONFIRMED].tolist():
            reached = rank(tried.edited(profile, steps))
            if reached <= target_rank:
                found.append(steps / STEPS_PER_UNIT)
                yield LiftingEdit(tried.prototype, tried.amount(steps), reached)
                break


def _by_halving(
    model: ServedModel, profile: Profile, position: int, target_rank: int, kept: Mask | None, ranges: list[EditRange], rank: Rank
) -> Iterator[LiftingEdit]:
    rivals = model.exact.search(model.scoring.query(profile), target_rank + _RIVALS, kept)
    rivals = np.append(rivals[rivals != position], position)

    def may_reach(candidate: Profile) -> bool:
        """Whether few enough of the rivals are ahead; tracks that are no rivals may still be."""
        scores = model.scoring.scores(model.scoring.query(candidate), rivals)
        return int((scores[:-1] > scores[-1]).sum()) < target_rank

    promising = []
    for tried in ranges:
        probes = [tried.first, *(steps for steps in _PROBES if tried.first < steps < tried.last), tried.last]
        first = next((n for n, steps in enumerate(probes) if may_reach(tried.edited(profile, steps))), None)
        if first is not None:
            promising.append((probes[first], probes[first - 1] if first else tried.first - 1, tried))
    for enough, short, tried in sorted(promising, key=lambda each: each[0])[:_BISECTED]:
        reached = rank(tried.edited(profile, enough))
        if reached > target_rank:
            continue
        low, high = short, enough
        while high - low > 1:
            middle = (low + high) // 2
            at_middle = rank(tried.edited(profile, middle))
            if at_middle <= target_rank:
                high, reached = middle, at_middle
            else:
                low = middle
        yield LiftingEdit(tried.prototype, tried.amount(high), reached)
