"""New prototypes without retraining: from tracks, from a clip, or from a phrase.

What is new is a column of affinities. Listening has no weight on it, for anybody, so every score is what it was until somebody
edits it (`Scoring.extended`). The column is read off the embeddings by one more row of an affinity head,

    a_i = sigmoid(4 (q·e_i − t) / σ),

q the direction that is asked for, t the least similarity q·e of the catalogue's top decile, σ the standard deviation of all: the
top decile has affinities of 0.5 and more, and a track that comes later gets its own from the same row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.expression import Expression, least_expressed_rank
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.prototype import Prototype
from leitmotif_services.prototypes.search.exact_index import ExactIndex
from leitmotif_services.runtime.errors import invalid_field

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

SHARPNESS = 4.0

_SHORTEST = 1e-9
"""A direction that is shorter than this, of embeddings of unit length, points nowhere."""


@dataclass(frozen=True)
class NewColumn:
    """What a new prototype is to N tracks with embeddings of D dimensions."""

    affinities: Floats
    """(N,), 0 to 1."""
    head_weights: Floats
    """(D,): the row of W of an affinity head sigmoid(W e + c)."""
    head_offset: float
    """That of c."""


def column_from_tracks(embeddings: Floats, positions: Sequence[int]) -> NewColumn:
    """Of tracks, by their positions: what sets their mean apart from the catalogue's. `embeddings` (N, D).

    FIELD_INVALID where there are none, or where they are no different from the catalogue as a whole.
    """
    if not positions:
        raise invalid_field("track_ids", "must name at least one track")
    chosen = embeddings[list(positions)].astype(np.float64)
    return _column(embeddings, chosen.mean(axis=0) - _mean(embeddings), "track_ids")


def column_from_clip(embeddings: Floats, clip: Floats) -> NewColumn:
    """Of a clip's embedding (D,): what sets it apart from the catalogue's mean, which all music shares."""
    return _column(embeddings, _checked(embeddings, clip, "clip") - _mean(embeddings), "clip")


def column_from_phrase(embeddings: Floats, phrase: Floats) -> NewColumn:
    """Of a phrase's embedding (D,), in the space of the audio's.

    The catalogue's mean is not taken off: text and audio lie apart in such a space, and what is left would be that distance.
    """
    return _column(embeddings, _checked(embeddings, phrase, "phrase"), "phrase")


def with_new_prototype(model: ServedModel, prototype: Prototype, affinities: Floats) -> ServedModel:
    """The model with one more prototype, the last, at the end of every profile; searched exactly until it is indexed again.

    `affinities` (N,), ≥ 0. A mute of it removes the top decile. FIELD_INVALID for an id that is taken, or affinities that are
    none.
    """
    if prototype.prototype_id in model.prototype_positions:
        raise invalid_field("prototype_id", f"{prototype.prototype_id!r} is taken")
    tracks = len(model.scoring)
    if affinities.shape != (tracks,) or not np.isfinite(affinities).all() or float(affinities.min()) < 0:
        raise invalid_field("affinities", f"must be {tracks} numbers, finite and not negative")
    added = replace(prototype, expressed_rank=least_expressed_rank(tracks))
    prototypes = (*model.prototypes, added)
    scoring = model.scoring.extended(affinities.astype(np.float32))
    exact = ExactIndex(scoring)
    return replace(
        model,
        prototypes=prototypes,
        prototype_positions={**model.prototype_positions, added.prototype_id: len(model.prototypes)},
        scoring=scoring,
        expression=Expression(scoring.affinities, [each.expressed_rank for each in prototypes]),
        exact=exact,
        index=exact,
    )


def _column(embeddings: Floats, direction: Doubles, field: str) -> NewColumn:
    length = float(np.linalg.norm(direction))
    if length < _SHORTEST:
        raise invalid_field(field, "sounds like the catalogue as a whole: nothing sets it apart")
    direction = direction / length
    similarity = embeddings.astype(np.float64) @ direction
    rank = least_expressed_rank(len(similarity))
    least = float(np.partition(similarity, len(similarity) - rank)[len(similarity) - rank])
    slope = SHARPNESS / max(float(similarity.std()), _SHORTEST)
    logits = slope * (similarity - least)
    affinities = 0.5 * (1.0 + np.tanh(0.5 * logits))
    return NewColumn(affinities.astype(np.float32), (slope * direction).astype(np.float32), -slope * least)


def _mean(embeddings: Floats) -> Doubles:
    return np.asarray(embeddings.mean(axis=0, dtype=np.float64))


def _checked(embeddings: Floats, vector: Floats, field: str) -> Doubles:
    if vector.shape != embeddings.shape[1:] or not np.isfinite(vector).all():
        raise invalid_field(field, f"must be an embedding of {embeddings.shape[1]} finite numbers")
    return vector.astype(np.float64)
