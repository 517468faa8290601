"""Changes what a person asked for, shows what a change would do, and takes it back."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from leitmotif_services.profiles.store.profile_store import Answer, Commit, Stored
from leitmotif_services.profiles.taste.control import ControlChange
from leitmotif_services.profiles.taste.profile import Edit, Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.use_cases.edit_log import logged_edits, settled
from leitmotif_services.profiles.use_cases.outcomes import Conditions, Edited, Previewed
from leitmotif_services.profiles.use_cases.profile_updates import ProfileUpdates, check_etag, check_model, present
from leitmotif_services.profiles.use_cases.scoring_view import PLAIN_VIEW, ScoringView
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
            profile, space = await self._editable(
                user_id, stored, allow_missing=allow_missing, model_version=conditions.model_version
            )
            profile = await settled(self._updates.store, profile, space)
            forgotten = await self._logged(profile, profile.forgotten_by_next_edit(self._updates.edit_log_length))
            edited, edit = profile.edited(
                changes,
                space,
                forgotten=tuple(forgotten.values()),
                actor=actor,
                reason=reason,
                now_us=self._updates.now_us(),
            )
            return edited, space, edit, True

        return await self._change_controls(user_id, conditions, change)

    async def preview(
        self, user_id: str, changes: Sequence[ControlChange], view: ScoringView = PLAIN_VIEW, *, allow_missing: bool = False
    ) -> Previewed:
        """What `edit` would do, and what is asked for beside it, from one read; nothing is stored. PRESET_NOT_FOUND."""
        stored = await self._updates.store.read(user_id, include=view.include)
        profile, space = await self._editable(user_id, stored, allow_missing=allow_missing)
        now_us = self._updates.now_us()
        before = view.of(profile, stored, now_us)
        after, _ = before.edited(changes, space, actor="", reason="", now_us=now_us)
        return Previewed(after, space, view.left_out(stored), before, stored.profile is not None)

    async def undo(self, user_id: str, conditions: Conditions, *, sequence: int = 0) -> Edited:
        """Take back an edit, 0 for the last in force; NOTHING_TO_UNDO, EDIT_NOT_FOUND."""

        async def change(stored: Stored) -> tuple[Profile, PrototypeSpace, Edit, bool]:
            profile, space = await self._replayable(present(user_id, stored))
            chosen = profile.to_undo(sequence, self._updates.edit_log_length)
            log = await self._logged(profile, profile.undoable)
            return profile.undone(chosen, log, space), space, log[chosen], False

        return await self._change_controls(user_id, conditions, change)

    async def redo(self, user_id: str, conditions: Conditions, *, sequence: int = 0) -> Edited:
        """Apply an undone edit again, 0 for the one undone last; NOTHING_TO_UNDO, EDIT_NOT_FOUND."""

        async def change(stored: Stored) -> tuple[Profile, PrototypeSpace, Edit, bool]:
            profile, space = await self._replayable(present(user_id, stored))
            chosen = profile.to_redo(sequence, self._updates.edit_log_length)
            log = await self._logged(profile, (*profile.undoable, chosen))
            return profile.redone(chosen, log, space), space, log[chosen], False

        return await self._change_controls(user_id, conditions, change)

    async def _replayable(self, profile: Profile) -> tuple[Profile, PrototypeSpace]:
        space = await self._updates.spaces.of(profile.model_version)
        return await settled(self._updates.store, profile, space), space

    async def _logged(self, profile: Profile, sequences: Sequence[int]) -> dict[int, Edit]:
        return await logged_edits(self._updates.store, profile, sequences)

    async def _editable(
        self, user_id: str, stored: Stored, *, allow_missing: bool, model_version: str = ""
    ) -> tuple[Profile, PrototypeSpace]:
        """The profile that changes apply to, an empty one where there may be none; PROFILE_NOT_FOUND, MODEL_VERSION_MISMATCH."""
        if stored.profile is None and allow_missing:
            space = await self._updates.space_of_new(model_version)
            return Profile.empty(user_id, space, self._updates.now_us()), space
        profile = present(user_id, stored)
        if model_version:
            check_model(profile, model_version)
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
