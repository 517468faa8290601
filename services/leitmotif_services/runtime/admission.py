"""Bounded executors for blocking or CPU-bound work: what does not fit is refused, never queued without end."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from leitmotif_services.runtime.errors import Reason, ServiceError

P = ParamSpec("P")
R = TypeVar("R")

LONGEST_RETRY_S = 60.0

_WEIGHT = 0.1
"""Of the latest call in the mean time that one takes."""


class Admission:
    """A thread pool with a bound on admitted work.

    `workers` calls run at once and `waiting` more may wait, in the order they came; the next one is refused with OVERLOADED.
    A caller who goes while it waits frees its place, and what it brought, at once. Work that has begun always runs to its end
    in its thread, even when its caller has gone, so a worker is free only then.
    """

    def __init__(self, name: str, *, workers: int, waiting: int, retry_after_s: float = 0.5) -> None:
        """`retry_after_s` is told until calls have shown how long they take, and is the shortest that is ever told."""
        self._name = name
        self._workers = workers
        self._most_waiting = waiting
        self._shortest_retry_s = retry_after_s
        self._running = 0
        self._queue: dict[asyncio.Future[None], None] = {}
        self._call_s = 0.0
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix=name)

    @property
    def workers(self) -> int:
        """Calls that run at once."""
        return self._workers

    @property
    def admitted(self) -> int:
        """Calls that run or wait now."""
        return self._running + len(self._queue)

    @property
    def waiting(self) -> int:
        """Calls that wait for a worker now."""
        return len(self._queue)

    @property
    def idle(self) -> int:
        """Workers without work."""
        return self._workers - self._running

    @property
    def retry_after_s(self) -> float:
        """How long the calls that are here will keep every worker busy, as far as the latest ones tell."""
        return min(max(self._call_s * self.admitted / self._workers, self._shortest_retry_s), LONGEST_RETRY_S)

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work` in a thread and return its result; OVERLOADED when the bound is reached."""
        await self._take_worker()
        loop = asyncio.get_running_loop()
        try:
            future = loop.run_in_executor(self._executor, lambda: work(*args, **kwargs))
        except BaseException:  # the pool is closed
            self._free_worker()
            raise
        begun = loop.time()
        future.add_done_callback(lambda done: self._ended(done, loop.time() - begun))
        return await asyncio.shield(future)

    async def _take_worker(self) -> None:
        if self._running < self._workers:  # then nobody waits: a worker that falls free is handed on
            self._running += 1
            return
        if len(self._queue) >= self._most_waiting:
            raise ServiceError(
                Reason.OVERLOADED,
                f"{self._name} is at its bound of {self._workers + self._most_waiting} concurrent calls",
                retry_after_s=self.retry_after_s,
                limit=self._workers + self._most_waiting,
            )
        turn = asyncio.get_running_loop().create_future()
        self._queue[turn] = None
        try:
            await turn
        except BaseException:
            if self._queue.pop(turn, turn) is turn and not turn.cancelled():  # it left just as its turn came
                self._free_worker()
            raise

    def _free_worker(self) -> None:
        while self._queue:
            turn = next(iter(self._queue))
            del self._queue[turn]
            if not turn.done():
                turn.set_result(None)
                return
        self._running -= 1

    def _ended(self, future: asyncio.Future[R], call_s: float) -> None:
        self._call_s += (call_s - self._call_s) * (_WEIGHT if self._call_s else 1.0)
        self._free_worker()
        if not future.cancelled():
            future.exception()  # read it, so that a caller who has gone leaves no "never retrieved" warning

    async def close(self) -> None:
        """Wait for work that has begun and end the threads; whoever waits is cancelled."""
        for turn in self._queue:
            turn.cancel()
        await asyncio.to_thread(self._executor.shutdown, wait=True, cancel_futures=True)
