"""Presets as messages."""

from google.protobuf.duration_pb2 import Duration

from leitmotif.api.profiles.v1 import presets_pb2, profiles_pb2
from leitmotif_services.profiles.taste.control import EDIT_BOUND
from leitmotif_services.profiles.taste.presets import MOST_CONTROLS, ActivePreset, Preset, PresetControl
from leitmotif_services.profiles.use_cases.preset_changes import PresetParts
from leitmotif_services.runtime.errors import invalid_field
from leitmotif_services.runtime.validation import checked_id, checked_length, checked_text

MOST_LABEL_CHARACTERS = 64
LONGEST_DURATION_US = 366 * 24 * 3600 * 1_000_000
"""A year, which may be a leap year."""

_PARTS = ("label", "controls")


def parts_of(request: presets_pb2.SavePresetRequest) -> tuple[PresetParts, PresetParts]:
    """What a preset is to be as a whole, and what of it to take for one that the user has."""
    paths = request.update_mask.paths
    for index, path in enumerate(paths):
        if path not in _PARTS:
            raise invalid_field(f"update_mask.paths[{index}]", f"must be one of {', '.join(_PARTS)}; is {path[:64]!r}")
    takes_controls = not paths or "controls" in paths
    if request.from_present_controls:
        if request.preset.controls:
            raise invalid_field("preset.controls", "must be empty with from_present_controls")
        if not takes_controls:
            raise invalid_field("from_present_controls", "must be false where update_mask leaves the controls out")
    elif takes_controls:
        checked_length("preset.controls", request.preset.controls, minimum=1, maximum=MOST_CONTROLS)
    label = checked_text("preset.label", request.preset.label, maximum=MOST_LABEL_CHARACTERS)
    whole = PresetParts(label, _controls_of(request.preset), request.from_present_controls)
    parts = PresetParts(
        whole.label if not paths or "label" in paths else None,
        whole.controls if takes_controls else None,
        request.from_present_controls,
    )
    return whole, parts


def _controls_of(preset: presets_pb2.Preset) -> dict[str, PresetControl]:
    checked_length("preset.controls", preset.controls, maximum=MOST_CONTROLS)
    controls: dict[str, PresetControl] = {}
    for index, control in enumerate(preset.controls):
        field = f"preset.controls[{index}]"
        prototype_id = checked_id(f"{field}.prototype_id", control.prototype_id)
        if prototype_id in controls:
            raise invalid_field(f"{field}.prototype_id", f"must not repeat, {prototype_id!r} is given twice")
        if not -EDIT_BOUND <= control.edit <= EDIT_BOUND:  # true for NaN too
            raise invalid_field(f"{field}.edit", f"must be {-EDIT_BOUND:g} to {EDIT_BOUND:g}, is {control.edit!r}")
        controls[prototype_id] = PresetControl(control.edit + 0.0, control.muted)  # -0.0 becomes 0.0
    return controls


def preset_message(preset: Preset) -> presets_pb2.Preset:
    """A preset as it is kept."""
    message = presets_pb2.Preset(preset_id=preset.preset_id, label=preset.label)
    for prototype_id, control in preset.controls.items():
        message.controls.add(prototype_id=prototype_id, edit=control.edit, muted=control.muted)
    message.updated_at.FromMicroseconds(preset.updated_at_us)
    return message


def active_preset_message(active: ActivePreset) -> profiles_pb2.ActivePreset:
    """A preset in force, without what it adds."""
    message = profiles_pb2.ActivePreset(preset_id=active.preset_id, share=active.share)
    if active.expires_at_us is not None:
        message.expires_at.FromMicroseconds(active.expires_at_us)
    return message


def share_of(field: str, request: presets_pb2.ActivatePresetRequest | profiles_pb2.AppliedPreset) -> float:
    """The share of a preset's edits that is asked for; 1 where it is absent."""
    if not request.HasField("share"):
        return 1.0
    if not 0.0 < request.share <= 1.0:  # true for NaN too
        raise invalid_field(field, f"must be above 0 and at most 1, is {request.share!r}")
    return request.share


def duration_of(field: str, duration: Duration) -> int:
    """Microseconds, at least 1."""
    if not 0 <= duration.nanos < 1_000_000_000:
        raise invalid_field(f"{field}.nanos", f"must be 0 to 999999999, is {duration.nanos}")
    if duration.seconds < 0 or (duration.seconds == 0 and duration.nanos == 0):
        raise invalid_field(field, "must be above 0")
    duration_us = max(1, duration.seconds * 1_000_000 + duration.nanos // 1000)
    if duration_us > LONGEST_DURATION_US:
        raise invalid_field(field, f"must be at most a year, is {duration.seconds} s")
    return duration_us
