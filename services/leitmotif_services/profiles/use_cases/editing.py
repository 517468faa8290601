"""Changes what a person asked for, shows what a change would do, and takes it back."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from leitmotif_services.profiles.store.profile_store import Answer, Commit, Include, Stored
from leitmotif_services.profiles.taste.control import ControlChange
from leitmotif_services.profiles.taste.profile import Edit, Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.use_cases.optimistic_update import StaleReadError
from leitmotif_services.profiles.use_cases.outcomes import Conditions, Edited, Previewed
from leitmotif_services.profiles.use_cases.profile_updates import ProfileUpdates, check_etag, present
from leitmotif_services.runtime.errors import Reason, ServiceError


class Editing:
    """All changes of one edit are applied, or none."""

    def __init__(self, updates: ProfileUpdates) -> None:
        self._updates = updates

    async def edit(
        self,
        user_id: str,
        changes: Sequence[ControlChange],
        conditions: Conditions,
        *,
        actor: str = "",
        reason: str = "",
        allow_missing: bool = False,
    ) -> Edited:
        """Apply checked changes, all or none; see the proto for what each condition does."""

        async def change(stored: Stored) -> tuple[Profile, PrototypeSpace, Edit, bool]:
            if stored.profile is None and allow_missing:
                check_etag(user_id, "", conditions.etag)
            profile, space = await self._editable(user_id, stored, allow_missing=allow_missing)
            edited, edit = profile.edited(changes, space, actor=actor, reason=reason, now_us=self._updates.now_us())
            return edited, space, edit, True

        return await self._change_controls(user_id, conditions, change)

    async def preview(
        self, user_id: str, changes: Sequence[ControlChange], *, allow_missing: bool = False, heard: bool = False
    ) -> Previewed:
        """What `edit` would do, from one read; nothing is stored. The tracks of the event log when asked for."""
        stored = await self._updates.store.read(user_id, include=Include.HEARD if heard else Include.NOTHING)
        profile, space = await self._editable(user_id, stored, allow_missing=allow_missing)
        edited, _ = profile.edited(changes, space, actor="", reason="", now_us=self._updates.now_us())
        return Previewed(edited, space, profile, stored.profile is not None, stored.heard_track_ids)

    async def undo(self, user_id: str, conditions: Conditions) -> Edited:
        """Take back the last edit in force; NOTHING_TO_UNDO."""

        async def change(stored: Stored) -> tuple[Profile, PrototypeSpace, Edit, bool]:
            profile = present(user_id, stored)
            space = await self._updates.spaces.of(profile.model_version)
            edit = await self._logged_edit(profile, profile.next_undo())
            return profile.undone(edit, space), space, edit, False

        return await self._change_controls(user_id, conditions, change)

    async def redo(self, user_id: str, conditions: Conditions) -> Edited:
        """Apply the edit that was undone last again; NOTHING_TO_UNDO."""

        async def change(stored: Stored) -> tuple[Profile, PrototypeSpace, Edit, bool]:
            profile = present(user_id, stored)
            space = await self._updates.spaces.of(profile.model_version)
            edit = await self._logged_edit(profile, profile.next_redo())
            return profile.redone(edit, space), space, edit, False

        return await self._change_controls(user_id, conditions, change)

    async def _editable(self, user_id: str, stored: Stored, *, allow_missing: bool) -> tuple[Profile, PrototypeSpace]:
        """The profile that changes apply to, an empty one of the latest space where there may be none; PROFILE_NOT_FOUND."""
        if stored.profile is None and allow_missing:
            space = await self._updates.spaces.latest()
            return Profile.empty(user_id, space, self._updates.now_us()), space
        profile = present(user_id, stored)
        return profile, await self._updates.spaces.of(profile.model_version)

    async def _change_controls(
        self,
        user_id: str,
        conditions: Conditions,
        change: Callable[[Stored], Awaitable[tuple[Profile, PrototypeSpace, Edit, bool]]],
    ) -> Edited:
        async def decide(stored: Stored) -> tuple[Commit | None, Edited]:
            if stored.answer is not None:
                return None, await self._repeated(stored.answer, conditions)
            if stored.profile is not None:
                check_etag(user_id, stored.profile.version.etag, conditions.etag)
            profile, space, edit, is_new = await change(stored)
            profile = self._updates.stamped(profile)
            commit = self._updates.commit(stored, profile, edits=(edit,) if is_new else ())
            if conditions.request_id:
                answer = Answer(conditions.fingerprint, profile, edit)
                commit = replace(commit, request_id=conditions.request_id, answer=answer)
            return commit, Edited(profile, space, edit)

        return await self._updates.update.run(user_id, decide, request_id=conditions.request_id)

    async def _repeated(self, answer: Answer, conditions: Conditions) -> Edited:
        if answer.fingerprint != conditions.fingerprint:
            raise ServiceError(
                Reason.REQUEST_ID_REUSED,
                f"request_id {conditions.request_id!r} was used for another request in the last 24 hours",
            )
        return Edited(answer.profile, await self._updates.spaces.of(answer.profile.model_version), answer.edit)

    async def _logged_edit(self, profile: Profile, sequence: int) -> Edit:
        user_id = profile.user_id
        edits = await self._updates.store.read_edits(user_id, sequence, sequence)
        if not edits:
            current = (await self._updates.store.read(user_id)).profile
            if current is None or current.version != profile.version:
                raise StaleReadError
            raise ServiceError(Reason.STORED_VALUE_UNREADABLE, f"edit {sequence} of user {user_id!r} is missing from its log")
        return edits[0]
