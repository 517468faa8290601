"""Bounded executors for blocking or CPU-bound work: what does not fit is refused, never queued without end."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from leitmotif_services.runtime.errors import Reason, ServiceError

P = ParamSpec("P")
R = TypeVar("R")


class Admission:
    """A thread pool with a bound on admitted work.

    `workers` calls run at once and `waiting` more may wait; the next one is refused with OVERLOADED. Work that was
    admitted always runs to its end in its thread, even when its caller has gone, so a slot is freed only then.
    """

    def __init__(self, name: str, *, workers: int, waiting: int, retry_after_s: float = 0.5) -> None:
        self._name = name
        self._limit = workers + waiting
        self._admitted = 0
        self._retry_after_s = retry_after_s
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix=name)

    @property
    def admitted(self) -> int:
        """Calls that run or wait now."""
        return self._admitted

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work` in a thread and return its result; OVERLOADED when the bound is reached."""
        if self._admitted >= self._limit:
            raise ServiceError(
                Reason.OVERLOADED,
                f"{self._name} is at its bound of {self._limit} concurrent calls",
                retry_after_s=self._retry_after_s,
                limit=self._limit,
            )
        self._admitted += 1
        future = asyncio.get_running_loop().run_in_executor(self._executor, lambda: work(*args, **kwargs))
        future.add_done_callback(self._release)
        return await asyncio.shield(future)

    def _release(self, future: asyncio.Future[R]) -> None:
        self._admitted -= 1
        if not future.cancelled():
            future.exception()  # read it, so that a caller who has gone leaves no "never retrieved" warning

    async def close(self) -> None:
        """Wait for admitted work and end the threads."""
        await asyncio.to_thread(self._executor.shutdown, wait=True, cancel_futures=True)
