"""The kinds of model that a bundle may hold: which arrays each stores, and how it scores with them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.search.feed_forward_scoring import FeedForwardScoring
from leitmotif_services.prototypes.search.linear_scoring import LinearScoring
from leitmotif_services.prototypes.search.scoring import Scoring

Arrays = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class ModelKind:
    """One kind of model."""

    arrays: Mapping[str, tuple[str, ...]]
    """The axes of each array, all of them float32, by its name. The manifest states tracks (N), prototypes (K) and dimension (D);
    any other axis has the length that the arrays have."""
    scoring: Callable[[Arrays, float], Scoring]
    """Of the arrays and γ."""


KINDS: Mapping[str, ModelKind] = {
    "leitmotif": ModelKind(
        arrays={
            "embeddings": ("tracks", "dimension"),
            "affinities": ("tracks", "prototypes"),
            "responses": ("tracks", "prototypes"),
            "bias": ("tracks",),
            "head_weights": ("prototypes", "dimension"),
            "head_offsets": ("prototypes",),
        },
        scoring=lambda arrays, gain: LinearScoring(arrays["responses"], arrays["affinities"], arrays["bias"], gain),
    ),
    "apn": ModelKind(
        arrays={
            "embeddings": ("tracks", "dimension"),
            "affinities": ("tracks", "prototypes"),
            "hidden_weights": ("hidden", "prototypes"),
            "hidden_offsets": ("hidden",),
            "output_weights": ("tracks", "hidden"),
            "bias": ("tracks",),
            "attention_weights": ("heads", "prototypes", "dimension"),
            "attention_offsets": ("heads", "prototypes"),
        },
        scoring=lambda arrays, gain: FeedForwardScoring(
            arrays["affinities"],
            arrays["hidden_weights"],
            arrays["hidden_offsets"],
            arrays["output_weights"],
            arrays["bias"],
            gain,
        ),
    ),
}
