"""Moves a profile to another model."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from leitmotif_services.profiles.store.profile_store import Commit, Include, Stored
from leitmotif_services.profiles.taste.carry_over import ControlsMoved, Takeover
from leitmotif_services.profiles.taste.known_tracks import KnownTracks
from leitmotif_services.profiles.taste.model_change import ModelChange, under_model
from leitmotif_services.profiles.taste.presets import Preset
from leitmotif_services.profiles.taste.profile import Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.use_cases.edit_log import logged_edits, settled
from leitmotif_services.profiles.use_cases.outcomes import Viewed
from leitmotif_services.profiles.use_cases.profile_updates import ProfileUpdates, check_etag, present


@dataclass(frozen=True)
class Rebuilt(Viewed):
    """A profile under another model."""

    counted_events: int
    takeovers: tuple[Takeover, ...]
    dropped_prototype_ids: tuple[str, ...]


class Rebuilding:
    """Recomputes the history from the event log, and carries over what was asked for."""

    def __init__(self, updates: ProfileUpdates) -> None:
        self._updates = updates

    async def rebuild(self, user_id: str, model_version: str, known: KnownTracks, *, etag: str = "") -> Rebuilt:
        """Recompute the history under another model, or the same, that the affinities of `known` are of."""
        new = await self._updates.spaces.of(model_version)
        known.check_dimension("affinities", new.size)

        async def decide(stored: Stored) -> tuple[Commit | None, Rebuilt]:
            profile = present(user_id, stored)
            check_etag(user_id, profile.version.etag, etag)
            history = await self._updates.recomputed_history(profile, known, stored.exclusions, new.size)
            change = await self._under_model(profile, stored.presets, new)
            changed = self._updates.stamped(replace(change.profile, history=history, controls_moved=_moved(profile, change)))
            rebuilt = Rebuilt(changed, new, history.event_count, change.takeovers, change.dropped_prototype_ids)
            return self._updates.commit(stored, changed), rebuilt

        return await self._updates.update.run(user_id, decide, include=Include.EXCLUSIONS | Include.PRESETS)

    async def _under_model(self, profile: Profile, presets: Mapping[str, Preset], new: PrototypeSpace) -> ModelChange:
        if profile.model_version == new.model_version:
            return ModelChange(profile)
        old = await self._updates.spaces.of(profile.model_version)
        profile = await settled(self._updates.store, profile, old)
        log = await logged_edits(self._updates.store, profile, (*profile.undoable, *profile.redoable))
        changes = {sequence: edit.changes for sequence, edit in log.items()}
        return await self._updates.heavy.run(under_model, profile, changes, presets, old, new)


def _moved(before: Profile, change: ModelChange) -> ControlsMoved | None:
    """What the person is to be told; a rebuild under the same model leaves what there was to tell."""
    if change.profile.model_version == before.model_version:
        return before.controls_moved
    if not change.takeovers and not change.dropped_prototype_ids:
        return None
    return ControlsMoved(before.model_version, change.takeovers, change.dropped_prototype_ids)
