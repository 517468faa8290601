"""The profile: one user's history, controls and edit log, as an immutable value with a version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from leitmotif_services.profiles.taste.carry_over import ControlsMoved
from leitmotif_services.profiles.taste.control import Control, ControlChange, Controls, apply_changes
from leitmotif_services.profiles.taste.edit_replay import before_logged_edits, replayed
from leitmotif_services.profiles.taste.effective_weights import EffectiveWeights, effective_weights
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
    before: Mapping[str, Control] = field(default_factory=dict)
    """Of edits that were logged under schema 1: the control of each touched prototype, by its id, before the edit. Else empty."""
    after: Mapping[str, Control] = field(default_factory=dict)
    """The same after the edit."""


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
    """Prototypes that logged edits or presets name and the model does not have, and which of the model's took over from them."""
    exclusion_count: int = 0
    """Entries in the exclusions, which are kept beside the profile."""
    active_preset: ActivePreset | None = None
    """The preset that lies over the profile, also when it is over by now; see `ActivePreset.in_force`."""
    controls_moved: ControlsMoved | None = None
    """What the last change of model did to the controls, until the person changes them; None where all have their places."""

    @classmethod
    def empty(cls, user_id: str, space: PrototypeSpace, now_us: int) -> "Profile":
        """A profile before its first change; its version stands for "not stored yet"."""
        return cls(user_id, space.model_version, History.empty(space.size), Version(0, bytes(8)), now_us, now_us)

    def _changed(self, **fields: Any) -> "Profile":
        # What `dataclasses.replace` does, in an eighth of its time; every edit needs it twice.
        copy = object.__new__(Profile)
        copy.__dict__.update(self.__dict__, **fields)
        return copy

    def stamped(self, nonce: bytes, now_us: int) -> "Profile":
        """The profile as the next version. A preset that is over by now is not kept any longer."""
        return self.as_of(now_us)._changed(version=Version(self.version.revision + 1, nonce), updated_at_us=now_us)

    def as_of(self, now_us: int) -> "Profile":
        """The profile as it is to be shown: without a preset that is over by then. Still the same version."""
        if self.active_preset is None or self.active_preset.in_force(now_us):
            return self
        return replace(self, active_preset=None)

    def effective(self, space: PrototypeSpace) -> EffectiveWeights:
        """What counts in the end: pins, and the preset that lies over the profile, are in it; see `as_of`."""
        return effective_weights(self.history.weights(), self.controls, self.active_preset, space, self.carried)

    def forgotten_by_next_edit(self, log_length: int = EDIT_LOG_LENGTH) -> tuple[int, ...]:
        """Sequences of edits in force that the log will not keep beside another edit, oldest first."""
        oldest_kept = self.last_edit + 2 - log_length
        if not self.undoable or self.undoable[0] >= oldest_kept:  # they ascend
            return ()
        return tuple(sequence for sequence in self.undoable if sequence < oldest_kept)

    def edited(
        self,
        changes: Sequence[ControlChange],
        space: PrototypeSpace,
        *,
        forgotten: Sequence[Edit] = (),
        actor: str,
        reason: str,
        now_us: int,
    ) -> tuple["Profile", Edit]:
        """The profile with checked changes applied, and the entry of the edit log. What could be redone is cleared.

        `forgotten` are the edits of `forgotten_by_next_edit`, which can no longer be undone: they are settled.
        """
        controls, applied = apply_changes(self.controls, changes, space, self.history.weights())
        edit = Edit(self.last_edit + 1, applied, actor, reason, now_us)
        settled = self.settled
        if forgotten:
            settled = replayed(self._known_settled(), [edit.changes for edit in forgotten], space, self.carried)
        undoable = (*self.undoable[len(forgotten) :], edit.sequence)
        changed = self._changed(controls=controls, settled=settled, last_edit=edit.sequence, undoable=undoable, redoable=())
        return changed._told(), edit

    def to_undo(self, sequence: int = 0, log_length: int = EDIT_LOG_LENGTH) -> int:
        """The edit that undo takes back, 0 for the last; NOTHING_TO_UNDO, EDIT_NOT_FOUND when the log does not keep it."""
        return self._chosen(sequence, self.undoable, log_length, "undo", "undone already")

    def to_redo(self, sequence: int = 0, log_length: int = EDIT_LOG_LENGTH) -> int:
        """The edit that redo applies again, 0 for the one undone last; NOTHING_TO_UNDO, EDIT_NOT_FOUND as for `to_undo`."""
        return self._chosen(sequence, self.redoable, log_length, "redo", "in force, or superseded by a later edit")

    def _chosen(self, sequence: int, choice: tuple[int, ...], log_length: int, verb: str, otherwise: str) -> int:
        if sequence == 0 and choice:
            return choice[-1]
        if sequence in choice:
            return sequence
        if sequence == 0:
            raise ServiceError(Reason.NOTHING_TO_UNDO, f"there is no edit to {verb}", user_id=self.user_id)
        if not max(0, self.last_edit - log_length) < sequence <= self.last_edit:
            raise ServiceError(
                Reason.EDIT_NOT_FOUND,
                f"the log of user {self.user_id!r} does not keep edit {sequence}",
                user_id=self.user_id,
                sequence=sequence,
            )
        raise ServiceError(
            Reason.NOTHING_TO_UNDO,
            f"edit {sequence} cannot be {verb}ne: it is {otherwise}",
            user_id=self.user_id,
            sequence=sequence,
        )

    def undone(self, sequence: int, log: Mapping[int, Edit], space: PrototypeSpace) -> "Profile":
        """The profile without an edit of `undoable`; `log` has at least the others of them, by sequence."""
        undoable = tuple(other for other in self.undoable if other != sequence)
        return self._with_edits_in_force(undoable, (*self.redoable, sequence), log, space)

    def redone(self, sequence: int, log: Mapping[int, Edit], space: PrototypeSpace) -> "Profile":
        """The profile with an edit of `redoable` in its old place; `log` has it and those of `undoable`, by sequence."""
        redoable = tuple(other for other in self.redoable if other != sequence)
        return self._with_edits_in_force(tuple(sorted((*self.undoable, sequence))), redoable, log, space)

    def _with_edits_in_force(
        self, undoable: tuple[int, ...], redoable: tuple[int, ...], log: Mapping[int, Edit], space: PrototypeSpace
    ) -> "Profile":
        controls = replayed(self._known_settled(), [log[sequence].changes for sequence in undoable], space, self.carried)
        return replace(self, controls=controls, undoable=undoable, redoable=redoable)._told()

    def _told(self) -> "Profile":
        return self if self.controls_moved is None else replace(self, controls_moved=None)

    def settled_by(self, log: Sequence[Edit], space: PrototypeSpace) -> "Profile":
        """A profile of schema 1 with what its whole log, oldest edit first, tells of `settled`; any other as it is.

        Where the edits in force no longer tell what is asked for, since a rebuild had dropped some of it, they are settled.
        """
        if self.settled is not None:
            return self
        in_force = frozenset(self.undoable)
        settled = before_logged_edits(self.controls, [edit.before for edit in log], space)
        changes = [edit.changes for edit in log if edit.sequence in in_force]
        if replayed(settled, changes, space, self.carried) == self.controls:
            return replace(self, settled=settled)
        return replace(self, settled=self.controls, undoable=(), redoable=())

    def _known_settled(self) -> Controls:
        if self.settled is None:
            raise ValueError("a profile of schema 1 must be settled by its log before its edits are replayed")
        return self.settled

    def with_events(self, history: History, logged: int) -> "Profile":
        """The profile with `logged` more events in the log, and the history that those of them that count make."""
        return replace(self, history=history, last_event=self.last_event + logged)


def profile_not_found(user_id: str) -> ServiceError:
    """PROFILE_NOT_FOUND for a user."""
    return ServiceError(Reason.PROFILE_NOT_FOUND, f"no profile is kept for user {user_id!r}", user_id=user_id)
