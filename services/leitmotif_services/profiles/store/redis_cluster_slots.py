"""Who has which hash slot of a Redis Cluster, asked of the cluster itself."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from redis.exceptions import ResponseError

from leitmotif_services.profiles.store.redis_node import RedisNode
from leitmotif_services.profiles.store.redis_socket import Address, encoded
from leitmotif_services.runtime.errors import Reason, ServiceError

SLOTS = 16384

_CLUSTER_SLOTS = encoded("CLUSTER", "SLOTS")


class SlotRange(NamedTuple):
    """Slots `first` to `last`, both within, and the master that has them."""

    first: int
    last: int
    master: Address


async def slot_ranges(node: RedisNode) -> list[SlotRange]:
    """What a server knows of the cluster; empty when it knows of no slot yet.

    STORE_UNAVAILABLE for one that is not of a cluster; RedisError or OSError when it cannot be asked.
    """
    (answer,) = (await node.send([_CLUSTER_SLOTS])).values
    if isinstance(answer, ResponseError):
        if "cluster support disabled" in str(answer):
            raise ServiceError(
                Reason.STORE_UNAVAILABLE,
                "Redis is not of a cluster: set LEITMOTIF_PROFILES_REDIS_CLUSTER=false, or start it with cluster-enabled yes",
            )
        raise answer
    return [SlotRange(first, last, _address(master, node)) for first, last, master, *_ in answer]


def _address(master: Iterable[Any], asked: RedisNode) -> Address:
    host, port, *_ = master
    # A server that does not know its own address means the one that it was asked at.
    known = host.decode() if host not in (None, b"", b"?") else (asked.address or ("localhost", 0))[0]
    return known, port
