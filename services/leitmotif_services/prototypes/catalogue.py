"""The tracks that a model ranks."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.live_catalogue.fields import BundleFields, FieldNames
from leitmotif_services.prototypes.track import Track

Mask = NDArray[np.bool_]


class Catalogue:
    """N tracks at fixed positions: those of the rows of every array of the model."""

    def __init__(self, tracks: Sequence[Track], *, filterable: Iterable[str] = ()) -> None:
        """`filterable`: names of further fields that filters may test."""
        self.tracks: Sequence[Track] = tuple(tracks)
        self.fields = BundleFields(self.tracks, FieldNames(filterable))
        self._positions = {track.track_id: position for position, track in enumerate(self.tracks)}
        ordered = sorted(range(len(self.tracks)), key=lambda position: self.tracks[position].track_id)
        self._by_id = np.array(ordered, np.int32)
        self._searched = [searched_text(track) for track in self.tracks]

    def __len__(self) -> int:
        return len(self.tracks)

    def position_of(self, track_id: str) -> int | None:
        """Position of a track; None when the catalogue has none of that id."""
        return self._positions.get(track_id)

    def containing(self, text: str) -> Mask:
        """(N,): True for tracks whose title, artist or a tag contains `text`, case ignored. Takes time in O(N)."""
        folded = text.casefold()
        return np.fromiter((folded in searched for searched in self._searched), np.bool_, len(self.tracks))

    def page(self, kept: Mask | None, after: str, size: int) -> list[int]:
        """Positions of the first `size` tracks, ordered by track_id, that `kept` (N,) holds and whose ids come after `after`."""
        start = bisect_right(self._by_id, after, key=lambda position: self.tracks[position].track_id) if after else 0
        following = self._by_id[start:]
        return [int(position) for position in (following if kept is None else following[kept[following]])[:size]]


def searched_text(track: Track) -> str:
    """What a text is looked for in, case folded."""
    # A line feed separates the fields: queries hold no control characters, so no match runs across two fields.
    return "\n".join((track.title, track.artist, *track.tags)).casefold()
