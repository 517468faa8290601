"""The JSON document of everything that is kept of a user; schema "leitmotif.profile/2", see profile-2.schema.json beside this.

    {
      "schema": "leitmotif.profile/2", "user_id": …, "model_version": …, "etag": …, "created_at": …, "updated_at": …,
      "controls": [{"prototype_id", "label", "edit": -4 to 4, "muted", "pinned_history": h or null}],  what is asked for now
      "settled": [as "controls"],          what edits that are no longer listed, and imports, made of the controls
      "carried": [{"from_prototype_id", "to_prototype_id"}],  prototypes that edits name and the model lacks, and what took over
      "history": {
        "event_count", "magnitude": Σ d|c|, "reference": the time that the sums are as of, or null,
        "prototypes": [{"prototype_id", "label", "weighted_sum": Σ d·c·a, "weight": h}]  all of the model, in its order
      },
      "last_edit": sequence of the newest edit, 0 for none,
      "edits": [{"sequence", "changes": [{"prototype_id", "label", "action", "amount"}], "actor", "reason", "made_at", "undone"}],
      "redoable": [sequences of undone edits that can be redone; the last one is next],
      "last_event": events that were ever recorded,
      "events": [{"event_id", "track_id", "type", "share_heard": 0 to 1 or null, "occurred_at"}]  newest ones, as recorded
      "exclusions": {"hidden_track_ids", "hidden_artists", "uncounted_track_ids", "uncounted_artists": [text],
                     "uncounted_ranges": [{"start", "end"}]},
      "presets": [{"preset_id", "label", "updated_at", "controls": [{"prototype_id", "label", "edit", "muted"}]}],
      "active_preset": {"preset_id", "share", "expires_at": … or null, "controls": as in a preset} or null
    }

Replaying the changes of all edits that are not undone upon "settled" gives "controls". Times are ISO 8601 in UTC, numbers as
exact as they are kept. Labels, "weight", "user_id", "etag" and "updated_at" are for the reader: an import does not take them.
"""

import json
from collections.abc import Mapping

from leitmotif_services.profiles.taste.control import Controls
from leitmotif_services.profiles.taste.exclusions import Exclusions, sorted_ranges
from leitmotif_services.profiles.taste.history import Event
from leitmotif_services.profiles.taste.presets import ActivePreset, Preset, PresetControl
from leitmotif_services.profiles.taste.profile import Edit
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.transfer.everything import Everything
from leitmotif_services.profiles.transfer.json_convert import iso_time
from leitmotif_services.profiles.transfer.strict_json import MOST_BYTES

SCHEMA = "leitmotif.profile/2"


def export_json(everything: Everything) -> str:
    """The document as text. Without labels where it would be larger than an import takes: names have no bound of their own."""
    text = _written(everything, _Labels(everything.space))
    return text if len(text.encode()) <= MOST_BYTES else _written(everything, _Labels(None))


class _Labels:
    def __init__(self, space: PrototypeSpace | None) -> None:
        self._labels = dict(zip(space.prototype_ids, space.labels, strict=True)) if space is not None and space.labels else {}
        self._given = space is not None

    def of(self, prototype_id: str) -> dict[str, object]:
        """Id and label; no label is empty."""
        named: dict[str, object] = {"prototype_id": prototype_id}
        if self._given:
            named["label"] = self._labels.get(prototype_id, "")
        return named


def _written(everything: Everything, labels: _Labels) -> str:
    profile, space = everything.profile, everything.space
    assert profile.settled is not None
    in_force = frozenset(profile.undoable)
    history = profile.history
    document = {
        "schema": SCHEMA,
        "user_id": profile.user_id,
        "model_version": profile.model_version,
        "etag": profile.version.etag,
        "created_at": iso_time(profile.created_at_us),
        "updated_at": iso_time(profile.updated_at_us),
        "controls": _controls(profile.controls, space, labels),
        "settled": _controls(profile.settled, space, labels),
        "carried": [
            {"from_prototype_id": source, "to_prototype_id": target} for source, target in sorted(profile.carried.items())
        ],
        "history": {
            "event_count": history.event_count,
            "magnitude": history.magnitude,
            "reference": iso_time(history.reference_us) if history.event_count else None,
            "prototypes": [
                {**labels.of(prototype_id), "weighted_sum": weighted_sum, "weight": weight}
                for prototype_id, weighted_sum, weight in zip(
                    space.prototype_ids, history.weighted_sum.tolist(), history.weights().tolist(), strict=True
                )
            ],
        },
        "last_edit": profile.last_edit,
        "edits": [_edit(edit, labels, undone=edit.sequence not in in_force) for edit in everything.edits],
        "redoable": list(profile.redoable),
        "last_event": profile.last_event,
        "events": [_event(entry.event) for entry in everything.events],
        "exclusions": _exclusions(everything.exclusions),
        "presets": [_preset(preset, labels) for _, preset in sorted(everything.presets.items())],
        "active_preset": None if profile.active_preset is None else _active_preset(profile.active_preset, labels),
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _controls(controls: Controls, space: PrototypeSpace, labels: _Labels) -> list[dict[str, object]]:
    return [
        {
            **labels.of(space.prototype_ids[position]),
            "edit": control.edit,
            "muted": control.muted,
            "pinned_history": control.pinned,
        }
        for position, control in sorted(controls.items())
    ]


def _edit(edit: Edit, labels: _Labels, *, undone: bool) -> dict[str, object]:
    return {
        "sequence": edit.sequence,
        "changes": [
            {**labels.of(change.prototype_id), "action": change.action.name.lower(), "amount": change.amount}
            for change in edit.changes
        ],
        "actor": edit.actor,
        "reason": edit.reason,
        "made_at": iso_time(edit.made_at_us),
        "undone": undone,
    }


def _event(event: Event) -> dict[str, object]:
    return {
        "event_id": event.event_id,
        "track_id": event.track_id,
        "type": event.type.name.lower(),
        "share_heard": event.share_heard,
        "occurred_at": iso_time(event.occurred_at_us),
    }


def _exclusions(exclusions: Exclusions) -> dict[str, object]:
    return {
        "hidden_track_ids": sorted(exclusions.hidden_track_ids),
        "hidden_artists": sorted(exclusions.hidden_artists),
        "uncounted_track_ids": sorted(exclusions.uncounted_track_ids),
        "uncounted_artists": sorted(exclusions.uncounted_artists),
        "uncounted_ranges": [
            {"start": _optional_time(stretch.start_us), "end": _optional_time(stretch.end_us)}
            for stretch in sorted_ranges(exclusions.uncounted_ranges)
        ],
    }


def _preset(preset: Preset, labels: _Labels) -> dict[str, object]:
    return {
        "preset_id": preset.preset_id,
        "label": preset.label,
        "updated_at": iso_time(preset.updated_at_us),
        "controls": _preset_controls(preset.controls, labels),
    }


def _active_preset(active: ActivePreset, labels: _Labels) -> dict[str, object]:
    return {
        "preset_id": active.preset_id,
        "share": active.share,
        "expires_at": _optional_time(active.expires_at_us),
        "controls": _preset_controls(active.controls, labels),
    }


def _preset_controls(controls: Mapping[str, PresetControl], labels: _Labels) -> list[dict[str, object]]:
    return [
        {**labels.of(prototype_id), "edit": control.edit, "muted": control.muted} for prototype_id, control in controls.items()
    ]


def _optional_time(microseconds: int | None) -> str | None:
    return None if microseconds is None else iso_time(microseconds)
