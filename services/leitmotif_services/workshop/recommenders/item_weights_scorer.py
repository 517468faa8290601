"""Scores of models whose whole answer is one matrix from items to items."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class ItemWeightsScorer:
    """s_vi = Σ_{j heard by v} weights_ji: an empty history scores 0 everywhere."""

    weights: Doubles
    """(N, N): what item j (row) says of item i (column)."""

    def scores(self, history: "csr_array") -> Doubles:
        return np.asarray(history @ self.weights, np.float64)


def heard_together(heard: "csr_array") -> Doubles:
    """(N, N): how many of the people heard both items; on the diagonal, how many heard the item."""
    return np.asarray((heard.T @ heard).toarray(), np.float64)
