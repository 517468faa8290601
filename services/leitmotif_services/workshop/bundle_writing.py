"""Writes a trained model as a bundle: an immutable, checksummed folder that the prototypes service loads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.catalogue import Track
from leitmotif_services.prototypes.prototype import Prototype

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class TrainedModel:
    """What training ends with. N tracks, K prototypes, embeddings of D dimensions; all arrays float32 and finite."""

    kind: str
    """Kind of model, such as "leitmotif"."""
    encoder_id: str
    """Encoder that the embeddings were made with."""
    encoder_sha256: str
    """SHA-256 of that encoder's artifact, 64 lower-case hexadecimal digits."""
    tracks: Sequence[Track]
    """N tracks; their order is that of the arrays' rows."""
    prototypes: Sequence[Prototype]
    """K prototypes; their order is that of the columns and of every profile."""
    embeddings: Floats
    """(N, D): unit length."""
    affinities: Floats
    """(N, K), ≥ 0: a of the score."""
    responses: Floats
    """(N, K): v of the score, signed."""
    bias: Floats
    """(N,): b of the score."""
    edit_gain: float
    """γ of the score, ≥ 0."""
    head_weights: Floats
    """(K, D): W of the affinity head, sigmoid(W e + c)."""
    head_offsets: Floats
    """(K,): c of the affinity head."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Figures measured in training."""
    snippets: Mapping[str, bytes] = field(default_factory=dict)
    """Audio of the exemplars: file name → bytes. Every `Exemplar.snippet` that is not empty is a key."""


def write_bundle(model: TrainedModel, models_root: Path, *, encoder_artifact: Path | None) -> Path:
    """Write `model` below `models_root` and return the bundle's folder, named after its model version.

    The version is a hash of the content: the same model gives the same version, whenever it is written; a bundle of that
    version that is there already and verifies is kept as it is. The folder appears whole or not at all.

    ValueError names what is wrong with `model`: a shape, a value that is not finite, an id, a missing snippet.
    """
    raise NotImplementedError
