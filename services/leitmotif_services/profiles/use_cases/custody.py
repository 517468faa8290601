"""Hands over, puts in place and erases everything that is kept of a user."""

import asyncio
import logging
import secrets
from dataclasses import dataclass, replace

from leitmotif_services.profiles.store.profile_store import Commit, Include, Stored, Verified
from leitmotif_services.profiles.taste.profile import Version
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.transfer.everything import Everything
from leitmotif_services.profiles.transfer.placement import Placed, placed_under_another_model, placed_under_its_model
from leitmotif_services.profiles.use_cases.outcomes import Viewed
from leitmotif_services.profiles.use_cases.profile_updates import ProfileUpdates, check_etag, present
from leitmotif_services.runtime.errors import Reason, ServiceError

log = logging.getLogger(__name__)

EXPORT_TRIES = 8
"""A profile that changes during so many reads in a row is not exported."""

_PAUSE_S = 0.02

_ANSWER_S = 0.25
"""Of a caller's deadline, kept for the answer to reach the caller."""


@dataclass(frozen=True)
class Imported(Viewed):
    """A profile that was put in place."""

    needs_rebuild: bool
    """Its model is not registered here, so that it is under another, without a history."""
    dropped_prototype_ids: tuple[str, ...]


@dataclass(frozen=True)
class Erasure:
    """What an erasure did. Nothing of it is kept."""

    receipt_id: str
    erased_at_us: int
    erased_keys: int
    verified: Verified | None
    """What a scan of the whole store found afterwards; None unless asked for."""


class Custody:
    """See the protos for what each method promises."""

    def __init__(self, updates: ProfileUpdates) -> None:
        self._updates = updates

    async def everything(self, user_id: str) -> Everything:
        """All that is kept of a user, as of one version of the profile; PROFILE_NOT_FOUND, PROFILE_CONTENDED."""
        store = self._updates.store
        for attempt in range(EXPORT_TRIES):
            stored = await store.read(user_id, include=Include.EXCLUSIONS | Include.PRESETS)
            profile = present(user_id, stored)
            space = await self._updates.spaces.of(profile.model_version)
            edits = await store.read_edits(user_id, 1, profile.last_edit)
            events = await store.read_events(user_id, 1, profile.last_event)
            current = (await store.read(user_id)).profile
            if current is not None and current.version == profile.version:
                shown = profile.as_of(self._updates.now_us()).settled_by(edits, space)
                return Everything(shown, space, edits, events, stored.exclusions, stored.presets)
            await asyncio.sleep(_PAUSE_S * attempt)
        raise ServiceError(
            Reason.PROFILE_CONTENDED, f"the profile of user {user_id!r} changes too fast to be exported", user_id=user_id
        )

    async def put_in_place(self, user_id: str, everything: Everything, *, replaces: bool, etag: str = "") -> Imported:
        """Make what a document holds the user's profile, all or nothing; PROFILE_EXISTS unless it `replaces` one."""
        space, placed = await self._placed(everything)
        needs_rebuild = space.model_version != everything.profile.model_version

        async def decide(stored: Stored) -> tuple[Commit | None, Imported]:
            if stored.profile is not None and not replaces:
                raise ServiceError(
                    Reason.PROFILE_EXISTS,
                    f"user {user_id!r} has a profile, and it was not to be replaced",
                    user_id=user_id,
                    current_etag=stored.profile.version.etag,
                )
            version = stored.profile.version if stored.profile else Version(0, bytes(8))
            check_etag(user_id, version.etag if stored.profile else "", etag)
            profile = self._updates.stamped(replace(placed.profile, user_id=user_id, version=version))
            commit = self._updates.commit(
                stored,
                profile,
                edits=tuple(everything.edits),
                events=tuple(entry.event for entry in everything.events),
                exclusions=everything.exclusions or None,
                presets=everything.presets,
            )
            return replace(commit, replaces=True), Imported(profile, space, needs_rebuild, placed.dropped_prototype_ids)

        return await self._updates.update.run(user_id, decide)

    async def _placed(self, everything: Everything) -> tuple[PrototypeSpace, Placed]:
        try:
            space = await self._updates.spaces.of(everything.profile.model_version)
        except ServiceError as error:
            if error.reason is not Reason.PROTOTYPE_SPACE_UNKNOWN:
                raise
            space = await self._updates.spaces.latest()
            return space, await self._updates.heavy.run(placed_under_another_model, everything, space)
        return space, placed_under_its_model(everything, space)

    async def erase(self, user_id: str, *, verify: bool = False, time_left_s: float | None = None) -> Erasure:
        """Erase everything that is kept of a user; with `verify`, look through the whole store for what is left.

        An erasure that could not be verified has been done all the same, and the error says so: DEADLINE_EXCEEDED where
        `time_left_s` is not enough, or what the store raises.
        """
        until_s = None
        if time_left_s is not None:
            until_s = asyncio.get_running_loop().time() + time_left_s - min(_ANSWER_S, time_left_s / 4)
        receipt_id = secrets.token_hex(16)
        erased = await self._updates.store.delete(user_id)
        erased_at_us = self._updates.now_us()
        # Without the user: of an erased person the log is to keep nothing.
        log.info("erased a profile", extra={"receipt_id": receipt_id, "erased_keys": erased.keys})
        if not verify:
            return Erasure(receipt_id, erased_at_us, erased.keys, None)
        done = f"everything was erased (receipt {receipt_id}, {erased.keys} keys), but not verified: "
        try:
            async with asyncio.timeout_at(until_s):
                verified = await self._updates.store.verify_erased(user_id)
        except TimeoutError as error:
            raise ServiceError(
                Reason.DEADLINE_EXCEEDED,
                done + "the deadline passed before every key was looked at",
                receipt_id=receipt_id,
                erased_keys=erased.keys,
            ) from error
        except ServiceError as error:
            raise ServiceError(
                error.reason,
                done + error.message,
                retry_after_s=error.retry_after_s,
                receipt_id=receipt_id,
                erased_keys=erased.keys,
            ) from error
        log.info(
            "verified an erasure",
            extra={"receipt_id": receipt_id, "scanned_keys": verified.scanned, "remaining_keys": verified.remaining},
        )
        return Erasure(receipt_id, erased_at_us, erased.keys, verified)
