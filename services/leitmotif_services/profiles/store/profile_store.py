"""The port to whatever keeps profiles. Every implementation passes the contract tests in tests/contract/profiles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import NamedTuple, Protocol

from leitmotif_services.profiles.taste.exclusions import NO_EXCLUSIONS, Exclusions
from leitmotif_services.profiles.taste.history import Event
from leitmotif_services.profiles.taste.presets import Preset
from leitmotif_services.profiles.taste.profile import EDIT_LOG_LENGTH, EVENT_LOG_LENGTH, Edit, Profile, Version
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace


@dataclass(frozen=True)
class Answer:
    """What a request with a request_id was answered with, kept so that a repeat gets the same."""

    fingerprint: bytes
    """Digest of the request: a repeat has the same, another request under the same id does not."""
    profile: Profile
    """The profile after the request."""
    edit: Edit
    """The edit that was made, undone or redone."""


@dataclass(frozen=True)
class Stored:
    """What one read found."""

    profile: Profile | None
    seen_event_ids: frozenset[str] = frozenset()
    """Those of the asked event ids that the event log keeps."""
    answer: Answer | None = None
    """The answer kept under the asked request id."""
    heard_track_ids: tuple[str, ...] = ()
    """When asked for: tracks with an event in the log, the one with the latest event first, without repeats."""
    exclusions: Exclusions = NO_EXCLUSIONS
    """When asked for."""
    presets: Mapping[str, Preset] = field(default_factory=dict)
    """When asked for: all presets, by id."""


class Include(Flag):
    """What a read returns beside the profile, in the same round trip."""

    NOTHING = 0
    HEARD = auto()
    EXCLUSIONS = auto()
    PRESETS = auto()


class LoggedEvent(NamedTuple):
    """An event with its place in the log."""

    sequence: int
    """Number within the profile in order of recording, from 1."""
    event: Event


@dataclass(frozen=True)
class Commit:
    """A change to one profile, written as a whole or not at all."""

    expected: Version | None
    """The version that the change was made from; None when there was no profile."""
    profile: Profile
    """The profile after the change, already stamped with its new version."""
    edits: tuple[Edit, ...] = ()
    """Appended to the edit log; their sequences end at `profile.last_edit`."""
    events: tuple[Event, ...] = ()
    """Appended to the event log; their sequences end at `profile.last_event`."""
    request_id: str = ""
    answer: Answer | None = None
    """Kept under `request_id` for 24 hours."""
    exclusions: Exclusions | None = None
    """Takes the place of the exclusions; None leaves them as they are."""
    presets: Mapping[str, Preset | None] = field(default_factory=dict)
    """Presets to keep, by id, and, with None, to forget; others stay."""
    replaces: bool = False
    """Everything that was kept of the user is erased first, in the same step."""
    edit_log_length: int = EDIT_LOG_LENGTH
    event_log_length: int = EVENT_LOG_LENGTH


class Erased(NamedTuple):
    """What an erasure did."""

    keys: int
    """Keys, or records, that there were."""


class Verified(NamedTuple):
    """What a scan of the whole store found."""

    scanned: int
    """Keys that were looked at, of all users and tenants."""
    remaining: int
    """Those of the user among them."""


class ProfileStore(Protocol):
    """Keeps the profiles of one tenant, their logs, and the prototype spaces, which all tenants share.

    Every method may raise STORE_UNAVAILABLE, and STORED_VALUE_UNREADABLE for a value that this release cannot read.
    """

    async def read(
        self,
        user_id: str,
        *,
        event_ids: Sequence[str] = (),
        request_id: str = "",
        include: Include = Include.NOTHING,
    ) -> Stored:
        """Read a profile and what is asked for beside it, in one round trip."""
        ...

    async def commit(self, commit: Commit) -> bool:
        """Write a change if the profile still has the expected version; False, with nothing written, when it has another.

        Whoever listens for changes of the profile is told (see `ChangeFeed`).

        Repeating a commit that was written already is True again and writes nothing.
        """
        ...

    async def read_edits(self, user_id: str, first: int, last: int) -> list[Edit]:
        """Logged edits with `first` <= sequence <= `last`, ascending; those that the log no longer keeps are left out."""
        ...

    async def read_events(self, user_id: str, first: int, last: int) -> list[LoggedEvent]:
        """Logged events with `first` <= sequence <= `last`, ascending; those that the log no longer keeps are left out."""
        ...

    async def delete(self, user_id: str) -> Erased:
        """Erase everything that is kept of a user, and tell whoever listens."""
        ...

    async def verify_erased(self, user_id: str) -> Verified:
        """Look through every key of the store for what is left of a user; in small steps, but all of it."""
        ...

    async def register_space(self, space: PrototypeSpace) -> PrototypeSpace:
        """Keep a space, make its version the latest, and return what is kept.

        Of a version that is kept already the prototypes stay as they are: with the same ones, labels and directions are replaced;
        with others, nothing is written.
        """
        ...

    async def read_space(self, model_version: str) -> PrototypeSpace | None:
        """The space of a model version."""
        ...

    async def latest_model_version(self) -> str | None:
        """The model version that was registered last."""
        ...
