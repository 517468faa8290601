"""The comparator of an edit: the same list, re-ranked by the tag itself."""

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.comparison.judged_tags import LIST_LENGTH

Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]

_CLEARANCE = 1e-9
"""Above what ties, so that rounding does not decide."""


def bonus_for_share(scores: Doubles, carried: Mask, share: float) -> float:
    """The smallest β ≥ 0 for which `scores` + β · carried have at least that mean share of the tag in the top LIST_LENGTH.

    `scores` (V, N), -inf for what is in no list; `carried` (N,). No search is needed: m of a person's first L items carry the
    tag as soon as T_m, the m-th best that does, stands above U_{L-m+1}, the (L - m + 1)-th best that does not, that is from
    β_m = U_{L-m+1} - T_m on; so the mean share is the number of all people's β_m ≤ β over L·V. The largest finite β_m where
    the share cannot be reached.
    """
    length = min(LIST_LENGTH, scores.shape[1])
    with_tag = _best(scores[:, carried], length)
    without = _best(scores[:, ~carried], length)[:, ::-1]
    absent = ~np.isfinite(with_tag)
    needed = np.where(absent, np.inf, np.where(np.isfinite(without), without, -np.inf) - np.where(absent, 0.0, with_tag))
    thresholds = np.sort(needed.ravel())
    places = int(np.ceil(share * len(scores) * LIST_LENGTH - 1e-9))
    reachable = int(np.isfinite(thresholds).sum() + np.isneginf(thresholds).sum())
    if places < 1 or reachable < 1:
        return 0.0
    threshold = float(thresholds[min(places, reachable) - 1])
    return max(threshold + _CLEARANCE * max(1.0, abs(threshold)), 0.0) if np.isfinite(threshold) else 0.0


def _best(scores: Doubles, length: int) -> Doubles:
    """(V, length): the highest scores, falling, -inf where there are fewer."""
    if scores.shape[1] < length:
        scores = np.pad(scores, ((0, 0), (0, length - scores.shape[1])), constant_values=-np.inf)
    kept = -np.partition(-scores, length - 1, axis=1)[:, :length] if scores.shape[1] > length else scores
    return np.asarray(-np.sort(-kept, axis=1), np.float64)
