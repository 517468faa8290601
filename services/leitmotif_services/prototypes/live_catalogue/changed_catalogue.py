"""A catalogue as it is after some changes since its bundle."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import overload

import numpy as np

from leitmotif_services.prototypes.catalogue import Catalogue, Mask
from leitmotif_services.prototypes.live_catalogue.later_fields import JoinedFields
from leitmotif_services.prototypes.track import Track


class JoinedTracks(Sequence[Track]):
    """The N tracks of a bundle, then the first M that came since; those that are gone are still at their positions."""

    def __init__(self, first: Sequence[Track], later: Sequence[Track], count: int) -> None:
        """`count`: M; `later` may grow behind it."""
        self._first = first
        self._later = later
        self._count = count

    def __len__(self) -> int:
        return len(self._first) + self._count

    @overload
    def __getitem__(self, position: int, /) -> Track: ...
    @overload
    def __getitem__(self, position: slice, /) -> Sequence[Track]: ...
    def __getitem__(self, position: int | slice, /) -> Track | Sequence[Track]:
        if isinstance(position, slice):
            return [self[each] for each in range(*position.indices(len(self)))]
        where = range(len(self))[position]
        return self._first[where] if where < len(self._first) else self._later[where - len(self._first)]

    def __iter__(self) -> Iterator[Track]:
        return (self[position] for position in range(len(self)))


class ChangedCatalogue:
    """As `catalogue.Catalogue`, over N + M positions, of which some are no longer alive. Immutable."""

    def __init__(
        self,
        first: Catalogue,
        tracks: JoinedTracks,
        fields: JoinedFields,
        *,
        later_positions: Mapping[str, tuple[int, ...]],
        later_searched: Sequence[str],
        alive: Mask | None,
    ) -> None:
        """`later_positions`: where each id came since, ascending; it and `later_searched` may grow behind the M that are seen."""
        self.tracks = tracks
        self.fields = fields
        self._first = first
        self._later_positions = later_positions
        self._later_searched = later_searched
        self._alive = alive
        self._count = len(tracks) if alive is None else int(np.count_nonzero(alive))

    def __len__(self) -> int:
        """Tracks that are alive."""
        return self._count

    def position_of(self, track_id: str) -> int | None:
        """Position of a track that is alive; None when the catalogue has none of that id."""
        for position in reversed(self._later_positions.get(track_id, ())):
            if position < len(self.tracks):  # else it came later than what is seen here
                return position if self._lives(position) else None
        first = self._first.position_of(track_id)
        return first if first is not None and self._lives(first) else None

    def containing(self, text: str) -> Mask:
        """See `catalogue.Catalogue.containing`; (N + M,), whether or not they are alive."""
        folded, later = text.casefold(), len(self.tracks) - len(self._first.tracks)
        found = (folded in searched for searched in self._later_searched[:later])
        return np.concatenate([self._first.containing(text), np.fromiter(found, np.bool_, later)])

    def page(self, kept: Mask | None, after: str, size: int) -> list[int]:
        """See `catalogue.Catalogue.page`; those that are alive."""
        if kept is None:
            kept = self._alive
        elif self._alive is not None:
            kept = kept & self._alive
        boundary = len(self._first.tracks)
        first = self._first.page(None if kept is None else kept[:boundary], after, size)
        start = bisect_right(self._later_by_id, after, key=self._id_of) if after else 0
        following = self._later_by_id[start:]
        later = (following if kept is None else following[kept[following]])[:size]
        return sorted([*first, *map(int, later)], key=self._id_of)[:size]

    @cached_property
    def _later_by_id(self) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        return np.array(sorted(range(len(self._first.tracks), len(self.tracks)), key=self._id_of), np.int64)

    def _id_of(self, position: int) -> str:
        return self.tracks[position].track_id

    def _lives(self, position: int) -> bool:
        return self._alive is None or bool(self._alive[position])
