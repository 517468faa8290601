"""Discovered prototypes: clusters of segments that sound alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.logistic_regression import LinearHead, fit_heads

Doubles = NDArray[np.float64]

_ROUNDS = 100
_RESTARTS = 6
_RIDGE = 30.0


@dataclass(frozen=True)
class Clusters:
    """K clusters of M segments."""

    centres: Doubles
    """(K, D), unit length, in the centred space."""
    membership: NDArray[np.int64]
    """(M,): the cluster of each segment."""


def discover(segment_embeddings: NDArray[np.float32], count: int, *, seed: int) -> LinearHead:
    """Heads of `count` ≥ 1 prototypes found in segments (M, D): how much a track is like the members of each cluster.

    Fewer come out where there are fewer distinct segments than `count`, at least one.
    """
    clusters = spherical_kmeans(segment_embeddings, count, seed=seed)
    members = clusters.membership[:, None] == np.arange(len(clusters.centres))[None, :]
    return fit_heads(segment_embeddings, members.astype(np.float64), _RIDGE)


def spherical_kmeans(embeddings: NDArray[np.float32], count: int, *, seed: int) -> Clusters:
    """Spherical k-means (Dhillon and Modha 2001) on centred, normalised rows: the best of six k-means++ starts.

    Embeddings of music share a large common part; without centring it would drown what tells them apart. A cluster that
    loses its last member takes over the row that fits its own cluster worst. Clusters are ordered by size, largest first.
    """
    centred = embeddings.astype(np.float64) - embeddings.mean(axis=0, dtype=np.float64)
    rows = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    count = max(1, min(count, len(np.unique(rows.round(6), axis=0))))
    runs = [_cluster(rows, count, np.random.default_rng([seed, 61, restart])) for restart in range(_RESTARTS)]
    centres, membership, _ = max(runs, key=lambda run: round(run[2], 9))
    order = np.argsort(-np.bincount(membership, minlength=count), kind="stable")
    place = np.argsort(order)
    return Clusters(centres[order], place[membership])


def _cluster(rows: Doubles, count: int, rng: np.random.Generator) -> tuple[Doubles, NDArray[np.int64], float]:
    centres = _spread_start(rows, count, rng)
    membership = np.full(len(rows), -1)
    for _ in range(_ROUNDS):
        similarity = rows @ centres.T
        assigned = similarity.argmax(axis=1)
        own = similarity[np.arange(len(rows)), assigned]
        for cluster in range(count):
            if not (assigned == cluster).any():
                sizes = np.bincount(assigned, minlength=count)
                worst = int(np.argmin(np.where(sizes[assigned] > 1, own, np.inf)))
                assigned[worst], own[worst] = cluster, 1.0
        if (assigned == membership).all():
            break
        membership = assigned
        sums = np.zeros_like(centres)
        np.add.at(sums, membership, rows)
        centres = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return centres, membership, float(np.sum(rows * centres[membership]))


def _spread_start(rows: Doubles, count: int, rng: np.random.Generator) -> Doubles:
    """k-means++ (Arthur and Vassilvitskii 2007) with 1 − cosine as the distance."""
    chosen = [int(rng.integers(len(rows)))]
    distance = 1.0 - rows @ rows[chosen[0]]
    while len(chosen) < count:
        weights = np.maximum(distance, 0.0)
        weights[chosen] = 0.0
        total = float(weights.sum())
        if total <= 0.0:
            pick = int(np.flatnonzero(~np.isin(np.arange(len(rows)), chosen))[0])
        else:
            pick = int(rng.choice(len(rows), p=weights / total))
        chosen.append(pick)
        distance = np.minimum(distance, 1.0 - rows @ rows[pick])
    return rows[chosen]
