"""The fields of a catalogue that filters test, and the tracks that pass a filter."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.live_catalogue.field_values import NumberColumn, TextPostings
from leitmotif_services.prototypes.live_catalogue.filters import All, Any, FieldIn, FieldRange, Filter, Not
from leitmotif_services.prototypes.track import Track
from leitmotif_services.runtime.errors import invalid_field

Mask = NDArray[np.bool_]

TEXT_FIELDS = ("tags", "artist")
NUMBER_FIELDS = ("year", "duration_s")
"""Fields that every catalogue can be filtered by."""

NAN = float("nan")


class Fields(Protocol):
    """Safe to use from several threads at once; never changed."""

    def mask(self, tested: Filter) -> Mask:
        """(N,), one's own: True for the tracks that pass, whether or not they are alive.

        FIELD_INVALID, with the condition's path, for a field that is not filtered by or is of the other kind.
        """
        ...


class FieldNames:
    """Which fields there are, and of which kind."""

    def __init__(self, further: Iterable[str] = ()) -> None:
        """`further`: fields that an operator declared. Each may be text on some tracks and a number on others."""
        self.further = tuple(sorted(set(further) - {*TEXT_FIELDS, *NUMBER_FIELDS}))
        self.texts = frozenset((*TEXT_FIELDS, *self.further))
        self.numbers = frozenset((*NUMBER_FIELDS, *self.further))

    def check(self, condition: FieldIn | FieldRange) -> None:
        """Refuse a condition on a field that there is not, or of the other kind."""
        own, other = (self.texts, self.numbers) if isinstance(condition, FieldIn) else (self.numbers, self.texts)
        if condition.field in own:
            return
        if condition.field in other:
            test = "one_of" if isinstance(condition, FieldRange) else "range"
            raise invalid_field(condition.path, f"{condition.field} is filtered by `{test}`")
        names = ", ".join(sorted(own | other))
        raise invalid_field(f"{condition.path}.field", f"must be one of {names}; is {condition.field[:64]!r}")


class BundleFields:
    """Implements `Fields` for the N tracks of a bundle."""

    def __init__(self, tracks: Sequence[Track], names: FieldNames) -> None:
        self.names = names
        self._tracks = len(tracks)
        self._texts = {name: TextPostings((texts_of(track, name) for track in tracks), len(tracks)) for name in names.texts}
        self._numbers = {
            name: NumberColumn(np.fromiter((number_of(track, name) for track in tracks), np.float64, len(tracks)))
            for name in names.numbers
        }

    def mask(self, tested: Filter) -> Mask:
        """See `Fields.mask`."""
        return combined(tested, self._condition)

    def _condition(self, condition: FieldIn | FieldRange) -> Mask:
        self.names.check(condition)
        mask = np.zeros(self._tracks, np.bool_)
        self.add_to(mask, condition)
        return mask

    def add_to(self, mask: Mask, condition: FieldIn | FieldRange) -> None:
        """Set `mask` (N,) where a track passes; the field must have been checked."""
        if isinstance(condition, FieldIn):
            self._texts[condition.field].add_to(mask, condition.values)
        else:
            self._numbers[condition.field].add_to(mask, condition.minimum, condition.maximum)


def combined(tested: Filter, mask_of: Callable[[FieldIn | FieldRange], Mask]) -> Mask:
    """The mask of a filter, given a fresh one of each condition."""
    if isinstance(tested, Not):
        mask = combined(tested.filter, mask_of)
        return np.logical_not(mask, out=mask)
    if isinstance(tested, All | Any):
        mask = combined(tested.filters[0], mask_of)
        join = np.logical_and if isinstance(tested, All) else np.logical_or
        for part in tested.filters[1:]:
            join(mask, combined(part, mask_of), out=mask)
        return mask
    return mask_of(tested)


def texts_of(track: Track, name: str) -> tuple[str, ...]:
    """What a track has in a text field."""
    if name == "tags":
        return track.tags
    text = track.artist if name == "artist" else track.texts.get(name, "")
    return (text,) if text else ()


def number_of(track: Track, name: str) -> float:
    """What a track has in a number field; NaN for nothing."""
    if name == "year":
        return NAN if track.year is None else float(track.year)
    return track.duration_s if name == "duration_s" else track.numbers.get(name, NAN)
