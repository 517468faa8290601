"""γ: how much a person's edit weighs against the history."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.expression import expressed_threshold
from leitmotif_services.workshop.recommenders.leitmotif_responses import Responses

Doubles = NDArray[np.float64]

TARGET_RISE = 0.25
"""An edit of 1 shall raise the share of a prototype in the top of the list by so much, on average."""

_LIST_LENGTH = 20
_PAIRS = 600
_SCORES = 10_000_000
"""Fewer pairs are sampled where those of _PAIRS had more scores than this: bounds the memory."""

_FEWEST_PAIRS = 128
"""However many tracks there are."""

_DOUBLINGS = 10
"""The search ends at 1,000 times where it begins: a prototype that hardly differs from track to track cannot set the gain."""

_BISECTIONS = 40

SMALLEST_GAIN = 0.01
"""Where histories tell no tracks apart, any gain does; this one keeps an edit's contribution visible."""


def fit_edit_gain(affinities: Doubles, fitted: Responses, histories: Doubles, ranks: Sequence[int], *, seed: int) -> float:
    """The smallest γ (to 1 part in 1000) with a mean rise of TARGET_RISE for an edit of 1, over sampled people and prototypes.

    `affinities` (N, K), `histories` (U, K) with U ≥ 1, `ranks` (K,): `Prototype.expressed_rank` of each. The share is that of
    tracks that express the prototype, those that a mute would remove, in the first min(20, ceil(N / 4)) of the list. It never
    falls as γ grows: an edit moves tracks of higher affinity past those of lower, and those that express a prototype have
    its highest affinities. So bisection finds the smallest γ. Where the list cannot rise by so much (few tracks express the
    prototype, most of the list does already, or it is short), half of what is possible is the aim.
    """
    pairs = _Pairs(affinities, fitted, histories, ranks, seed)
    wanted = pairs.share(0.0) + min(TARGET_RISE, 0.5 * (pairs.ceiling - pairs.share(0.0)))
    low, high = 0.0, _scale(affinities, fitted, histories)
    for _ in range(_DOUBLINGS):
        if pairs.share(high) >= wanted:
            break
        low, high = high, 2.0 * high
    for _ in range(_BISECTIONS):
        if high - low <= 1e-3 * high:
            break
        middle = (low + high) / 2.0
        low, high = (low, middle) if pairs.share(middle) >= wanted else (middle, high)
    return max(float(high), SMALLEST_GAIN)


class _Pairs:
    """Sampled pairs of a person and a prototype, and the mean share of the prototype in the person's list."""

    def __init__(self, affinities: Doubles, fitted: Responses, histories: Doubles, ranks: Sequence[int], seed: int) -> None:
        rng = np.random.default_rng([seed, 81])
        tracks, prototypes = affinities.shape
        self._length = min(_LIST_LENGTH, -(-tracks // 4))
        most = min(_PAIRS, prototypes * len(histories), _SCORES // tracks)
        wanted = max(most, min(prototypes, max(_FEWEST_PAIRS, _SCORES // tracks)))
        chosen = rng.integers(len(histories), size=wanted)
        # Each prototype as often as any other; where there is no room for all, some of them.
        columns = np.arange(wanted) % prototypes if wanted >= prototypes else rng.permutation(prototypes)[:wanted]
        expressed = np.empty((wanted, tracks), np.bool_)
        for place, prototype in enumerate(columns.tolist()):
            column = affinities[:, prototype].astype(np.float32)
            expressed[place] = column >= expressed_threshold(column, ranks[prototype])
        self._scores = fitted.responses @ histories[chosen].T + fitted.bias[:, None]
        self._lift = affinities[:, columns]
        self._expressed = expressed.T
        self.ceiling = float(np.minimum(self._expressed.sum(axis=0), self._length).mean() / self._length)

    def share(self, gain: float) -> float:
        scores = self._scores + gain * self._lift
        top = np.argpartition(-scores, self._length - 1, axis=0)[: self._length]
        return float(np.take_along_axis(self._expressed, top, axis=0).mean())


def _scale(affinities: Doubles, fitted: Responses, histories: Doubles) -> float:
    """A gain at which an edit is about as large as what sets tracks apart already: where the search begins."""
    spread = float(np.std(fitted.responses @ histories[0] + fitted.bias))
    return max(spread, 1e-6) / max(float(affinities.std()), 1e-3)
