"""Presets."""

from collections.abc import Iterable, Mapping

from leitmotif._convert.profiles import active_preset_of
from leitmotif._convert.times import time_of
from leitmotif.api.profiles.v1 import presets_pb2 as pb2
from leitmotif.types import Preset, PresetControl, SavedPresets

Controls = Mapping[str, float] | Iterable[PresetControl]
"""What a preset asks for: edits by prototype id, or whole controls."""


def control_messages_of(controls: Controls) -> list[pb2.PresetControl]:
    whole = [PresetControl(*each) for each in controls.items()] if isinstance(controls, Mapping) else controls
    return [pb2.PresetControl(prototype_id=each.prototype_id, edit=each.edit, muted=each.muted) for each in whole]


def preset_of(message: pb2.Preset) -> Preset:
    return Preset(
        preset_id=message.preset_id,
        label=message.label,
        controls=tuple(PresetControl(each.prototype_id, each.edit, each.muted) for each in message.controls),
        updated_at=time_of(message, "updated_at"),
    )


def presets_of(message: pb2.ListPresetsResponse) -> SavedPresets:
    active = active_preset_of(message.active) if message.HasField("active") else None
    return SavedPresets(tuple(map(preset_of, message.presets)), active, message.etag)
