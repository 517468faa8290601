"""The trained `leitmotif`: scores that a person's edits move, and that add up over the prototypes.

    s_i = h·v_i + γ Δ·a_i + b_i,   h = Σ_{j heard} a_j / √n for a history of n items

For any two items with a_ik ≥ a_jk, raising the edit of prototype k never lowers s_i − s_j, since γ ≥ 0 and the rest of the score
is as it was. A muted prototype weighs nothing, in the history and in the edits, and no item that expresses it is left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.expression import Expression, carriers_expressed_rank, least_expressed_rank
from leitmotif_services.workshop.edit_gain import fit_edit_gain
from leitmotif_services.workshop.recommenders.leitmotif_new_items import NewItems
from leitmotif_services.workshop.recommenders.leitmotif_prototypes import ListeningPrototypes
from leitmotif_services.workshop.recommenders.leitmotif_responses import Responses
from leitmotif_services.workshop.recommenders.square_matrices import check_square

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]

_KERNEL_MATRICES = 3
"""At once: two likenesses that are averaged, or the kernel and its factor, and a temporary."""


@dataclass(frozen=True)
class LeitmotifScorer:
    """Immutable but for what is computed when it is first asked for, and then always the same."""

    found: ListeningPrototypes
    fitted: Responses
    """v (N, K) and b (N,)."""
    new_items: NewItems
    listeners: Doubles
    """(U, K): history weights of training people, at least one, that the gain is set on."""
    seed: int

    @property
    def prototypes(self) -> Sequence[str]:
        return self.found.labels

    @property
    def anchors(self) -> Mapping[str, int]:
        return self.found.anchors

    @property
    def affinities(self) -> Doubles:
        return self.found.affinities

    @cached_property
    def edit_gain(self) -> float:
        """γ: an edit of 1 raises the share of a prototype in the top 20 by a quarter on average. Choosing settings needs none."""
        return fit_edit_gain(self.affinities, self.fitted, self.listeners, self._ranks, seed=self.seed)

    def profiles(self, history: "csr_array") -> Doubles:
        return history_profiles(self.affinities, history)

    def scores(self, history: "csr_array") -> Doubles:
        return np.asarray(self.profiles(history) @ self.fitted.responses.T + self.fitted.bias)

    def edited_scores(self, history: "csr_array", edits: Doubles, muted: Mask) -> Doubles:
        active = np.where(muted, 0.0, edits)
        scores = np.where(muted, 0.0, self.profiles(history)) @ self.fitted.responses.T + self.fitted.bias
        edited = np.flatnonzero(active.any(axis=0))
        if len(edited):
            scores += self.edit_gain * (active[:, edited] @ self.affinities[:, edited].T)
        for prototype in np.flatnonzero(muted.any(axis=0)).tolist():
            scores[np.ix_(muted[:, prototype], self.expression.mask(prototype))] = -np.inf
        return np.asarray(scores)

    def contributions(self, history: "csr_array", edits: Doubles, person: int, item: int) -> Doubles:
        profile = self.profiles(history[[person]])[0]
        each = profile * self.fitted.responses[item] + self.edit_gain * edits[person] * self.affinities[item]
        return np.append(each, self.fitted.bias[item])

    def cold_scores(self, history: "csr_array", audio: Doubles, tag_counts: "csr_array | None") -> Doubles:
        return np.asarray(self.profiles(history) @ self._new_items.responses(audio, tag_counts).T)

    def cold_affinities(self, audio: Doubles, tag_counts: "csr_array | None") -> Doubles:
        return self._new_items.affinities(audio, tag_counts)

    @property
    def _new_items(self) -> NewItems:
        """TooManyItemsError where the kernel of what is known would fill the memory."""
        check_square(len(self.affinities), what="the kernel for new items", matrices=_KERNEL_MATRICES)
        return self.new_items

    @cached_property
    def expression(self) -> Expression:
        """What a mute removes: the top decile of the affinities, and whatever carries the tag."""
        return Expression(self.affinities.astype(np.float32), self._ranks)

    @cached_property
    def _ranks(self) -> list[int]:
        rounded, carriers = self.affinities.astype(np.float32), self.found.carriers
        ranks = [carriers_expressed_rank(rounded[:, tag], carriers[:, tag]) for tag in range(carriers.shape[1])]
        return ranks + [least_expressed_rank(len(rounded))] * (rounded.shape[1] - len(ranks))


def history_profiles(affinities: Doubles, history: "csr_array") -> Doubles:
    """H (V, K) for histories (V, N) of weights c ≥ 0, 1 where nothing else is known: Σ_j c_j a_j / √Σ_j c_j; 0 for an empty one.

    One event changes it in O(K).
    """
    total = np.asarray(history.sum(axis=1), np.float64).reshape(-1)
    return np.asarray((history @ affinities) / np.sqrt(np.where(total > 0.0, total, 1.0))[:, None], np.float64)
