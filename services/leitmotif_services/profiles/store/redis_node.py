"""One Redis server: a bounded number of connections, bounded waits, and a second try where a connection broke."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import NamedTuple

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from leitmotif_services.profiles.store.redis_pipelining import CommandPipeline, Exchanged
from leitmotif_services.profiles.store.redis_socket import Address, ConnectionSettings, RedisSocket, encoded


class NoConnectionFreeError(Exception):
    """Every connection to a server stayed in use for as long as one may wait."""


class Replication(NamedTuple):
    """How many replicas must have a change before it is acknowledged."""

    replicas: int = 0
    timeout_s: float = 1.0


class RedisNode:
    """One server.

    Commands whose connection broke are sent once more on a new one, so all of them must be safe to repeat. After a timeout they
    are not: whoever waits has waited long enough.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        address: Address | None,
        *,
        pool_size: int,
        timeout_s: float,
        replication: Replication,
    ) -> None:
        self.address = address
        self.name = "Redis" if address is None else f"Redis at {address[0]}:{address[1]}"
        self.checked = False
        """Whether its durability was found good; see `redis_durability`."""
        self._settings = settings
        self._slots = asyncio.Semaphore(pool_size)
        self._timeout_s = timeout_s
        self._replication = replication
        self._wait = encoded("WAIT", replication.replicas, max(1, round(replication.timeout_s * 1000)))
        self._idle: list[RedisSocket] = []
        self._closed = False
        self._pipeline = CommandPipeline(self._exchange)
        # Who only reads does not wait for replicas with those who write.
        self._lasting = CommandPipeline(self._exchange_and_wait) if replication.replicas else self._pipeline

    def send(self, commands: Sequence[bytes], *, lasting: bool = False) -> Awaitable[Exchanged]:
        """The answers to encoded commands, in one round trip that other callers may share.

        `lasting` ones are followed by WAIT on the same connection, where replicas are to be waited for.
        RedisError or OSError when the server cannot be spoken to, NoConnectionFreeError.
        """
        return (self._lasting if lasting else self._pipeline).send(commands)

    async def close(self) -> None:
        """Wait for what is under way, and close every connection."""
        await self._pipeline.close()
        await self._lasting.close()
        self._closed = True
        while self._idle:
            self._idle.pop().close()
        await asyncio.sleep(0)  # in which the event loop closes them

    async def _exchange_and_wait(self, commands: Sequence[bytes]) -> Exchanged:
        timeout_s = self._timeout_s + self._replication.timeout_s
        values, tries, _ = await self._exchange([*commands, self._wait], timeout_s)
        replicas = values.pop()
        return Exchanged(values, tries, 0 if isinstance(replicas, ResponseError) else replicas)

    async def _exchange(self, commands: Sequence[bytes], timeout_s: float = 0.0) -> Exchanged:
        if self._slots.locked():
            await self._wait_for_slot()
        else:
            await self._slots.acquire()
        tries = 0
        try:
            while True:
                socket = self._idle_socket() if tries == 0 else None
                if socket is None:
                    socket = await self._settings.connect(self.address)
                tries += 1
                try:
                    values = await socket.exchange(commands, timeout_s or self._timeout_s)
                except RedisConnectionError:
                    if tries > 1:
                        raise
                    continue
                if self._closed:
                    socket.close()
                else:
                    self._idle.append(socket)
                return Exchanged(values, tries)
        finally:
            self._slots.release()

    def _idle_socket(self) -> RedisSocket | None:
        while self._idle:
            socket = self._idle.pop()
            if socket.usable:
                return socket
        return None

    async def _wait_for_slot(self) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._slots.acquire()
        except TimeoutError as error:
            raise NoConnectionFreeError(f"no connection to {self.name} came free") from error
