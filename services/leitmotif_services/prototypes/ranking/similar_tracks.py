"""Tracks that are like one: by how they sound, or by the prototypes they express."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from leitmotif_services.prototypes.live_catalogue.filters import Filter
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.ranking.eligible_tracks import eligible, known_position, positions_of
from leitmotif_services.prototypes.search.scoring import Doubles, Floats, Positions, in_order
from leitmotif_services.prototypes.search.track_rows import JoinedRows, TrackRows
from leitmotif_services.prototypes.track import Track

Likeness = Literal["sound", "affinity"]
"""Cosine of the embeddings, or of the affinities."""

_SHARED = 3
"""Prototypes that are told as shared, at most."""

_SPARE = 64
"""Candidates beyond those that are asked for, among which float64 settles what float32 may have mixed up."""

_BLOCK = 16_384
"""Rows compared at once: embeddings lie in a file, of which no more is in memory at a time than that."""


@dataclass(frozen=True, slots=True)
class SimilarTrack:
    """A track that is like another."""

    track: Track
    similarity: float
    """Cosine, -1 to 1."""
    shared: tuple[int, ...]
    """Positions of the prototypes that both express most, strongest first."""


def similar_tracks(
    model: ServedModel,
    track_id: str,
    *,
    likeness: Likeness,
    count: int,
    passing: Filter | None = None,
    excluded: Sequence[str] = (),
) -> list[SimilarTrack]:
    """The `count` ≥ 1 tracks most like one, which is not among them; ties by position. A row of zeros is like nothing: cosine 0.

    TRACK_NOT_FOUND for an unknown track; of `excluded`, unknown ids are ignored.
    """
    own = known_position(model, track_id)
    rows = model.embeddings if likeness == "sound" else model.scoring.affinities
    kept = eligible(model, passing=passing, left_out=[own, *positions_of(model, excluded)])
    assert kept is not None  # the track itself is left out
    candidates = np.flatnonzero(kept)
    direction = np.asarray(rows[own])
    if len(candidates) > count + _SPARE:
        rounded = _cosines(rows, direction)[candidates]
        candidates = candidates[np.argpartition(-rounded, count + _SPARE)[: count + _SPARE]]
    candidates = np.sort(candidates)
    exact = _exact_cosines(np.asarray(rows[candidates]), direction)
    best = in_order(np.arange(len(candidates)), exact)[:count]
    shared = _shared(model, own, candidates[best])
    return [
        SimilarTrack(model.catalogue.tracks[position], similarity, prototypes)
        for position, similarity, prototypes in zip(candidates[best].tolist(), exact[best].tolist(), shared, strict=True)
    ]


def _cosines(rows: TrackRows, direction: Floats) -> Floats:
    """(N,): cosines of rows (N, d) with a row, in float32."""
    if isinstance(rows, JoinedRows):
        return np.concatenate([_cosines(rows.first, direction), _cosines(rows.later, direction)])
    whole = np.asarray(rows)
    cosines = np.empty(len(whole), np.float32)
    for start in range(0, len(whole), _BLOCK):
        block = whole[start : start + _BLOCK]
        lengths = np.sqrt(np.vecdot(block, block))
        cosines[start : start + _BLOCK] = np.vecdot(block, direction) / np.where(lengths > 0, lengths, 1.0)
    return cosines


def _exact_cosines(rows: Floats, direction: Floats) -> Doubles:
    """(n,): cosines of rows (n, d) with a row, in float64, equal for equal rows."""
    wide, own = rows.astype(np.float64), direction.astype(np.float64)
    lengths = np.sqrt((wide * wide).sum(axis=1)) * np.sqrt((own * own).sum())
    return np.asarray(np.clip((wide * own).sum(axis=1) / np.where(lengths > 0, lengths, 1.0), -1.0, 1.0))


def _shared(model: ServedModel, own: int, others: Positions) -> list[tuple[int, ...]]:
    """For each of the others, the prototypes that both express, by how far the weaker of the two exceeds what that takes."""
    thresholds = model.expression.thresholds
    strengths = np.minimum(np.asarray(model.scoring.affinities[others]), np.asarray(model.scoring.affinities[own])) / thresholds
    for hidden in model.hidden_prototype_ids:
        strengths[:, model.prototype_positions[hidden]] = 0.0
    strongest = np.argsort(-strengths, axis=1, kind="stable")[:, :_SHARED]
    return [tuple(k for k in row.tolist() if strengths[number, k] >= 1.0) for number, row in enumerate(strongest)]
