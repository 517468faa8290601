"""Responses where nobody is known to have listened."""

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.recommenders.leitmotif_responses import Responses

Doubles = NDArray[np.float64]


def content_responses(affinities: Doubles) -> Responses:
    """Closeness of the affinities (N, K).

    With z_i = (a_i − ā) / σ over the catalogue and m = ā / σ: v_i = (z_i − m (m·z_i) / |m|²) / (K σ). Then h·v_i compares what
    sets the history apart from the average track with what sets track i apart; the part of h that every history has
    (along ā) adds nothing, however long the history is. b = 0.
    """
    mean, deviation = affinities.mean(axis=0), affinities.std(axis=0)
    deviation = np.maximum(deviation, 0.05 * max(float(deviation.max()), 1e-3))
    standard, common = (affinities - mean) / deviation, mean / deviation
    common = common / max(float(np.linalg.norm(common)), 1e-9)
    along = standard - np.outer(standard @ common, common)
    return Responses(along / (affinities.shape[1] * deviation), np.zeros(len(affinities)))
