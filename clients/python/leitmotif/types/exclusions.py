"""What a user keeps out: of recommendations, or of the profile."""

from dataclasses import dataclass
from datetime import datetime

from leitmotif.types.profiles import Profile


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A stretch of time; one of its ends may be open."""

    start: datetime | None = None
    """The first moment within, aware; None for always."""
    end: datetime | None = None
    """The first moment behind it, aware; None for ever, as for a private session that goes on."""


@dataclass(frozen=True, slots=True)
class Exclusions:
    """What a user does not want."""

    hidden_track_ids: tuple[str, ...] = ()
    """Ids of tracks that are never recommended, at most 2000."""
    hidden_artists: tuple[str, ...] = ()
    """Artists whose tracks are never recommended, at most 500, as the catalogue spells them."""
    uncounted_track_ids: tuple[str, ...] = ()
    """Ids of tracks whose events do not count, at most 2000."""
    uncounted_artists: tuple[str, ...] = ()
    """Artists whose tracks' events do not count, at most 500."""
    uncounted_ranges: tuple[TimeRange, ...] = ()
    """Times whose events do not count, at most 100."""


@dataclass(frozen=True, slots=True)
class ChangedExclusions:
    """What is excluded after a change, and the profile that came of it."""

    exclusions: Exclusions
    profile: Profile
