"""Scores of models whose whole answer is one matrix from items to items."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.recommenders.square_matrices import check_square

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


_MATRICES = 3
"""At once: the counts, a copy to invert or to cut, and what comes of it."""


def heard_together(heard: "csr_array") -> Doubles:
    """(N, N): how many of the people heard both items; on the diagonal, how many heard the item.

    TooManyItemsError where models made of it would fill the memory.
    """
    check_square(heard.shape[1], what="a map from items to items", matrices=_MATRICES)
    return np.asarray((heard.T @ heard).toarray(), np.float64)
