"""Whether a prototype sounds like its tag: its affinities of items that training never saw, against what people call those."""

from dataclasses import dataclass

import numpy as np

from leitmotif_services.workshop.comparison.cold_start import ColdSplit
from leitmotif_services.workshop.ranking_metrics import average_precision, roc_auc
from leitmotif_services.workshop.recommenders.recommender import NewItemAffinities, SteerableScorer

FEWEST_CARRIERS = 3
"""Among the held-out items: fewer tell nothing."""


@dataclass(frozen=True)
class TagFidelity:
    """Of the prototype that is anchored on one tag."""

    tag: str
    carriers: int
    """Held-out items that carry it; the chance level of `average_precision` is carriers over held-out items."""
    roc_auc: float
    average_precision: float


def measure_fidelity(steerable: SteerableScorer, affinities: NewItemAffinities, cold: ColdSplit) -> tuple[TagFidelity, ...]:
    """For each anchored prototype: ROC-AUC and average precision of its affinities, computed from audio alone, of the cold items.

    An item carries a tag when a person whose tags training may see gave it. Prototypes whose tag fewer than FEWEST_CARRIERS
    cold items carry, or all of them, are left out. In the order of the anchors. ROC-AUC is the chance that a carrier has a
    higher affinity than another item, a tie counting half; average precision is Σ (recall_t - recall_{t-1}) · precision_t.
    """
    expressed = affinities.cold_affinities(cold.audio, None)
    position = {name: tag for tag, name in enumerate(cold.training.tags)}
    carried = cold.tag_counts.toarray() > 0
    measured = []
    for name, prototype in steerable.anchors.items():
        if name not in position:
            continue
        carriers = carried[:, position[name]]
        if FEWEST_CARRIERS <= int(carriers.sum()) < len(carriers):
            scores = np.asarray(expressed[:, prototype], np.float64)
            measured.append(
                TagFidelity(name, int(carriers.sum()), roc_auc(scores, carriers), average_precision(scores, carriers))
            )
    return tuple(measured)
