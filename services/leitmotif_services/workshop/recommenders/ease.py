"""EASE: the linear map from items to items that restores people's histories best while no item may speak for itself.

Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019:

    min_B ‖X − XB‖² + λ‖B‖²,  diag(B) = 0;    with P = (XᵀX + λI)⁻¹:  B_ij = −P_ij / P_jj for i ≠ j
"""

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.listening.listening_data import HeldOutPeople, TrainingData
from leitmotif_services.workshop.recommenders.item_weights_scorer import ItemWeightsScorer, heard_together
from leitmotif_services.workshop.recommenders.recommender import Advance, SearchSpace, Settings

Doubles = NDArray[np.float64]

RIDGES = (100.0, 30.0, 50.0, 70.0, 150.0, 200.0, 300.0, 500.0, 700.0, 1000.0)
"""Steck's best were 200 to 1000 on data sets of 20,000 to 600,000 people; fewer people need less."""


class Ease:
    name = "ease"
    source = "Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019"
    space = SearchSpace({"ridge": RIDGES})

    def fit(
        self,
        data: TrainingData,
        settings: Settings,
        *,
        seed: int,  # noqa: ARG002 - nothing is drawn
        validation: HeldOutPeople | None,  # noqa: ARG002 - nothing is stopped early
        advance: Advance,
    ) -> ItemWeightsScorer:
        weights = without_self_weights(heard_together(data.heard), float(settings["ridge"]))
        advance(1.0)
        return ItemWeightsScorer(weights)


def without_self_weights(gram: Doubles, ridge: float) -> Doubles:
    """B (N, N) of a Gram matrix XᵀX and λ = `ridge` > 0."""
    inverse = np.linalg.inv(gram + ridge * np.eye(len(gram)))
    weights = np.asarray(-inverse / np.diag(inverse), np.float64)
    np.fill_diagonal(weights, 0.0)
    return weights
