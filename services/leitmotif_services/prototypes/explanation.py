"""Why a track has its score, for a person to read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leitmotif_services.prototypes.expression import Expression
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.prototype import Prototype
from leitmotif_services.prototypes.scoring import Contributions, Doubles, Positions

ALL = -1
"""Asks for every contribution instead of the strongest few."""

_REASONS = 2
"""Prototypes that a sentence names for the track, at most."""

_NOTABLE = 0.25
"""A sentence leaves out what weighs less than this share of the strongest contribution in favour."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one prototype adds to a score."""

    prototype: int
    """Its position."""
    contribution: float
    edit_contribution: float
    """The part of `contribution` that comes from the person's edit."""
    affinity: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score taken apart: `bias`, the listed contributions and `other_contributions` sum to `score`."""

    score: float
    bias: float
    contributions: tuple[Contribution, ...]
    """Strongest by magnitude first, ties by position."""
    other_contributions: float
    reason: str


def explain(
    parts: Contributions,
    listed: int,
    profile: Profile,
    prototypes: Sequence[Prototype],
    expression: Expression,
) -> list[Explanation]:
    """One explanation for each of the n tracks of `parts`, with the `listed` ≥ 0 strongest contributions, or `ALL`.

    `parts` are those tracks' contributions to their scores for `profile`.
    """
    count = len(prototypes) if listed == ALL else min(listed, len(prototypes))
    strongest = np.argsort(-np.abs(parts.total), axis=1, kind="stable")
    scores = parts.scores
    others = np.take_along_axis(parts.total, strongest[:, count:], axis=1).sum(axis=1)
    explanations = []
    for row, order in enumerate(strongest):
        total, edited, affinities = parts.total[row], parts.edited[row], parts.affinities[row]
        contributions = tuple(
            Contribution(k, float(total[k]), float(edited[k]), float(affinities[k])) for k in order[:count].tolist()
        )
        reason = _reason(total, edited, affinities >= expression.thresholds, order, profile, prototypes)
        explanations.append(Explanation(float(scores[row]), float(parts.bias[row]), contributions, float(others[row]), reason))
    return explanations


def removal_reason(muted: Sequence[int], prototypes: Sequence[Prototype]) -> str:
    """The sentence for a track that the muted prototypes at these positions, one or more, remove."""
    return f"Left out because you muted {_joined([shown_label(prototypes[k]) for k in muted])}."


def shown_label(prototype: Prototype) -> str:
    """The label as a sentence shows it: a weak witness of its tag says so."""
    weak = prototype.fidelity is not None and prototype.fidelity.weak
    return f"{prototype.label} (uncertain)" if weak else prototype.label


def _reason(
    total: Doubles,
    edited: Doubles,
    expressed: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    order: Positions,
    profile: Profile,
    prototypes: Sequence[Prototype],
) -> str:
    """One sentence from the contributions (K,) of one track; `order` ranks the prototypes by magnitude.

    It names the strongest prototypes in favour, each by where most of its contribution comes from: an edit, or listening.
    What the person turned down comes last, where it weighs against the track.
    """
    leading = order[: 4 * _REASONS].tolist()
    favour = [k for k in leading if total[k] > 0]
    if not favour:
        return "Nothing in your profile speaks for it." if total.any() else "Nothing is known of your taste that concerns it."
    strongest = total[favour[0]]
    named = [k for k in favour if total[k] >= _NOTABLE * strongest][:_REASONS]
    by_edit = [k for k in named if edited[k] > total[k] - edited[k]]
    by_listening = [k for k in named if k not in by_edit]
    clauses = []
    if by_edit:
        clauses.append(f"because you turned up {_labels(by_edit, prototypes)}")
    if by_edit and by_listening:
        # One prototype is left: an edit and a listening clause together name two.
        clauses.append(_aside(by_listening[0], expressed, profile, prototypes))
    else:
        often = [k for k in by_listening if profile.history[k] > 0]
        seldom = [k for k in by_listening if profile.history[k] <= 0]
        if often:
            clauses.append(f"because you listen to {_labels(often, prototypes)}")
        if seldom:
            clauses.append(f"because you seldom listen to {_labels(seldom, prototypes)}")
    against = [k for k in leading if edited[k] < 0 and -edited[k] >= _NOTABLE * strongest]
    reservation = f", although you turned down {_labels(against[:1], prototypes)}" if against else ""
    sentence = "; ".join(clauses) + reservation
    return sentence[0].upper() + sentence[1:] + "."


def _aside(
    k: int, expressed: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], profile: Profile, prototypes: Sequence[Prototype]
) -> str:
    label = shown_label(prototypes[k])
    if profile.history[k] <= 0:
        return f"you also seldom listen to {label}"
    return f"also strong in {label}, which you listen to" if expressed[k] else f"it also fits your listening to {label}"


def _labels(positions: Sequence[int], prototypes: Sequence[Prototype]) -> str:
    return _joined([shown_label(prototypes[k]) for k in positions])


def _joined(labels: Sequence[str]) -> str:
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"
