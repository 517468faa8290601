"""What logged edits make of controls: undo and redo replay them, so that the result is that of the edits in force, bit for bit.

Applied changes are deterministic (a pin holds the history weight that it keeps), so a replay gives the same each time.
"""

from collections.abc import Iterable, Mapping, Sequence

from leitmotif_services.profiles.taste.control import NEUTRAL, Control, ControlChange, Controls, changed_control, sparse
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace


def replayed(
    settled: Controls, edits: Iterable[Sequence[ControlChange]], space: PrototypeSpace, carried: Mapping[str, str]
) -> Controls:
    """`settled` after the changes of `edits`, oldest first.

    Prototypes that the model does not have are looked up in `carried`, by id, and passed over where that knows none either.
    """
    controls = dict(settled)
    for changes in edits:
        for change in changes:
            position = position_of(change.prototype_id, space, carried)
            if position is not None:
                controls[position] = changed_control(controls.get(position, NEUTRAL), change)
    return sparse(controls)


def before_logged_edits(controls: Controls, before: Sequence[Mapping[str, Control]], space: PrototypeSpace) -> Controls:
    """The controls before the oldest logged edit, for profiles of schema 1, whose log tells what each edit found.

    `before` has the controls that each logged edit found, by prototype id, oldest edit first. What none touched is as it is now.
    """
    restored = dict(controls)
    for found in reversed(before):
        for prototype_id, control in found.items():
            position = space.positions.get(prototype_id)
            if position is not None:
                restored[position] = control
    return sparse(restored)


def position_of(prototype_id: str, space: PrototypeSpace, carried: Mapping[str, str]) -> int | None:
    """Position of a prototype, or of the one that took over from it."""
    position = space.positions.get(prototype_id)
    return space.positions.get(carried.get(prototype_id, "")) if position is None else position
