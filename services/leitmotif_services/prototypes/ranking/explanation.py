"""Why a track has its score, for a person to read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.prototype import Prototype
from leitmotif_services.prototypes.search.scoring import Contributions, Doubles

ALL = -1
"""Asks for every contribution instead of the strongest few."""

_NAMED = 2
"""Prototypes that a sentence names in favour of the track, at most."""

_WEIGHED = 8
"""Strongest contributions that a sentence is made from."""

_NOTABLE = 0.25
"""A sentence leaves out what weighs less than this share of the strongest reason in favour."""


class Contribution(NamedTuple):
    """What one prototype adds to a score. A tuple: made some hundred times a call, it costs a third of a dataclass."""

    prototype: int
    """Its position."""
    contribution: float
    edit_contribution: float
    """The part of `contribution` that comes from the person's edit."""
    affinity: float


class Expressing(Protocol):
    """From which affinity on a track expresses a prototype."""

    @property
    def thresholds(self) -> Doubles:
        """(K,)."""
        ...


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
    expression: Expressing,
) -> list[Explanation]:
    """One explanation for each of the n tracks of `parts`, with the `listed` ≥ 0 strongest contributions, or `ALL`.

    `parts` are those tracks' contributions to their scores for `profile`.
    """
    count = len(prototypes) if listed == ALL else min(listed, len(prototypes))
    strongest = np.argsort(-np.abs(parts.total), axis=1, kind="stable")
    # Plain lists from here on: NumPy takes longer to hand out single numbers than the sentences take to make.
    leading = strongest[:, : max(count, _WEIGHED)]
    columns = (
        leading,
        *(np.take_along_axis(values, leading, axis=1) for values in (parts.total, parts.edited, parts.affinities)),
    )
    others = parts.total.sum(axis=1) - columns[1][:, :count].sum(axis=1) if count < len(prototypes) else np.zeros(len(leading))
    rows = zip(*(column.tolist() for column in columns), strict=True)
    figures = (values.tolist() for values in (parts.scores, parts.bias, parts.popularity, others))
    explanations = []
    for row, score, bias, popularity, other in zip(rows, *figures, strict=True):
        contributions = tuple(map(Contribution, *row))
        reason = _reason(contributions[:_WEIGHED], popularity, profile, prototypes, expression)
        explanations.append(Explanation(score, bias, contributions[:count], other, reason))
    return explanations


def removal_reason(muted: Sequence[int], prototypes: Sequence[Prototype]) -> str:
    """The sentence for a track that the muted prototypes at these positions, one or more, remove."""
    return f"Left out because you muted {joined([shown_label(prototypes[k]) for k in muted])}."


def shown_label(prototype: Prototype) -> str:
    """The label as a sentence shows it: a weak witness of its tag says so."""
    weak = prototype.fidelity is not None and prototype.fidelity.weak
    return f"{prototype.label} (uncertain)" if weak else prototype.label


def _reason(
    strongest: Sequence[Contribution],
    popularity: float,
    profile: Profile,
    prototypes: Sequence[Prototype],
    expression: Expressing,
) -> str:
    """One sentence from the strongest contributions to the score of one track, by magnitude.

    It names the strongest prototypes in favour, each by where most of its contribution comes from: an edit, or listening.
    `popularity`, how far above a typical track it is heard, comes first where it is more than any prototype adds. What the person
    turned down comes last, where it weighs against the track.
    """
    favour = [part for part in strongest if part.contribution > 0]
    widely_heard = popularity > (favour[0].contribution if favour else 0.0)
    if not favour and not widely_heard:
        known = strongest[0].contribution != 0
        return "Nothing in your profile speaks for it." if known else "Nothing is known of your taste that concerns it."
    notable = _NOTABLE * (popularity if widely_heard else favour[0].contribution)
    named = [part for part in favour if part.contribution >= notable][:_NAMED]
    by_edit = [part for part in named if part.edit_contribution > part.contribution - part.edit_contribution]
    by_listening = [part for part in named if part not in by_edit]
    clauses = ["widely heard here"] if widely_heard else []
    if by_edit:
        clauses.append(f"{'you also' if widely_heard else 'because you'} turned up {_labels(by_edit, prototypes)}")
    if clauses:
        clauses += [_aside(part, profile, prototypes, expression) for part in by_listening]
    else:
        often = [part for part in by_listening if profile.history[part.prototype] > 0]
        seldom = [part for part in by_listening if profile.history[part.prototype] <= 0]
        if often:
            clauses.append(f"because you listen to {_labels(often, prototypes)}")
        if seldom:
            clauses.append(f"because you seldom listen to {_labels(seldom, prototypes)}")
    against = [part for part in strongest if part.edit_contribution <= -notable]
    reservation = f", although you turned down {_labels(against[:1], prototypes)}" if against else ""
    sentence = "; ".join(clauses) + reservation
    return f"{sentence[0].upper()}{sentence[1:]}."


def _aside(part: Contribution, profile: Profile, prototypes: Sequence[Prototype], expression: Expressing) -> str:
    label = shown_label(prototypes[part.prototype])
    if profile.history[part.prototype] <= 0:
        return f"you also seldom listen to {label}"
    if part.affinity >= expression.thresholds[part.prototype]:
        return f"also strong in {label}, which you listen to"
    return f"it also fits your listening to {label}"


def _labels(parts: Sequence[Contribution], prototypes: Sequence[Prototype]) -> str:
    return joined([shown_label(prototypes[part.prototype]) for part in parts])


def joined(labels: Sequence[str]) -> str:
    """One or more labels as a sentence lists them."""
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"
