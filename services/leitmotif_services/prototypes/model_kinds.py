"""The kinds of model that a bundle may hold: which arrays each stores, and how it scores with them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.affinity_heads import AffinityHead, attention_head, sigmoid_head
from leitmotif_services.prototypes.prototype import Prototype, listened_count
from leitmotif_services.prototypes.search.feed_forward_scoring import FeedForwardScoring
from leitmotif_services.prototypes.search.linear_scoring import LinearScoring
from leitmotif_services.prototypes.search.scoring import Scoring

Arrays = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class ModelKind:
    """One kind of model."""

    arrays: Mapping[str, tuple[str, ...]]
    """The axes of each array, all of them float32, by its name. The manifest states tracks (N), prototypes (K) and dimension (D);
    of those prototypes, `listened` were trained and are the first, and `added` came after them; any other axis has the length
    that the arrays have."""
    scoring: Callable[[Arrays, float], Scoring]
    """Of the arrays and γ."""
    head: Callable[[Arrays], AffinityHead]
    """Of the arrays."""
    learned: str
    """The array that `Scoring.learned` reads."""
    tagged: bool
    """Whether the affinity of a tag's prototype rests on what people say as well as on the audio."""
    added: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Further arrays of a model to which prototypes were added after training."""

    def axes(self, prototypes: Sequence[Prototype]) -> Mapping[str, tuple[str, ...]]:
        """The axes of each array that a model of these prototypes has."""
        return {**self.arrays, **self.added} if listened_count(prototypes) < len(prototypes) else self.arrays

    def constants(self, arrays: Arrays) -> Arrays:
        """Those of the arrays that have no row for each track."""
        axes = {**self.arrays, **self.added}
        return {name: values for name, values in arrays.items() if axes[name][0] != "tracks"}


KINDS: Mapping[str, ModelKind] = {
    "leitmotif": ModelKind(
        arrays={
            "embeddings": ("tracks", "dimension"),
            "affinities": ("tracks", "prototypes"),
            "responses": ("tracks", "listened"),
            "bias": ("tracks",),
            "head_weights": ("prototypes", "dimension"),
            "head_offsets": ("prototypes",),
        },
        scoring=lambda arrays, gain: LinearScoring(arrays["responses"], arrays["affinities"], arrays["bias"], gain),
        head=lambda arrays: sigmoid_head(arrays["head_weights"], arrays["head_offsets"]),
        learned="responses",
        tagged=True,
    ),
    "apn": ModelKind(
        arrays={
            "embeddings": ("tracks", "dimension"),
            "affinities": ("tracks", "prototypes"),
            "hidden_weights": ("hidden", "prototypes"),
            "hidden_offsets": ("hidden",),
            "output_weights": ("tracks", "hidden"),
            "bias": ("tracks",),
            "attention_weights": ("heads", "listened", "dimension"),
            "attention_offsets": ("heads", "listened"),
        },
        scoring=lambda arrays, gain: FeedForwardScoring(
            arrays["affinities"],
            arrays["hidden_weights"],
            arrays["hidden_offsets"],
            arrays["output_weights"],
            arrays["bias"],
            gain,
            listened=arrays["attention_weights"].shape[1],
        ),
        head=lambda arrays: attention_head(
            arrays["attention_weights"],
            arrays["attention_offsets"],
            beside=sigmoid_head(arrays["added_head_weights"], arrays["added_head_offsets"])
            if "added_head_weights" in arrays
            else None,
        ),
        learned="output_weights",
        tagged=False,
        added={"added_head_weights": ("added", "dimension"), "added_head_offsets": ("added",)},
    ),
}
