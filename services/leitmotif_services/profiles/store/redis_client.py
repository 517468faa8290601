"""A connection to Redis whose every failure is one of the platform's reasons, and that finds Redis again by itself."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple, cast

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import NoScriptError, ResponseError

from leitmotif_services.profiles.store.redis_cluster import ClusterRedis
from leitmotif_services.profiles.store.redis_durability import DurabilityCheck
from leitmotif_services.profiles.store.redis_failures import DRIVER_ERRORS, RETRY_AFTER_S, translated
from leitmotif_services.profiles.store.redis_node import Replication
from leitmotif_services.profiles.store.redis_pipelining import Exchanged
from leitmotif_services.profiles.store.redis_replication import CONFIRM
from leitmotif_services.profiles.store.redis_scripts import Script
from leitmotif_services.profiles.store.redis_servers import RedisServers
from leitmotif_services.profiles.store.redis_single import SingleRedis
from leitmotif_services.profiles.store.redis_socket import Argument, ConnectionSettings, encoded
from leitmotif_services.runtime.errors import Reason, ServiceError

NO_REPLICATION = Replication()

_SCANNED_TOGETHER = 1000


class Reply(NamedTuple):
    """What Redis answered to a script."""

    value: Any
    tries: int
    """How often the script was sent; more than once when a connection broke."""


class RedisClient:
    """Runs commands, on one Redis or on a cluster, with bounded connections and time.

    A call whose connection broke is tried once more on a new one, so every command that is passed in must be safe to
    repeat. A call that timed out is not: whoever waits has waited long enough. The keys of a call share one hash slot.

    With `replication`, a script that writes is answered once so many replicas have what it wrote.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int,
        timeout_s: float,
        allow_volatile: bool,
        cluster: bool = False,
        replication: Replication = NO_REPLICATION,
    ) -> None:
        self._replication = replication
        self._check = DurabilityCheck(allow_volatile=allow_volatile, cluster=cluster, wait_replicas=replication.replicas)
        servers = ClusterRedis if cluster else SingleRedis
        self._servers: RedisServers = servers(
            ConnectionSettings(url, timeout_s=timeout_s),
            pool_size=pool_size,
            timeout_s=timeout_s,
            replication=replication,
            check=self._check,
        )

    @property
    def waits_for_replicas(self) -> bool:
        """Whether a change is acknowledged only once replicas have it."""
        return self._replication.replicas > 0

    async def command(self, *arguments: Argument) -> Any:
        """The answer to one command whose first argument is its key; it may share its round trip with those of other callers."""
        # In few steps: this is most of a read of a profile.
        try:
            (value,) = (await self._servers.send(cast(str, arguments[1]), [encoded(*arguments)])).values
        except DRIVER_ERRORS as error:
            raise translated(error) from error
        if isinstance(value, ResponseError):
            raise translated(value) from value
        return value

    async def commands(self, *commands: Sequence[Argument]) -> list[Any]:
        """The answers to several, in one round trip but not as one step."""
        exchanged = await self._sent(commands[0][1], [encoded(*arguments) for arguments in commands])
        for value in exchanged.values:
            if isinstance(value, ResponseError):
                raise translated(value) from value
        return exchanged.values

    async def script(self, script: Script, keys: Sequence[str], *arguments: Argument) -> Reply:
        """The reply to a script, run by its digest; a server is sent the text when it does not know it (yet, or any more).

        STORE_UNAVAILABLE when it wrote, and too few replicas told in time that they have it.
        """
        reply, replicas = await self._run_script(script, keys, arguments)
        if script.writes and self.waits_for_replicas and (reply.value or reply.tries > 1):
            if reply.tries > 1:
                # WAIT counts what its own connection wrote, and the one that may have broke.
                await self.confirm(keys[0])
            elif replicas is not None and replicas < self._replication.replicas:
                raise self._too_few(replicas)
        return reply

    async def confirm(self, key: str) -> None:
        """Wait until replicas have what a key holds, whoever wrote it; STORE_UNAVAILABLE when too few tell so in time."""
        if self.waits_for_replicas:
            _, replicas = await self._run_script(CONFIRM, (key,), ())
            if replicas is not None and replicas < self._replication.replicas:
                raise self._too_few(replicas)

    async def scan(self, pattern: str = "*") -> AsyncIterator[list[bytes]]:
        """Every key that matches, of every master, in small steps; one that is there all the while is never left out."""
        try:
            masters = await self._servers.masters()
        except DRIVER_ERRORS as error:
            raise translated(error) from error
        for master in masters:
            cursor = b"0"
            while True:
                command = encoded("SCAN", cursor, "MATCH", pattern, "COUNT", _SCANNED_TOGETHER)
                try:
                    (value,) = (await master.send([command])).values
                except DRIVER_ERRORS as error:
                    raise translated(error) from error
                if isinstance(value, ResponseError):
                    raise translated(value) from value
                cursor, keys = value
                yield keys
                if cursor == b"0":
                    break

    async def check_durability(self) -> None:
        """Refuse a Redis that would lose profiles silently: without append-only file, or with an evicting policy.

        STORE_UNAVAILABLE, until it is mended or volatility is allowed; then a warning says what may be lost. Of a cluster, every
        master is checked; each that becomes one later is before its first use.
        """
        try:
            for master in await self._servers.masters():
                await self._check(master)
        except DRIVER_ERRORS as error:
            raise translated(error) from error

    def new_connections(self) -> list[AbstractConnection]:
        """Connections of their own, not connected yet, to each node that a subscriber may listen at; whoever asks closes them."""
        return self._servers.new_connections()

    async def close(self) -> None:
        """Close every connection."""
        await self._servers.close()

    async def _run_script(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> tuple[Reply, int | None]:
        rest = (len(keys), *keys, *arguments)
        values, tries, replicas = await self._sent(keys[0], [encoded("EVALSHA", script.digest, *rest)], lasting=script.writes)
        if isinstance(values[0], NoScriptError):
            values, more, replicas = await self._sent(keys[0], [encoded("EVAL", script.text, *rest)], lasting=script.writes)
            tries += more - 1
        if isinstance(values[0], ResponseError):
            raise translated(values[0]) from values[0]
        return Reply(values[0], tries), replicas

    async def _sent(self, key: Argument, commands: Sequence[bytes], *, lasting: bool = False) -> Exchanged:
        assert not isinstance(key, int)
        try:
            return await self._servers.send(key, commands, lasting=lasting)
        except DRIVER_ERRORS as error:
            raise translated(error) from error

    def _too_few(self, replicas: int) -> ServiceError:
        return ServiceError(
            Reason.STORE_UNAVAILABLE,
            f"the change was made, but {replicas} of the {self._replication.replicas} replicas that must have it told so within "
            f"{self._replication.timeout_s:g} s: it may last or not; read the profile to see",
            retry_after_s=RETRY_AFTER_S,
        )
