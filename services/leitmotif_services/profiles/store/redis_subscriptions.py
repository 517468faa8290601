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

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

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

    socket_timeout: float | None

    async def connect(self) -> None: ...

    async def send_command(self, *args: Any, **kwargs: Any) -> None: ...

    async def read_response(self, disable_decoding: bool = False, timeout: float | None = None) -> Any:
        """None when a given timeout is over."""

    async def disconnect(self, nowait: bool = False) -> None: ...


class RedisSubscriptions:
    """Listens to channels. `connections` gives new connections, not connected yet, to try in any order.

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
        self._closed = False

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
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _stay_connected(self) -> None:
        pause_s = _FIRST_PAUSE_S
        # A cancellation that meets an error in the group does not come out of it, hence the flag.
        while not self._closed:
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
            if self._closed:
                return
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[SubscriberConnection]:
        candidates = self._connections()
        for left, connection in zip(range(len(candidates) - 1, -1, -1), random.sample(candidates, len(candidates)), strict=True):
            # With a timeout of its own, a connection sends by asyncio.wait_for, which loses cancellations before Python 3.12.
            connection.socket_timeout = None
            try:
                async with asyncio.timeout(self._timeout_s):
                    await connection.connect()
                break
            except BaseException as error:
                await connection.disconnect(nowait=True)
                if not left or not isinstance(error, _BROKEN):
                    raise
        else:
            raise RedisConnectionError("no server is known")
        try:
            yield connection
        finally:
            await connection.disconnect(nowait=True)

    async def _hear(self, connection: SubscriberConnection) -> None:
        while True:
            response = await connection.read_response(timeout=PING_S + self._timeout_s)
            if response is None:
                raise RedisTimeoutError("no sign of life came")
            kind, *rest = response
            if kind == b"subscribe" and not self._up:
                if self._up is False:
                    log.info("news of changes come again")
                self._up = True
            if kind in (b"message", b"subscribe"):
                self._listeners.wake(rest[0].decode())

    async def _subscribe(self, connection: SubscriberConnection) -> None:
        """Keep the subscriptions of a connection those of the listeners, and ask it for a sign of life."""
        loop = asyncio.get_running_loop()
        subscribed: set[str] = set()
        self._changed.set()
        ping_at = loop.time() + PING_S
        while True:
            if loop.time() >= ping_at:
                await self._send(connection, "PING")
                ping_at = loop.time() + PING_S
            try:
                async with asyncio.timeout_at(ping_at):
                    await self._changed.wait()
            except TimeoutError:
                continue
            self._changed.clear()
            wanted = set(self._listeners.channels)
            await self._send_each(connection, "UNSUBSCRIBE", subscribed - wanted)
            await self._send_each(connection, "SUBSCRIBE", wanted - subscribed)
            subscribed = wanted

    async def _send_each(self, connection: SubscriberConnection, command: str, channels: Iterable[str]) -> None:
        listed = list(channels)
        for first in range(0, len(listed), _TOGETHER):
            await self._send(connection, command, *listed[first : first + _TOGETHER])

    async def _send(self, connection: SubscriberConnection, *command: str) -> None:
        async with asyncio.timeout(self._timeout_s):
            await connection.send_command(*command, check_health=False)
