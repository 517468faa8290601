"""The rules of control: what a boost, a mute or a reset makes of a profile's edits, and how to take it back exactly.

Controls are sparse: a position that is absent has the neutral control, no edit and not muted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.runtime.errors import ServiceError, invalid_field

EDIT_BOUND = 4.0
"""Edits Δ stay within -4 to 4."""

DEFAULT_AMOUNT = 1.0
"""Size of a boost or reduce that names none."""


class ControlAction(IntEnum):
    """What a change does. The numbers are stored, so they never change."""

    BOOST = 1
    REDUCE = 2
    SET = 3
    MUTE = 4
    UNMUTE = 5
    RESET = 6
    PIN = 7
    UNPIN = 8


class Control(NamedTuple):
    """What a person asked for one prototype."""

    edit: float = 0.0
    """Δ, -4 to 4; kept while muted."""
    muted: bool = False
    pinned: float | None = None
    """History weight that counts instead of the present one; None while the prototype is not pinned."""


NEUTRAL = Control()

Controls = Mapping[int, Control]
"""Control by position; neutral ones are left out."""


@dataclass(frozen=True)
class ControlChange:
    """One step of an edit."""

    prototype_id: str
    action: ControlAction
    amount: float | None = None
    """Size of a boost or reduce, the value of a set, or the history weight that an applied pin keeps; None for the others."""


@dataclass(frozen=True)
class AppliedChanges:
    """What a list of changes did."""

    controls: Controls
    before: Mapping[str, Control]
    """Control of each touched prototype, by its id, before the first change."""
    after: Mapping[str, Control]
    """The same after the last change."""


def checked_change(change: ControlChange, field: str) -> ControlChange:
    """`change` with its default amount filled in; FIELD_INVALID, naming `field`.amount, for an amount out of bounds."""
    amount = change.amount
    match change.action:
        case ControlAction.BOOST | ControlAction.REDUCE:
            if amount is None:
                return ControlChange(change.prototype_id, change.action, DEFAULT_AMOUNT)
            if not 0.0 < amount <= EDIT_BOUND:  # false for NaN too
                raise _invalid_amount(field, f"must be greater than 0 and at most {EDIT_BOUND:g}, is {amount!r}")
        case ControlAction.SET:
            if amount is None:
                raise _invalid_amount(field, "is required to set an edit")
            if not -EDIT_BOUND <= amount <= EDIT_BOUND:
                raise _invalid_amount(field, f"must be {-EDIT_BOUND:g} to {EDIT_BOUND:g}, is {amount!r}")
        case _:
            if amount is not None:
                raise _invalid_amount(field, f"must be absent for {change.action.name.lower()}")
    return change


def apply_changes(controls: Controls, changes: Sequence[ControlChange], space: PrototypeSpace) -> AppliedChanges:
    """Apply checked changes in order. PROTOTYPE_NOT_FOUND for a prototype outside `space`; `controls` stays as it is."""
    changed = dict(controls)
    before: dict[str, Control] = {}
    after: dict[str, Control] = {}
    for change in changes:
        position = space.position(change.prototype_id)
        current = changed.get(position, NEUTRAL)
        before.setdefault(change.prototype_id, current)
        after[change.prototype_id] = changed[position] = _changed(current, change)
    return AppliedChanges(_sparse(changed), before, after)


def restore(controls: Controls, values: Mapping[str, Control], space: PrototypeSpace) -> Controls:
    """`controls` with the given prototypes put back to recorded values; those that the model no longer has are passed over."""
    restored = dict(controls)
    for prototype_id, control in values.items():
        position = space.positions.get(prototype_id)
        if position is not None:
            restored[position] = control
    return _sparse(restored)


def carry_over(controls: Controls, old: PrototypeSpace, new: PrototypeSpace) -> tuple[Controls, tuple[str, ...]]:
    """Controls moved to the positions of another model by prototype id, and the ids that it has no place for."""
    carried: dict[int, Control] = {}
    dropped: list[str] = []
    for position, control in sorted(controls.items()):
        prototype_id = old.prototype_ids[position]
        target = new.positions.get(prototype_id)
        if target is None:
            dropped.append(prototype_id)
        else:
            carried[target] = control
    return carried, tuple(dropped)


def _changed(current: Control, change: ControlChange) -> Control:
    amount = DEFAULT_AMOUNT if change.amount is None else change.amount
    match change.action:
        case ControlAction.BOOST:
            return current._replace(edit=_clamped(current.edit + amount))
        case ControlAction.REDUCE:
            return current._replace(edit=_clamped(current.edit - amount))
        case ControlAction.SET:
            return current._replace(edit=_clamped(amount))
        case ControlAction.MUTE:
            return current._replace(muted=True)
        case ControlAction.UNMUTE:
            return current._replace(muted=False)
        case ControlAction.RESET:
            return NEUTRAL
        case ControlAction.PIN:
            return current._replace(pinned=change.amount)
        case ControlAction.UNPIN:
            return current._replace(pinned=None)


def _clamped(edit: float) -> float:
    return max(-EDIT_BOUND, min(EDIT_BOUND, edit)) + 0.0  # -0.0 becomes 0.0


def _sparse(controls: Controls) -> Controls:
    return {position: control for position, control in controls.items() if control != NEUTRAL}


def _invalid_amount(field: str, description: str) -> ServiceError:
    return invalid_field(f"{field}.amount", description)
