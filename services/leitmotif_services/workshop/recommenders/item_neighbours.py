"""Item kNN: an item is recommended by those of its nearest neighbours that a person heard.

Similarity is the cosine of the items' columns, shrunk where few people heard them, as there it rests on chance:

    sim_ij = |i ∧ j| / (sqrt(|i| |j|) + shrinkage),    s_vi = Σ_{j ∈ H_v, j among the k nearest of i} sim_ij

Sarwar et al., "Item-based collaborative filtering recommendation algorithms", WWW 2001; with the shrinkage of Bell and Koren,
"Improved neighborhood-based collaborative filtering", KDD Cup 2007, in the form that Ferrari Dacrema et al., "Are we really
making much progress?", RecSys 2019, tune as a baseline.
"""

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.listening.listening_data import HeldOutPeople, TrainingData
from leitmotif_services.workshop.recommenders.item_weights_scorer import ItemWeightsScorer, heard_together
from leitmotif_services.workshop.recommenders.recommender import Advance, SearchSpace, Settings

Doubles = NDArray[np.float64]


class ItemNeighbours:
    name = "item-neighbours"
    source = "Sarwar et al. 2001, with the shrinkage of Bell and Koren 2007"
    space = SearchSpace({"neighbours": (200, 50, 100, 400, 1000), "shrinkage": (5.0, 0.0, 2.0, 10.0, 20.0, 50.0)})

    def fit(
        self,
        data: TrainingData,
        settings: Settings,
        *,
        seed: int,  # noqa: ARG002 - nothing is drawn
        validation: HeldOutPeople | None,  # noqa: ARG002 - nothing is stopped early
        advance: Advance,
    ) -> ItemWeightsScorer:
        similarities = shrunk_cosine(heard_together(data.heard), float(settings["shrinkage"]))
        weights = nearest_alone(similarities, int(settings["neighbours"]))
        advance(1.0)
        return ItemWeightsScorer(weights)


def shrunk_cosine(together: Doubles, shrinkage: float) -> Doubles:
    """(N, N) of the counts of `heard_together`; 0 for an item with itself and for items that nobody heard."""
    root = np.sqrt(np.diag(together))
    scale = root[:, None] * root[None, :] + shrinkage
    similarities = np.divide(together, scale, out=np.zeros_like(together), where=together > 0)
    np.fill_diagonal(similarities, 0.0)
    return similarities


def nearest_alone(similarities: Doubles, neighbours: int) -> Doubles:
    """A copy in which each column keeps its `neighbours` greatest entries; all entries that equal the least of them stay."""
    if neighbours >= len(similarities):
        return similarities.copy()
    least = np.partition(similarities, -neighbours, axis=0)[-neighbours]
    return np.where(similarities >= least, similarities, 0.0)
