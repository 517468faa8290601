"""Which tracks express which prototypes, when tracks came since the bundle."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.expression import Mask, track_bits


class JoinedExpression:
    """As `expression.Expression`, over N + M tracks, by the thresholds of the bundle's N.

    A track that came since expresses a prototype when its affinity reaches the threshold, or when it carries the prototype's tag:
    so does every carrier in the bundle. The decile is that of the bundle until it is compacted.
    """

    def __init__(
        self, packed: NDArray[np.uint8], tracks: int, thresholds: NDArray[np.float64], counts: NDArray[np.int64]
    ) -> None:
        """`packed` (K, ≥ ceil(tracks / 8)): the tracks that express each; `thresholds` (K,); `counts` (K,): those alive."""
        self._packed = packed
        self._tracks = tracks
        self._bytes = -(-tracks // 8)
        self.thresholds = thresholds
        self.counts = counts

    def mask(self, prototype: int) -> Mask:
        """(N + M,): True for the tracks that express the prototype at that position."""
        return np.unpackbits(self._packed[prototype], count=self._tracks).view(np.bool_)

    def of_track(self, position: int) -> Mask:
        """(K,): True for the prototypes that the track at that position expresses."""
        return track_bits(self._packed, position)

    def kept(self, muted: Iterable[int]) -> Mask:
        """(N + M,): True for the tracks that express none of the muted prototypes."""
        removed = np.zeros(self._bytes, np.uint8)
        for prototype in muted:
            removed |= self._packed[prototype, : self._bytes]
        return np.unpackbits(~removed, count=self._tracks).view(np.bool_)
