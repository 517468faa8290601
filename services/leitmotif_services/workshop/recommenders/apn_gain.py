"""γ of `apn`: how much an edit of 1 moves a weight."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.recommenders.apn_scorer import ApnScorer

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]

TARGET_RISE = 0.25
"""An edit of 1 shall raise the share of a prototype at the top of the list by so much, on average; as `leitmotif`'s does."""

_LIST_LENGTH = 20
_PEOPLE = 300
_PROTOTYPES = 50
_DOUBLINGS = 14
_BISECTIONS = 12


def fit_gain(scorer: ApnScorer, heard: "csr_array", expressed: Mask, *, seed: int) -> float:
    """The smallest γ found, to 1 part in 4096, by whose edit of 1 the share rises by TARGET_RISE, or by half of what is possible.

    `expressed` (N, K): which items count for a prototype. A sampled training person each edits one of the first 50 prototypes.
    Doubling comes first, then bisection; the net may let the share fall again, so where doubling never reaches the target the
    gain with the highest share is taken.
    """
    rng = np.random.default_rng([seed, 82])
    people = rng.permutation(heard.shape[0])[:_PEOPLE]
    columns = np.arange(len(people)) % min(expressed.shape[1], _PROTOTYPES)
    history = heard[people]
    profiles, known = scorer.profiles(history), history.toarray() > 0
    length = min(_LIST_LENGTH, expressed.shape[0])

    def share(gain: float) -> float:
        weights = profiles.copy()
        weights[np.arange(len(people)), columns] += gain
        scores = np.where(known, -np.inf, scorer.scores_of_profiles(weights))
        top = np.argpartition(-scores, length - 1, axis=1)[:, :length]
        return float(np.take_along_axis(expressed[:, columns].T, top, axis=1).mean())

    before = share(0.0)
    wanted = before + min(TARGET_RISE, 0.5 * (1.0 - before))
    low, high = 0.0, max(float(profiles.max()), 1e-6) / 16.0
    tried = {high: share(high)}
    for _ in range(_DOUBLINGS):
        if tried[high] >= wanted:
            break
        low, high = high, 2.0 * high
        tried[high] = share(high)
    if tried[high] < wanted:
        return max(tried, key=lambda gain: tried[gain])
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if share(middle) >= wanted else (middle, high)
    return high
