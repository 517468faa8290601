"""Keeps a user's presets, and lays one over the profile or takes it off."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from leitmotif_services.profiles.store.profile_store import Commit, Include, Stored
from leitmotif_services.profiles.taste.presets import (
    MOST_CONTROLS,
    MOST_PRESETS,
    Preset,
    PresetControl,
    preset_not_found,
)
from leitmotif_services.profiles.taste.profile import Profile, Version
from leitmotif_services.profiles.use_cases.outcomes import Viewed
from leitmotif_services.profiles.use_cases.profile_updates import ProfileUpdates, check_etag, present
from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field


@dataclass(frozen=True)
class PresetParts:
    """What a preset is to be. For one that the user has already, None leaves a part as it is."""

    label: str | None
    controls: Mapping[str, PresetControl] | None
    """By prototype id, 1 to 200."""
    from_present_controls: bool = False
    """Take the person's present edits and mutes in place of `controls`."""


@dataclass(frozen=True)
class SavedPreset:
    """A preset as it is kept."""

    preset: Preset
    version: Version
    """The profile's, afterwards."""


@dataclass(frozen=True)
class ListedPresets:
    """All presets of a user."""

    presets: tuple[Preset, ...]
    """By id."""
    profile: Profile


class PresetChanges:
    """Each change is one compare-and-set of the profile and its presets; controls, history and logs stay as they are."""

    def __init__(self, updates: ProfileUpdates) -> None:
        self._updates = updates

    async def save(self, user_id: str, preset_id: str, *, whole: PresetParts, parts: PresetParts, etag: str = "") -> SavedPreset:
        """Make a preset of `whole`, or change what `parts` names of the one that the user has."""

        async def decide(stored: Stored) -> tuple[Commit | None, SavedPreset]:
            profile = self._as_asked(user_id, stored, etag)
            old = stored.presets.get(preset_id)
            if old is None and len(stored.presets) >= MOST_PRESETS:
                count = len(stored.presets) + 1
                raise _too_many(f"the user would have {count} presets, {MOST_PRESETS} are allowed", MOST_PRESETS, count)
            wanted = whole if old is None else parts
            label = wanted.label if wanted.label is not None else (old.label if old else "")
            controls: Mapping[str, PresetControl]
            if wanted.from_present_controls:
                controls = await self._present_controls(profile)
            elif wanted.controls is not None:
                controls = wanted.controls
                await self._check_prototypes(profile, controls)
            else:
                controls = old.controls if old else {}
            if not controls:
                raise invalid_field("preset.controls", "must have at least 1 entries, has 0")
            preset = Preset(preset_id, label, controls, self._updates.now_us())
            active = profile.active_preset
            if active is not None and active.preset_id == preset_id:
                profile = replace(profile, active_preset=replace(active, controls=controls))
            profile = self._updates.stamped(profile)
            commit = self._updates.commit(stored, profile, presets={preset_id: preset})
            return commit, SavedPreset(preset, profile.version)

        return await self._updates.update.run(user_id, decide, include=Include.PRESETS)

    async def list_all(self, user_id: str) -> ListedPresets:
        """All presets by id, and the profile that one of them may lie over; PROFILE_NOT_FOUND."""
        stored = await self._updates.store.read(user_id, include=Include.PRESETS)
        profile = present(user_id, stored).as_of(self._updates.now_us())
        return ListedPresets(tuple(preset for _, preset in sorted(stored.presets.items())), profile)

    async def delete(self, user_id: str, preset_id: str, *, etag: str = "") -> Version:
        """Forget a preset, and end it where it is active; PRESET_NOT_FOUND. Returns the profile's version afterwards."""

        async def decide(stored: Stored) -> tuple[Commit | None, Version]:
            profile = self._as_asked(user_id, stored, etag)
            if preset_id not in stored.presets:
                raise preset_not_found(user_id, preset_id)
            if profile.active_preset is not None and profile.active_preset.preset_id == preset_id:
                profile = replace(profile, active_preset=None)
            profile = self._updates.stamped(profile)
            return self._updates.commit(stored, profile, presets={preset_id: None}), profile.version

        return await self._updates.update.run(user_id, decide, include=Include.PRESETS)

    async def activate(
        self, user_id: str, preset_id: str, *, share: float, duration_us: int | None = None, etag: str = ""
    ) -> Viewed:
        """Lay a preset over the profile, in place of an active one; PRESET_NOT_FOUND."""

        def change(stored: Stored, profile: Profile) -> Profile:
            preset = stored.presets.get(preset_id)
            if preset is None:
                raise preset_not_found(user_id, preset_id)
            expires_at_us = None if duration_us is None else self._updates.now_us() + duration_us
            return replace(profile, active_preset=preset.applied(share, expires_at_us))

        return await self._lay(user_id, etag, change, include=Include.PRESETS)

    async def deactivate(self, user_id: str, *, etag: str = "") -> Viewed:
        """Take the active preset off; without one nothing is written."""
        return await self._lay(user_id, etag, lambda _, profile: replace(profile, active_preset=None), include=Include.NOTHING)

    async def _lay(self, user_id: str, etag: str, change: Callable[[Stored, Profile], Profile], *, include: Include) -> Viewed:
        async def decide(stored: Stored) -> tuple[Commit | None, Viewed]:
            profile = self._as_asked(user_id, stored, etag)
            space = await self._updates.spaces.of(profile.model_version)
            changed = change(stored, profile)
            if changed.active_preset is None and profile.active_preset is None:
                return None, Viewed(profile, space)
            changed = self._updates.stamped(changed)
            return self._updates.commit(stored, changed), Viewed(changed, space)

        return await self._updates.update.run(user_id, decide, include=include)

    def _as_asked(self, user_id: str, stored: Stored, etag: str) -> Profile:
        """The profile without a preset that is over; PROFILE_NOT_FOUND, ETAG_MISMATCH."""
        profile = present(user_id, stored)
        check_etag(user_id, profile.version.etag, etag)
        return profile.as_of(self._updates.now_us())

    async def _check_prototypes(self, profile: Profile, controls: Mapping[str, PresetControl]) -> None:
        """PROTOTYPE_NOT_FOUND for a prototype of neither the profile's model nor the one registered last."""
        space = await self._updates.spaces.of(profile.model_version)
        if all(prototype_id in space.positions for prototype_id in controls):
            return
        latest = await self._updates.spaces.latest()
        for prototype_id in controls:
            if prototype_id not in latest.positions:
                space.position(prototype_id)

    async def _present_controls(self, profile: Profile) -> dict[str, PresetControl]:
        space = await self._updates.spaces.of(profile.model_version)
        controls = {
            space.prototype_ids[position]: PresetControl(control.edit, control.muted)
            for position, control in sorted(profile.controls.items())
            if control.edit != 0.0 or control.muted
        }
        if not controls:
            raise invalid_field("from_present_controls", "needs at least one prototype that is edited or muted, there is none")
        if len(controls) > MOST_CONTROLS:
            count = len(controls)
            raise _too_many(f"{count} prototypes are edited or muted, {MOST_CONTROLS} are allowed", MOST_CONTROLS, count)
        return controls


def _too_many(message: str, limit: int, actual: int) -> ServiceError:
    return ServiceError(Reason.LIMIT_EXCEEDED, message, limit=limit, actual=actual)
