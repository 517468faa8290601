"""Cosine on audio: what sounds like the mean of a person's history.

The audio content baseline of van den Oord et al., "Deep content-based music recommendation", NeurIPS 2013, on whatever
features the data set has: standardised descriptors, or embeddings.
"""

from leitmotif_services.workshop.listening.listening_data import HeldOutPeople, TrainingData
from leitmotif_services.workshop.recommenders.content_cosine_scorer import ContentCosineScorer
from leitmotif_services.workshop.recommenders.recommender import Advance, SearchSpace, Settings
from leitmotif_services.workshop.recommenders.tag_features import unit_rows


class AudioCosine:
    name = "audio-cosine"
    source = "Cosine to the mean of the history's standardised audio features, as in van den Oord et al., NeurIPS 2013"
    space = SearchSpace({})

    def fit(
        self,
        data: TrainingData,
        settings: Settings,  # noqa: ARG002 - there are none
        *,
        seed: int,  # noqa: ARG002 - nothing is drawn
        validation: HeldOutPeople | None,  # noqa: ARG002 - nothing is stopped early
        advance: Advance,
    ) -> ContentCosineScorer:
        features = unit_rows(data.audio)
        advance(1.0)
        return ContentCosineScorer(features)
