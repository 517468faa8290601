"""Presets: named overlays over a profile."""

from dataclasses import dataclass
from datetime import datetime

from leitmotif.types.profiles import ActivePreset


@dataclass(frozen=True, slots=True)
class PresetControl:
    """What a preset asks for one prototype."""

    prototype_id: str
    edit: float = 0.0
    """-4 to 4; its share is added to the person's own edit, and the sum kept within -4 to 4."""
    muted: bool = False
    """Mute the prototype, whatever the share."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A named overlay, such as "focus" or "sleep"."""

    preset_id: str
    label: str
    controls: tuple[PresetControl, ...]
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class SavedPresets:
    """What a user has, and what lies over the profile now."""

    presets: tuple[Preset, ...]
    """By id."""
    active: ActivePreset | None
    etag: str
