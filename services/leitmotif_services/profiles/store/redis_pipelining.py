"""Commands of concurrent callers in shared round trips: an async client spends most of a command on sending and waking up.

Commands that are issued within one turn of the event loop go out together. A command that comes alone goes out at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

MOST_TOGETHER = 64
"""Callers whose commands go together; keeps one caller's large answer from holding up all others."""


class Exchanged(NamedTuple):
    """What a server answered to some commands."""

    values: list[Any]
    """The answer to each; a ResponseError where the server refused the command."""
    tries: int
    """How often the commands were sent; more than once when a connection broke."""
    replicas: int | None = None
    """Replicas that have what the commands wrote; None where that was not asked."""


class _Pending:
    __slots__ = ("answered", "commands")

    def __init__(self, commands: Sequence[bytes], answered: asyncio.Future[Exchanged]) -> None:
        self.commands = commands
        self.answered = answered


class CommandPipeline:
    """Sends the encoded commands of many callers by `exchange`, which takes commands and returns as many values."""

    def __init__(self, exchange: Callable[[Sequence[bytes]], Awaitable[Exchanged]]) -> None:
        self._exchange = exchange
        self._waiting: list[_Pending] = []
        self._in_flight = 0
        self._came_alone = True
        self._tasks: set[asyncio.Task[None]] = set()

    async def send(self, commands: Sequence[bytes]) -> Exchanged:
        """The answers to one caller's commands, which stay together and in order; raises what `exchange` raises."""
        if self._came_alone and not self._in_flight and not self._waiting:
            self._in_flight += 1
            try:
                return await self._exchange(commands)
            finally:
                self._in_flight -= 1
        loop = asyncio.get_running_loop()
        pending = _Pending(commands, loop.create_future())
        if not self._waiting:
            loop.call_soon(self._flush)
        self._waiting.append(pending)
        return await pending.answered

    async def close(self) -> None:
        """Wait for what is under way."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    def _flush(self) -> None:
        # A caller that was cancelled before its command went out takes it back.
        waiting = [pending for pending in self._waiting if not pending.answered.cancelled()]
        self._waiting = []
        self._came_alone = len(waiting) <= 1
        for first in range(0, len(waiting), MOST_TOGETHER):
            task = asyncio.get_running_loop().create_task(self._answer(waiting[first : first + MOST_TOGETHER]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, batch: list[_Pending]) -> None:
        self._in_flight += 1
        try:
            values, tries, replicas = await self._exchange([command for pending in batch for command in pending.commands])
        except BaseException as error:
            for pending in batch:
                if not pending.answered.done():
                    pending.answered.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        finally:
            self._in_flight -= 1
        first = 0
        for pending in batch:
            last = first + len(pending.commands)
            if not pending.answered.done():  # done: its caller was cancelled
                pending.answered.set_result(Exchanged(values[first:last], tries, replicas))
            first = last
