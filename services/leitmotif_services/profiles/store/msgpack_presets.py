"""The bytes of presets, on their own and within a profile."""

from collections.abc import Mapping, Sequence
from typing import Any

from leitmotif_services.profiles.store.msgpack_values import checked, checked_body, long_number, packed, readable, short_number
from leitmotif_services.profiles.taste.presets import ActivePreset, Preset, PresetControl


def encode_preset(preset: Preset) -> bytes:
    """With its id, so that the values of a hash are enough."""
    return checked(packed((preset.preset_id, preset.label, preset.updated_at_us, _flat(preset.controls))))


def decode_preset(value: bytes) -> Preset:
    """The preset of `encode_preset`."""

    def decode() -> Preset:
        preset_id, label, updated_at_us, controls = checked_body(value)
        return Preset(preset_id, label, _controls(controls), updated_at_us)

    return readable("a preset", decode)


def flat_active(active: ActivePreset | None) -> tuple[Any, ...] | None:
    """What a profile holds of the preset in force."""
    if active is None:
        return None
    return active.preset_id, active.share, active.expires_at_us, _flat(active.controls)


def active_of(flat: tuple[Any, ...] | None) -> ActivePreset | None:
    """The preset of `flat_active`."""
    if flat is None:
        return None
    preset_id, share, expires_at_us, controls = flat
    return ActivePreset(preset_id, share, expires_at_us, _controls(controls))


def _flat(controls: Mapping[str, PresetControl]) -> list[Any]:
    """Prototype id, edit and mute by turns."""
    return [part for each, control in controls.items() for part in (each, short_number(control.edit), control.muted)]


def _controls(flat: Sequence[Any]) -> Mapping[str, PresetControl]:
    return {
        prototype_id: PresetControl(long_number(edit), muted)
        for prototype_id, edit, muted in zip(flat[::3], flat[1::3], flat[2::3], strict=True)
    }
