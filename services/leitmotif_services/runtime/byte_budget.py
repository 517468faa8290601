"""A number of bytes that calls share: taken at once where they fit, or waited for in turn."""

import asyncio
from collections import deque

from leitmotif_services.runtime.errors import Reason, ServiceError

MAX_WAITING = 256
"""Waiting calls take places of the bound on calls, which must not go to them alone."""


class ByteBudget:
    """At most `max_bytes` are held, by any number of calls."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.held_bytes = 0
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()

    def resize(self, held: int, size: int) -> None:
        """Hold `size` bytes in place of `held`; OVERLOADED when they do not fit now, LIMIT_EXCEEDED when they never will."""
        if size > self.max_bytes:
            raise ServiceError(
                Reason.LIMIT_EXCEEDED,
                f"the message has {size} bytes; at most {self.max_bytes} are held",
                limit=self.max_bytes,
                actual=size,
            )
        if size > held and self.held_bytes + size - held > self.max_bytes:
            raise self._overloaded(size - held)
        self.held_bytes += size - held
        self._serve_waiting()

    async def wait_for(self, size: int, wait_s: float) -> None:
        """Hold `size` more bytes, after those who came before; OVERLOADED when too many wait, or without room after `wait_s`."""
        if not self._waiting and self._has_room_for(size):
            self.held_bytes += size
            return
        if len(self._waiting) >= MAX_WAITING:
            raise self._overloaded(size)
        turn = asyncio.get_running_loop().create_future()
        entry = (turn, size)
        self._waiting.append(entry)
        try:
            async with asyncio.timeout(wait_s):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():  # its turn came in the moment in which it gave up
                self.resize(size, 0)
            else:
                if entry in self._waiting:  # nobody has passed over it yet
                    self._waiting.remove(entry)
                self._serve_waiting()
            if isinstance(error, TimeoutError):
                raise self._overloaded(size) from None
            raise

    def _has_room_for(self, size: int) -> bool:
        return self.held_bytes + size <= self.max_bytes

    def _serve_waiting(self) -> None:
        while self._waiting:
            turn, size = self._waiting[0]
            if not turn.done():  # else its caller has just gone
                if not self._has_room_for(size):
                    return
                self.held_bytes += size
                turn.set_result(None)
            self._waiting.popleft()

    def _overloaded(self, size: int) -> ServiceError:
        return ServiceError(
            Reason.OVERLOADED,
            f"other calls hold {self.held_bytes} of {self.max_bytes} bytes of messages; {size} more do not fit",
            bound="bytes",
            limit=self.max_bytes,
        )
