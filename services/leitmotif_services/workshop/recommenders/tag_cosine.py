"""Cosine on tags: what is tagged like the mean of a person's history.

The content-based recommender of Pazzani and Billsus, "Content-based recommendation systems", 2007, with tags as the terms.
"""

from leitmotif_services.workshop.listening.listening_data import HeldOutPeople, TrainingData
from leitmotif_services.workshop.recommenders.content_cosine_scorer import ContentCosineScorer
from leitmotif_services.workshop.recommenders.recommender import Advance, SearchSpace, Settings
from leitmotif_services.workshop.recommenders.tag_features import FREQUENCIES, tf_idf


class TagCosine:
    name = "tag-cosine"
    source = "Pazzani and Billsus, Content-based recommendation systems, 2007: TF-IDF of the most used tags"
    space = SearchSpace({"tags": (200, 100, 400, 800), "frequency": FREQUENCIES})

    def fit(
        self,
        data: TrainingData,
        settings: Settings,
        *,
        seed: int,  # noqa: ARG002 - nothing is drawn
        validation: HeldOutPeople | None,  # noqa: ARG002 - nothing is stopped early
        advance: Advance,
    ) -> ContentCosineScorer:
        features = tf_idf(data, tags=int(settings["tags"]), frequency=str(settings["frequency"]))
        advance(1.0)
        return ContentCosineScorer(features)
