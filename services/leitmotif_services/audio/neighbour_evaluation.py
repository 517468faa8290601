"""How well embeddings keep labels together: leave-one-out nearest neighbours by cosine."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.audio.front_end import Frames


def neighbour_accuracy(embeddings: NDArray[np.floating], labels: Sequence[str], neighbours: int) -> float:
    """Share of the rows of (n, D), n ≥ 2, whose label is the one most frequent among their nearest `neighbours`.

    Where fewer other rows exist, all of them vote. Among labels with equally many votes the one whose rows are nearest in
    sum wins.
    """
    length = np.linalg.norm(embeddings, axis=1, keepdims=True)
    unit = embeddings / np.maximum(length, 1e-12)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, -np.inf)
    names = np.array(labels)
    count = min(neighbours, len(names) - 1)
    right = 0
    for row, truth in zip(cosine, labels, strict=True):
        nearest = np.argsort(-row, kind="stable")[:count]
        votes = dict.fromkeys(names[nearest], (0, 0.0))
        for index in nearest:
            number, total = votes[names[index]]
            votes[names[index]] = (number + 1, total + float(row[index]))
        right += max(votes, key=lambda name: votes[name]) == truth
    return right / len(names)


def log_mel_statistics(log_mel: Frames) -> NDArray[np.float64]:
    """(2 · mel bands,): mean and standard deviation of (T, mel bands), the baseline that an encoder has to beat."""
    return np.concatenate([log_mel.mean(axis=0, dtype=np.float64), log_mel.std(axis=0, dtype=np.float64)])


def standardised(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each column of (n, F) with mean 0 and deviation 1 over the rows."""
    deviation = rows.std(axis=0)
    return np.asarray((rows - rows.mean(axis=0)) / np.where(deviation > 1e-12, deviation, 1.0))
