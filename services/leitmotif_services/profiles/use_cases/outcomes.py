"""What the use cases take and give beside plain values."""

from dataclasses import dataclass

from leitmotif_services.profiles.taste.profile import Edit, Profile, Version
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace


@dataclass(frozen=True)
class Conditions:
    """What a caller asks of a change beside the change itself."""

    etag: str = ""
    """Change only a profile of this version; empty for any."""
    request_id: str = ""
    fingerprint: bytes = b""
    """Digest of what the request that the request_id stands for asks."""
    model_version: str = ""
    """Change only a profile of this model version, and make a missing one of it; empty for any."""


@dataclass(frozen=True)
class Viewed:
    """A profile with the names of its positions."""

    profile: Profile
    space: PrototypeSpace


@dataclass(frozen=True)
class PresetChoice:
    """A preset to use for one request instead of the active one."""

    preset_id: str
    """Empty for none, not even the active one."""
    share: float = 1.0
    """Above 0, at most 1."""


@dataclass(frozen=True)
class LeftOut:
    """What recommendations may leave out; empty unless asked for."""

    heard_track_ids: tuple[str, ...] = ()
    """Tracks with an event in the log, the one with the latest event first, without repeats."""
    hidden_track_ids: tuple[str, ...] = ()
    """In order of their ids."""
    hidden_artists: tuple[str, ...] = ()
    """In alphabetical order."""


@dataclass(frozen=True)
class ViewedForScoring(Viewed):
    """A profile under the preset that is to lie over it, and what recommendations may leave out."""

    left_out: LeftOut


@dataclass(frozen=True)
class Edited(Viewed):
    """A profile after an edit, undo or redo, and the edit in question."""

    edit: Edit


@dataclass(frozen=True)
class Previewed(ViewedForScoring):
    """A profile as it would be after an edit."""

    before: Profile
    """The profile as it is."""
    exists: bool
    """False for a user without a profile, whose empty one is kept nowhere."""


@dataclass(frozen=True)
class Recorded:
    """What became of a batch of events."""

    recorded: int
    repeated: int
    uncounted: int
    """Those of `recorded` that the user keeps out of the profile."""
    version: Version
