"""Scores by content alone: what is near to the mean of what a person heard."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.recommenders.tag_features import unit_rows

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class ContentCosineScorer:
    """s_vi = cos(Σ_{j heard by v} f_j, f_i): an empty history, or one of items without features, scores 0 everywhere."""

    features: Doubles
    """(N, F), rows of unit length or 0."""

    def scores(self, history: "csr_array") -> Doubles:
        return np.asarray(unit_rows(history @ self.features) @ self.features.T, np.float64)
