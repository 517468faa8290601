"""The parts of an imported document that a person asked for: controls, and the edits that made them."""

from typing import NamedTuple

from leitmotif_services.profiles.taste.control import EDIT_BOUND, NEUTRAL, Control, ControlAction, ControlChange, Controls
from leitmotif_services.profiles.taste.presets import MOST_CONTROLS, MOST_PRESETS
from leitmotif_services.profiles.taste.profile import EDIT_LOG_LENGTH, Edit
from leitmotif_services.profiles.taste.prototype_space import MOST_PROTOTYPES, PrototypeSpace
from leitmotif_services.profiles.transfer.json_convert import DocumentPlace
from leitmotif_services.profiles.transfer.listening_parts import MOST_HISTORY_WEIGHT, MOST_LABEL_CHARACTERS, MOST_SEQUENCE

MOST_ACTOR_CHARACTERS = 64
MOST_REASON_CHARACTERS = 256

MOST_CHANGES = 300
"""In one edit: an update of all three parts of a control is three changes."""

MOST_CARRIED = EDIT_LOG_LENGTH * MOST_CHANGES + (MOST_PRESETS + 1) * MOST_CONTROLS
"""Edits and presets name them."""


class Edits(NamedTuple):
    """The edit log of a document."""

    logged: tuple[Edit, ...]
    """Without gaps, oldest first."""
    undoable: tuple[int, ...]
    """Sequences of those that are not undone."""

    def in_force(self) -> list[tuple[ControlChange, ...]]:
        """The changes of each edit that is not undone, oldest first."""
        kept = frozenset(self.undoable)
        return [edit.changes for edit in self.logged if edit.sequence in kept]


def read_controls(place: DocumentPlace, space: PrototypeSpace, *, pins: bool = True) -> Controls:
    """Controls by position; `pins` is false for a schema that has none."""
    controls: dict[int, Control] = {}
    names = ("prototype_id", "edit", "muted", "pinned_history") if pins else ("prototype_id", "edit", "muted")
    for entry in place.items(maximum=MOST_PROTOTYPES):
        fields = entry.fields(*names, optional=("label",))
        position = space.positions.get(fields["prototype_id"].identifier())
        if position is None:
            fields["prototype_id"].refuse("must be one of the prototypes of `history`")
        if position in controls:
            fields["prototype_id"].refuse("must not be given twice")
        fields["label"].unless_null(lambda label: label.text(MOST_LABEL_CHARACTERS))
        pinned = fields["pinned_history"].unless_null(_history_weight) if pins else None
        controls[position] = Control(read_edit_value(fields["edit"]), fields["muted"].flag(), pinned)
        if controls[position] == NEUTRAL:
            entry.refuse("must ask for something")
    return controls


def read_edit_value(place: DocumentPlace) -> float:
    """An edit Δ."""
    return place.number(-EDIT_BOUND, EDIT_BOUND) + 0.0  # -0.0 becomes 0.0


def read_carried(place: DocumentPlace, space: PrototypeSpace) -> dict[str, str]:
    """Prototypes that the model has, by the ones that they took over from and that it does not have."""
    carried: dict[str, str] = {}
    for entry in place.items(maximum=MOST_CARRIED):
        fields = entry.fields("from_prototype_id", "to_prototype_id")
        source = fields["from_prototype_id"].identifier()
        if source in space.positions:
            fields["from_prototype_id"].refuse("must not be one of the prototypes of `history`")
        if source in carried:
            fields["from_prototype_id"].refuse("must not be given twice")
        target = carried[source] = fields["to_prototype_id"].identifier()
        if target not in space.positions:
            fields["to_prototype_id"].refuse("must be one of the prototypes of `history`")
    return carried


def read_edits(place: DocumentPlace, now_us: int) -> Edits:
    """The edit log."""
    logged: list[Edit] = []
    undoable: list[int] = []
    for entry in place.items(maximum=EDIT_LOG_LENGTH):
        fields = entry.fields("sequence", "changes", "actor", "reason", "made_at", "undone")
        sequence = fields["sequence"].whole_number(1, MOST_SEQUENCE)
        if logged and sequence != logged[-1].sequence + 1:
            fields["sequence"].refuse(f"must be {logged[-1].sequence + 1}, one more than of the edit before; is {sequence}")
        logged.append(
            Edit(
                sequence=sequence,
                changes=tuple(map(_read_change, fields["changes"].items(minimum=1, maximum=MOST_CHANGES))),
                actor=fields["actor"].text(MOST_ACTOR_CHARACTERS),
                reason=fields["reason"].text(MOST_REASON_CHARACTERS),
                made_at_us=min(fields["made_at"].time_us(), now_us),
            )
        )
        if not fields["undone"].flag():
            undoable.append(sequence)
    return Edits(tuple(logged), tuple(undoable))


def _read_change(place: DocumentPlace) -> ControlChange:
    fields = place.fields("prototype_id", "action", "amount", optional=("label",))
    fields["label"].unless_null(lambda label: label.text(MOST_LABEL_CHARACTERS))
    prototype_id = fields["prototype_id"].identifier()
    action = fields["action"].named(ControlAction)
    amount = fields["amount"]
    match action:
        case ControlAction.BOOST | ControlAction.REDUCE:
            size = amount.number(0.0, EDIT_BOUND)
            if size == 0.0:
                amount.refuse("must be greater than 0")
            return ControlChange(prototype_id, action, size)
        case ControlAction.SET:
            return ControlChange(prototype_id, action, amount.number(-EDIT_BOUND, EDIT_BOUND))
        case ControlAction.PIN:
            return ControlChange(prototype_id, action, _history_weight(amount))
        case _:
            if amount.value is not None:
                amount.refuse(f"must be null for {action.name.lower()}")
            return ControlChange(prototype_id, action)


def read_redoable(place: DocumentPlace, edits: Edits) -> tuple[int, ...]:
    """Sequences of logged edits that are undone."""
    undone = {edit.sequence for edit in edits.logged} - set(edits.undoable)
    redoable: list[int] = []
    for entry in place.items(maximum=EDIT_LOG_LENGTH):
        sequence = entry.whole_number(1, MOST_SEQUENCE)
        if sequence not in undone:
            entry.refuse(f"must be the sequence of one of `edits` that is undone, is {sequence}")
        if sequence in redoable:
            entry.refuse("must not be given twice")
        redoable.append(sequence)
    return tuple(redoable)


def _history_weight(place: DocumentPlace) -> float:
    return place.number(-MOST_HISTORY_WEIGHT, MOST_HISTORY_WEIGHT)
