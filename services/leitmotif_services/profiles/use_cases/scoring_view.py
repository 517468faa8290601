"""What a read for scores is asked for beside the profile, and how a preset is chosen for it."""

from dataclasses import dataclass, replace

from leitmotif_services.profiles.store.profile_store import Include, Stored
from leitmotif_services.profiles.taste.presets import preset_not_found
from leitmotif_services.profiles.taste.profile import Profile
from leitmotif_services.profiles.use_cases.outcomes import LeftOut, PresetChoice


@dataclass(frozen=True)
class ScoringView:
    """What of a profile scores are to be computed with."""

    heard: bool = False
    """Read the tracks of the event log too."""
    hidden: bool = False
    """Read what the user hid too."""
    preset: PresetChoice | None = None
    """None for the active one."""

    @property
    def include(self) -> Include:
        """What to read beside the profile, in the same round trip."""
        include = Include.NOTHING
        if self.heard:
            include |= Include.HEARD
        if self.hidden:
            include |= Include.EXCLUSIONS
        if self.preset is not None and self.preset.preset_id:
            include |= Include.PRESETS
        return include

    def of(self, profile: Profile, stored: Stored, now_us: int) -> Profile:
        """The profile under the preset that is to lie over it; PRESET_NOT_FOUND for one that the user does not have."""
        choice = self.preset
        if choice is None:
            return profile.as_of(now_us)
        if not choice.preset_id:
            return replace(profile, active_preset=None)
        preset = stored.presets.get(choice.preset_id)
        if preset is None:
            raise preset_not_found(profile.user_id, choice.preset_id)
        return replace(profile, active_preset=preset.applied(choice.share))

    def left_out(self, stored: Stored) -> LeftOut:
        """What the read found of what recommendations may leave out."""
        if not self.hidden:
            return LeftOut(stored.heard_track_ids)
        hidden = stored.exclusions
        return LeftOut(stored.heard_track_ids, tuple(sorted(hidden.hidden_track_ids)), tuple(sorted(hidden.hidden_artists)))


PLAIN_VIEW = ScoringView()
