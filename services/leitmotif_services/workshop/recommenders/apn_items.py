"""What `apn` reads of items, and the prototypes that it begins with.

An item's input is its audio beside its tags as TF-IDF. The paper has audio alone; where people's tags are known they say what
averages of a few descriptors cannot, and an item without them still has its audio. A prototype begins as what the items of its
tag have in common, in that same space, as the paper's begin as the embedding of a clip; where there are fewer tags than
prototypes are wanted, the others begin as centres of spherical k-means.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.discovery import spherical_kmeans
from leitmotif_services.workshop.listening.listening_data import TrainingData
from leitmotif_services.workshop.recommenders.tag_features import unit_rows

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = NDArray[np.float64]
Positions = NDArray[np.int64]

FEWEST_CARRIERS = 4
"""Items that a tag needs to carry a prototype."""

LARGEST_SHARE = 0.8
"""A tag that more items than this carry tells nothing apart."""

_READ_TAGS = 400
"""Most tags that an item's input tells."""

_FEWEST_DISCOVERED = 8
_ITEMS_A_DISCOVERED = 20
"""At most one discovered prototype for so many items, but _FEWEST_DISCOVERED where there are few."""


@dataclass(frozen=True)
class ItemInputs:
    """How an item becomes F + T' numbers: audio (F), then tags (T')."""

    features: int
    """F."""
    tags: Positions
    """(T',): columns of the tag counts that are read."""
    rarity: Doubles
    """(T',): log(N / df), df of N items carry the tag."""

    def of(self, audio: Doubles, tag_counts: "csr_array | None") -> Doubles:
        """(M, F + T') of M items: audio (M, F), standardised, over sqrt(F); unit rows of log(1 + count) · rarity, or 0."""
        scaled = audio / np.sqrt(max(self.features, 1))
        if tag_counts is None:
            return np.hstack([scaled, np.zeros((len(audio), len(self.tags)))])
        counts = np.asarray(tag_counts[:, self.tags].toarray(), np.float64)
        return np.hstack([scaled, unit_rows(np.log1p(counts) * self.rarity)])


@dataclass(frozen=True)
class Beginnings:
    """The K prototypes before training: T of tags, the most used first, then discovered ones."""

    anchors: Positions
    """(T,): column of each tag in the tag counts."""
    embeddings: Doubles
    """(K, F + T'), unit rows."""
    item_tags: Doubles
    """(N, T): how each item's tags are shared out among the anchors: rows sum to 1, or are 0."""


def item_inputs(data: TrainingData) -> ItemInputs:
    """Read the most used tags, by the summed weights of the assignments."""
    used = np.asarray(data.tag_counts.sum(axis=0)).reshape(-1)
    tags = np.argsort(-used, kind="stable")[: min(_READ_TAGS, int(np.count_nonzero(used)))]
    carriers = np.asarray((data.tag_counts[:, tags] > 0).sum(axis=0)).reshape(-1)
    return ItemInputs(data.audio.shape[1], tags, np.log(data.tag_counts.shape[0] / np.maximum(carriers, 1)))


def anchoring_tags(tag_counts: "csr_array", most: int) -> Positions:
    """The most used tags that at least FEWEST_CARRIERS items carry and at most LARGEST_SHARE of them do."""
    used = np.asarray(tag_counts.sum(axis=0)).reshape(-1)
    carriers = np.asarray((tag_counts > 0).sum(axis=0)).reshape(-1)
    usable = (carriers >= FEWEST_CARRIERS) & (carriers <= LARGEST_SHARE * tag_counts.shape[0])
    order = np.argsort(-used, kind="stable")
    return np.asarray(order[usable[order]][:most], np.int64)


def beginnings(data: TrainingData, inputs: Doubles, wanted: int, *, seed: int) -> Beginnings:
    """At most `wanted` prototypes for items with inputs (N, F + T')."""
    anchors = anchoring_tags(data.tag_counts, wanted)
    counts = np.log1p(np.asarray(data.tag_counts[:, anchors].toarray(), np.float64))
    item_tags = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-12)
    parts = [unit_rows(item_tags.T @ inputs)] if len(anchors) else []
    discovered = min(wanted - len(anchors), max(_FEWEST_DISCOVERED, len(inputs) // _ITEMS_A_DISCOVERED))
    if discovered:
        parts.append(spherical_kmeans(inputs.astype(np.float32), discovered, seed=seed).centres)
    return Beginnings(anchors, np.concatenate(parts), item_tags)
