"""The comparator of an edit: the same list, re-ranked by the tag itself."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.comparison.judged_tags import LIST_LENGTH

Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]

_CLEARANCE = 1e-9
"""Above what ties, so that rounding does not decide."""


@dataclass(frozen=True)
class TagBonus:
    """What a bonus β for every item that carries a tag does to the mean share of the tag at the top of V people's lists."""

    needed: Doubles
    """(V · L,) ascending: the bonus that each further place at the top takes; -inf for those that the tag has in any case, inf
    for those that it cannot have."""

    def for_share(self, share: float) -> float:
        """The smallest β ≥ 0 for which the mean share is at least `share`; the one for the largest share that can be reached."""
        places = int(np.ceil(share * len(self.needed) - 1e-9))
        reachable = int((self.needed < np.inf).sum())
        if min(places, reachable) < 1:
            return 0.0
        threshold = float(self.needed[min(places, reachable) - 1])
        return max(threshold + _CLEARANCE * max(1.0, abs(threshold)), 0.0) if np.isfinite(threshold) else 0.0


def tag_bonus(scores: Doubles, carried: Mask) -> TagBonus:
    """Of `scores` (V, N), -inf for what is in no list, and `carried` (N,).

    m of the L = LIST_LENGTH items at the top carry the tag as soon as T_m, the m-th best that does, stands above U_{L-m+1}, the
    (L - m + 1)-th best that does not: from β_m = U_{L-m+1} - T_m on. So the mean share is the number of all people's β_m ≤ β
    over L · V, and no search is needed.
    """
    with_tag = _best(scores[:, carried])
    without = _best(scores[:, ~carried])[:, ::-1]
    absent = np.isneginf(with_tag)
    needed = np.where(absent, np.inf, without - np.where(absent, 0.0, with_tag))
    return TagBonus(np.sort(needed.ravel()))


def _best(scores: Doubles) -> Doubles:
    """(V, LIST_LENGTH): the highest scores, falling, -inf where there are fewer."""
    if scores.shape[1] < LIST_LENGTH:
        scores = np.pad(scores, ((0, 0), (0, LIST_LENGTH - scores.shape[1])), constant_values=-np.inf)
    best = np.partition(scores, scores.shape[1] - LIST_LENGTH, axis=1)[:, scores.shape[1] - LIST_LENGTH :]
    return np.asarray(np.sort(best, axis=1)[:, ::-1], np.float64)
