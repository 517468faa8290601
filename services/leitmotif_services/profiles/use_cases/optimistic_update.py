"""Changes a profile by read, decide, compare-and-set, and again when another writer was faster."""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
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
        self._turns: dict[str, deque[asyncio.Future[None]]] = {}
        """Who waits for a turn, by the users of whom somebody has it."""

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
        if user_id in self._turns:
            await self._wait(user_id)
        else:
            self._turns[user_id] = deque()
        try:
            for attempt in range(TRIES):
                stored = await self._store.read(user_id, event_ids=event_ids, request_id=request_id, include=include)
                try:
                    commit, result = await decide(stored)
                    if commit is None or await self._store.commit(commit):
                        return result
                except StaleReadError:
                    pass
                await asyncio.sleep(random.uniform(0, min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**attempt)))
        finally:
            self._pass_on(user_id)
        raise ServiceError(
            Reason.PROFILE_CONTENDED, f"the profile of user {user_id!r} is changed by too many writers at once", user_id=user_id
        )

    async def _wait(self, user_id: str) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._turns[user_id].append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():  # it left just as its turn came
                self._pass_on(user_id)
            raise

    def _pass_on(self, user_id: str) -> None:
        waiting = self._turns[user_id]
        while waiting:
            turn = waiting.popleft()
            if not turn.done():  # done: it has left
                turn.set_result(None)
                return
        del self._turns[user_id]
