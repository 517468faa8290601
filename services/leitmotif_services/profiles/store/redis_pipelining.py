"""Commands of concurrent callers in shared round trips: an async client spends most of a command on sending and waking up.

Commands that are issued within one turn of the event loop go out as one pipeline. A command that comes alone goes out at once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

from redis.asyncio import Redis
from redis.exceptions import ResponseError

T = TypeVar("T")

Argument = bytes | str | int

MOST_TOGETHER = 64
"""Commands in one pipeline; keeps one caller's large answer from holding up all others."""


class Reply(NamedTuple):
    """What Redis answered to a command."""

    value: Any
    """The answer; a ResponseError where Redis refused the command."""
    tries: int
    """How often the command was sent; more than once when a connection broke."""


class _Pending:
    def __init__(self, arguments: tuple[Argument, ...]) -> None:
        self.arguments = arguments
        self.tries = 0
        self.answered: asyncio.Future[Any] | None = None


class CommandPipeline:
    """Sends single commands. `run` gives a connection to a function and may call it again when the connection broke."""

    def __init__(self, run: Callable[[Callable[[Redis], Awaitable[list[Any]]]], Awaitable[list[Any]]]) -> None:
        self._run = run
        self._waiting: list[_Pending] = []
        self._in_flight = 0
        self._came_alone = True
        self._tasks: set[asyncio.Task[None]] = set()

    async def send(self, *arguments: Argument) -> Reply:
        """The reply to one command; raises what `run` raises."""
        pending = _Pending(arguments)
        if self._came_alone and not self._in_flight and not self._waiting:
            (value,) = await self._deliver([pending])
            return Reply(value, pending.tries)
        loop = asyncio.get_running_loop()
        pending.answered = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._flush)
        self._waiting.append(pending)
        return Reply(await pending.answered, pending.tries)

    async def close(self) -> None:
        """Wait for what is under way."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    def _flush(self) -> None:
        # A caller that was cancelled before its command went out takes it back.
        waiting = [pending for pending in self._waiting if pending.answered is None or not pending.answered.cancelled()]
        self._waiting = []
        self._came_alone = len(waiting) <= 1
        for first in range(0, len(waiting), MOST_TOGETHER):
            task = asyncio.get_running_loop().create_task(self._answer(waiting[first : first + MOST_TOGETHER]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, batch: list[_Pending]) -> None:
        try:
            values = await self._deliver(batch)
        except BaseException as error:
            for pending in batch:
                if pending.answered is not None and not pending.answered.done():
                    pending.answered.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        for pending, value in zip(batch, values, strict=True):
            if pending.answered is not None and not pending.answered.done():  # done: its caller was cancelled
                pending.answered.set_result(value)

    async def _deliver(self, batch: list[_Pending]) -> list[Any]:
        async def execute(redis: Any) -> list[Any]:
            for pending in batch:
                pending.tries += 1
            if len(batch) == 1:
                try:
                    return [await redis.execute_command(*batch[0].arguments)]
                except ResponseError as error:
                    return [error]
            async with redis.pipeline(transaction=False) as pipeline:
                for pending in batch:
                    pipeline.execute_command(*pending.arguments)
                return list(await pipeline.execute(raise_on_error=False))

        self._in_flight += 1
        try:
            return await self._run(execute)
        finally:
            self._in_flight -= 1
