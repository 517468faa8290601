"""Hands over, puts in place and erases everything that is kept of a user."""

from leitmotif_services.profiles.use_cases.outcomes import Everything
from leitmotif_services.profiles.use_cases.profile_updates import ProfileUpdates, present


class Custody:
    """See the protos for what each method promises."""

    def __init__(self, updates: ProfileUpdates) -> None:
        self._updates = updates

    async def everything(self, user_id: str) -> Everything:
        """All that is kept of a user, as of one version of the profile; PROFILE_NOT_FOUND."""
        profile = present(user_id, await self._updates.store.read(user_id))
        space = await self._updates.spaces.of(profile.model_version)
        # Log entries never change, so what the logs held at that version can be read after it.
        edits = await self._updates.store.read_edits(user_id, 1, profile.last_edit)
        events = await self._updates.store.read_events(user_id, 1, profile.last_event)
        return Everything(profile, space, edits, events)

    async def delete(self, user_id: str) -> bool:
        """Erase everything that is kept of a user; False when there was nothing."""
        return (await self._updates.store.delete(user_id)).keys > 0
