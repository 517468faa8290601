"""The arrays of a trained model and what must hold for them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

MAGNITUDE_LIMIT = 1e6
"""Largest magnitude of any entry: keeps every float32 inner product with a profile finite."""

UNBOUNDED = frozenset({"head_weights", "head_offsets"})
"""Arrays that scores are not computed from."""


def array_shapes(tracks: int, prototypes: int, dimension: int) -> Mapping[str, tuple[int, ...]]:
    """The arrays of a bundle by name, float32, with their shapes: N tracks, K prototypes, D dimensions."""
    return {
        "embeddings": (tracks, dimension),
        "affinities": (tracks, prototypes),
        "responses": (tracks, prototypes),
        "bias": (tracks,),
        "head_weights": (prototypes, dimension),
        "head_offsets": (prototypes,),
    }


def check_values(name: str, values: NDArray[np.float32]) -> None:
    """ValueError when the array, or a stretch of its rows, holds what it must not."""
    if not np.isfinite(values).all():
        raise ValueError(f"{name} holds NaN or infinite values")
    if name == "affinities" and values.size and float(values.min()) < 0:
        raise ValueError("affinities holds negative values")
    if name not in UNBOUNDED and values.size and float(np.abs(values).max()) > MAGNITUDE_LIMIT:
        raise ValueError(f"{name} holds a value of magnitude above {MAGNITUDE_LIMIT:g}")
