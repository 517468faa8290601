"""The rules of control: what a boost, a mute, a pin or a reset makes of what a person asked for.

Controls are sparse: a position that is absent has the neutral control, no edit, not muted and not pinned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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


def apply_changes(
    controls: Controls, changes: Sequence[ControlChange], space: PrototypeSpace, history: NDArray[np.float64]
) -> tuple[Controls, tuple[ControlChange, ...]]:
    """Apply checked changes in order, and return them as they are to be logged, with the history weights that pins keep.

    `history` has the present history weights, (K,). PROTOTYPE_NOT_FOUND for a prototype outside `space`.
    """
    changed = dict(controls)
    applied = []
    for change in changes:
        position = space.position(change.prototype_id)
        pins = change.action is ControlAction.PIN
        applied.append(replace(change, amount=float(history[position])) if pins else change)
        changed[position] = changed_control(changed.get(position, NEUTRAL), applied[-1])
    return sparse(changed), tuple(applied)


def changed_control(current: Control, change: ControlChange) -> Control:
    """What an applied change makes of a control: the same every time it is applied."""
    amount = DEFAULT_AMOUNT if change.amount is None else change.amount
    match change.action:
        case ControlAction.BOOST:
            return current._replace(edit=clamped(current.edit + amount))
        case ControlAction.REDUCE:
            return current._replace(edit=clamped(current.edit - amount))
        case ControlAction.SET:
            return current._replace(edit=clamped(amount))
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


def clamped(edit: float) -> float:
    """The nearest edit within bounds."""
    return max(-EDIT_BOUND, min(EDIT_BOUND, edit)) + 0.0  # -0.0 becomes 0.0


def sparse(controls: Controls) -> Controls:
    """Without the neutral ones."""
    return {position: control for position, control in controls.items() if control != NEUTRAL}


def _invalid_amount(field: str, description: str) -> ServiceError:
    return invalid_field(f"{field}.amount", description)
