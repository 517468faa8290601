"""Shared by every part's tests: one real Redis for the session, emptied before each test that asks for it."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leitmotif_services.embedded.redis_server import EmbeddedRedis

if TYPE_CHECKING:
    from tests.redis_cluster import LocalCluster

# A shell starts what runs in its background with interrupts ignored, and children inherit that; tests interrupt processes.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    """The session's Redis. A test that stops or kills Redis starts one of its own instead."""
    with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def redis_url(redis_server: EmbeddedRedis) -> str:
    """Address of the session's Redis, unix://…"""
    return redis_server.url


@pytest.fixture
def empty_redis_url(redis_url: str) -> str:
    """Address of the session's Redis, emptied."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(10.0)
        connection.connect(str(Path(redis_url.removeprefix("unix://"))))
        connection.sendall(b"FLUSHALL\r\n")
        assert connection.recv(64) == b"+OK\r\n"
    return redis_url


@pytest.fixture(scope="session")
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[LocalCluster]":
    """The session's Redis Cluster. A test that kills a server of one starts one of its own instead."""
    from tests.redis_cluster import LocalCluster

    with LocalCluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def cluster_redis(redis_cluster: "LocalCluster") -> "LocalCluster":
    """The session's Redis Cluster, emptied."""
    redis_cluster.flush()
    return redis_cluster
