"""Measures of scores against known answers."""

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]


def roc_auc(scores: Doubles, positive: Mask) -> float:
    """Chance that a positive scores above a negative, a tie counting half; NaN when there are none of either.

    The Mann-Whitney statistic from mid-ranks.
    """
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mid_ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    return float((mid_ranks[positive].sum() - positives * (positives + 1) / 2.0) / (positives * negatives))


def average_precision(scores: Doubles, positive: Mask) -> float:
    """Σ (recall_t − recall_{t−1}) · precision_t over the thresholds t, falling; NaN without a positive."""
    positives = int(positive.sum())
    if positives == 0:
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(positive[order])
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)  # tied scores are one threshold
    precision = hits[ends] / (ends + 1.0)
    recall = hits[ends] / positives
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def ndcg(ranking: NDArray[np.int64], wanted: Mask, length: int) -> float:
    """NDCG@length of a ranking of positions against the mask of wanted ones: gain 1, discount log2(1 + rank)."""
    found = wanted[ranking[:length]]
    discounts = 1.0 / np.log2(np.arange(2, length + 2))
    ideal = discounts[: min(int(wanted.sum()), length)].sum()
    return float((found * discounts[: len(found)]).sum() / ideal) if ideal else float("nan")


def recall(ranking: NDArray[np.int64], wanted: Mask, length: int) -> float:
    """Wanted positions among the first `length`, divided by as many as could be there."""
    possible = min(int(wanted.sum()), length)
    return float(wanted[ranking[:length]].sum() / possible) if possible else float("nan")
