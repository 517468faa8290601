"""Small listening data for tests by hand."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from leitmotif_services.workshop.listening.listening_data import TrainingData

Rows = Sequence[Sequence[float]] | NDArray[np.float64]


def training_on(heard: Rows, *, tags: Rows | None = None, audio: Rows | None = None) -> TrainingData:
    """People's rows of 1 and 0; tag counts and audio by item."""
    rows = csr_array(np.array(heard, np.float64))
    items = rows.shape[1]
    tag_counts = np.zeros((items, 0)) if tags is None else np.array(tags, np.float64)
    return TrainingData(
        heard=rows,
        counts=rows,
        tag_counts=csr_array(tag_counts),
        tags=tuple(f"tag {tag}" for tag in range(tag_counts.shape[1])),
        audio=np.zeros((items, 0)) if audio is None else np.array(audio, np.float64),
        artists=tuple(f"artist {item}" for item in range(items)),
    )


def histories(rows: Rows) -> csr_array:
    return csr_array(np.array(rows, np.float64))
