"""Moves a profile to another model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from leitmotif_services.profiles.store.profile_store import Commit, Include, Stored
from leitmotif_services.profiles.taste.carry_over import Takeover, carry_over
from leitmotif_services.profiles.taste.control import ControlChange, Controls
from leitmotif_services.profiles.taste.edit_replay import replayed
from leitmotif_services.profiles.taste.known_tracks import KnownTracks
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
    """Of the controls that are in force."""
    dropped_prototype_ids: tuple[str, ...]


@dataclass(frozen=True)
class _Carried:
    profile: Profile
    takeovers: tuple[Takeover, ...] = ()
    dropped: tuple[str, ...] = ()


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
            carried = await self._carried(profile, stored.presets, new)
            changed = self._updates.stamped(replace(carried.profile, history=history))
            rebuilt = Rebuilt(changed, new, history.event_count, carried.takeovers, carried.dropped)
            return self._updates.commit(stored, changed), rebuilt

        return await self._updates.update.run(user_id, decide, include=Include.EXCLUSIONS | Include.PRESETS)

    async def _carried(self, profile: Profile, presets: Mapping[str, Preset], new: PrototypeSpace) -> _Carried:
        """All but the history under another model."""
        if profile.model_version == new.model_version:
            return _Carried(profile)
        old = await self._updates.spaces.of(profile.model_version)
        profile = await settled(self._updates.store, profile, old)
        log = await logged_edits(self._updates.store, profile, (*profile.undoable, *profile.redoable))
        changes = {sequence: edit.changes for sequence, edit in log.items()}
        return await self._updates.heavy.run(_carried_over, profile, changes, presets, old, new)


def _carried_over(
    profile: Profile,
    changes: Mapping[int, Sequence[ControlChange]],
    presets: Mapping[str, Preset],
    old: PrototypeSpace,
    new: PrototypeSpace,
) -> _Carried:
    """`changes` has those of all edits that are in force or can be so again, by the edits' sequences."""
    settled_controls: Controls = profile.settled or {}
    asked = {old.prototype_ids[position] for position in (*profile.controls, *settled_controls)}
    asked.update(change.prototype_id for steps in changes.values() for change in steps)
    controls = carry_over(asked, old, new, profile.carried)
    # A preset is laid over whatever the person asked for, so both may be of one prototype.
    overlaid = {prototype_id for preset in presets.values() for prototype_id in preset.controls}
    overlaid.update(profile.active_preset.controls if profile.active_preset else ())
    overlays = carry_over(overlaid, old, new, profile.carried, decided=controls.takeovers)
    carried = {**overlays.carried, **controls.carried}
    moved = controls.moved(settled_controls)
    # Replayed rather than moved: undo and redo take their start from what a replay makes.
    in_force = replayed(moved, [changes[sequence] for sequence in profile.undoable], new, carried)
    return _Carried(
        replace(profile, model_version=new.model_version, controls=in_force, settled=moved, carried=carried),
        controls.taken_over(profile.controls),
        controls.dropped(profile.controls),
    )
