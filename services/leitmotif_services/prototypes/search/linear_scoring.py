"""The scores of `leitmotif`: s_i = h·v_i + γ Δ·a_i + b_i, exact and additive over the prototypes."""

from copy import copy

import numpy as np

from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.search.scoring import (
    Contributions,
    Doubles,
    Floats,
    Positions,
    Query,
    column_maxima,
    in_blocks,
    in_order,
    rounding_margin,
    typical,
)


class LinearScoring:
    """Implements `scoring.Scoring`: N rows [v | a | b] of 2K + 1 float32 each, searched with [h | γΔ | 1]."""

    def __init__(self, responses: Floats, affinities: Floats, bias: Floats, edit_gain: float) -> None:
        """`responses` and `affinities`: (N, K); `bias`: (N,); `edit_gain`: γ ≥ 0."""
        self.prototype_count = responses.shape[1]
        self.edit_gain = edit_gain
        self.rows = np.ascontiguousarray(np.hstack([responses, affinities, bias[:, None]]), dtype=np.float32)
        """(N, 2K + 1) float32."""
        self._typical_bias = typical(bias)
        self._column_maxima = column_maxima(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def affinities(self) -> Floats:
        """(N, K): a view."""
        return self.rows[:, self.prototype_count : 2 * self.prototype_count]

    def learned(self, positions: Positions) -> Floats:
        """See `scoring.Scoring.learned`: v."""
        return np.asarray(self.rows[positions, : self.prototype_count])

    def bias(self, positions: Positions) -> Floats:
        """See `scoring.Scoring.bias`."""
        return np.asarray(self.rows[positions, -1])

    def rows_of(self, affinities: Floats, learned: Floats, bias: Floats) -> Floats:
        """See `scoring.Scoring.rows_of`."""
        return np.hstack([learned, affinities, bias[:, None]]).astype(np.float32)

    def of_others(self, rows: Floats, affinities: Floats) -> "LinearScoring":  # noqa: ARG002 - the rows hold them
        """See `scoring.Scoring.of_others`."""
        others = copy(self)
        others.rows = rows
        return others

    def query(self, profile: Profile) -> Query:
        """See `scoring.Scoring.query`."""
        active = profile.without_muted()
        edits = self.edit_gain * active.edits.astype(np.float64)
        vector = np.concatenate([active.history, edits, [1.0]]).astype(np.float32)
        return Query(vector, active.history.astype(np.float64), edits, rounding_margin(vector, self._column_maxima))

    def contributions(self, query: Query, positions: Positions) -> Contributions:
        """h_k v_ik + γ Δ_k a_ik of every prototype; the bias is b_i."""
        rows = self.rows[positions].astype(np.float64)
        k = self.prototype_count
        affinities = rows[:, k : 2 * k]
        edited = query.edit_weights * affinities
        total, bias = query.history * rows[:, :k] + edited, rows[:, -1]
        return Contributions(total, edited, affinities, bias, bias - self._typical_bias, total.sum(axis=1) + bias)

    def scores(self, query: Query, positions: Positions) -> Doubles:
        """See `scoring.Scoring.scores`."""
        return in_blocks(positions, lambda block: self.contributions(query, block).scores)

    def extended(self, affinities: Floats) -> "LinearScoring":
        """See `scoring.Scoring.extended`: v is 0."""
        k = self.prototype_count
        responses = np.column_stack([self.rows[:, :k], np.zeros_like(affinities)])
        return LinearScoring(responses, np.column_stack([self.affinities, affinities]), self.rows[:, -1], self.edit_gain)

    def ordered(self, query: Query, positions: Positions) -> Positions:
        """See `scoring.Scoring.ordered`."""
        return in_order(positions, self.scores(query, positions))
