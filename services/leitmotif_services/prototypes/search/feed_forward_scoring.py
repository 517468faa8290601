"""The scores of `apn`: a feed-forward net of one hidden layer reads the profile's weights.

    w = max(h + γΔ, 0),   z = W1 w + c,   s_i = W2_i · max(z, 0) + b_i

A weight is a sum of attention, so it is never negative, whatever the edit. The score is no sum over prototypes. Prototype k is
said to contribute s_i(w) − s_i(w with w_k = 0), exactly: what the score would lose without it. Those differences need not sum to
the score; what is missing, the score for an empty profile among it, is the bias. Raising an edit promises nothing of any pair of
tracks: that is `leitmotif`'s alone.
"""

from copy import copy
from dataclasses import dataclass

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


@dataclass(frozen=True)
class HiddenLayer:
    """W1 and c, in float64. K prototypes, H hidden units."""

    weights: Doubles
    """(H, K)."""
    offsets: Doubles
    """(H,)."""

    def units(self, weights: Doubles) -> Doubles:
        """(n, H): max(W1 w + c, 0) of profiles (n, K)."""
        return np.maximum(weights @ self.weights.T + self.offsets, 0.0)

    def lost(self, weights: Doubles, replaced: Doubles) -> Doubles:
        """(K, H): what the units of the profile (K,) lose when, for each k alone, its weight is the one in `replaced` (K,)."""
        sums = self.weights @ weights + self.offsets
        return np.maximum(sums, 0.0) - np.maximum(sums - self.weights.T * (weights - replaced)[:, None], 0.0)


class FeedForwardScoring:
    """Implements `scoring.Scoring`: N rows [W2 | b] of H + 1 float32 each, searched with [max(z, 0) | 1]."""

    def __init__(
        self,
        affinities: Floats,
        hidden_weights: Floats,
        hidden_offsets: Floats,
        output_weights: Floats,
        bias: Floats,
        edit_gain: float,
        listened: int | None = None,
    ) -> None:
        """`affinities` (N, K), W1 (H, K), c (H,), W2 (N, H), b (N,), γ ≥ 0. Only the first `listened` weights have a history, by
        default all; of the others, the edit alone counts.
        """
        self._affinities = affinities
        self._edit_gain = edit_gain
        self._listened = affinities.shape[1] if listened is None else listened
        self._layer = HiddenLayer(hidden_weights.astype(np.float64), hidden_offsets.astype(np.float64))
        self.rows = np.ascontiguousarray(np.hstack([output_weights, bias[:, None]]), dtype=np.float32)
        """(N, H + 1) float32."""
        self._nobody = self._layer.units(np.zeros((1, affinities.shape[1])))[0]
        self._typical_popularity = typical(self._popularity(np.arange(len(self.rows))))
        self._column_maxima = column_maxima(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def affinities(self) -> Floats:
        """(N, K): how each track's attention is shared out."""
        return self._affinities

    def learned(self, positions: Positions) -> Floats:
        """See `scoring.Scoring.learned`: W2."""
        return np.asarray(self.rows[positions, :-1])

    def bias(self, positions: Positions) -> Floats:
        """See `scoring.Scoring.bias`."""
        return np.asarray(self.rows[positions, -1])

    def rows_of(self, affinities: Floats, learned: Floats, bias: Floats) -> Floats:  # noqa: ARG002 - another kind needs them
        """See `scoring.Scoring.rows_of`."""
        return np.hstack([learned, bias[:, None]]).astype(np.float32)

    def of_others(self, rows: Floats, affinities: Floats) -> "FeedForwardScoring":
        """See `scoring.Scoring.of_others`."""
        others = copy(self)
        others.rows, others._affinities = rows, affinities
        return others

    def query(self, profile: Profile) -> Query:
        """See `scoring.Scoring.query`."""
        active = profile.without_muted()
        history, edits = active.history.astype(np.float64), self._edit_gain * active.edits.astype(np.float64)
        history[self._listened :] = 0.0
        vector = np.append(self._units(history, edits), 1.0).astype(np.float32)
        return Query(vector, history, edits, rounding_margin(vector, self._column_maxima))

    def contributions(self, query: Query, positions: Positions) -> Contributions:
        """The score less that without each prototype; of an edit, less that without the edit."""
        weights = np.maximum(query.history + query.edit_weights, 0.0)
        rows = self.rows[positions, :-1].astype(np.float64)
        total = rows @ self._layer.lost(weights, np.zeros_like(weights)).T
        edited = np.zeros_like(total)
        where = np.flatnonzero(query.edit_weights)
        if len(where):
            edited[:, where] = rows @ self._layer.lost(weights, np.maximum(query.history, 0.0))[where].T
        scores = self.scores(query, positions)
        return Contributions(
            total,
            edited,
            self._affinities[positions].astype(np.float64),
            scores - total.sum(axis=1),
            self._popularity(positions) - self._typical_popularity,
            scores,
        )

    def scores(self, query: Query, positions: Positions) -> Doubles:
        """See `scoring.Scoring.scores`."""
        units = self._units(query.history, query.edit_weights)
        return in_blocks(positions, lambda block: self._block_scores(units, block))

    def extended(self, affinities: Floats) -> "FeedForwardScoring":
        """See `scoring.Scoring.extended`.

        The new weight moves the hidden sums in the direction of a listener to the tracks that express it, beyond one to
        everything: W1 (Σ_i α_i a_i / Σ_i α_i − mean a) for affinities α, as long as the columns of W1 are on average.
        """
        known = self._affinities[:, : self._listened].astype(np.float64)
        weights = affinities.astype(np.float64)
        beyond = weights @ known / max(float(weights.sum()), 1e-12) - known.mean(axis=0)
        column = self._layer.weights[:, : self._listened] @ beyond
        length = float(np.linalg.norm(column))
        typical_length = float(np.linalg.norm(self._layer.weights[:, : self._listened], axis=0).mean())
        column *= typical_length / length if length > 1e-12 else 0.0
        return FeedForwardScoring(
            np.column_stack([self._affinities, affinities]),
            np.column_stack([self._layer.weights, column]).astype(np.float32),
            self._layer.offsets.astype(np.float32),
            self.rows[:, :-1],
            self.rows[:, -1],
            self._edit_gain,
            self._listened,
        )

    def ordered(self, query: Query, positions: Positions) -> Positions:
        """See `scoring.Scoring.ordered`."""
        return in_order(positions, self.scores(query, positions))

    def _popularity(self, positions: Positions) -> Doubles:
        """(n,): the scores for an empty profile."""
        return in_blocks(positions, lambda block: self._block_scores(self._nobody, block))

    def _units(self, history: Doubles, edit_weights: Doubles) -> Doubles:
        return np.asarray(self._layer.units(np.maximum(history + edit_weights, 0.0)[None, :])[0])

    def _block_scores(self, units: Doubles, positions: Positions) -> Doubles:
        # A product and a sum along each row, not BLAS: that may add up equal rows in different orders.
        rows = self.rows[positions].astype(np.float64)
        return np.asarray((rows[:, :-1] * units).sum(axis=1) + rows[:, -1])
