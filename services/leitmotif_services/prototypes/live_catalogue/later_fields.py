"""The fields of tracks that came since the bundle, and of both together."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from leitmotif_services.prototypes.live_catalogue.fields import BundleFields, FieldNames, Mask, combined, number_of, texts_of
from leitmotif_services.prototypes.live_catalogue.filters import FieldIn, FieldRange, Filter
from leitmotif_services.prototypes.live_catalogue.growing_rows import GrowingRows
from leitmotif_services.prototypes.track import Track


class LaterFields:
    """What later tracks have in each field. One writer adds; readers pass how many tracks they know of."""

    def __init__(self, names: FieldNames) -> None:
        self._count = 0
        self._texts: dict[str, dict[str, list[int]]] = {name: defaultdict(list) for name in names.texts}
        self._numbers = {name: GrowingRows(dtype=np.float64) for name in names.numbers}

    def add(self, tracks: Sequence[Track]) -> None:
        """Add tracks behind those that there are."""
        for place, track in enumerate(tracks, start=self._count):
            for name, postings in self._texts.items():
                for text in texts_of(track, name):
                    postings[text].append(place)
        for name, numbers in self._numbers.items():
            numbers.add(np.array([number_of(track, name) for track in tracks], np.float64))
        self._count += len(tracks)

    def add_to(self, mask: Mask, condition: FieldIn | FieldRange) -> None:
        """Set `mask` (M,) where one of the first M later tracks passes."""
        if isinstance(condition, FieldRange):
            numbers = self._numbers[condition.field].view()[: len(mask)]
            mask |= (numbers >= condition.minimum) & (numbers <= condition.maximum)
            return
        postings = self._texts[condition.field]
        for value in condition.values:
            places = postings.get(value, [])
            mask[places[: bisect_left(places, len(mask))]] = True


class JoinedFields:
    """Implements `fields.Fields` for the N tracks of a bundle and the first M that came since."""

    def __init__(self, first: BundleFields, later: LaterFields, counts: tuple[int, int]) -> None:
        """`counts`: N and M."""
        self._first = first
        self._later = later
        self._counts = counts

    def mask(self, tested: Filter) -> Mask:
        """See `fields.Fields.mask`."""
        return combined(tested, self._condition)

    def _condition(self, condition: FieldIn | FieldRange) -> Mask:
        self._first.names.check(condition)
        boundary, later = self._counts
        mask = np.zeros(boundary + later, np.bool_)
        self._first.add_to(mask[:boundary], condition)
        self._later.add_to(mask[boundary:], condition)
        return mask
