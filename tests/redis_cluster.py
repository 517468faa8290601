"""A Redis Cluster on this machine: three masters with a replica each, from the same redis-server that the other tests use."""

import socket
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType

from redis import Redis
from redis.exceptions import RedisError

from leitmotif_services.embedded.redis_server import find_redis_server

MASTERS = 3
NODE_TIMEOUT_MS = 2000
SLOTS = 16384

_BUS = 10_000
"""A server talks to the others of its cluster at its port and so much."""


class ClusterServer:
    """One server. It can be killed, and started again over the same folder and port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.port = _free_port()
        self.redis: Redis = Redis(port=self.port, socket_timeout=5, protocol=2, decode_responses=True)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        settings = {
            "port": self.port,
            "bind": "127.0.0.1",
            "dir": self.folder,
            "logfile": self.folder / "redis.log",
            "save": "",
            "appendonly": "yes",
            "cluster-enabled": "yes",
            "cluster-node-timeout": NODE_TIMEOUT_MS,
            "cluster-replica-validity-factor": 0,
            "repl-diskless-sync": "yes",
            "repl-diskless-sync-delay": 0,
            "repl-ping-replica-period": 1,
        }
        arguments = [text for name, value in settings.items() for text in (f"--{name}", str(value))]
        self._process = subprocess.Popen(
            [find_redis_server(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(self._answers, "a server of the cluster does not answer")

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        self.redis.close()
        if self._process is not None:
            self.kill()

    def cluster(self, *arguments: object) -> object:
        """A CLUSTER command; its answer as it comes, without redis-py's own reading of it."""
        return self.redis.execute_command("CLUSTER " + str(arguments[0]), *arguments[1:])

    @property
    def id(self) -> str:
        return str(self.cluster("MYID"))

    @property
    def is_master(self) -> bool:
        return self.redis.info("replication")["role"] == "master"

    def _answers(self) -> bool:
        try:
            return bool(self.redis.ping())
        except RedisError:
            return False


class LocalCluster:
    """Server n + 3 is started as the replica of server n."""

    def __init__(self, folder: Path) -> None:
        self.servers = [ClusterServer(folder / f"server-{number}") for number in range(2 * MASTERS)]

    @property
    def url(self) -> str:
        """Names one server; the others are to be learnt from it."""
        return f"redis://127.0.0.1:{self.servers[0].port}/0"

    def start(self) -> None:
        for server in self.servers:
            server.start()
        masters = self.servers[:MASTERS]
        for number, server in enumerate(self.servers):
            server.cluster("SET-CONFIG-EPOCH", number + 1)
        for number, server in enumerate(masters):
            # ADDSLOTSRANGE is of Redis 7.
            server.cluster("ADDSLOTS", *range(number * SLOTS // MASTERS, (number + 1) * SLOTS // MASTERS))
        for server in self.servers[1:]:
            server.cluster("MEET", "127.0.0.1", self.servers[0].port)
        until(self._have_met, "the servers do not meet")
        for number, server in enumerate(self.servers[MASTERS:]):
            replicate = partial(server.cluster, "REPLICATE", masters[number].id)
            until(partial(_done, replicate), "a replica finds no master")
        self.wait_until_whole()

    def wait_until_whole(self) -> None:
        """Every slot has a master that all servers know, and every master a replica that has what it has."""
        until(self._is_whole, "the cluster does not become whole")

    def masters(self) -> list[ClusterServer]:
        return [server for server in self.servers if server.is_master]

    def flush(self) -> None:
        for server in self.masters():
            server.redis.flushall()

    def close(self) -> None:
        for server in self.servers:
            server.close()

    def __enter__(self) -> "LocalCluster":
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def _have_met(self) -> bool:
        return all(len(server.redis.cluster("nodes")) == len(self.servers) for server in self.servers)

    def _is_whole(self) -> bool:
        try:
            states = [server.redis.info("replication") for server in self.servers]
            known = [server.redis.cluster("info")["cluster_state"] for server in self.servers]
        except RedisError:
            return False
        masters = [state for state in states if state["role"] == "master"]
        replicas = [state for state in states if state["role"] == "slave"]
        return (
            known == ["ok"] * len(self.servers)
            and len(masters) == MASTERS
            and all(state["connected_slaves"] == 1 and state["slave0"]["state"] == "online" for state in masters)
            and all(state["master_link_status"] == "up" for state in replicas)
        )


def until(condition: Callable[[], bool], failure: str, *, timeout_s: float = 40.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, failure
        time.sleep(0.05)


def _done(command: Callable[[], object]) -> bool:
    try:
        command()
    except RedisError:
        return False
    return True


def _free_port() -> int:
    """A port that is free, and its bus port too."""
    while True:
        with socket.socket() as client, socket.socket() as bus:
            client.bind(("127.0.0.1", 0))
            port: int = client.getsockname()[1]
            if port + _BUS > 65_535:
                continue
            try:
                bus.bind(("127.0.0.1", port + _BUS))
            except OSError:
                continue
            return port
