"""Moves a profile to another model."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.profiles.store.profile_store import Commit, Stored
from leitmotif_services.profiles.taste.history import recomputed_history
from leitmotif_services.profiles.use_cases.outcomes import Rebuilt
from leitmotif_services.profiles.use_cases.profile_updates import ProfileUpdates, present
from leitmotif_services.runtime.errors import invalid_field


class Rebuilding:
    """Recomputes the history from the event log, and carries the controls over."""

    def __init__(self, updates: ProfileUpdates) -> None:
        self._updates = updates

    async def rebuild(
        self, user_id: str, model_version: str, rows: Mapping[str, int], affinities: NDArray[np.float32]
    ) -> Rebuilt:
        """Recompute the history under another model; `affinities` is (tracks, K), `rows` the row of each known track."""
        new = await self._updates.spaces.of(model_version)
        if rows and affinities.shape[1] != new.size:
            raise invalid_field("affinities.dimension", f"must be {new.size} for this model, is {affinities.shape[1]}")

        async def decide(stored: Stored) -> tuple[Commit | None, Rebuilt]:
            profile = present(user_id, stored)
            old = await self._updates.spaces.of(profile.model_version)
            log = await self._updates.store.read_events(user_id, 1, profile.last_event)
            events = [entry.event for entry in log]
            history = await self._updates.heavy.run(
                recomputed_history, events, rows, affinities, self._updates.event_weights, new.size
            )
            changed, dropped = profile.rebuilt(history, old, new)
            changed = self._updates.stamped(changed)
            return self._updates.commit(stored, changed), Rebuilt(changed, new, history.event_count, dropped)

        return await self._updates.update.run(user_id, decide)
