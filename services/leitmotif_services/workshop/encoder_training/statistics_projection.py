"""Fits the projection of statistics: scales that are usual, and directions that tell pieces apart.

What is fitted is kept to what carries over from composed to recorded music: the scale of each statistic, and which directions
tell pieces apart rather than moments, excerpts and productions of one piece. Measured across the two composers, whose music
sounds nothing alike (nearest neighbours of the same style or idiom, fitted on the one and measured on the other): directions
weighted by what they tell apart beat directions made equal, and each kind of statistics counts as much as any other, however
many numbers it has.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.encoder_training.corpus import Piece
from leitmotif_services.workshop.encoder_training.encoder_graph import Projection, squashed
from leitmotif_services.workshop.encoder_training.recipe import ProjectionRecipe

Statistics = NDArray[np.float64]

BETWEEN_FLOOR = 0.1
"""Added to the scatter between pieces, as a share of its mean, before directions are weighted by it."""


def fit_projection(pieces: Sequence[Piece], groups: Sequence[int], recipe: ProjectionRecipe) -> Projection:
    """Standardise, bend, whiten by the scatter within pieces and within kinds, keep the directions that part pieces most.

    `groups`: how many statistics there are of each kind, in their order.
    """
    whole = np.concatenate([piece.whole for piece in pieces])
    mean = whole.mean(axis=0).astype(np.float32)
    deviation = whole.std(axis=0)
    scale = np.where(deviation > 1e-6, deviation, 1.0).astype(np.float32)
    weights = np.repeat([(len(mean) / len(groups) / size) ** 0.5 for size in groups], groups)

    def bent(statistics: Statistics) -> Statistics:
        return np.asarray(squashed(statistics, mean, scale) * weights)

    centres = np.array([bent(piece.whole).mean(axis=0) for piece in pieces])
    within = (1.0 - recipe.kind_share) * _unit_trace(_scatter_within_pieces(pieces, centres, bent))
    within += recipe.kind_share * _unit_trace(_scatter_within_kinds([piece.kind for piece in pieces], centres))
    within += recipe.ridge * np.trace(within) / len(within) * np.eye(len(within))
    power, axes = np.linalg.eigh(within)
    whitening = axes @ np.diag(power**-0.5) @ axes.T
    between = (centres - centres.mean(axis=0)) @ whitening
    power, axes = np.linalg.eigh(between.T @ between / len(between))
    strongest = np.argsort(-power)[: recipe.dimension]
    power, axes = np.maximum(power[strongest], 0.0), axes[:, strongest]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])  # an eigenvector's sign is arbitrary
    matrix = weights[:, np.newaxis] * whitening @ axes * (power + BETWEEN_FLOOR * power.mean()) ** recipe.emphasis
    return Projection(mean, scale, matrix.astype(np.float32))


def _scatter_within_pieces(pieces: Sequence[Piece], centres: Statistics, bent: Callable[[Statistics], Statistics]) -> Statistics:
    """(F, F): half by how a piece's segments differ, half by what excerpts and productions change."""
    scatter = np.zeros((centres.shape[1], centres.shape[1]))
    for rows in ([piece.whole for piece in pieces], [piece.varied for piece in pieces]):
        differences = np.concatenate([bent(row) - centre for row, centre in zip(rows, centres, strict=True)])
        scatter += 0.5 * differences.T @ differences / len(differences)
    return scatter


def _scatter_within_kinds(kinds: Sequence[str], centres: Statistics) -> Statistics:
    """(F, F): how pieces of one style or idiom differ."""
    names, inverse = np.unique(np.array(kinds), return_inverse=True)
    sums = np.zeros((len(names), centres.shape[1]))
    np.add.at(sums, inverse, centres)
    differences = centres - (sums / np.bincount(inverse)[:, np.newaxis])[inverse]
    return np.asarray(differences.T @ differences / len(differences))


def _unit_trace(scatter: Statistics) -> Statistics:
    return np.asarray(scatter / max(float(np.trace(scatter)), 1e-12))
