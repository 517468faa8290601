"""Reads schema "leitmotif.profile/1", which the release before wrote.

    {
      "schema": "leitmotif.profile/1", "user_id", "model_version", "etag", "created_at", "updated_at",
      "controls": [{"prototype_id", "edit", "muted"}],
      "history": {"event_count", "magnitude": Σ|c|, "weights": {<prototype id>: h}},
      "edits": [{"sequence", "changes": [{"prototype_id", "action", "amount"}], "actor", "reason", "made_at", "undone"}],
      "events": [{"event_id", "track_id", "type", "share_heard", "occurred_at"}]
    }

It does not say what the listed edits were made upon, nor which of those that are undone can be redone. The first is worked out,
and the edits are kept where, made upon it, they give the controls of the document bit for bit. Elsewhere (the prototypes had
changed since, by a rebuild) the controls stay and the list goes. The second is certain only of a single undone edit at the end.
"""

import math
from collections.abc import Sequence
from functools import reduce

from leitmotif_services.profiles.store.profile_store import LoggedEvent
from leitmotif_services.profiles.taste.control import (
    EDIT_BOUND,
    NEUTRAL,
    Control,
    ControlAction,
    ControlChange,
    Controls,
    changed_control,
    clamped,
    sparse,
)
from leitmotif_services.profiles.taste.edit_replay import replayed
from leitmotif_services.profiles.taste.history import Event, History
from leitmotif_services.profiles.taste.profile import Profile, Version
from leitmotif_services.profiles.taste.prototype_space import MOST_PROTOTYPES, PrototypeSpace
from leitmotif_services.profiles.transfer.control_parts import Edits, read_controls, read_edits
from leitmotif_services.profiles.transfer.everything import Everything
from leitmotif_services.profiles.transfer.json_convert import DocumentPlace
from leitmotif_services.profiles.transfer.listening_parts import (
    MOST_HISTORY_WEIGHT,
    MOST_SEQUENCE,
    checked_sum,
    frozen,
    read_events,
    read_magnitude,
)

SCHEMA = "leitmotif.profile/1"

MOST_ETAG_CHARACTERS = 128

_NEIGHBOURS = 4
"""Floats on either side of a difference among which the exact one is looked for."""

_FIELDS = (
    "schema",
    "user_id",
    "model_version",
    "etag",
    "created_at",
    "updated_at",
    "controls",
    "history",
    "edits",
    "events",
)


def read_first_schema(document: DocumentPlace, now_us: int) -> Everything:
    """As `import_document.read_document`."""
    fields = document.fields(*_FIELDS)
    fields["user_id"].identifier()
    fields["etag"].text(MOST_ETAG_CHARACTERS)
    model_version = fields["model_version"].identifier()
    updated_at_us = min(fields["updated_at"].time_us(), now_us)
    events = read_events(fields["events"], now_us)
    space, history = _read_history(fields["history"], model_version, events, updated_at_us)
    edits = read_edits(fields["edits"], now_us)
    controls = read_controls(fields["controls"], space, pins=False)
    last_edit = edits.logged[-1].sequence if edits.logged else 0
    settled = _settled(controls, edits, space)
    if settled is None:
        settled, edits = controls, Edits((), ())
    last_event = max(len(events), history.event_count)
    profile = Profile(
        user_id="",
        model_version=model_version,
        history=history,
        version=Version(0, bytes(8)),
        created_at_us=min(fields["created_at"].time_us(), now_us),
        updated_at_us=updated_at_us,
        controls=controls,
        last_edit=last_edit,
        undoable=edits.undoable,
        redoable=_redoable(edits),
        last_event=last_event,
        settled=settled,
    )
    logged = tuple(LoggedEvent(sequence, event) for sequence, event in enumerate(events, last_event - len(events) + 1))
    return Everything(profile, space, edits.logged, logged)


def _read_history(
    place: DocumentPlace, model_version: str, events: list[Event], updated_at_us: int
) -> tuple[PrototypeSpace, History]:
    fields = place.fields("event_count", "magnitude", "weights")
    magnitude = read_magnitude(fields, MOST_SEQUENCE)
    weights = fields["weights"].entries(minimum=1, maximum=MOST_PROTOTYPES)
    root = math.sqrt(magnitude)
    sums = [
        checked_sum(weight, weight.number(-MOST_HISTORY_WEIGHT, MOST_HISTORY_WEIGHT) * root, magnitude)
        for weight in weights.values()
    ]
    event_count = fields["event_count"].value
    # Events did not lose weight with age, so the sums are as good as of the newest one.
    newest_us = max((event.occurred_at_us for event in events), default=updated_at_us)
    history = History(frozen(sums), magnitude, event_count, newest_us if event_count else 0)
    return PrototypeSpace(model_version, tuple(weights)), history


def _settled(controls: Controls, edits: Edits, space: PrototypeSpace) -> Controls | None:
    """What edits were made upon, so that they give `controls`; None where nothing does."""
    in_force = edits.in_force()
    # A log that has forgotten nothing began with nothing.
    if in_force and edits.logged[0].sequence == 1 and replayed({}, in_force, space, {}) == controls:
        return {}
    changes_at: dict[int, list[ControlChange]] = {}
    for changes in in_force:
        for change in changes:
            position = space.positions.get(change.prototype_id)
            if position is not None:
                changes_at.setdefault(position, []).append(change)
    settled = dict(controls)
    for position, own in changes_at.items():
        found = _control_before(own, controls.get(position, NEUTRAL))
        if found is None:
            return None
        settled[position] = found
    return sparse(settled)


def _control_before(changes: Sequence[ControlChange], after: Control) -> Control | None:
    """The control of which `changes` made `after`; None where there is none."""
    signs = {ControlAction.BOOST: 1.0, ControlAction.REDUCE: -1.0}
    shift = math.fsum(signs.get(change.action, 0.0) * (change.amount or 0.0) for change in changes)
    for edit in _near(after.edit - shift):
        for muted in (after.muted, not after.muted):
            if reduce(changed_control, changes, Control(edit, muted)) == after:
                return Control(edit, muted)
    return None


def _near(value: float) -> list[float]:
    bounded = clamped(value)
    below = above = bounded  # sums are rounded, so the exact difference may lie a little aside
    found = [bounded]
    for _ in range(_NEIGHBOURS):
        below, above = math.nextafter(below, -EDIT_BOUND), math.nextafter(above, EDIT_BOUND)
        found += [below, above]
    return found


def _redoable(edits: Edits) -> tuple[int, ...]:
    undone = [edit.sequence not in edits.undoable for edit in edits.logged[-2:]]
    return (edits.logged[-1].sequence,) if undone[-1:] == [True] and undone[:-1] != [True] else ()
