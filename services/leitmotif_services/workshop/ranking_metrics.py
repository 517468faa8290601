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
    """`ndcg_of_hits` of one ranking of positions against the mask of wanted ones; NaN when none is."""
    return float(ndcg_of_hits(wanted[ranking[:length]][None], wanted.sum(keepdims=True), length)[0])


def recall(ranking: NDArray[np.int64], wanted: Mask, length: int) -> float:
    """`recall_of_hits` of one ranking of positions against the mask of wanted ones; NaN when none is."""
    return float(recall_of_hits(wanted[ranking[:length]][None], wanted.sum(keepdims=True), length)[0])


def ndcg_of_hits(hits: Mask, wanted: NDArray[np.int64], length: int) -> Doubles:
    """(V,) NDCG@k: Σ_{r ≤ k} hit_r / log2(1 + r), divided by the same sum for a list that begins with all that is wanted.

    `hits` (V, R): whether each of V people's r-th item is wanted, best first; `wanted` (V,): how many are. `length`: k. NaN
    where nothing is wanted. Järvelin and Kekäläinen, ACM TOIS 2002, with gain 1.
    """
    discounts = 1.0 / np.log2(np.arange(2, length + 2))
    shown = hits[:, :length]
    ideal = np.concatenate([[np.nan], np.cumsum(discounts)])[np.minimum(wanted, length)]
    return np.asarray((shown @ discounts[: shown.shape[1]]) / ideal, np.float64)


def recall_of_hits(hits: Mask, wanted: NDArray[np.int64], length: int) -> Doubles:
    """(V,) Recall@k: hits among the first k, divided by min(k, wanted), as many as could be there; NaN where nothing is wanted.

    `hits` and `wanted` as in `ndcg_of_hits`. Liang et al., WWW 2018.
    """
    possible = np.minimum(wanted, length).astype(np.float64)
    return np.asarray(hits[:, :length].sum(axis=1) / np.where(possible > 0, possible, np.nan), np.float64)
