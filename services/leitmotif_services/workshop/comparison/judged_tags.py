"""The tags by which control is judged: people's, never a model's own affinities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.listening.listening_data import TrainingData

Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]

MOST_TAGS = 50
FEWEST_CARRIERS = 20
LIST_LENGTH = 20


@dataclass(frozen=True)
class JudgedTags:
    """T tags and who carries them."""

    names: tuple[str, ...]
    carried: Mask
    """(N, T): an item carries a tag when at least one person whose tags training may see gave it."""

    def shares(self, items: NDArray[np.int64], filled: Mask, tag: int) -> Doubles:
        """(V,): share of the LIST_LENGTH places at the top of each list (V, R) whose item carries the tag.

        A place that is not filled does not carry it.
        """
        shown = self.carried[items[:, :LIST_LENGTH], tag] & filled[:, :LIST_LENGTH]
        return np.asarray(shown.sum(axis=1) / LIST_LENGTH, np.float64)

    def tag_ndcg(self, items: NDArray[np.int64], filled: Mask, tag: int) -> Doubles:
        """(V,) tag-NDCG@20: Σ_{r ≤ 20} carries_r / log2(1 + r), divided by the same sum for a list all of that tag."""
        shown = self.carried[items[:, :LIST_LENGTH], tag] & filled[:, :LIST_LENGTH]
        discounts = 1.0 / np.log2(np.arange(2, LIST_LENGTH + 2))
        return np.asarray(shown @ discounts[: shown.shape[1]] / discounts.sum(), np.float64)

    def other_tags(self, items: NDArray[np.int64], filled: Mask, tag: int) -> Doubles:
        """(V, T - 1): how often each other tag is carried in the top LIST_LENGTH, as a distribution; zeros where none is."""
        counts = (self.carried[items[:, :LIST_LENGTH]] & filled[:, :LIST_LENGTH, None]).sum(axis=1)
        others = np.delete(counts, tag, axis=1).astype(np.float64)
        return np.asarray(others / np.maximum(others.sum(axis=1, keepdims=True), 1.0), np.float64)


def judged_tags(training: TrainingData, *, most: int = MOST_TAGS, fewest_carriers: int = FEWEST_CARRIERS) -> JudgedTags:
    """The `most` tags of the largest summed weight among those that `fewest_carriers` items carry, ties by name."""
    counts = training.tag_counts
    carriers = np.asarray((counts > 0).sum(axis=0)).ravel()
    weight = np.asarray(counts.sum(axis=0)).ravel()
    enough = np.flatnonzero(carriers >= fewest_carriers)
    chosen = sorted(enough.tolist(), key=lambda tag: (-weight[tag], training.tags[tag]))[:most]
    return JudgedTags(tuple(training.tags[tag] for tag in chosen), np.asarray(counts[:, chosen].toarray() > 0))


def jensen_shannon(before: Doubles, after: Doubles) -> Doubles:
    """(V,) in 0 to 1: Jensen-Shannon divergence in bits of distributions (V, T); 0 for two of zeros, 1 for one of them.

    JSD(p, q) = ½ Σ p log2(p / m) + ½ Σ q log2(q / m), m = (p + q) / 2. Lin, IEEE Trans. Inf. Theory 1991.
    """
    middle = (before + after) / 2.0

    def divergence(part: Doubles) -> Doubles:
        ratio = np.divide(part, middle, out=np.ones_like(part), where=part > 0)
        return np.asarray((part * np.log2(ratio)).sum(axis=1))

    one_empty = (before.sum(axis=1) > 0) != (after.sum(axis=1) > 0)
    return np.where(one_empty, 1.0, np.clip((divergence(before) + divergence(after)) / 2.0, 0.0, 1.0))
