"""The small interface behind which Redis is one server or a cluster."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeAlias

from redis.asyncio.connection import AbstractConnection

from leitmotif_services.profiles.store.redis_node import RedisNode
from leitmotif_services.profiles.store.redis_pipelining import Exchanged

Check: TypeAlias = Callable[[RedisNode], Awaitable[None]]
"""Raises where a server must not be used. It is asked before the first use of each, until it raises no more."""


class RedisServers(Protocol):
    """Knows which server has a key, and sends commands there.

    Methods raise RedisError or OSError when the server cannot be spoken to, NoConnectionFreeError, and what a `Check` raises.
    """

    def send(self, key: bytes | str, commands: Sequence[bytes], *, lasting: bool = False) -> Awaitable[Exchanged]:
        """The answers to encoded commands, whose keys all share the hash slot of `key`; see `RedisNode.send`."""
        ...

    async def masters(self) -> Sequence[RedisNode]:
        """The servers that have the keys between them."""
        ...

    def new_connections(self) -> list[AbstractConnection]:
        """New connections, not connected yet, to each server that a subscriber may listen at; whoever asks closes them."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...
