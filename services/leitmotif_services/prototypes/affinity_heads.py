"""Affinity heads of the kinds of model, as the bundle's ONNX model computes them: what is heard in a track that comes later."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
AffinityHead = Callable[[Floats], Floats]
"""Embeddings (n, D) → affinities (n, K), ≥ 0."""


def sigmoid_head(weights: Floats, offsets: Floats) -> AffinityHead:
    """sigmoid(W e + c): `weights` (K, D), `offsets` (K,)."""

    def heard(embeddings: Floats) -> Floats:
        logits = embeddings.astype(np.float64) @ weights.T.astype(np.float64) + offsets
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)), np.float32)

    return heard


def attention_head(weights: Floats, offsets: Floats, *, beside: AffinityHead | None = None) -> AffinityHead:
    """Mean over heads of softmax over prototypes of (W_a e + c_a): `weights` (A, K, D), `offsets` (A, K).

    `beside`: gives the affinities of prototypes that were added, whose columns are the last.
    """

    def heard(embeddings: Floats) -> Floats:
        logits = np.einsum("nd,akd->nak", embeddings.astype(np.float64), weights.astype(np.float64)) + offsets
        shares = np.exp(logits - logits.max(axis=2, keepdims=True))
        attended = np.asarray((shares / shares.sum(axis=2, keepdims=True)).mean(axis=1), np.float32)
        return attended if beside is None else np.hstack([attended, beside(embeddings)])

    return heard


def combined_affinities(
    heard: NDArray[np.float64], tag_weights: NDArray[np.float64], tagged: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """What is heard and what people say, (N, T) in 0 to 1.

    a = heard for a track without any tag; else a = (heard + t) / 2, where t is 0 for a tag that the track lacks and
    (1 + weight) / 2 for one of relative weight `weight`. `tagged` (N,) tells which tracks have tags at all.
    """
    said = np.where(tag_weights > 0.0, 0.5 + 0.5 * tag_weights, 0.0)
    return np.where(tagged[:, None], (1.0 - _TAG_SHARE) * heard + _TAG_SHARE * said, heard)


_TAG_SHARE = 0.5
