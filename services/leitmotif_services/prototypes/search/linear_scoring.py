"""The scores of `leitmotif`: s_i = h·v_i + γ Δ·a_i + b_i, exact and additive over the prototypes."""

from copy import copy

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


class LinearScoring:
    """Implements `scoring.Scoring`. Rows are [v | a | b], searched with [h | γΔ | 1]; of listening alone, [v | b] with [h | 1].

    The arrays are kept as they are given, so that they may be those of a mapped file: nothing is held twice.
    """

    parts: tuple[Part, ...] = (Part.LISTENING, Part.WHOLE)

    def __init__(self, responses: Floats, affinities: Floats, bias: Floats, edit_gain: float) -> None:
        """`responses` (N, L), `affinities` (N, K), `bias` (N,), all float32; `edit_gain`: γ ≥ 0.

        Only the first L ≤ K prototypes have a response: of the others, the edit alone counts. ValueError for L > K.
        """
        if responses.shape[1] > affinities.shape[1]:
            raise ValueError(f"has responses for {responses.shape[1]} prototypes, there are {affinities.shape[1]}")
        self.listened_count = responses.shape[1]
        self.prototype_count = affinities.shape[1]
        self.edit_gain = edit_gain
        self._responses = responses
        self._affinities = affinities
        self._bias = bias
        self._typical_bias = typical(bias)
        self._extents = _extents(responses, affinities, bias)

    def __len__(self) -> int:
        return len(self._bias)

    @property
    def rows(self) -> TrackRows:
        """See `scoring.Scoring.rows`: (N, L + K + 1)."""
        return JoinedColumns([self._responses, self._affinities, self._bias[:, None]])

    @property
    def affinities(self) -> Floats:
        """(N, K)."""
        return self._affinities

    def learned(self, positions: Positions) -> Floats:
        """See `scoring.Scoring.learned`: v."""
        return taken(self._responses, positions)

    def bias(self, positions: Positions) -> Floats:
        """See `scoring.Scoring.bias`."""
        return self._bias.take(positions)

    def of_others(self, learned: Floats, affinities: Floats, bias: Floats, *, measured: int = 0) -> "LinearScoring":
        """See `scoring.Scoring.of_others`."""
        others = copy(self)
        others._responses, others._affinities, others._bias = learned, affinities, bias
        added = _extents(learned[measured:], affinities[measured:], bias[measured:])
        others._extents = {part: extent.around(added[part]) for part, extent in self._extents.items()}
        return others

    def between(self, start: int, stop: int) -> "LinearScoring":
        """See `scoring.Scoring.between`."""
        some = copy(self)
        some._responses, some._affinities = self._responses[start:stop], self._affinities[start:stop]
        some._bias = self._bias[start:stop]
        return some

    def part_rows(self, part: Part, positions: Positions) -> Floats:
        """See `scoring.Scoring.part_rows`."""
        blocks = [self._responses, self._affinities] if part is Part.WHOLE else [self._responses]
        return np.hstack([*(taken(block, positions) for block in blocks), self._bias.take(positions)[:, None]])

    def query(self, profile: Profile) -> Query:
        """See `scoring.Scoring.query`."""
        active = profile.without_muted()
        part = Part.WHOLE if self.edit_gain and active.edits.any() else Part.LISTENING
        edits = self.edit_gain * active.edits.astype(np.float64)
        history = active.history.astype(np.float64)
        history[self.listened_count :] = 0.0
        heard = active.history[: self.listened_count]
        weights = [heard, edits] if part is Part.WHOLE else [heard]
        vector = np.concatenate([*weights, [1.0]]).astype(np.float32)
        return Query(part, vector, history, edits, self._extents[part].rounding_margin(vector))

    def rounded(self, query: Query) -> Floats:
        """See `scoring.Scoring.rounded`."""
        if query.history.any():
            products = inner_products(self._responses, query.vector[: self.listened_count])
            products += self._bias
        else:
            products = self._bias.copy()  # nobody's history: nothing else need be read
        if query.part is Part.WHOLE:
            products += inner_products(self._affinities, query.vector[self.listened_count : -1])
        return products

    def rounded_at(self, query: Query, positions: Positions) -> Floats:
        """See `scoring.Scoring.rounded_at`."""
        products: Floats = np.vecdot(taken(self._responses, positions), query.vector[: self.listened_count])
        products += self._bias.take(positions)
        if query.part is Part.WHOLE:
            products += np.vecdot(taken(self._affinities, positions), query.vector[self.listened_count : -1])
        return products

    def contributions(self, query: Query, positions: Positions) -> Contributions:
        """h_k v_ik + γ Δ_k a_ik of every prototype; the bias is b_i."""
        affinities, bias = taken(self._affinities, positions).astype(np.float64), self.bias(positions).astype(np.float64)
        edited = query.edit_weights * affinities
        total = edited.copy()
        total[:, : self.listened_count] += query.history[: self.listened_count] * taken(self._responses, positions)
        return Contributions(total, edited, affinities, bias, bias - self._typical_bias, self.scores(query, positions))

    def scores(self, query: Query, positions: Positions) -> Doubles:
        """See `scoring.Scoring.scores`."""
        return in_blocks(positions, lambda block: self._block_scores(query, block))

    def ordered(self, query: Query, positions: Positions) -> Positions:
        """See `scoring.Scoring.ordered`."""
        return in_order(positions, self.scores(query, positions))

    def row_scores(self, query: Query, rows: Floats) -> Doubles:
        """See `scoring.Scoring.row_scores`."""
        exact, listened = rows.astype(np.float64), self.listened_count
        # Row by row: the product of a matrix may add up equal rows in different orders.
        scores: Doubles = np.vecdot(exact[:, :listened], query.history[:listened])
        if query.part is Part.WHOLE:
            weights = query.edit_weights
            scores += np.vecdot(exact[:, listened : 2 * listened], weights[:listened])
            # Prototypes that were added come one after the other: another one must not change how the rest is added up.
            for added in range(listened, self.prototype_count):
                scores += exact[:, listened + added] * weights[added]
        scores += exact[:, -1]
        return scores

    def _block_scores(self, query: Query, positions: Positions) -> Doubles:
        return self.row_scores(query, self.part_rows(query.part, positions))


def _extents(responses: Floats, affinities: Floats, bias: Floats) -> dict[Part, Extent]:
    popularity, listening = Extent.of(bias[:, None]), Extent.of(responses)
    return {
        Part.LISTENING: listening.beside(popularity),
        Part.WHOLE: listening.beside(Extent.of(affinities)).beside(popularity),
    }
