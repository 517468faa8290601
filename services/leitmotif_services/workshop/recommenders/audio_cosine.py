"""Cosine on audio: what sounds like the mean of a person's history.

The audio content baseline of van den Oord et al., "Deep content-based music recommendation", NeurIPS 2013, on whatever
features the data set has: standardised descriptors, or embeddings. People's taste does not follow every one of them (the key of
a piece, say), and a cosine would take all for equal; so a column may be scaled by the root of its intraclass correlation with
people as the classes (Fisher, "Statistical Methods for Research Workers", 1925): of its variance over all that people heard, the
share that lies between people.
"""

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.listening.listening_data import HeldOutPeople, TrainingData
from leitmotif_services.workshop.recommenders.content_cosine_scorer import ContentCosineScorer
from leitmotif_services.workshop.recommenders.recommender import Advance, SearchSpace, Settings
from leitmotif_services.workshop.recommenders.tag_features import unit_rows

Doubles = NDArray[np.float64]


class AudioCosine:
    name = "audio-cosine"
    source = "Cosine to the mean of the history's audio features, as in van den Oord et al., NeurIPS 2013"
    space = SearchSpace({"columns": ("by taste", "equal")})

    def fit(
        self,
        data: TrainingData,
        settings: Settings,
        *,
        seed: int,  # noqa: ARG002 - nothing is drawn
        validation: HeldOutPeople | None,  # noqa: ARG002 - nothing is stopped early
        advance: Advance,
    ) -> ContentCosineScorer:
        weighted = data.audio * np.sqrt(intraclass_correlations(data)) if settings["columns"] == "by taste" else data.audio
        advance(1.0)
        return ContentCosineScorer(unit_rows(weighted))


def intraclass_correlations(data: TrainingData) -> Doubles:
    """(F,), 0 to 1, of the audio columns over what people with two items or more heard.

    (B − W) / (B + (n − 1) W) with the mean squares between people, B, and within, W, and n items a person on average, from the
    one-way analysis of variance; 0 where it is negative, or nothing varies.
    """
    lengths = np.diff(data.heard.indptr)
    heard = data.heard[np.flatnonzero(lengths >= 2)]
    lengths = np.diff(heard.indptr)
    people, pairs = heard.shape[0], int(heard.nnz)
    if people < 2:
        return np.zeros(data.audio.shape[1])
    values = data.audio[heard.indices]
    sums = heard @ data.audio
    between = (sums**2 / lengths[:, None]).sum(axis=0) - pairs * values.mean(axis=0) ** 2
    within = (values**2).sum(axis=0) - (sums**2 / lengths[:, None]).sum(axis=0)
    b, w = between / (people - 1), within / (pairs - people)
    scale = b + (pairs / people - 1) * w
    correlations = np.divide(b - w, scale, out=np.zeros_like(b), where=scale > 1e-12)
    return np.asarray(np.clip(correlations, 0.0, 1.0), np.float64)
