"""The profile: one user's history, controls and edit log, as an immutable value with a version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from leitmotif_services.profiles.taste.control import Control, ControlChange, Controls, apply_changes, carry_over, restore
from leitmotif_services.profiles.taste.history import History
from leitmotif_services.profiles.taste.presets import ActivePreset
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.runtime.errors import Reason, ServiceError

EDIT_LOG_LENGTH = 200
"""The edit log keeps so many edits; older ones can no longer be undone."""

EVENT_LOG_LENGTH = 10_000
"""The event log keeps so many events; event ids are known as repeats as long as the log keeps them."""


class Version(NamedTuple):
    """Names one state of a profile. The nonce tells a profile from one that was erased and made again."""

    revision: int
    """Counts changes, from 1."""
    nonce: bytes
    """8 random bytes, new with each change."""

    @property
    def etag(self) -> str:
        """The version as callers see it."""
        return f"{self.revision:x}-{self.nonce.hex()}"


@dataclass(frozen=True)
class Edit:
    """An entry of the edit log; it never changes. Whether it is undone is a matter of the profile: see `Profile.undoable`."""

    sequence: int
    """Number within the profile, from 1."""
    changes: tuple[ControlChange, ...]
    actor: str
    reason: str
    made_at_us: int
    before: Mapping[str, Control]
    """Control of each touched prototype, by its id, before the edit: what undo restores."""
    after: Mapping[str, Control]
    """The same after the edit: what redo restores."""


@dataclass(frozen=True, eq=False)
class Profile:
    """A user's taste under one model version."""

    user_id: str
    model_version: str
    history: History
    version: Version
    created_at_us: int
    updated_at_us: int
    controls: Controls = field(default_factory=dict)
    last_edit: int = 0
    """Sequence of the newest edit; 0 when there was none."""
    undoable: tuple[int, ...] = ()
    """Sequences of the logged edits that are in force, oldest first."""
    redoable: tuple[int, ...] = ()
    """Sequences of undone edits that no later edit has superseded; the last one is redone next."""
    last_event: int = 0
    """Sequence of the newest event in the event log; 0 when there was none."""
    settled: Controls | None = field(default_factory=dict)
    """What the edits that the log no longer keeps, and an import, made of the controls: the others are replayed upon it. None for
    a profile of the schema before, whose log tells it."""
    carried: Mapping[str, str] = field(default_factory=dict)
    """Prototypes that logged edits name and the model does not have, and which of the model's took over what they asked for."""
    exclusion_count: int = 0
    """Entries in the exclusions, which are kept beside the profile."""
    active_preset: ActivePreset | None = None
    """The preset that lies over the profile, also when it is over by now; see `ActivePreset.in_force`."""

    @classmethod
    def empty(cls, user_id: str, space: PrototypeSpace, now_us: int) -> "Profile":
        """A profile before its first change; its version stands for "not stored yet"."""
        return cls(user_id, space.model_version, History.empty(space.size), Version(0, bytes(8)), now_us, now_us)

    def stamped(self, nonce: bytes, now_us: int) -> "Profile":
        """The profile as the next version. A preset that is over by now is not kept any longer."""
        return replace(self.as_of(now_us), version=Version(self.version.revision + 1, nonce), updated_at_us=now_us)

    def as_of(self, now_us: int) -> "Profile":
        """The profile as it is to be shown: without a preset that is over by then. Still the same version."""
        if self.active_preset is None or self.active_preset.in_force(now_us):
            return self
        return replace(self, active_preset=None)

    def edited(
        self, changes: Sequence[ControlChange], space: PrototypeSpace, *, actor: str, reason: str, now_us: int
    ) -> tuple["Profile", Edit]:
        """The profile with checked changes applied, and the entry of the edit log. What could be redone is cleared."""
        applied = apply_changes(self.controls, changes, space)
        edit = Edit(self.last_edit + 1, tuple(changes), actor, reason, now_us, applied.before, applied.after)
        undoable = (*self.undoable, edit.sequence)
        if undoable[0] <= edit.sequence - EDIT_LOG_LENGTH:  # the one entry that the log has just forgotten
            undoable = undoable[1:]
        return replace(self, controls=applied.controls, last_edit=edit.sequence, undoable=undoable, redoable=()), edit

    def next_undo(self) -> int:
        """Sequence of the edit that undo takes back; NOTHING_TO_UNDO when there is none."""
        if not self.undoable:
            raise ServiceError(Reason.NOTHING_TO_UNDO, "there is no edit to undo", user_id=self.user_id)
        return self.undoable[-1]

    def next_redo(self) -> int:
        """Sequence of the edit that redo applies again; NOTHING_TO_UNDO when there is none."""
        if not self.redoable:
            raise ServiceError(Reason.NOTHING_TO_UNDO, "there is no edit to redo", user_id=self.user_id)
        return self.redoable[-1]

    def undone(self, edit: Edit, space: PrototypeSpace) -> "Profile":
        """The profile without the edit of `next_undo`: every control it touched has the very value it had before."""
        return replace(
            self,
            controls=restore(self.controls, edit.before, space),
            undoable=self.undoable[:-1],
            redoable=(*self.redoable, edit.sequence),
        )

    def redone(self, edit: Edit, space: PrototypeSpace) -> "Profile":
        """The profile with the edit of `next_redo` in force again."""
        return replace(
            self,
            controls=restore(self.controls, edit.after, space),
            undoable=(*self.undoable, edit.sequence),
            redoable=self.redoable[:-1],
        )

    def with_events(self, history: History, logged: int) -> "Profile":
        """The profile with `logged` more events in the log, and the history that those of them that count make."""
        return replace(self, history=history, last_event=self.last_event + logged)

    def rebuilt(self, history: History, old: PrototypeSpace, new: PrototypeSpace) -> tuple["Profile", tuple[str, ...]]:
        """The profile under another model, and the prototypes whose controls it had to drop."""
        controls, dropped = carry_over(self.controls, old, new)
        return replace(self, model_version=new.model_version, history=history, controls=controls), dropped


def profile_not_found(user_id: str) -> ServiceError:
    """PROFILE_NOT_FOUND for a user."""
    return ServiceError(Reason.PROFILE_NOT_FOUND, f"no profile is kept for user {user_id!r}", user_id=user_id)
