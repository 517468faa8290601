"""The JSON document of everything that is kept of a user; schema "leitmotif.profile/1".

    {
      "schema": "leitmotif.profile/1", "user_id": …, "model_version": …, "etag": …, "created_at": …, "updated_at": …,
      "controls": [{"prototype_id": …, "edit": -4 to 4, "muted": …}],           edited or muted prototypes
      "history": {"event_count": …, "magnitude": Σ|c|, "weights": {<prototype id>: h}},
      "edits": [{"sequence": …, "changes": [{"prototype_id", "action", "amount"}], "actor", "reason", "made_at", "undone"}],
      "events": [{"event_id", "track_id", "type", "share_heard", "occurred_at"}]  in order of recording
    }

Times are ISO 8601 in UTC, numbers as exact as they are kept.
"""

import json
from datetime import UTC, datetime, timedelta

from leitmotif_services.profiles.taste.control import ControlChange
from leitmotif_services.profiles.taste.history import Event
from leitmotif_services.profiles.taste.profile import Edit
from leitmotif_services.profiles.use_cases.outcomes import Everything

SCHEMA = "leitmotif.profile/1"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def export_json(everything: Everything) -> str:
    """The document as text."""
    profile, ids = everything.profile, everything.space.prototype_ids
    in_force = frozenset(profile.undoable)
    document = {
        "schema": SCHEMA,
        "user_id": profile.user_id,
        "model_version": profile.model_version,
        "etag": profile.version.etag,
        "created_at": _time(profile.created_at_us),
        "updated_at": _time(profile.updated_at_us),
        "controls": [
            {"prototype_id": ids[position], "edit": control.edit, "muted": control.muted}
            for position, control in sorted(profile.controls.items())
        ],
        "history": {
            "event_count": profile.history.event_count,
            "magnitude": profile.history.magnitude,
            "weights": dict(zip(ids, profile.history.weights().tolist(), strict=True)),
        },
        "edits": [_edit(edit, undone=edit.sequence not in in_force) for edit in everything.edits],
        "events": [_event(entry.event) for entry in everything.events],
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False)


def _edit(edit: Edit, *, undone: bool) -> dict[str, object]:
    return {
        "sequence": edit.sequence,
        "changes": [_change(change) for change in edit.changes],
        "actor": edit.actor,
        "reason": edit.reason,
        "made_at": _time(edit.made_at_us),
        "undone": undone,
    }


def _change(change: ControlChange) -> dict[str, object]:
    return {"prototype_id": change.prototype_id, "action": change.action.name.lower(), "amount": change.amount}


def _event(event: Event) -> dict[str, object]:
    return {
        "event_id": event.event_id,
        "track_id": event.track_id,
        "type": event.type.name.lower(),
        "share_heard": event.share_heard,
        "occurred_at": _time(event.occurred_at_us),
    }


def _time(microseconds: int) -> str:
    return (_EPOCH + timedelta(microseconds=microseconds)).isoformat(timespec="microseconds")
