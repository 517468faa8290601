"""One Redis server that has every key."""

from collections.abc import Awaitable, Sequence

from redis.asyncio.connection import AbstractConnection

from leitmotif_services.profiles.store.redis_node import RedisNode, Replication
from leitmotif_services.profiles.store.redis_pipelining import Exchanged
from leitmotif_services.profiles.store.redis_servers import Check
from leitmotif_services.profiles.store.redis_socket import ConnectionSettings


class SingleRedis:
    """A `RedisServers` of one."""

    def __init__(
        self, settings: ConnectionSettings, *, pool_size: int, timeout_s: float, replication: Replication, check: Check
    ) -> None:
        self._settings = settings
        self._node = RedisNode(settings, settings.address, pool_size=pool_size, timeout_s=timeout_s, replication=replication)
        self._check = check

    def send(self, key: bytes | str, commands: Sequence[bytes], *, lasting: bool = False) -> Awaitable[Exchanged]:  # noqa: ARG002
        if self._node.checked:
            return self._node.send(commands, lasting=lasting)
        return self._checked_and_sent(commands, lasting=lasting)

    async def masters(self) -> Sequence[RedisNode]:
        return (self._node,)

    def new_connections(self) -> list[AbstractConnection]:
        return [self._settings.subscriber(self._settings.address)]

    async def close(self) -> None:
        await self._node.close()

    async def _checked_and_sent(self, commands: Sequence[bytes], *, lasting: bool) -> Exchanged:
        await self._check(self._node)
        return await self._node.send(commands, lasting=lasting)
