"""EASE with tags as side rows: each tag is one more person, who heard what carries it.

Jeunen, Van Balen and Goethals, "Closed-form models for collaborative filtering with side-information", RecSys 2020 (CEASE):

    min_B ‖X − XB‖² + w ‖Tᵀ − TᵀB‖² + λ‖B‖²,  diag(B) = 0;    as EASE with the Gram matrix XᵀX + w T Tᵀ,
    T (N, tags): unit rows of TF-IDF
"""

from leitmotif_services.workshop.listening.listening_data import HeldOutPeople, TrainingData
from leitmotif_services.workshop.recommenders.ease import without_self_weights
from leitmotif_services.workshop.recommenders.item_weights_scorer import ItemWeightsScorer, heard_together
from leitmotif_services.workshop.recommenders.recommender import Advance, SearchSpace, Settings
from leitmotif_services.workshop.recommenders.tag_features import FREQUENCIES, tf_idf


class EaseTags:
    name = "ease-tags"
    source = "Jeunen et al., Closed-form models for collaborative filtering with side-information, RecSys 2020"
    space = SearchSpace(
        {
            "ridge": (100.0, 50.0, 200.0, 300.0, 500.0),
            "tag_weight": (20.0, 5.0, 10.0, 50.0, 100.0),
            "tags": (200, 400, 800),
            "frequency": FREQUENCIES,
        }
    )

    def fit(
        self,
        data: TrainingData,
        settings: Settings,
        *,
        seed: int,  # noqa: ARG002 - nothing is drawn
        validation: HeldOutPeople | None,  # noqa: ARG002 - nothing is stopped early
        advance: Advance,
    ) -> ItemWeightsScorer:
        features = tf_idf(data, tags=int(settings["tags"]), frequency=str(settings["frequency"]))
        gram = heard_together(data.heard) + float(settings["tag_weight"]) * (features @ features.T)
        weights = without_self_weights(gram, float(settings["ridge"]))
        advance(1.0)
        return ItemWeightsScorer(weights)
