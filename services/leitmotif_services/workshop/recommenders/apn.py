"""`apn`: the audio prototypical network.

Öncel et al., "Audio Prototypical Network For Controllable Music Recommendation", MLSP 2025, arXiv:2508.00194.
With item inputs x_i, prototype embeddings p_k, and A attention heads:

    a_i = mean over heads of softmax_k((x_i Q_a) · (p_k K_a) / sqrt(d))          attention of a song over the prototypes
    h = Σ_{j ∈ H} a_j / sqrt(|H|)                                                   profile: the history, summed
    s = W2 relu(Σ_k (h_k − m_k) / σ_k p_k V W + c) + b                             feed-forward scorer of the whole catalogue
    loss = −Σ_{i heard} log softmax(s)_i / |H| mean                                cross-entropy over the catalogue
           + λ1 KL(tags of what somebody heard ‖ profile)                          calibration
           + λ2 mean over pairs of prototypes of cos²(p_k, p_l)                    separation

What differs from the paper: prototypes begin as what the items of a tag have in common (`apn_items`), not as the embedding of a
generated clip; items are read with their tags where they have some; the heads' attention is averaged before it is summed, so that
the K weights which a person sees and edits are all that the scorer knows of that person; weights are standardised over
training people (m, σ) before they are scored; some of the history is dropped out in training, so that what is left has to
predict all of it (Liang et al., WWW 2018).
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.expression import least_expressed_rank
from leitmotif_services.workshop.listening.listening_data import HeldOutPeople, TrainingData
from leitmotif_services.workshop.recommenders.apn_gain import fit_gain
from leitmotif_services.workshop.recommenders.apn_items import Beginnings, beginnings, item_inputs
from leitmotif_services.workshop.recommenders.apn_scorer import ApnParameters, ApnScorer
from leitmotif_services.workshop.recommenders.recommender import Advance, SearchSpace, Settings


@dataclass(frozen=True)
class Apn:
    """The recommender."""

    checkpoint: Path | None = None
    """Where the state of training is kept after every epoch, for a run that is broken off to go on from."""

    name = "apn"
    source = "Öncel et al., Audio Prototypical Network For Controllable Music Recommendation, MLSP 2025 (arXiv:2508.00194)"
    space = SearchSpace(
        {
            "prototypes": (200, 100, 400),
            "heads": (1, 2),
            "dimension": (256, 128),
            "hidden": (600, 300),
            "sharpness": (8.0, 4.0),
            "dropout": (0.5, 0.3, 0.7),
            "hidden_dropout": (0.8, 0.7, 0.9),
            "calibration": (0.1, 0.0, 0.03, 0.3, 1.0),
            "separation": (0.01, 0.0, 0.1, 1.0, 10.0),
            "learning_rate": (0.001, 0.0005, 0.002),
            "batch_people": (256,),
            "epochs": (120,),
        }
    )

    def fit(
        self, data: TrainingData, settings: Settings, *, seed: int, validation: HeldOutPeople | None, advance: Advance
    ) -> ApnScorer:
        from leitmotif_services.workshop.recommenders.torch_apn_training import trained_parameters

        inputs = item_inputs(data)
        features = inputs.of(data.audio, data.tag_counts)
        begun = beginnings(data, features, int(settings["prototypes"]), seed=seed)
        parameters, epochs_used = trained_parameters(
            data, features, begun, settings, seed=seed, validation=validation, advance=advance, checkpoint=self.checkpoint
        )
        names = tuple(data.tags[tag] for tag in begun.anchors)
        found = len(begun.embeddings) - len(names)
        carried = _expressed(data, begun, parameters)
        least = least_expressed_rank(len(carried))
        ranks = [max(least, int(column.sum())) for column in carried.T[: len(names)]] + [least] * found
        scorer = ApnScorer(
            parameters=parameters,
            prototypes=(*names, *(f"sound {number}" for number in range(1, found + 1))),
            anchors={name: position for position, name in enumerate(names)},
            inputs=inputs,
            expressed_ranks=ranks,
            edit_gain=1.0,
            epochs_used=epochs_used,
        )
        gain = fit_gain(scorer, data.heard, carried, seed=seed)
        return replace(scorer, edit_gain=gain)


def _expressed(data: TrainingData, begun: Beginnings, parameters: ApnParameters) -> NDArray[np.bool_]:
    """(N, K): carriers of the tag; of a discovered prototype, the top decile by affinity."""
    tags = len(begun.anchors)
    carried = np.asarray(data.tag_counts[:, begun.anchors].toarray() > 0)
    others = parameters.affinities[:, tags:]
    decile = least_expressed_rank(len(others))
    return np.hstack([carried, others >= -np.sort(-others, axis=0)[decile - 1]])
