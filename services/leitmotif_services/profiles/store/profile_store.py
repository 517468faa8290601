"""The port to whatever keeps profiles. Every implementation passes the contract tests in tests/contract/profiles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from leitmotif_services.profiles.taste.history import Event
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
    edit: Edit | None = None
    """Appended to the edit log."""
    events: tuple[Event, ...] = ()
    """Appended to the event log; their sequences end at `profile.last_event`."""
    request_id: str = ""
    answer: Answer | None = None
    """Kept under `request_id` for 24 hours."""
    edit_log_length: int = EDIT_LOG_LENGTH
    event_log_length: int = EVENT_LOG_LENGTH


class ProfileStore(Protocol):
    """Keeps profiles, their logs and prototype spaces.

    Every method may raise STORE_UNAVAILABLE, and STORED_VALUE_UNREADABLE for a value that this release cannot read.
    """

    async def read(self, user_id: str, *, event_ids: Sequence[str] = (), request_id: str = "", heard: bool = False) -> Stored:
        """Read a profile and what is asked for beside it, in one round trip."""
        ...

    async def commit(self, commit: Commit) -> bool:
        """Write a change if the profile still has the expected version; False, with nothing written, when it has another.

        Repeating a commit that was written already is True again and writes nothing.
        """
        ...

    async def read_edits(self, user_id: str, first: int, last: int) -> list[Edit]:
        """Logged edits with `first` <= sequence <= `last`, ascending; those that the log no longer keeps are left out."""
        ...

    async def read_events(self, user_id: str, first: int, last: int) -> list[LoggedEvent]:
        """Logged events with `first` <= sequence <= `last`, ascending; those that the log no longer keeps are left out."""
        ...

    async def delete(self, user_id: str) -> bool:
        """Erase everything that is kept of a user; False when there was nothing."""
        ...

    async def register_space(self, space: PrototypeSpace) -> PrototypeSpace:
        """Keep a space unless one of that model version is kept, make that version the latest, return the kept one."""
        ...

    async def read_space(self, model_version: str) -> PrototypeSpace | None:
        """The space of a model version."""
        ...

    async def latest_model_version(self) -> str | None:
        """The model version that was registered last."""
        ...
