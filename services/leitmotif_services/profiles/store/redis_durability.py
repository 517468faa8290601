"""Refuses a Redis that would lose profiles silently, and says what one that is used may lose."""

import logging
from typing import Any

from redis.exceptions import ResponseError

from leitmotif_services.profiles.store.redis_failures import RETRY_AFTER_S
from leitmotif_services.profiles.store.redis_node import RedisNode
from leitmotif_services.profiles.store.redis_socket import encoded
from leitmotif_services.runtime.errors import Reason, ServiceError

log = logging.getLogger(__name__)

_QUESTIONS = [
    encoded("INFO", "persistence"),
    encoded("INFO", "memory"),
    encoded("INFO", "replication"),
    encoded("INFO", "cluster"),
    encoded("CONFIG", "GET", "appendfsync"),
]

_MAY_LOSE = {
    "always": "nothing that was acknowledged",
    "everysec": "about the last second when its machine fails, and nothing when only its process does",
    "no": "the last half minute or so when its machine fails, and nothing when only its process does",
}
"""By `appendfsync`."""


class DurabilityCheck:
    """Applied to each server before its first use. `wait_replicas` have to be connected for changes to be acknowledged."""

    def __init__(self, *, allow_volatile: bool, cluster: bool, wait_replicas: int) -> None:
        self._cluster = cluster
        self._allow_volatile = allow_volatile
        self._wait_replicas = wait_replicas

    async def __call__(self, node: RedisNode) -> None:
        """STORE_UNAVAILABLE for a server without append-only file, or one that evicts, unless volatility is allowed.

        RedisError or OSError when it cannot be asked.
        """
        *infos, config = (await node.send(_QUESTIONS)).values
        for info in infos:
            if isinstance(info, ResponseError):
                raise info
        persistence, memory, replication, cluster = (_fields(info) for info in infos)
        if cluster.get("cluster_enabled") == "1" and not self._cluster:
            raise ServiceError(
                Reason.STORE_UNAVAILABLE,
                "Redis is of a cluster: set LEITMOTIF_PROFILES_REDIS_CLUSTER=true",
                retry_after_s=RETRY_AFTER_S,
            )
        faults = _faults(persistence, memory)
        if faults and not self._allow_volatile:
            raise ServiceError(
                Reason.STORE_UNAVAILABLE,
                f"Redis would lose profiles: {' and '.join(faults)}; change that, or set LEITMOTIF_PROFILES_ALLOW_VOLATILE=true",
                retry_after_s=RETRY_AFTER_S,
            )
        if node.checked:  # by another caller, meanwhile
            return
        node.checked = True
        if faults:
            log.warning("profiles may be lost: %s: %s", node.name, " and ".join(faults))
        if persistence.get("aof_enabled") == "1":
            self._tell_appendfsync(node, config)
        self._tell_replicas(node, replication)

    def _tell_appendfsync(self, node: RedisNode, config: Any) -> None:
        # Some who offer Redis as a service do not let it be asked for its configuration.
        if isinstance(config, ResponseError) or len(config) != 2:
            log.warning("%s does not tell its appendfsync: what a crash of its machine loses is not known here", node.name)
            return
        policy = config[1].decode()
        level = logging.WARNING if policy == "no" else logging.INFO
        log.log(
            level, "%s has appendfsync %s: it may lose %s", node.name, policy, _MAY_LOSE.get(policy, "what is not known here")
        )

    def _tell_replicas(self, node: RedisNode, replication: dict[str, str]) -> None:
        connected = sum(name.startswith("slave") and "state=online" in value for name, value in replication.items())
        if connected < self._wait_replicas:
            log.error(
                "%s has %d replicas where LEITMOTIF_PROFILES_WAIT_REPLICAS asks for %d: no change is acknowledged before it has",
                node.name,
                connected,
                self._wait_replicas,
            )


def _faults(persistence: dict[str, str], memory: dict[str, str]) -> list[str]:
    faults = []
    if persistence.get("aof_enabled") != "1":
        faults.append("its append-only file is off (appendonly no)")
    policy = memory.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        faults.append(f"it evicts keys when memory is short (maxmemory-policy {policy})")
    return faults


def _fields(info: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in info.decode("utf-8", "replace").splitlines() if not line.startswith("#"))
    return {name: value for name, separator, value in pairs if separator}
