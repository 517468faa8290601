"""What a person does not want: tracks and artists out of recommendations, listening out of the profile."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import NamedTuple

from leitmotif_services.profiles.taste.history import Event
from leitmotif_services.runtime.errors import Reason, ServiceError

LIMITS = {
    "hidden_track_ids": 2000,
    "hidden_artists": 500,
    "uncounted_track_ids": 2000,
    "uncounted_artists": 500,
    "uncounted_ranges": 100,
}
"""Entries that are kept of each kind."""


class TimeRange(NamedTuple):
    """A stretch of time, in microseconds since 1970, UTC."""

    start_us: int | None
    """The first moment within; None for always."""
    end_us: int | None
    """The first moment behind it; None for ever."""

    def holds(self, time_us: int) -> bool:
        """Whether a moment is within."""
        return (self.start_us is None or self.start_us <= time_us) and (self.end_us is None or time_us < self.end_us)


@dataclass(frozen=True)
class Exclusions:
    """Sets without order; what is hidden may still count, and the other way round."""

    hidden_track_ids: frozenset[str] = frozenset()
    hidden_artists: frozenset[str] = frozenset()
    uncounted_track_ids: frozenset[str] = frozenset()
    uncounted_artists: frozenset[str] = frozenset()
    uncounted_ranges: frozenset[TimeRange] = frozenset()

    def __len__(self) -> int:
        """Entries of all kinds."""
        return sum(len(getattr(self, each.name)) for each in fields(self))

    def counts(self, event: Event, artist: str) -> bool:
        """Whether an event of a track by that artist ("" for unknown) counts in the profile."""
        return not (
            event.track_id in self.uncounted_track_ids
            or (artist != "" and artist in self.uncounted_artists)
            or any(stretch.holds(event.occurred_at_us) for stretch in self.uncounted_ranges)
        )

    def changed(self, add: "Exclusions", remove: "Exclusions") -> "Exclusions":
        """With `add`, then without `remove`; LIMIT_EXCEEDED where more would be kept than may."""
        kept = {
            each.name: (getattr(self, each.name) | getattr(add, each.name)) - getattr(remove, each.name) for each in fields(self)
        }
        for name, entries in kept.items():
            if len(entries) > LIMITS[name]:
                raise ServiceError(
                    Reason.LIMIT_EXCEEDED,
                    f"{name} would have {len(entries)} entries, {LIMITS[name]} are allowed",
                    limit=LIMITS[name],
                    actual=len(entries),
                )
        return Exclusions(**kept)

    def same_counting(self, other: "Exclusions") -> bool:
        """Whether both let the same events count."""
        names = ("uncounted_track_ids", "uncounted_artists", "uncounted_ranges")
        return all(getattr(self, name) == getattr(other, name) for name in names)


NO_EXCLUSIONS = Exclusions()


def sorted_ranges(ranges: Iterable[TimeRange]) -> list[TimeRange]:
    """By their beginnings, then their ends."""
    return sorted(
        ranges,
        key=lambda each: (
            -math.inf if each.start_us is None else each.start_us,
            math.inf if each.end_us is None else each.end_us,
        ),
    )
