"""A user's taste: weights, what was heard, what was asked for."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypedDict


@dataclass(frozen=True, slots=True)
class PrototypeWeight:
    """The weight of one prototype in a profile."""

    prototype_id: str
    label: str
    """Name for people; empty where the platform knows none."""
    history: float
    """What listening says."""
    edit: float
    """What the person asked for on top, -4 to 4."""
    muted: bool
    weight: float
    """What counts, 0 while muted: history (`pinned_history` while pinned) + edit + overlay, the last two kept within -4 to 4."""
    weak: bool
    """True when the prototype is a weak witness of its tag; see `Fidelity`."""
    pinned_history: float | None = None
    """While pinned, what listening said at the time; it counts instead of `history`."""
    overlay: float = 0.0
    """What the active preset adds."""
    muted_by_preset: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """A user's taste as a person reads it."""

    user_id: str
    model_version: str
    weights: tuple[PrototypeWeight, ...]
    """By falling magnitude of the weight."""
    event_count: int
    etag: str
    """Changes with every event and edit; give it to an edit to have it refused when the profile changed meanwhile."""
    updated_at: datetime | None
    can_undo: bool
    can_redo: bool
    active_preset: "ActivePreset | None" = None
    """The preset that lies over the profile now."""
    exclusion_count: int = 0
    """Entries in the user's exclusions, of all kinds."""
    controls_moved: "ControlsMoved | None" = None
    """What the last change of model did to what the person asked for, until the next edit; None where all has its place."""


@dataclass(frozen=True, slots=True)
class CarriedControl:
    """A control that went to another prototype, since the model has none of its own."""

    from_prototype_id: str
    to_prototype_id: str
    similarity: float
    """Cosine of the two, 0.8 to 1."""


@dataclass(frozen=True, slots=True)
class ControlsMoved:
    """What a change of model did to the controls of a profile."""

    carried: tuple[CarriedControl, ...]
    dropped_prototype_ids: tuple[str, ...]
    """Prototypes whose controls have no place in the model: they return with a model that has them."""
    from_model_version: str


@dataclass(frozen=True, slots=True)
class ActivePreset:
    """A preset in force."""

    preset_id: str
    share: float
    """Share of its edits that is added to the person's own, above 0, at most 1."""
    expires_at: datetime | None
    """When it ends by itself; None for not at all."""


class EventType(StrEnum):
    """What a listener did. The weights are those of the platform's defaults."""

    UNKNOWN = "unknown"
    """A type that this release does not know; not allowed in a request."""
    PLAY = "play"
    """Played; weight 1 × share_heard."""
    LIKE = "like"
    """Said they like it; weight 3."""
    SAVE = "save"
    """Saved it to the library; weight 3."""
    PLAYLIST_ADD = "playlist_add"
    """Added it to a playlist; weight 2."""
    SKIP = "skip"
    """Skipped it; weight -0.25."""
    DISLIKE = "dislike"
    """Said they dislike it; weight -3."""


@dataclass(frozen=True, slots=True)
class Event:
    """One listening event."""

    track_id: str
    type: EventType = EventType.PLAY
    share_heard: float | None = None
    """Share of the track that was heard, 0 to 1; None stands for 1."""
    occurred_at: datetime | None = None
    """Aware; None stands for now."""
    event_id: str = ""
    """The caller's id, by which a repeat is recognised and ignored; made when empty."""


@dataclass(frozen=True, slots=True)
class ListeningReceipt:
    """What became of recorded events."""

    recorded: int
    """Events that were new and are in the log now."""
    repeated_events: int
    """Events that were ignored because their event_id had been seen."""
    etag: str
    uncounted_events: int = 0
    """Events of `recorded` that do not count: the user keeps their track, artist or time out of the profile."""


class ControlAction(StrEnum):
    """What a control change does."""

    UNKNOWN = "unknown"
    """An action that this release does not know; not allowed in a request."""
    BOOST = "boost"
    """Adds `amount` to the edit."""
    REDUCE = "reduce"
    """Subtracts `amount` from the edit."""
    SET = "set"
    """Sets the edit to `amount`."""
    MUTE = "mute"
    """Counts the prototype as 0 and keeps the tracks that express it out of recommendations."""
    UNMUTE = "unmute"
    """Ends a mute."""
    RESET = "reset"
    """Sets the edit to 0, ends a mute and a pin."""
    PIN = "pin"
    """Keeps what listening says now, whatever is listened to; edits still add to it."""
    UNPIN = "unpin"
    """Ends a pin."""


@dataclass(frozen=True, slots=True)
class ControlChange:
    """One control change."""

    prototype_id: str
    action: ControlAction
    amount: float | None = None
    """Size of a boost or reduce, more than 0, at most 4, None for 1; the value of a set, -4 to 4. None otherwise; in the edit
    log, what a pin keeps."""


@dataclass(frozen=True, slots=True)
class ControlUpdate:
    """New values for the control of one prototype; None leaves what is as it is."""

    prototype_id: str
    edit: float | None = None
    """-4 to 4."""
    muted: bool | None = None
    pinned: bool | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """An entry of the edit log."""

    sequence: int
    """Number of the edit within the profile, from 1."""
    changes: tuple[ControlChange, ...]
    actor: str
    """Who made it, such as "user" or "support"."""
    reason: str
    made_at: datetime | None
    undone: bool
    """True while the edit is undone."""


@dataclass(frozen=True, slots=True)
class AppliedEdit:
    """The profile after an edit, an undo or a redo, with the edit's entry in the log."""

    profile: Profile
    edit: Edit


class EditOptions(TypedDict, total=False):
    """Keyword arguments that `boost` and its like pass on to `edit`."""

    etag: str | None
    request_id: str | None
    allow_missing: bool
    timeout_s: float | None
