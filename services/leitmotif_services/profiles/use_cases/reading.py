"""Reads profiles, and the logs behind them."""

from leitmotif_services.profiles.store.profile_store import LoggedEvent
from leitmotif_services.profiles.taste.profile import Edit, Profile
from leitmotif_services.profiles.use_cases.outcomes import Viewed, ViewedForScoring
from leitmotif_services.profiles.use_cases.profile_updates import ProfileUpdates, present
from leitmotif_services.profiles.use_cases.scoring_view import PLAIN_VIEW, ScoringView


class Reading:
    """See the protos for what each method promises."""

    def __init__(self, updates: ProfileUpdates) -> None:
        self._updates = updates

    async def read(self, user_id: str) -> Viewed:
        """The profile as a person reads it; PROFILE_NOT_FOUND."""
        profile = present(user_id, await self._updates.store.read(user_id)).as_of(self._updates.now_us())
        return Viewed(profile, await self._updates.spaces.of(profile.model_version))

    async def read_for_scoring(self, user_id: str, view: ScoringView = PLAIN_VIEW) -> ViewedForScoring:
        """The profile, and what is asked for beside it, from one read; PROFILE_NOT_FOUND, PRESET_NOT_FOUND."""
        stored = await self._updates.store.read(user_id, include=view.include)
        profile = view.of(present(user_id, stored), stored, self._updates.now_us())
        return ViewedForScoring(profile, await self._updates.spaces.of(profile.model_version), view.left_out(stored))

    async def list_edits(self, user_id: str, *, before: int | None, count: int) -> tuple[Profile, list[Edit]]:
        """The profile, and up to `count` edits of its log with sequences below `before`, newest first."""
        profile = present(user_id, await self._updates.store.read(user_id))
        last = profile.last_edit if before is None else min(before - 1, profile.last_edit)
        return profile, (await self._updates.store.read_edits(user_id, last - count + 1, last))[::-1]

    async def list_events(self, user_id: str, *, after: int, count: int) -> tuple[Profile, list[LoggedEvent]]:
        """The profile, and up to `count` events of its log with sequences above `after`, in order of recording."""
        profile = present(user_id, await self._updates.store.read(user_id))
        first = max(after, profile.last_event - self._updates.event_log_length) + 1
        last = min(first + count - 1, profile.last_event)
        return profile, await self._updates.store.read_events(user_id, first, last)
