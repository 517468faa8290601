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
    Extent,
    Floats,
    Part,
    Positions,
    Query,
    in_blocks,
    in_order,
    typical,
)
from leitmotif_services.prototypes.search.track_rows import JoinedColumns, TrackRows, inner_products, taken


@dataclass(frozen=True)
class HiddenLayer:
    """W1 and c, in float64. K prototypes, H hidden units."""

    weights: Doubles
    """(H, K)."""
    offsets: Doubles
    """(H,)."""
    listened: int | None = None
    """L ≤ K: prototypes that were trained, the first; None for all."""

    def units(self, weights: Doubles) -> Doubles:
        """(n, H): max(W1 w + c, 0) of profiles (n, K)."""
        listened = weights.shape[1] if self.listened is None else self.listened
        trained = np.ascontiguousarray(self.weights[:, :listened])
        sums = np.ascontiguousarray(weights[:, :listened]) @ trained.T + self.offsets
        # Prototypes that were added come one after the other: another one must not change how the rest is added up.
        for added in range(listened, weights.shape[1]):
            sums += weights[:, added, None] * self.weights[:, added]
        return np.maximum(sums, 0.0)

    def lost(self, weights: Doubles, replaced: Doubles) -> Doubles:
        """(K, H): what the units of the profile (K,) lose when, for each k alone, its weight is the one in `replaced` (K,)."""
        sums = self.weights @ weights + self.offsets
        return np.maximum(sums, 0.0) - np.maximum(sums - self.weights.T * (weights - replaced)[:, None], 0.0)


class FeedForwardScoring:
    """Implements `scoring.Scoring`. Rows are [W2 | b], searched with [max(z, 0) | 1], edited or not."""

    parts: tuple[Part, ...] = (Part.WHOLE,)

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
        """`affinities` (N, K), W1 (H, K), c (H,), W2 (N, H), b (N,), γ ≥ 0.

        Only the first `listened` weights have a history, by default all; of the others, the edit alone counts. ValueError when
        they are more than K.
        """
        self._affinities = affinities
        self._edit_gain = edit_gain
        self._listened = affinities.shape[1] if listened is None else listened
        if self._listened > affinities.shape[1]:
            raise ValueError(f"has attention to {self._listened} prototypes, there are {affinities.shape[1]}")
        self._layer = HiddenLayer(hidden_weights.astype(np.float64), hidden_offsets.astype(np.float64), self._listened)
        self._output_weights = output_weights
        self._bias = bias
        self._nobody = self._layer.units(np.zeros((1, affinities.shape[1])))[0]
        self._typical_popularity = typical(self._popularity(np.arange(len(bias))))
        self._extent = Extent.of(output_weights).beside(Extent.of(bias[:, None]))

    def __len__(self) -> int:
        return len(self._bias)

    @property
    def rows(self) -> TrackRows:
        """See `scoring.Scoring.rows`: (N, H + 1)."""
        return JoinedColumns([self._output_weights, self._bias[:, None]])

    @property
    def affinities(self) -> Floats:
        """(N, K): how each track's attention is shared out."""
        return self._affinities

    def learned(self, positions: Positions) -> Floats:
        """See `scoring.Scoring.learned`: W2."""
        return taken(self._output_weights, positions)

    def bias(self, positions: Positions) -> Floats:
        """See `scoring.Scoring.bias`."""
        return self._bias.take(positions)

    def of_others(self, learned: Floats, affinities: Floats, bias: Floats, *, measured: int = 0) -> "FeedForwardScoring":
        """See `scoring.Scoring.of_others`."""
        others = copy(self)
        others._output_weights, others._affinities, others._bias = learned, affinities, bias
        others._extent = self._extent.around(Extent.of(learned[measured:]).beside(Extent.of(bias[measured:, None])))
        return others

    def between(self, start: int, stop: int) -> "FeedForwardScoring":
        """See `scoring.Scoring.between`."""
        some = copy(self)
        some._output_weights, some._affinities = self._output_weights[start:stop], self._affinities[start:stop]
        some._bias = self._bias[start:stop]
        return some

    def part_rows(self, part: Part, positions: Positions) -> Floats:
        """See `scoring.Scoring.part_rows`; there is one part."""
        if part is not Part.WHOLE:
            raise ValueError(f"has no part {part}")
        return np.hstack([taken(self._output_weights, positions), self._bias.take(positions)[:, None]])

    def rounded(self, query: Query) -> Floats:
        """See `scoring.Scoring.rounded`."""
        return inner_products(self._output_weights, query.vector[:-1]) + self._bias

    def rounded_at(self, query: Query, positions: Positions) -> Floats:
        """See `scoring.Scoring.rounded_at`."""
        products: Floats = np.vecdot(taken(self._output_weights, positions), query.vector[:-1])
        return products + self._bias.take(positions)

    def query(self, profile: Profile) -> Query:
        """See `scoring.Scoring.query`."""
        active = profile.without_muted()
        history, edits = active.history.astype(np.float64), self._edit_gain * active.edits.astype(np.float64)
        history[self._listened :] = 0.0
        vector = np.append(self._units(history, edits), 1.0).astype(np.float32)
        return Query(Part.WHOLE, vector, history, edits, self._extent.rounding_margin(vector))

    def contributions(self, query: Query, positions: Positions) -> Contributions:
        """The score less that without each prototype; of an edit, less that without the edit."""
        weights = np.maximum(query.history + query.edit_weights, 0.0)
        rows = taken(self._output_weights, positions).astype(np.float64)
        total = rows @ self._layer.lost(weights, np.zeros_like(weights)).T
        edited = np.zeros_like(total)
        where = np.flatnonzero(query.edit_weights)
        if len(where):
            edited[:, where] = rows @ self._layer.lost(weights, np.maximum(query.history, 0.0))[where].T
        scores = self.scores(query, positions)
        return Contributions(
            total,
            edited,
            taken(self._affinities, positions).astype(np.float64),
            scores - total.sum(axis=1),
            self._popularity(positions) - self._typical_popularity,
            scores,
        )

    def scores(self, query: Query, positions: Positions) -> Doubles:
        """See `scoring.Scoring.scores`."""
        units = self._units(query.history, query.edit_weights)
        return in_blocks(positions, lambda block: self._block_scores(units, block))

    def row_scores(self, query: Query, rows: Floats) -> Doubles:
        """See `scoring.Scoring.row_scores`."""
        return self._row_scores(self._units(query.history, query.edit_weights), rows)

    def ordered(self, query: Query, positions: Positions) -> Positions:
        """See `scoring.Scoring.ordered`."""
        return in_order(positions, self.scores(query, positions))

    def _popularity(self, positions: Positions) -> Doubles:
        """(n,): the scores for an empty profile."""
        return in_blocks(positions, lambda block: self._block_scores(self._nobody, block))

    def _units(self, history: Doubles, edit_weights: Doubles) -> Doubles:
        return np.asarray(self._layer.units(np.maximum(history + edit_weights, 0.0)[None, :])[0])

    def _block_scores(self, units: Doubles, positions: Positions) -> Doubles:
        return self._row_scores(units, self.part_rows(Part.WHOLE, positions))

    def _row_scores(self, units: Doubles, rows: Floats) -> Doubles:
        # A product and a sum along each row, not BLAS: that may add up equal rows in different orders.
        exact = rows.astype(np.float64)
        return np.asarray((exact[:, :-1] * units).sum(axis=1) + exact[:, -1])
