"""One Redis server: a bounded number of connections, bounded waits, and a second try where a connection broke.

A connection is redis-py's, which knows TLS, passwords and Unix sockets. Commands go through it as bytes: they are encoded once,
many in one write, and awaited under one timeout, which costs a fraction of redis-py's own clients.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias, cast

import hiredis
from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from leitmotif_services.profiles.store.redis_pipelining import CommandPipeline, Exchanged

Argument: TypeAlias = bytes | str | int

# redis-py 8 renamed it.
_CAN_READ = "can_read" if hasattr(AbstractConnection, "can_read") else "can_read_destructive"


class NoConnectionFreeError(Exception):
    """Every connection to a server stayed in use for as long as one may wait."""


class Replication(NamedTuple):
    """How many replicas must have a change before it is acknowledged."""

    replicas: int = 0
    timeout_s: float = 1.0


def encoded(*arguments: Argument) -> bytes:
    """A command as it goes over the wire."""
    return cast(bytes, hiredis.pack_command(cast(Any, arguments)))


class ConnectionSettings:
    """How servers are reached. Servers of one cluster differ in host and port alone."""

    def __init__(self, url: str, *, timeout_s: float) -> None:
        options: dict[str, Any] = dict(parse_url(url))
        self._kind: type[AbstractConnection] = options.pop("connection_class", Connection)
        options.pop("max_connections", None)
        self._options: dict[str, Any] = {
            "socket_connect_timeout": timeout_s,
            "retry": Retry(NoBackoff(), 0),
            "protocol": 2,
            "decode_responses": False,
            "client_name": "leitmotif-profiles",
        } | options
        self._timeout_s = timeout_s

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port that the URL names; None for a Unix socket."""
        if not issubclass(self._kind, (Connection, SSLConnection)):
            return None
        return self._options.get("host", "localhost"), self._options.get("port", 6379)

    def connection(self, address: tuple[str, int] | None, *, timed: bool = True) -> AbstractConnection:
        """A connection, not connected yet, to a server; not `timed` where whoever uses it bounds its waits."""
        options = self._options | {"socket_timeout": self._timeout_s if timed else None}
        if address is not None:
            options |= {"host": address[0], "port": address[1]}
        return self._kind(**options)


class RedisNode:
    """One server.

    Commands whose connection broke are sent once more on a new one, so all of them must be safe to repeat. After a timeout they
    are not: whoever waits has waited long enough.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        address: tuple[str, int] | None,
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
        self._idle: list[AbstractConnection] = []
        self._closed = False
        self._pipeline = CommandPipeline(self._exchange)
        # Who only reads does not wait for replicas with those who write.
        self._lasting = CommandPipeline(self._exchange_and_wait) if replication.replicas else self._pipeline

    async def send(self, commands: Sequence[bytes], *, lasting: bool = False) -> Exchanged:
        """The answers to encoded commands, in one round trip that other callers may share.

        `lasting` ones are followed by WAIT on the same connection, where replicas are to be waited for.
        RedisError or OSError when the server cannot be spoken to, NoConnectionFreeError.
        """
        return await (self._lasting if lasting else self._pipeline).send(commands)

    async def close(self) -> None:
        """Wait for what is under way, and close every connection."""
        await self._pipeline.close()
        await self._lasting.close()
        self._closed = True
        while self._idle:
            await self._idle.pop().disconnect()

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
            async with asyncio.timeout(timeout_s or self._timeout_s):
                while True:
                    connection = await self._connected(anew=tries > 0)
                    tries += 1
                    try:
                        values = await _spoken(connection, commands)
                    except RedisConnectionError as error:
                        # Its subclasses mean that the server answered: it loads its data, or wants a password.
                        if tries > 1 or type(error) is not RedisConnectionError:
                            raise
                        continue
                    if self._closed:
                        await connection.disconnect()
                    else:
                        self._idle.append(connection)
                    return Exchanged(values, tries)
        finally:
            self._slots.release()

    async def _wait_for_slot(self) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._slots.acquire()
        except TimeoutError as error:
            raise NoConnectionFreeError(f"no connection to {self.name} came free") from error

    async def _connected(self, *, anew: bool) -> AbstractConnection:
        while self._idle and not anew:
            connection = self._idle.pop()
            # Data that nobody asked for, or an end that the server put: this one is of no use any more.
            if not await getattr(connection, _CAN_READ)():
                return connection
            await connection.disconnect(nowait=True)
        connection = self._settings.connection(self.address, timed=False)
        try:
            await connection.connect()  # type: ignore[no-untyped-call]
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return connection


async def _spoken(connection: AbstractConnection, commands: Sequence[bytes]) -> list[Any]:
    """The answers to commands; the connection is closed when they do not all come."""
    values: list[Any] = []
    try:
        await connection.send_packed_command(commands, check_health=False)
        for _ in commands:
            try:
                values.append(await connection.read_response())
            except ResponseError as error:
                values.append(error)
    except BaseException:
        await connection.disconnect(nowait=True)
        raise
    return values
