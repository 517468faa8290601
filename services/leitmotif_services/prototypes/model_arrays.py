"""The arrays of a trained model and what must hold for them."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.prototype import Prototype, listened_count

MAGNITUDE_LIMIT = 1e6
"""Largest magnitude of any entry: keeps every float32 inner product with a profile finite."""

AXIS_LIMIT = 65_536
"""Most hidden units and heads: a length that the manifest does not state is bounded too."""

UNBOUNDED = frozenset({"head_weights", "head_offsets", "attention_weights", "attention_offsets"})
"""Arrays that scores are not computed from."""


def check_shapes(
    axes: Mapping[str, tuple[str, ...]], stated: Mapping[str, int], found: Mapping[str, tuple[tuple[int, ...], str]]
) -> None:
    """ValueError unless the arrays found are those of `axes`, float32, each axis as long as `stated`, or everywhere the same.

    `found`: shape and type of each array by its name; float32 is "F32" to safetensors.
    """
    if sorted(found) != sorted(axes):
        raise ValueError(f"holds the arrays {sorted(found)}, not {sorted(axes)}")
    lengths = dict(stated)
    for name, names in axes.items():
        shape, kind = found[name]
        if len(shape) == len(names):
            for axis, length in zip(names, shape, strict=True):
                lengths.setdefault(axis, length)
        wanted = tuple(lengths.get(axis, 0) for axis in names)
        if shape != wanted or kind not in ("F32", "float32"):
            raise ValueError(f"{name} is {kind} of shape {shape}, not F32 of {wanted}")
    for axis, length in lengths.items():
        if axis not in stated and not 1 <= length <= AXIS_LIMIT:
            raise ValueError(f"has {length} of {axis}, 1 to {AXIS_LIMIT} are allowed")


def stated_lengths(prototypes: Sequence[Prototype], *, tracks: int, dimension: int) -> dict[str, int]:
    """The lengths of the axes that are known beforehand."""
    listened = listened_count(prototypes)
    counts = {"prototypes": len(prototypes), "listened": listened, "added": len(prototypes) - listened}
    return {"tracks": tracks, "dimension": dimension, **counts}


def check_values(name: str, values: NDArray[np.float32]) -> None:
    """ValueError when the array, or a stretch of its rows, holds what it must not."""
    if not np.isfinite(values).all():
        raise ValueError(f"{name} holds NaN or infinite values")
    if name == "affinities" and values.size and float(values.min()) < 0:
        raise ValueError("affinities holds negative values")
    if name not in UNBOUNDED and values.size and float(np.abs(values).max()) > MAGNITUDE_LIMIT:
        raise ValueError(f"{name} holds a value of magnitude above {MAGNITUDE_LIMIT:g}")
