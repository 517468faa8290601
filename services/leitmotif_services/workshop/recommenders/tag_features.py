"""How items are tagged, as unit vectors of TF-IDF."""

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.listening.listening_data import TrainingData

Doubles = NDArray[np.float64]

FREQUENCIES = ("logarithm", "presence")
"""How an item's count of a tag enters: log(1 + count), or 1 whatever the count."""


def tf_idf(data: TrainingData, *, tags: int, frequency: str) -> Doubles:
    """(N, min(tags, T)): tf · log(N / df) over the most used tags, each row of unit length or, without any of them, 0.

    Most used: by the summed weights of the assignments. df: how many items carry the tag.
    Salton and Buckley, "Term-weighting approaches in automatic text retrieval", 1988.
    """
    used = np.asarray(data.tag_counts.sum(axis=0)).reshape(-1)
    chosen = np.argsort(-used, kind="stable")[:tags]
    counts = np.asarray(data.tag_counts[:, chosen].toarray(), np.float64)
    carriers = np.maximum((counts > 0).sum(axis=0), 1)
    term = np.log1p(counts) if frequency == "logarithm" else (counts > 0).astype(np.float64)
    return unit_rows(term * np.log(len(counts) / carriers))


def unit_rows(matrix: Doubles) -> Doubles:
    """Each row divided by its length; rows of zeros stay."""
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(np.divide(matrix, lengths, out=np.zeros_like(matrix), where=lengths > 0), np.float64)
