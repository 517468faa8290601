"""The tracks that a model ranks."""

from collections.abc import Iterable, Sequence

from leitmotif_services.prototypes.live_catalogue.fields import BundleFields, FieldNames, Fields
from leitmotif_services.prototypes.track import Track


class Catalogue:
    """N tracks at fixed positions: those of the rows of every array of the model."""

    def __init__(self, tracks: Sequence[Track], *, filterable: Iterable[str] = ()) -> None:
        """`filterable`: names of further fields that filters may test."""
        self.tracks = tuple(tracks)
        self.fields: Fields = BundleFields(self.tracks, FieldNames(filterable))
        self._positions = {track.track_id: position for position, track in enumerate(self.tracks)}
        self._by_id = sorted(range(len(self.tracks)), key=lambda position: self.tracks[position].track_id)
        # A line feed separates the fields: queries hold no control characters, so no match runs across two fields.
        self._searched = ["\n".join((track.title, track.artist, *track.tags)).casefold() for track in self.tracks]

    def __len__(self) -> int:
        return len(self.tracks)

    def position_of(self, track_id: str) -> int | None:
        """Position of a track; None when the catalogue has none of that id."""
        return self._positions.get(track_id)

    def matching(self, query: str) -> list[int]:
        """Positions, ordered by track_id, of tracks whose title, artist or a tag contains `query`, case ignored.

        Takes time in O(N); every track matches an empty query.
        """
        if not query:
            return self._by_id
        folded = query.casefold()
        return [position for position in self._by_id if folded in self._searched[position]]
