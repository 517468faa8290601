"""What a new prototype is to the tracks of a catalogue, without training: from tracks, from a clip, or from a phrase.

What is new is a column of affinities. Listening has no weight on it, for anybody, so every score is what it was until somebody
edits it. The column is read off the embeddings by one more row of an affinity head,

    a_i = sigmoid(4 (q·e_i − t) / σ),

q the direction that is asked for, t the least similarity q·e of the catalogue's top decile, σ the standard deviation of all: the
top decile has affinities of 0.5 and more, and a track that comes later gets its own from the same row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.expression import least_expressed_rank
from leitmotif_services.runtime.errors import invalid_field

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

SHARPNESS = 4.0

_SHORTEST = 1e-9
"""A direction that is shorter than this, of embeddings of unit length, points nowhere."""

_ROWS_AT_ONCE = 16_384
"""Embeddings that are held in float64 at once."""


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
        raise invalid_field("tracks.track_ids", "must name at least one track")
    chosen = embeddings[list(positions)].astype(np.float64)
    return _column(embeddings, chosen.mean(axis=0) - _mean(embeddings), "tracks.track_ids")


def column_from_clip(embeddings: Floats, clip: Floats) -> NewColumn:
    """Of a clip's embedding (D,): what sets it apart from the catalogue's mean, which all music shares."""
    return _column(embeddings, _checked(embeddings, clip, "clip_embedding") - _mean(embeddings), "clip_embedding")


def column_from_phrase(embeddings: Floats, phrase: Floats) -> NewColumn:
    """Of a phrase's embedding (D,), in the space of the audio's.

    The catalogue's mean is not taken off: text and audio lie apart in such a space, and what is left would be that distance.
    """
    return _column(embeddings, _checked(embeddings, phrase, "phrase_embedding"), "phrase_embedding")


def _column(embeddings: Floats, direction: Doubles, field: str) -> NewColumn:
    length = float(np.linalg.norm(direction))
    if length < _SHORTEST:
        raise invalid_field(field, "sounds like the catalogue as a whole: nothing sets it apart")
    direction = direction / length
    similarity = np.concatenate([rows @ direction for rows in _blocks(embeddings)])
    rank = least_expressed_rank(len(similarity))
    least = float(np.partition(similarity, len(similarity) - rank)[len(similarity) - rank])
    slope = SHARPNESS / max(float(similarity.std()), _SHORTEST)
    logits = slope * (similarity - least)
    affinities = 0.5 * (1.0 + np.tanh(0.5 * logits))
    return NewColumn(affinities.astype(np.float32), (slope * direction).astype(np.float32), -slope * least)


def _mean(embeddings: Floats) -> Doubles:
    total = np.zeros(embeddings.shape[1])
    for rows in _blocks(embeddings):
        total += rows.sum(axis=0)
    return total / len(embeddings)


def _blocks(embeddings: Floats) -> Iterator[Doubles]:
    for start in range(0, len(embeddings), _ROWS_AT_ONCE):
        yield embeddings[start : start + _ROWS_AT_ONCE].astype(np.float64)


def _checked(embeddings: Floats, vector: Floats, field: str) -> Doubles:
    if vector.shape != embeddings.shape[1:] or not np.isfinite(vector).all():
        raise invalid_field(field, f"must be an embedding of {embeddings.shape[1]} finite numbers")
    return vector.astype(np.float64)
