"""A trained model with one more prototype, on which listening has no weight."""

from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.bundle_writing import Trained, TrainedApn, TrainedModel
from leitmotif_services.prototypes.expression import least_expressed_rank
from leitmotif_services.prototypes.prototype import Prototype
from leitmotif_services.prototypes.vocabulary.new_prototype import NewColumn

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
T = TypeVar("T", bound=Trained)


def extended(model: Trained, prototype: Prototype, column: NewColumn) -> Trained:
    """The model with `prototype` as its last, of the affinities and the row of the affinity head in `column`.

    A mute of it removes the top decile. Profiles of the model have another length, so it takes those of its own version only.
    """
    if isinstance(model, TrainedModel):
        return _with_column(
            replace(
                model,
                head_weights=np.vstack([model.head_weights, column.head_weights]),
                head_offsets=np.append(model.head_offsets, np.float32(column.head_offset)),
            ),
            prototype,
            column,
        )
    if isinstance(model, TrainedApn):
        weights, offsets = model.added_head_weights, model.added_head_offsets
        row, offset = column.head_weights[None, :], np.array([column.head_offset], np.float32)
        return _with_column(
            replace(
                model,
                hidden_weights=np.column_stack([model.hidden_weights, hidden_column(model, column.affinities)]).astype(
                    np.float32
                ),
                added_head_weights=row if weights is None else np.vstack([weights, row]),
                added_head_offsets=offset if offsets is None else np.append(offsets, offset),
            ),
            prototype,
            column,
        )
    raise TypeError(f"a model of kind {model.kind!r} cannot be extended")


def hidden_column(model: TrainedApn, affinities: Floats) -> Doubles:
    """(H,): how the weight of a prototype of those affinities (N,) moves the hidden sums.

    In the direction of a listener to the tracks that express it, beyond one to everything: W1 (Σ_i α_i a_i / Σ_i α_i − mean a)
    for affinities α and the prototypes that were trained, as long as the columns of W1 are on average.
    """
    listened = model.attention_weights.shape[1]
    known, weights = model.affinities[:, :listened], model.hidden_weights[:, :listened].astype(np.float64)
    strengths = affinities.astype(np.float64)
    total = max(float(strengths.sum()), 1e-12)
    column = weights @ (strengths @ known / total - known.mean(axis=0, dtype=np.float64))
    length = float(np.linalg.norm(column))
    typical_length = float(np.linalg.norm(weights, axis=0).mean())
    return column * (typical_length / length) if length > 1e-12 else np.zeros_like(column)


def _with_column(model: T, prototype: Prototype, column: NewColumn) -> T:
    return replace(
        model,
        prototypes=(*model.prototypes, replace(prototype, expressed_rank=least_expressed_rank(len(model.tracks)))),
        affinities=np.column_stack([model.affinities, column.affinities]),
        taken_over_from=None,
    )
