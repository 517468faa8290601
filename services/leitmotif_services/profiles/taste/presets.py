"""Presets: named overlays that are laid over a profile for one request or for a time, and never change it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from leitmotif_services.runtime.errors import Reason, ServiceError

MOST_PRESETS = 32
"""Presets of one user."""

MOST_CONTROLS = 200
"""Prototypes in one preset."""


class PresetControl(NamedTuple):
    """What a preset asks for one prototype."""

    edit: float
    """-4 to 4; its share is added to the person's own edit."""
    muted: bool = False


@dataclass(frozen=True)
class Preset:
    """A named overlay."""

    preset_id: str
    label: str
    controls: Mapping[str, PresetControl]
    """By prototype id; those that a profile's model does not have are passed over."""
    updated_at_us: int

    def applied(self, share: float, expires_at_us: int | None = None) -> "ActivePreset":
        """The preset in force with a share of its edits."""
        return ActivePreset(self.preset_id, share, expires_at_us, self.controls)


@dataclass(frozen=True)
class ActivePreset:
    """A preset in force. Holds the controls themselves, so that a profile is complete without its presets."""

    preset_id: str
    share: float
    """Above 0, at most 1."""
    expires_at_us: int | None
    """Microseconds since 1970, UTC; None for not at all."""
    controls: Mapping[str, PresetControl]

    def in_force(self, now_us: int) -> bool:
        """Whether it still applies."""
        return self.expires_at_us is None or now_us < self.expires_at_us


def preset_not_found(user_id: str, preset_id: str) -> ServiceError:
    """PRESET_NOT_FOUND for a preset that the user does not have."""
    return ServiceError(
        Reason.PRESET_NOT_FOUND, f"user {user_id!r} has no preset {preset_id!r}", user_id=user_id, preset_id=preset_id
    )
