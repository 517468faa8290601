"""Scores: s_i = h·v_i + γ Δ·a_i + b_i, exact and additive over the prototypes.

Two precisions work together. A search computes float32 inner products over rows [v | a | b] and the query [h | γΔ | 1],
fast but rounded. The score itself is the float64 sum of the contributions; every order and every answer rests on
it. `rounding_margin` bounds the gap, so that a search knows how many near ties it has to settle exactly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.profile import Profile

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Positions = NDArray[np.int64]
Mask = NDArray[np.bool_]

_BLOCK = 4096
"""Tracks scored exactly at once: bounds the float64 working memory to some megabytes."""


class ScoringTable:
    """What scores are computed from: N rows [v | a | b] of 2K + 1 float32 each."""

    def __init__(self, responses: Floats, affinities: Floats, bias: Floats, edit_gain: float) -> None:
        """`responses` and `affinities`: (N, K); `bias`: (N,); `edit_gain`: γ ≥ 0."""
        self.prototype_count = responses.shape[1]
        self.edit_gain = edit_gain
        self.rows = np.ascontiguousarray(np.hstack([responses, affinities, bias[:, None]]), dtype=np.float32)
        """(N, 2K + 1) float32."""
        # Not the median alone: training gives tracks that nobody heard yet the mean popularity, which lies above the median.
        self.typical_bias = max(float(np.median(bias)), float(bias.mean(dtype=np.float64)))
        """What b_i has to exceed for a track to be more widely heard than others: the larger of its median and its mean."""
        self._column_maxima: Doubles = np.maximum(self.rows.max(axis=0), -self.rows.min(axis=0)).astype(np.float64)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def affinities(self) -> Floats:
        """(N, K): a view."""
        return self.rows[:, self.prototype_count : 2 * self.prototype_count]

    @property
    def bias(self) -> Floats:
        """(N,): a view."""
        return self.rows[:, -1]

    def query(self, profile: Profile) -> "Query":
        """The query of a profile of this table's K prototypes; what is muted weighs nothing."""
        active = profile.without_muted()
        edits = self.edit_gain * active.edits.astype(np.float64)
        vector = np.concatenate([active.history, edits, [1.0]]).astype(np.float32)
        # The textbook bound of a sum of d rounded products in any order, d·u / (1 − d·u) · Σ|q_k r_k| with u = 2⁻²⁴,
        # and one u more for the rounding of γΔ; 1e-30 covers products too small for a relative bound.
        length = len(vector) + 2
        relative = length * 2.0**-24 / (1.0 - length * 2.0**-24)
        margin = relative * float(np.abs(vector).astype(np.float64) @ self._column_maxima) + 1e-30
        return Query(vector, active.history.astype(np.float64), edits, margin)

    def contributions(self, query: "Query", positions: Positions) -> "Contributions":
        """The exact contributions of every prototype to the scores of the tracks at `positions` (n,)."""
        rows = self.rows[positions].astype(np.float64)
        k = self.prototype_count
        affinities = rows[:, k : 2 * k]
        edited = query.edit_weights * affinities
        return Contributions(query.history * rows[:, :k] + edited, edited, affinities, rows[:, -1])

    def scores(self, query: "Query", positions: Positions) -> Doubles:
        """The exact scores (n,) of the tracks at `positions`; equal rows get equal scores wherever they stand."""
        blocks = [
            self.contributions(query, positions[start : start + _BLOCK]).scores for start in range(0, len(positions), _BLOCK)
        ]
        return np.concatenate(blocks) if blocks else np.empty(0)

    def ordered(self, query: "Query", positions: Positions) -> Positions:
        """`positions` by falling exact score, ties by rising position."""
        return positions[np.lexsort((positions, -self.scores(query, positions)))]


@dataclass(frozen=True)
class Query:
    """A profile in the form that a table is searched with."""

    vector: Floats
    """[h | γΔ | 1], (2K + 1,): its inner product with a row is that track's score, but for rounding."""
    history: Doubles
    """h, (K,)."""
    edit_weights: Doubles
    """γΔ, (K,)."""
    rounding_margin: float
    """No float32 inner product of `vector` with a row of the table is further than this from the exact score."""


@dataclass(frozen=True)
class Contributions:
    """Why n tracks have their scores, in float64."""

    total: Doubles
    """(n, K): h_k v_ik + γ Δ_k a_ik."""
    edited: Doubles
    """(n, K): γ Δ_k a_ik, the part of `total` that comes from the person's edits."""
    affinities: Doubles
    """(n, K): a_ik."""
    bias: Doubles
    """(n,): b_i."""

    @property
    def scores(self) -> Doubles:
        """(n,): Σ_k total_ik + b_i."""
        return np.asarray(self.total.sum(axis=1) + self.bias)
