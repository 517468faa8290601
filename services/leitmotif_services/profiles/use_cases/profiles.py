"""What can be done with profiles, over the store port: the service's behaviour without its transport."""

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.profiles.store.profile_store import Answer, Commit, LoggedEvent, ProfileStore, Stored
from leitmotif_services.profiles.taste.control import ControlChange
from leitmotif_services.profiles.taste.history import Event, EventWeights, recomputed_history
from leitmotif_services.profiles.taste.profile import EVENT_LOG_LENGTH, Edit, Profile, profile_not_found
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.use_cases.known_spaces import KnownSpaces
from leitmotif_services.profiles.use_cases.optimistic_update import OptimisticUpdate, StaleReadError
from leitmotif_services.profiles.use_cases.outcomes import Conditions, Edited, Everything, Previewed, Rebuilt, Recorded, Viewed
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field

_LARGE_MATRIX = 200_000
"""Numbers in a matrix from which on it is not multiplied on the event loop."""


def wall_clock_us() -> int:
    """Microseconds since 1970, UTC."""
    return time.time_ns() // 1000


class Profiles:
    """The use cases. `heavy` runs what is long for the event loop; clock and nonces can be replaced by tests."""

    def __init__(
        self,
        store: ProfileStore,
        heavy: Admission,
        *,
        event_weights: EventWeights | None = None,
        event_log_length: int = EVENT_LOG_LENGTH,
        now_us: Callable[[], int] = wall_clock_us,
        new_nonce: Callable[[], bytes] = lambda: secrets.token_bytes(8),
    ) -> None:
        self._store = store
        self._heavy = heavy
        self._event_weights = event_weights or EventWeights()
        self._event_log_length = event_log_length
        self._now_us = now_us
        self._new_nonce = new_nonce
        self._spaces = KnownSpaces(store)
        self._update = OptimisticUpdate(store)

    async def register_space(self, space: PrototypeSpace) -> None:
        """Make the prototypes of a model known, and that model the one of new profiles."""
        await self._spaces.register(space)

    async def read(self, user_id: str) -> Viewed:
        """The profile as a person reads it; PROFILE_NOT_FOUND."""
        profile = _present(user_id, await self._store.read(user_id))
        return Viewed(profile, await self._spaces.of(profile.model_version))

    async def read_for_scoring(self, user_id: str, *, heard: bool) -> tuple[Profile, tuple[str, ...]]:
        """The profile, and the tracks of its event log when asked for; PROFILE_NOT_FOUND."""
        stored = await self._store.read(user_id, heard=heard)
        return _present(user_id, stored), stored.heard_track_ids

    async def record_events(
        self, user_id: str, events: Sequence[Event], affinities: NDArray[np.float32], model_version: str
    ) -> Recorded:
        """Count new events; `affinities` has one row an event, (events, K). A new profile is of their model version.

        PROTOTYPE_SPACE_UNKNOWN, MODEL_VERSION_MISMATCH; FIELD_INVALID when the rows do not have K numbers.
        """
        space = await self._spaces.of(model_version)
        if affinities.shape[1] != space.size:
            raise invalid_field("affinities.dimension", f"must be {space.size} for this model, is {affinities.shape[1]}")
        row_of: dict[str, int] = {}
        for row, event in enumerate(events):
            row_of.setdefault(event.event_id, row)

        async def decide(stored: Stored) -> tuple[Commit | None, Recorded]:
            profile = stored.profile or Profile.empty(user_id, space, self._now_us())
            _check_model(profile, model_version)
            rows = [row for event_id, row in row_of.items() if event_id not in stored.seen_event_ids]
            repeated = len(events) - len(rows)
            if not rows:
                return None, Recorded(0, repeated, profile.version)
            fresh = tuple(events[row] for row in rows)
            weights = [self._event_weights.of(event) for event in fresh]
            if affinities.size > _LARGE_MATRIX:
                changed = await self._heavy.run(profile.with_events, weights, affinities[rows])
            else:
                changed = profile.with_events(weights, affinities[rows])
            changed = self._stamped(changed)
            return self._commit(stored, changed, events=fresh), Recorded(len(rows), repeated, changed.version)

        return await self._update.run(user_id, decide, event_ids=tuple(row_of))

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
                _check_etag(user_id, "", conditions.etag)
            profile, space = await self._editable(user_id, stored, allow_missing=allow_missing)
            edited, edit = profile.edited(changes, space, actor=actor, reason=reason, now_us=self._now_us())
            return edited, space, edit, True

        return await self._change_controls(user_id, conditions, change)

    async def preview(
        self, user_id: str, changes: Sequence[ControlChange], *, allow_missing: bool = False, heard: bool = False
    ) -> Previewed:
        """What `edit` would do, from one read; nothing is stored. The tracks of the event log when asked for."""
        stored = await self._store.read(user_id, heard=heard)
        profile, space = await self._editable(user_id, stored, allow_missing=allow_missing)
        edited, _ = profile.edited(changes, space, actor="", reason="", now_us=self._now_us())
        return Previewed(edited, space, profile, stored.profile is not None, stored.heard_track_ids)

    async def undo(self, user_id: str, conditions: Conditions) -> Edited:
        """Take back the last edit in force; NOTHING_TO_UNDO."""

        async def change(stored: Stored) -> tuple[Profile, PrototypeSpace, Edit, bool]:
            profile = _present(user_id, stored)
            space = await self._spaces.of(profile.model_version)
            edit = await self._logged_edit(profile, profile.next_undo())
            return profile.undone(edit, space), space, edit, False

        return await self._change_controls(user_id, conditions, change)

    async def redo(self, user_id: str, conditions: Conditions) -> Edited:
        """Apply the edit that was undone last again; NOTHING_TO_UNDO."""

        async def change(stored: Stored) -> tuple[Profile, PrototypeSpace, Edit, bool]:
            profile = _present(user_id, stored)
            space = await self._spaces.of(profile.model_version)
            edit = await self._logged_edit(profile, profile.next_redo())
            return profile.redone(edit, space), space, edit, False

        return await self._change_controls(user_id, conditions, change)

    async def list_edits(self, user_id: str, *, before: int | None, count: int) -> tuple[Profile, list[Edit]]:
        """The profile, and up to `count` edits of its log with sequences below `before`, newest first."""
        profile = _present(user_id, await self._store.read(user_id))
        last = profile.last_edit if before is None else min(before - 1, profile.last_edit)
        return profile, (await self._store.read_edits(user_id, last - count + 1, last))[::-1]

    async def list_events(self, user_id: str, *, after: int, count: int) -> tuple[Profile, list[LoggedEvent]]:
        """The profile, and up to `count` events of its log with sequences above `after`, in order of recording."""
        profile = _present(user_id, await self._store.read(user_id))
        first = max(after, profile.last_event - self._event_log_length) + 1
        last = min(first + count - 1, profile.last_event)
        return profile, await self._store.read_events(user_id, first, last)

    async def rebuild(
        self, user_id: str, model_version: str, rows: Mapping[str, int], affinities: NDArray[np.float32]
    ) -> Rebuilt:
        """Recompute the history under another model; `affinities` is (tracks, K), `rows` the row of each known track."""
        new = await self._spaces.of(model_version)
        if rows and affinities.shape[1] != new.size:
            raise invalid_field("affinities.dimension", f"must be {new.size} for this model, is {affinities.shape[1]}")

        async def decide(stored: Stored) -> tuple[Commit | None, Rebuilt]:
            profile = _present(user_id, stored)
            old = await self._spaces.of(profile.model_version)
            log = await self._store.read_events(user_id, 1, profile.last_event)
            events = [entry.event for entry in log]
            history = await self._heavy.run(recomputed_history, events, rows, affinities, self._event_weights, new.size)
            changed, dropped = profile.rebuilt(history, old, new)
            changed = self._stamped(changed)
            return self._commit(stored, changed), Rebuilt(changed, new, history.event_count, dropped)

        return await self._update.run(user_id, decide)

    async def everything(self, user_id: str) -> Everything:
        """All that is kept of a user, as of one version of the profile; PROFILE_NOT_FOUND."""
        viewed = await self.read(user_id)
        profile = viewed.profile
        # Log entries never change, so what the logs held at that version can be read after it.
        edits = await self._store.read_edits(user_id, 1, profile.last_edit)
        events = await self._store.read_events(user_id, 1, profile.last_event)
        return Everything(profile, viewed.space, edits, events)

    async def delete(self, user_id: str) -> bool:
        """Erase everything that is kept of a user; False when there was nothing."""
        return await self._store.delete(user_id)

    async def _editable(self, user_id: str, stored: Stored, *, allow_missing: bool) -> tuple[Profile, PrototypeSpace]:
        """The profile that changes apply to, an empty one of the latest space where there may be none; PROFILE_NOT_FOUND."""
        if stored.profile is None and allow_missing:
            space = await self._spaces.latest()
            return Profile.empty(user_id, space, self._now_us()), space
        profile = _present(user_id, stored)
        return profile, await self._spaces.of(profile.model_version)

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
                _check_etag(user_id, stored.profile.version.etag, conditions.etag)
            profile, space, edit, is_new = await change(stored)
            profile = self._stamped(profile)
            commit = self._commit(stored, profile, edit=edit if is_new else None)
            if conditions.request_id:
                answer = Answer(conditions.fingerprint, profile, edit)
                commit = replace(commit, request_id=conditions.request_id, answer=answer)
            return commit, Edited(profile, space, edit)

        return await self._update.run(user_id, decide, request_id=conditions.request_id)

    async def _repeated(self, answer: Answer, conditions: Conditions) -> Edited:
        if answer.fingerprint != conditions.fingerprint:
            raise ServiceError(
                Reason.REQUEST_ID_REUSED,
                f"request_id {conditions.request_id!r} was used for another request in the last 24 hours",
            )
        return Edited(answer.profile, await self._spaces.of(answer.profile.model_version), answer.edit)

    async def _logged_edit(self, profile: Profile, sequence: int) -> Edit:
        user_id = profile.user_id
        edits = await self._store.read_edits(user_id, sequence, sequence)
        if not edits:
            current = (await self._store.read(user_id)).profile
            if current is None or current.version != profile.version:
                raise StaleReadError
            raise ServiceError(Reason.STORED_VALUE_UNREADABLE, f"edit {sequence} of user {user_id!r} is missing from its log")
        return edits[0]

    def _stamped(self, profile: Profile) -> Profile:
        return profile.stamped(self._new_nonce(), self._now_us())

    def _commit(self, stored: Stored, profile: Profile, *, edit: Edit | None = None, events: tuple[Event, ...] = ()) -> Commit:
        expected = stored.profile.version if stored.profile else None
        return Commit(expected, profile, edit=edit, events=events, event_log_length=self._event_log_length)


def _present(user_id: str, stored: Stored) -> Profile:
    if stored.profile is None:
        raise profile_not_found(user_id)
    return stored.profile


def _check_model(profile: Profile, model_version: str) -> None:
    if profile.model_version != model_version:
        raise ServiceError(
            Reason.MODEL_VERSION_MISMATCH,
            f"the affinities are of model version {model_version!r}, the profile is of {profile.model_version!r}",
            expected=profile.model_version,
            actual=model_version,
        )


def _check_etag(user_id: str, current: str, asked: str) -> None:
    if asked and asked != current:
        raise ServiceError(
            Reason.ETAG_MISMATCH,
            f"the profile of user {user_id!r} has changed since that etag was read",
            current_etag=current,
        )
