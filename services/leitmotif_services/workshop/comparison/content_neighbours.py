"""The cold start's baseline: content kNN, tuned."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.comparison.cold_start import ColdSplit, cold_recall

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = NDArray[np.float64]

NEIGHBOURS = (5, 10, 20, 50, 100, 200, 1_000_000)
AUDIO_ALONE = (0.0,)
EQUAL_PARTS = (0.5,)
ANY_PARTS = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)
"""Weights w of the tags to choose from."""


@dataclass(frozen=True)
class ContentNeighbours:
    """The settings that were best on the validation people, and the recall of the test people with them."""

    neighbours: int
    tag_weight: float
    """Of the tags' cosine against the audio's."""
    recall20: Doubles
    """(V,)."""


def content_neighbours(cold: ColdSplit, *, tag_weights: tuple[float, ...]) -> ContentNeighbours:
    """Recall@20 of content kNN.

    s_vi = Σ sim_ij over those of cold item i's k nearest warm items j that person v heard, where sim is w · cosine of TF-IDF
    tags + (1 - w) · cosine of standardised audio, negative ones 0 (Lops et al., Recommender Systems Handbook, 2011). k and w are
    those of NEIGHBOURS and `tag_weights` that are best on the validation people.
    """
    by_audio = _cosines(cold.audio, cold.training.audio)
    by_tags = _cosines(*_tf_idf(cold)) if any(tag_weights) else np.zeros_like(by_audio)
    best, best_recall = (NEIGHBOURS[0], tag_weights[0]), -1.0
    for weight in tag_weights:
        similarity = weight * by_tags + (1.0 - weight) * by_audio
        for neighbours in NEIGHBOURS:
            recall = float(cold_recall(cold.validation.history @ _nearest(similarity, neighbours).T, cold.validation).mean())
            if recall > best_recall:
                best, best_recall = (neighbours, weight), recall
    neighbours, weight = best
    nearest = _nearest(weight * by_tags + (1.0 - weight) * by_audio, neighbours)
    return ContentNeighbours(neighbours, weight, cold_recall(cold.test.history @ nearest.T, cold.test))


def _nearest(similarity: Doubles, neighbours: int) -> Doubles:
    """(M, W): the positive similarities of each cold item's nearest warm ones, 0 elsewhere."""
    positive = np.maximum(similarity, 0.0)
    if neighbours >= positive.shape[1]:
        return positive
    least = -np.partition(-positive, neighbours - 1, axis=1)[:, neighbours - 1 : neighbours]
    return np.where(positive >= least, positive, 0.0)


def _cosines(left: Doubles, right: Doubles) -> Doubles:
    return np.asarray(_unit(left) @ _unit(right).T, np.float64)


def _unit(rows: Doubles) -> Doubles:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(length > 0, length, 1.0), np.float64)


def _tf_idf(cold: ColdSplit) -> tuple[Doubles, Doubles]:
    """(M, T) and (W, T): log(1 + count) · log(W / carriers), of tags that a warm item carries."""
    warm: csr_array = cold.training.tag_counts
    carriers = np.asarray((warm > 0).sum(axis=0)).ravel()
    known = np.flatnonzero(carriers)
    weight = np.log(warm.shape[0] / carriers[known])
    return (
        np.log1p(cold.tag_counts[:, known].toarray()) * weight,
        np.log1p(warm[:, known].toarray()) * weight,
    )
