"""What a model knows of a track that its training never saw: affinities from its audio and tags, the rest from its neighbours.

Listening says nothing of a new track. Its learned row v is the mean of those of the tracks of the bundle that sound most like it,

    v = Σ_j w_j v_j / Σ_j w_j,   w_j = max(cos(e − ē, e_j − ē), 0)²,

j over the NEIGHBOURS nearest by that cosine, ē the mean embedding of the bundle (which all music shares, so that it tells nothing
apart). Where no cosine is positive, v is the mean of the neighbours. Its b is that of the least known tracks: the 5th percentile.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.affinity_heads import AffinityHead, combined_affinities
from leitmotif_services.prototypes.search.scoring import Scoring
from leitmotif_services.prototypes.search.track_rows import Floats, TrackRows
from leitmotif_services.prototypes.track import Track

NEIGHBOURS = 10
"""With squares, the best of 1 to 100 neighbours and powers of 0 to 4 on the demonstration's 120 tracks, each left out in turn: R²
of v is 0.43 (nearest alone 0.11, ten unweighted 0.32, ten by the cosine itself 0.40)."""

MOST_COMPARED = 16_384
"""Tracks of the bundle that a new one is compared with: of a larger bundle, so many spread evenly over it."""

BIAS_QUANTILE = 0.05

_COMPARED_AT_ONCE = 64


class RowEstimate:
    """Of one model. Safe to use from several threads at once."""

    def __init__(self, head: AffinityHead, tag_columns: Mapping[str, int], scoring: Scoring, embeddings: TrackRows) -> None:
        """`tag_columns`: position of the prototype of each tag that people's tags decide on; `scoring` and `embeddings`: of the
        bundle's tracks.
        """
        self._head = head
        self._tag_columns = tag_columns
        positions = np.unique(np.linspace(0, len(scoring) - 1, min(len(scoring), MOST_COMPARED)).astype(np.int64))
        compared = np.asarray(embeddings[positions], np.float32)
        self._mean = compared.mean(axis=0)
        self._directions = _unit(compared - self._mean)
        self._learned = scoring.learned(positions)
        self._bias = float(np.quantile(scoring.bias(positions), BIAS_QUANTILE))

    def affinities(self, embeddings: Floats, tracks: Sequence[Track]) -> Floats:
        """(n, K) of tracks with embeddings (n, D): what is heard, with what people say where the kind takes that into account."""
        affinities = self._head(embeddings)
        if self._tag_columns:
            columns = list(self._tag_columns.values())
            # The order of the tags is all that is left of their weights: each that is there counts in full.
            said = np.array([[float(tag in track.tags) for tag in self._tag_columns] for track in tracks])
            tagged = np.array([bool(track.tags) for track in tracks])
            affinities[:, columns] = combined_affinities(affinities[:, columns].astype(np.float64), said, tagged)
        return affinities

    def learned(self, embeddings: Floats) -> Floats:
        """(n, L) in place of `Scoring.learned`, of tracks with embeddings (n, D)."""
        blocks = [
            self._neighbours_mean(embeddings[start : start + _COMPARED_AT_ONCE])
            for start in range(0, len(embeddings), _COMPARED_AT_ONCE)
        ]
        return np.concatenate(blocks)

    def bias(self, count: int) -> Floats:
        """(n,): b of new tracks."""
        return np.full(count, self._bias, np.float32)

    def _neighbours_mean(self, embeddings: Floats) -> Floats:
        cosines = _unit(embeddings - self._mean) @ self._directions.T
        count = min(NEIGHBOURS, cosines.shape[1])
        nearest = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
        weights = np.maximum(np.take_along_axis(cosines, nearest, axis=1), 0.0) ** 2
        weights[weights.sum(axis=1) <= 0.0] = 1.0
        weights /= weights.sum(axis=1, keepdims=True)
        return np.asarray(np.einsum("nj,njl->nl", weights, self._learned[nearest]), np.float32)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float32)
