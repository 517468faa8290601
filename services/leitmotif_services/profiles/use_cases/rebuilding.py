"""Moves a profile to another model."""

from leitmotif_services.profiles.store.profile_store import Commit, Include, Stored
from leitmotif_services.profiles.taste.known_tracks import KnownTracks
from leitmotif_services.profiles.use_cases.outcomes import Rebuilt
from leitmotif_services.profiles.use_cases.profile_updates import ProfileUpdates, check_etag, present


class Rebuilding:
    """Recomputes the history from the event log, and carries the controls over."""

    def __init__(self, updates: ProfileUpdates) -> None:
        self._updates = updates

    async def rebuild(self, user_id: str, model_version: str, known: KnownTracks, *, etag: str = "") -> Rebuilt:
        """Recompute the history under another model, or the same, that the affinities of `known` are of."""
        new = await self._updates.spaces.of(model_version)
        known.check_dimension("affinities", new.size)

        async def decide(stored: Stored) -> tuple[Commit | None, Rebuilt]:
            profile = present(user_id, stored)
            check_etag(user_id, profile.version.etag, etag)
            old = await self._updates.spaces.of(profile.model_version)
            history = await self._updates.recomputed_history(profile, known, stored.exclusions, new.size)
            changed, dropped = profile.rebuilt(history, old, new)
            changed = self._updates.stamped(changed)
            return self._updates.commit(stored, changed), Rebuilt(changed, new, history.event_count, dropped)

        return await self._updates.update.run(user_id, decide, include=Include.EXCLUSIONS)
