"""Which tracks express which prototypes: what a mute removes."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

_LEAST_SHARE = 10
"""One track in so many expresses a prototype at the least: the top decile."""

SMALLEST_AFFINITY = float(np.finfo(np.float32).tiny)
"""An affinity below the smallest normal float32 counts as zero: a track expresses nothing that it has nothing of."""

Mask = NDArray[np.bool_]


def least_expressed_rank(tracks: int) -> int:
    """ceil(N / 10): the rank of the last track of the top decile of N ≥ 1 tracks."""
    return -(-tracks // _LEAST_SHARE)


def carriers_expressed_rank(affinities: NDArray[np.float32], carriers: Mask) -> int:
    """The smallest rank down to which the top decile and every track that carries the prototype's tag stand.

    `affinities` (N,) of the whole catalogue, N ≥ 1; `carriers` (N,): who carries the tag. Where carriers rank first, that is
    max(ceil(N / 10), number of carriers); else the tracks that rank above the last carrier count too.
    """
    weakest = affinities[carriers].min(initial=np.float32(np.inf))
    return max(least_expressed_rank(len(affinities)), int((affinities >= weakest).sum()))


def expressed_threshold(affinities: NDArray[np.float32], rank: int) -> float:
    """Affinity from which on a track expresses a prototype, given the affinities (N,) of the whole catalogue, N ≥ 1.

    It is the `rank`-th highest affinity, 1 ≤ rank ≤ N, so without ties exactly `rank` tracks express the prototype.
    Tracks that tie with the threshold express it too: two tracks of the same affinity are never told apart by
    a mute. Where fewer than `rank` tracks have any affinity, all of those express it and no other does.
    """
    kth_highest = np.partition(affinities, len(affinities) - rank)[len(affinities) - rank]
    return max(float(kth_highest), SMALLEST_AFFINITY)


def track_bits(packed: NDArray[np.uint8], position: int) -> Mask:
    """(K,): one track's bit of each mask, `packed` (K, ≥ ceil(N / 8)) as by `numpy.packbits`."""
    return (packed[:, position >> 3] >> np.uint8(7 - (position & 7)) & np.uint8(1)).astype(np.bool_)


class Expression:
    """Thresholds and masks of all K prototypes over a catalogue of N tracks; the masks take N·K / 8 bytes."""

    def __init__(self, affinities: NDArray[np.float32], ranks: Sequence[int]) -> None:
        """`affinities`: (N, K), ≥ 0, N ≥ 1. `ranks` (K,): `Prototype.expressed_rank` of each, 1 to N."""
        self._tracks = len(affinities)
        columns = [np.ascontiguousarray(column) for column in affinities.T]
        self.thresholds = np.array([expressed_threshold(column, rank) for column, rank in zip(columns, ranks, strict=True)])
        """(K,) float64: `expressed_threshold` of each prototype."""
        masks = [column >= threshold for column, threshold in zip(columns, self.thresholds, strict=True)]
        self.counts = np.array([int(mask.sum()) for mask in masks])
        """(K,): tracks that express each prototype."""
        self.packed = np.stack([np.packbits(mask) for mask in masks])
        """(K, ceil(N / 8)): the masks, eight tracks a byte."""

    def mask(self, prototype: int) -> Mask:
        """(N,): True for the tracks that express the prototype at that position."""
        return np.unpackbits(self.packed[prototype], count=self._tracks).view(np.bool_)

    def of_track(self, position: int) -> Mask:
        """(K,): True for the prototypes that the track at that position expresses."""
        return track_bits(self.packed, position)

    def kept(self, muted: Iterable[int]) -> Mask:
        """(N,): True for the tracks that express none of the muted prototypes."""
        removed = np.zeros_like(self.packed[0])
        for prototype in muted:
            removed |= self.packed[prototype]
        return np.unpackbits(~removed, count=self._tracks).view(np.bool_)
