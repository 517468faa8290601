"""Counts listening events."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.profiles.store.profile_store import Commit, Include, Stored
from leitmotif_services.profiles.taste.history import Event
from leitmotif_services.profiles.taste.profile import Profile
from leitmotif_services.profiles.use_cases.outcomes import Recorded
from leitmotif_services.profiles.use_cases.profile_updates import ProfileUpdates, check_model
from leitmotif_services.runtime.errors import invalid_field

_LARGE_MATRIX = 200_000
"""Numbers in a matrix from which on it is not multiplied on the event loop."""


class Recording:
    """Adds events to the log and to the history weights."""

    def __init__(self, updates: ProfileUpdates) -> None:
        self._updates = updates

    async def record_events(
        self,
        user_id: str,
        events: Sequence[Event],
        affinities: NDArray[np.float32],
        model_version: str,
        artists: Sequence[str] = (),
    ) -> Recorded:
        """Log new events, and count those that the user does not keep out. A new profile is of their model version.

        `affinities` has one row an event, (events, K); `artists` the artist of each event's track, "" for an unknown one, or
        nothing. PROTOTYPE_SPACE_UNKNOWN, MODEL_VERSION_MISMATCH; FIELD_INVALID when the rows do not have K numbers.
        """
        space = await self._updates.spaces.of(model_version)
        if affinities.shape[1] != space.size:
            raise invalid_field("affinities.dimension", f"must be {space.size} for this model, is {affinities.shape[1]}")
        row_of: dict[str, int] = {}
        for row, event in enumerate(events):
            row_of.setdefault(event.event_id, row)

        async def decide(stored: Stored) -> tuple[Commit | None, Recorded]:
            profile = stored.profile or Profile.empty(user_id, space, self._updates.now_us())
            check_model(profile, model_version)
            rows = [row for event_id, row in row_of.items() if event_id not in stored.seen_event_ids]
            repeated = len(events) - len(rows)
            if not rows:
                return None, Recorded(0, repeated, 0, profile.version)
            counted = [row for row in rows if stored.exclusions.counts(events[row], artists[row] if artists else "")]
            counting = self._updates.counting
            arguments = (
                [counting.event_weights.of(events[row]) for row in counted],
                affinities[counted],
                [events[row].occurred_at_us for row in counted],
                counting.half_life_us,
            )
            if affinities.size > _LARGE_MATRIX:
                history = await self._updates.heavy.run(profile.history.with_events, *arguments)
            else:
                history = profile.history.with_events(*arguments)
            changed = self._updates.stamped(profile.with_events(history, len(rows)))
            recorded = Recorded(len(rows), repeated, len(rows) - len(counted), changed.version)
            return self._updates.commit(stored, changed, events=tuple(events[row] for row in rows)), recorded

        return await self._updates.update.run(user_id, decide, event_ids=tuple(row_of), include=Include.EXCLUSIONS)
