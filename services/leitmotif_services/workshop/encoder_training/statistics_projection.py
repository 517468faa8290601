"""Fits the projection of statistics: scales that are usual, and directions that tell pieces apart.

Composed music is not recorded music, so what is fitted is kept to what carries over: the scale of each statistic, and which
directions tell pieces apart rather than moments, excerpts and productions of one piece. Directions are whitened by the scatter
within pieces, with a ridge, and weighted by the square root of the deviation between them.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.audio.front_end import FrontEndSettings
from leitmotif_services.workshop.encoder_training.corpus import Piece
from leitmotif_services.workshop.encoder_training.encoder_graph import Projection, squashed
from leitmotif_services.workshop.encoder_training.recipe import ProjectionRecipe
from leitmotif_services.workshop.encoder_training.statistics_graph import statistics_groups

Statistics = NDArray[np.float64]


def fit_projection(pieces: Sequence[Piece], settings: FrontEndSettings, recipe: ProjectionRecipe) -> Projection:
    """Scale, bend, weight by group, whiten by the scatter within pieces, keep the directions that part pieces most."""
    groups = statistics_groups(settings)
    group_of = np.repeat(np.arange(len(groups)), [group.size for group in groups])
    whole = np.concatenate([piece.whole for piece in pieces])
    mean, deviation = whole.mean(axis=0), whole.std(axis=0)
    # Composed music varies too little in some statistics; none is scaled up beyond its group.
    scale = np.array([max(deviation[i], np.sqrt(np.mean(deviation[group_of == group_of[i]] ** 2))) for i in range(len(mean))])
    weight = np.sqrt([groups[group].weight / groups[group].size for group in group_of])
    mean32, scale32 = mean.astype(np.float32), scale.astype(np.float32)

    def bent(statistics: Statistics) -> Statistics:
        return np.asarray(squashed(statistics, mean32, scale32) * weight)

    centres = np.array([bent(piece.whole).mean(axis=0) for piece in pieces])
    moments = np.concatenate([bent(piece.whole) - centre for piece, centre in zip(pieces, centres, strict=True)])
    versions = np.concatenate([bent(piece.varied) - centre for piece, centre in zip(pieces, centres, strict=True)])
    within = (moments.T @ moments / len(moments) + versions.T @ versions / len(versions)) / 2.0
    within += recipe.ridge * np.trace(within) / len(within) * np.eye(len(within))
    power, axes = np.linalg.eigh(within)
    whitening = axes @ np.diag(power**-0.5) @ axes.T
    between = (centres - centres.mean(axis=0)) @ whitening
    power, axes = np.linalg.eigh(between.T @ between / len(between))
    strongest = np.argsort(-power)[: recipe.dimension]
    power, axes = np.maximum(power[strongest], 0.0), axes[:, strongest]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])  # an eigenvector's sign is arbitrary
    matrix = weight[:, np.newaxis] * whitening @ axes * (power + recipe.ridge * power.mean()) ** recipe.between_power
    return Projection(mean32, scale32, matrix.astype(np.float32))
