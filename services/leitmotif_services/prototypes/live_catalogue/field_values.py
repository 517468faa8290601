"""What the tracks of a bundle have in the fields that filters test, laid out so that a filter costs what it keeps."""

from array import array
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Doubles = NDArray[np.float64]

_DENSE_SHARE = 16
"""A value that more than one track in so many has is kept as a bitmap as well: less to read than its positions."""

_NARROW_SHARE = 8
"""A range that keeps fewer than one track in so many is read off the sorted numbers, else every number is compared."""


class TextPostings:
    """Which of N tracks have which texts in one field."""

    def __init__(self, texts_of_tracks: Iterable[Sequence[str]], tracks: int) -> None:
        """`texts_of_tracks`: N of them, of any length; a text that a track repeats counts once."""
        codes, lengths = array("i"), []
        vocabulary: dict[str, int] = {}
        for texts in texts_of_tracks:
            # Duplicates are harmless: a position that is set twice is set.
            codes.extend([vocabulary.setdefault(text, len(vocabulary)) for text in texts])
            lengths.append(len(texts))
        owners = np.repeat(np.arange(tracks, dtype=np.int32), lengths)
        coded = np.frombuffer(codes, dtype=np.int32) if codes else np.empty(0, np.int32)
        self._tracks = tracks
        self._vocabulary = vocabulary
        self._positions = owners[np.argsort(coded, kind="stable")]
        self._starts = np.searchsorted(np.sort(coded), np.arange(len(vocabulary) + 1))
        dense = np.flatnonzero(np.diff(self._starts) > max(tracks // _DENSE_SHARE, 64))
        self._bitmaps = {int(code): np.packbits(self._mask_of(int(code))) for code in dense}

    def add_to(self, mask: Mask, values: Iterable[str]) -> None:
        """Set `mask` (N,) where a track has one of the texts."""
        for value in values:
            code = self._vocabulary.get(value)
            if code is None:
                continue
            if code in self._bitmaps:
                mask |= np.unpackbits(self._bitmaps[code], count=self._tracks).view(np.bool_)
            else:
                mask[self._positions[self._starts[code] : self._starts[code + 1]]] = True

    def _mask_of(self, code: int) -> Mask:
        mask = np.zeros(self._tracks, np.bool_)
        mask[self._positions[self._starts[code] : self._starts[code + 1]]] = True
        return mask


class NumberColumn:
    """The numbers of N tracks in one field."""

    def __init__(self, numbers: Doubles) -> None:
        """`numbers` (N,): NaN where a track has none."""
        self._numbers = numbers
        known = np.flatnonzero(~np.isnan(numbers)).astype(np.int32)
        self._positions = known[np.argsort(numbers[known], kind="stable")]
        self._ascending = numbers[self._positions]

    def add_to(self, mask: Mask, minimum: float, maximum: float) -> None:
        """Set `mask` (N,) where a number lies between the ends, both included."""
        start = int(np.searchsorted(self._ascending, minimum, side="left"))
        end = int(np.searchsorted(self._ascending, maximum, side="right"))
        if (end - start) * _NARROW_SHARE < len(self._numbers):
            mask[self._positions[start:end]] = True
        else:
            mask |= (self._numbers >= minimum) & (self._numbers <= maximum)
