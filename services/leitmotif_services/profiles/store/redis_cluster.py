"""A Redis Cluster: sends commands to the server that has their hash slot, and follows when slots move or a replica takes over.

Redirections (MOVED, ASK) are followed, and a cluster that asks for patience (TRYAGAIN, CLUSTERDOWN) is given a little. When a
server cannot be reached, the others are asked who has its slots now; the command is sent there once, or fails.
"""

import asyncio
import logging
import random
from collections.abc import Sequence

from redis.asyncio.connection import AbstractConnection
from redis.crc import key_slot
from redis.exceptions import AskError, ClusterDownError, MovedError, RedisError, TryAgainError
from redis.exceptions import ConnectionError as RedisConnectionError

from leitmotif_services.profiles.store.redis_cluster_slots import SLOTS, slot_ranges
from leitmotif_services.profiles.store.redis_node import NoConnectionFreeError, RedisNode, Replication
from leitmotif_services.profiles.store.redis_pipelining import Exchanged
from leitmotif_services.profiles.store.redis_servers import Check
from leitmotif_services.profiles.store.redis_socket import Address, ConnectionSettings, encoded

log = logging.getLogger(__name__)

MOST_REDIRECTIONS = 8
"""Of one command, in a row; then the cluster's last word on it is the answer. Patience is bounded by the timeout instead."""

_FIRST_PAUSE_S = 0.01
_LONGEST_PAUSE_S = 0.2
_SHORTEST_BETWEEN_S = 0.1
"""Between two questions for the slots, however many callers find a server gone."""

_ASKING = encoded("ASKING")
_ELSEWHERE = (AskError, TryAgainError, ClusterDownError)  # MovedError is an AskError
_UNREACHABLE = (RedisError, OSError, NoConnectionFreeError)


class ClusterRedis:
    """A `RedisServers` of many. The URL names any server of the cluster; the others are learnt from it."""

    def __init__(
        self, settings: ConnectionSettings, *, pool_size: int, timeout_s: float, replication: Replication, check: Check
    ) -> None:
        self._settings = settings
        self._pool_size = pool_size
        self._timeout_s = timeout_s
        self._replication = replication
        self._check = check
        self._nodes: dict[Address, RedisNode] = {}
        self._masters: set[Address] = set()
        self._seed_address = settings.address or ("localhost", 6379)
        self._seed = self._node(self._seed_address)
        self._owners: list[RedisNode | None] = [None] * SLOTS
        self._learning: asyncio.Task[None] | None = None
        self._learnt_at = -_SHORTEST_BETWEEN_S
        self._closing: set[asyncio.Task[None]] = set()

    async def send(self, key: bytes | str, commands: Sequence[bytes], *, lasting: bool = False) -> Exchanged:
        slot = key_slot(key.encode() if isinstance(key, str) else key)
        node = self._owners[slot] or await self._learnt_owner(slot)
        exchanged = await self._reached(node, slot, commands, lasting=lasting)
        if not any(isinstance(value, _ELSEWHERE) for value in exchanged.values):
            return exchanged
        return await self._followed(node, slot, commands, exchanged, lasting=lasting)

    async def masters(self) -> Sequence[RedisNode]:
        await self._learn()
        return [self._nodes[address] for address in sorted(self._masters)]

    def new_connections(self) -> list[AbstractConnection]:
        addresses = sorted(self._masters) or [self._seed_address]
        random.shuffle(addresses)
        return [self._settings.subscriber(address) for address in addresses]

    async def close(self) -> None:
        if self._learning is not None:
            await asyncio.gather(self._learning, return_exceptions=True)
        for node in self._nodes.values():
            await node.close()
        while self._closing:
            await asyncio.gather(*self._closing)

    async def _reached(self, node: RedisNode, slot: int, commands: Sequence[bytes], *, lasting: bool) -> Exchanged:
        """The answers of a server, or of the one that has taken its place when it cannot be reached."""
        try:
            return await self._sent(node, commands, lasting=lasting)
        except TimeoutError:
            self._learn_soon(doubted=node)
            raise
        except RedisConnectionError:
            await self._learn(doubted=node)
            successor = self._owners[slot]
            if successor is None or successor is node:
                raise
            again = await self._sent(successor, commands, lasting=lasting)
            return again._replace(tries=again.tries + 1)

    async def _sent(self, node: RedisNode, commands: Sequence[bytes], *, lasting: bool) -> Exchanged:
        if not node.checked:
            await self._check(node)
        return await node.send(commands, lasting=lasting)

    async def _followed(
        self, node: RedisNode, slot: int, commands: Sequence[bytes], first: Exchanged, *, lasting: bool
    ) -> Exchanged:
        """The answers after following where the first ones, some of them at least, pointed."""
        values, tries, replicas = first
        pause_s = _FIRST_PAUSE_S
        redirections = 0
        loop = asyncio.get_running_loop()
        patient_until_s = loop.time() + self._timeout_s
        while left := [index for index, value in enumerate(values) if isinstance(value, _ELSEWHERE)]:
            reply = values[left[0]]
            again = [commands[index] for index in left]
            if redirections == MOST_REDIRECTIONS or loop.time() > patient_until_s:
                break
            redirections += 1
            if isinstance(reply, MovedError):
                node = self._node(_target(reply, node))
                self._owners[slot] = node
                self._learn_soon(doubted=None)
                exchanged = await self._reached(node, slot, again, lasting=lasting)
            elif isinstance(reply, AskError):
                asked = [command for each in again for command in (_ASKING, each)]
                exchanged = await self._sent(self._node(_target(reply, node)), asked, lasting=lasting)
                exchanged = exchanged._replace(values=exchanged.values[1::2])
            else:
                redirections = 0
                await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                if isinstance(reply, ClusterDownError):
                    await self._learn(doubted=node)
                    node = self._owners[slot] or node
                exchanged = await self._reached(node, slot, again, lasting=lasting)
            for index, value in zip(left, exchanged.values, strict=True):
                values[index] = value
            tries += exchanged.tries - 1
            # What a server that refused everything says of its replicas is of no interest.
            if replicas is None or exchanged.replicas is None or len(left) == len(values):
                replicas = exchanged.replicas
            else:
                replicas = min(replicas, exchanged.replicas)
        return Exchanged(values, tries, replicas)

    async def _learnt_owner(self, slot: int) -> RedisNode:
        await self._learn()
        owner = self._owners[slot]
        if owner is None:
            raise RedisConnectionError(f"no server has the hash slot {slot}")
        return owner

    def _learn_soon(self, *, doubted: RedisNode | None) -> asyncio.Task[None]:
        if self._learning is None or self._learning.done():
            self._learning = asyncio.create_task(self._ask_all(doubted))
            self._learning.add_done_callback(lambda done: done.cancelled() or done.exception())
        return self._learning

    async def _learn(self, *, doubted: RedisNode | None = None) -> None:
        """Ask the cluster who has what; for all who ask at once together, and seldom where it was learnt before."""
        if doubted is not None and asyncio.get_running_loop().time() < self._learnt_at + _SHORTEST_BETWEEN_S:
            return
        await asyncio.shield(self._learn_soon(doubted=doubted))

    async def _ask_all(self, doubted: RedisNode | None) -> None:
        candidates = list({self._nodes[address] for address in self._masters} | {self._seed})
        random.shuffle(candidates)
        candidates.sort(key=lambda node: node is doubted)  # it may hang, or not know that it was replaced
        failure: Exception = RedisConnectionError("no server of the cluster knows its slots")
        for node in candidates:
            try:
                ranges = await slot_ranges(node)
            except _UNREACHABLE as error:
                failure = error
                continue
            if ranges:
                owners: list[RedisNode | None] = [None] * SLOTS
                for first, last, master in ranges:
                    owners[first : last + 1] = [self._node(master)] * (last - first + 1)
                self._adopt(owners, {master for _, _, master in ranges})
                return
        raise failure

    def _adopt(self, owners: list[RedisNode | None], masters: set[Address]) -> None:
        if self._masters and masters != self._masters:
            log.warning("the cluster's masters are now %s", ", ".join(f"{host}:{port}" for host, port in sorted(masters)))
        self._owners = owners
        self._masters = masters
        self._learnt_at = asyncio.get_running_loop().time()
        for address in self._nodes.keys() - masters:
            node = self._nodes[address]
            if node is not self._seed:
                del self._nodes[address]
                closing = asyncio.create_task(node.close())
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)

    def _node(self, address: Address) -> RedisNode:
        node = self._nodes.get(address)
        if node is None:
            node = self._nodes[address] = RedisNode(
                self._settings,
                address,
                pool_size=self._pool_size,
                timeout_s=self._timeout_s,
                replication=self._replication,
            )
        return node


def _target(reply: AskError, answered: RedisNode) -> Address:
    # Without a host, it is the one that answered.
    return reply.host or (answered.address or ("localhost", 0))[0], reply.port
