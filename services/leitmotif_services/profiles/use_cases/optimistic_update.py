"""Changes a profile by read, decide, compare-and-set, and again when another writer was faster."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from leitmotif_services.profiles.store.profile_store import Commit, Include, ProfileStore, Stored
from leitmotif_services.runtime.errors import Reason, ServiceError

R = TypeVar("R")

TRIES = 24

_FIRST_PAUSE_S = 0.001
_LONGEST_PAUSE_S = 0.05


class StaleReadError(Exception):
    """Raised by a decision that found what it was given overtaken; it is given the new state."""


class OptimisticUpdate:
    """Runs changes to profiles. Those of one user take turns within the process, so only other processes cause a retry."""

    def __init__(self, store: ProfileStore) -> None:
        self._store = store
        self._turns: dict[str, tuple[asyncio.Lock, int]] = {}

    async def run(
        self,
        user_id: str,
        decide: Callable[[Stored], Awaitable[tuple[Commit | None, R]]],
        *,
        event_ids: Sequence[str] = (),
        request_id: str = "",
        include: Include = Include.NOTHING,
    ) -> R:
        """The result of `decide` once its commit is written, or at once when it has nothing to commit.

        `decide` is given what is stored now, and given it anew after a conflict. PROFILE_CONTENDED when the tries run out.
        """
        async with self._turn(user_id):
            for attempt in range(TRIES):
                stored = await self._store.read(user_id, event_ids=event_ids, request_id=request_id, include=include)
                with suppress(StaleReadError):
                    commit, result = await decide(stored)
                    if commit is None or await self._store.commit(commit):
                        return result
                await asyncio.sleep(random.uniform(0, min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**attempt)))
        raise ServiceError(
            Reason.PROFILE_CONTENDED, f"the profile of user {user_id!r} is changed by too many writers at once", user_id=user_id
        )

    @asynccontextmanager
    async def _turn(self, user_id: str) -> AsyncIterator[None]:
        lock, waiting = self._turns.get(user_id) or (asyncio.Lock(), 0)
        self._turns[user_id] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            _, waiting = self._turns[user_id]
            if waiting == 1:
                del self._turns[user_id]
            else:
                self._turns[user_id] = (lock, waiting - 1)
