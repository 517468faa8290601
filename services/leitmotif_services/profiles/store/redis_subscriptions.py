"""One connection to Redis by which a process hears of everything that anybody in it listens to.

Redis forgets a message that nobody takes at the moment, so after each new subscription, the one of a new connection among
them, everybody concerned is woken: whatever was published before can be read by then.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

from redis.exceptions import RedisError

from leitmotif_services.profiles.store.change_listeners import ChangeListeners

log = logging.getLogger(__name__)

PING_S = 5.0
"""A connection is asked so often whether it lives; one that says nothing until its timeout is over is given up."""

_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0
_TOGETHER = 500
"""Channels in one command."""

_BROKEN = (RedisError, OSError, asyncio.IncompleteReadError)


class SubscriberConnection(Protocol):
    """The part of redis.asyncio.connection.AbstractConnection that is used."""

    async def connect(self) -> None: ...

    async def send_command(self, *args: Any, **kwargs: Any) -> None: ...

    async def read_response(self, disable_decoding: bool = False, timeout: float | None = None) -> Any: ...

    async def disconnect(self, nowait: bool = False) -> None: ...


class RedisSubscriptions:
    """Listens to channels. `connections` gives new connections, not connected yet, to try one after another.

    On a cluster that is one to each node: a message that is published at any of them comes to all. Nothing is connected before
    somebody listens. A broken connection is made anew by itself, with pauses of at most a second.
    """

    def __init__(self, connections: Callable[[], Sequence[SubscriberConnection]], *, timeout_s: float) -> None:
        self._connections = connections
        self._timeout_s = timeout_s
        self._listeners = ChangeListeners()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._up: bool | None = None
        """Whether subscriptions are in force; None before the first."""

    @asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set when a message has come, or may have been missed, for as long as the context lasts."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._stay_connected(), name="redis-subscriptions")
        with self._listeners.listening(channel) as event:
            self._changed.set()
            try:
                yield event
            finally:
                self._changed.set()

    async def close(self) -> None:
        """Close the connection."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _stay_connected(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            while not self._listeners:
                self._changed.clear()
                await self._changed.wait()
            try:
                async with self._connected() as connection, asyncio.TaskGroup() as both:
                    both.create_task(self._hear(connection))
                    both.create_task(self._subscribe(connection))
            except* _BROKEN as errors:
                if self._up is not False:
                    pause_s = _FIRST_PAUSE_S
                    self._up = False
                    error = errors.exceptions[0]
                    log.warning("news of changes do not come, until Redis answers: %s: %s", type(error).__name__, error)
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[SubscriberConnection]:
        candidates = self._connections()
        for last, connection in enumerate(candidates, 1 - len(candidates)):
            try:
                await connection.connect()
            except _BROKEN:
                await connection.disconnect(nowait=True)
                if last == 0:
                    raise
                continue
            break
        try:
            yield connection
        finally:
            await connection.disconnect(nowait=True)

    async def _hear(self, connection: SubscriberConnection) -> None:
        while True:
            kind, *rest = await connection.read_response(timeout=PING_S + self._timeout_s)
            if kind == b"subscribe" and not self._up:
                if self._up is False:
                    log.info("news of changes come again")
                self._up = True
            if kind in (b"message", b"subscribe"):
                self._listeners.wake(rest[0].decode())

    async def _subscribe(self, connection: SubscriberConnection) -> None:
        """Keep the subscriptions of a connection those of the listeners, and ask it for a sign of life."""
        subscribed: set[str] = set()
        self._changed.set()
        while True:
            try:
                async with asyncio.timeout(PING_S):
                    await self._changed.wait()
            except TimeoutError:
                await connection.send_command("PING", check_health=False)
                continue
            self._changed.clear()
            wanted = set(self._listeners.channels)
            await self._send(connection, "UNSUBSCRIBE", subscribed - wanted)
            await self._send(connection, "SUBSCRIBE", wanted - subscribed)
            subscribed = wanted

    @staticmethod
    async def _send(connection: SubscriberConnection, command: str, channels: Iterable[str]) -> None:
        listed = list(channels)
        for first in range(0, len(listed), _TOGETHER):
            await connection.send_command(command, *listed[first : first + _TOGETHER], check_health=False)
