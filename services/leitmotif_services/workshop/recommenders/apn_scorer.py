"""A trained `apn`, in NumPy: the numbers that a bundle holds and the service answers from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.expression import Expression
from leitmotif_services.prototypes.search.feed_forward_scoring import HiddenLayer
from leitmotif_services.workshop.recommenders.apn_items import ItemInputs

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ApnParameters:
    """What training found. N items, K prototypes, H hidden units, A heads, items of F' inputs."""

    attention: Doubles
    """(A, K, F'): M of the attention softmax_k(M_a x)."""
    affinities: Doubles
    """(N, K): attention of each item, mean over heads; rows sum to 1."""
    hidden: HiddenLayer
    output_weights: Doubles
    """(N, H): W2."""
    bias: Doubles
    """(N,): b."""


@dataclass(frozen=True)
class ApnScorer:
    """Implements `SteerableScorer`, `ColdStartScorer`, `NewItemAffinities` and `StoppedEarly`.

    w = max(h + γΔ, 0), s = W2 max(W1 w + c, 0) + b: all that it knows of a person are the K weights that a person is shown.
    What contributions mean: see `contributions`. An edit promises nothing of any two items, unlike `leitmotif`'s.
    """

    parameters: ApnParameters
    prototypes: Sequence[str]
    anchors: Mapping[str, int]
    inputs: ItemInputs
    expressed_ranks: Sequence[int]
    """(K,): a mute of k removes the items down to this rank of affinity."""
    edit_gain: float
    """γ."""
    epochs_used: int

    @property
    def affinities(self) -> Doubles:
        return self.parameters.affinities

    @cached_property
    def expression(self) -> Expression:
        return Expression(self.affinities.astype(np.float32), self.expressed_ranks)

    def profiles(self, history: "csr_array") -> Doubles:
        """H = Σ_{j heard} a_j / sqrt(n) of n items; zeros for somebody without a history."""
        heard = np.maximum(np.diff(history.tocsr().indptr), 1)
        return np.asarray((history @ self.affinities) / np.sqrt(heard)[:, None])

    def scores(self, history: "csr_array") -> Doubles:
        return self.scores_of_profiles(self.profiles(history))

    def scores_of_profiles(self, weights: Doubles) -> Doubles:
        """(V, N) of weights (V, K)."""
        units = self.parameters.hidden.units(weights)
        return np.asarray(units @ self.parameters.output_weights.T + self.parameters.bias)

    def edited_scores(self, history: "csr_array", edits: Doubles, muted: Mask) -> Doubles:
        """A mute takes a prototype's weight away, and every item that expresses it."""
        weights = np.maximum(self.profiles(history) + self.edit_gain * edits, 0.0)
        scores = self.scores_of_profiles(np.where(muted, 0.0, weights))
        for person in np.flatnonzero(muted.any(axis=1)):
            scores[person, ~self.expression.kept(np.flatnonzero(muted[person]).tolist())] = -np.inf
        return scores

    def contributions(self, history: "csr_array", edits: Doubles, person: int, item: int) -> Doubles:
        """(K + 1,): for each prototype, exactly what the score loses without its weight, s(w) − s(w with w_k = 0).

        The net is not linear, so these differences need not sum to the score. The last entry is what they leave: the score
        for an empty profile and all that prototypes do only together. With it, the sum is the score.
        """
        weights = np.maximum(self.profiles(history[[person]])[0] + self.edit_gain * edits[person], 0.0)
        lost = self.parameters.hidden.lost(weights, np.zeros_like(weights)) @ self.parameters.output_weights[item]
        return np.append(lost, self.scores_of_profiles(weights[None, :])[0, item] - lost.sum())

    def cold_affinities(self, audio: Doubles, tag_counts: "csr_array | None") -> Doubles:
        """(M, K): the attention of items that training never saw."""
        logits = np.einsum("mf,akf->amk", self.inputs.of(audio, tag_counts), self.parameters.attention)
        attention = np.exp(logits - logits.max(axis=2, keepdims=True))
        return np.asarray((attention / attention.sum(axis=2, keepdims=True)).mean(axis=0))

    def cold_scores(self, history: "csr_array", audio: Doubles, tag_counts: "csr_array | None") -> Doubles:
        """(V, M): cosine of a person's profile with a new item's attention, each less the catalogue's mean.

        The output layer has a row for every item that was heard, and none for another: what is left is how alike profile and
        item are in the prototypes.
        """
        mean = self.affinities.mean(axis=0)
        people, items = self.profiles(history), self.cold_affinities(audio, tag_counts)
        share = people / np.maximum(people.sum(axis=1, keepdims=True), 1e-12) - mean
        return np.asarray(_unit(share) @ _unit(items - mean).T)


def _unit(rows: Doubles) -> Doubles:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))
