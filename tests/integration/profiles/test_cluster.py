"""The service over a Redis Cluster of three masters with a replica each."""

import asyncio
import logging
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from redis.crc import key_slot

from leitmotif.api.profiles.v1 import profiles_pb2 as pb
from leitmotif.api.profiles.v1.profiles_pb2_grpc import ProfilesServiceStub
from leitmotif_services.profiles.app import build
from leitmotif_services.profiles.config import ProfilesConfig
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.local_channel import LocalChannel
from leitmotif_services.runtime.server import ServerSettings
from tests.redis_cluster import NODE_TIMEOUT_MS, ClusterServer, LocalCluster, until

UNAVAILABLE = (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")

LOAD_S = float(os.environ.get("LEITMOTIF_TEST_CLUSTER_LOAD_S", "3"))
"""How long there is load before a master is killed, and after all is well again."""

FAILOVER_S = 3 * NODE_TIMEOUT_MS / 1000 + 4
"""Within the node timeout the others find a master silent, within as much they agree, and within as much again a replica is
elected; the rest is for a machine that is busy with six servers and their load."""


def config_for(url: str, **settings: Any) -> ProfilesConfig:
    server = ServerSettings(listen="127.0.0.1:0", grace_s=1.0)
    defaults = {"redis_cluster": True, "redis_timeout_s": 1.0}
    return ProfilesConfig(server=server, redis_url=url, **(defaults | settings))


@asynccontextmanager
async def serving(cluster: LocalCluster, wire: Any, **settings: Any) -> AsyncIterator[Any]:
    app = await build(config_for(cluster.url, **settings))
    try:
        yield wire.caller(ProfilesServiceStub(LocalChannel(app).as_channel()))
    finally:
        await app.close()


@pytest.fixture
async def caller(cluster_redis: LocalCluster, wire: Any) -> AsyncIterator[Any]:
    async with serving(cluster_redis, wire) as caller:
        await caller.register()
        yield caller


def slot_of(user_id: str) -> int:
    return int(key_slot(user_id.encode()))


async def test_users_are_spread_over_all_masters(caller: Any, cluster_redis: LocalCluster, wire: Any) -> None:
    users = [f"user-{number}" for number in range(60)]
    await asyncio.gather(*(caller.edit(user, wire.change("calm", "SET", 0.5), allow_missing=True) for user in users))
    await asyncio.gather(*(caller.record(user, [wire.play("e1", "t1")], [[1, 0, 0, 0]]) for user in users))
    profiles = await asyncio.gather(*(caller.profile(user) for user in users))
    assert [(profile.weights[0].edit, profile.event_count) for profile in profiles] == [(0.5, 1)] * 60
    keys = [server.redis.dbsize() for server in cluster_redis.masters()]
    assert min(keys) >= 30, keys
    deleted = await caller.stub.DeleteProfile(pb.DeleteProfileRequest(user_id="user-0", verify=True))
    assert deleted.receipt.scanned_keys == sum(server.redis.dbsize() for server in cluster_redis.masters())
    assert (deleted.existed, deleted.receipt.remaining_keys) == (True, 0)


async def test_a_change_at_one_service_is_told_at_another(caller: Any, cluster_redis: LocalCluster, wire: Any) -> None:
    edited = await caller.edit("u", wire.change("calm", "BOOST"), allow_missing=True)
    async with serving(cluster_redis, wire) as other:
        watch = other.stub.WatchProfile(pb.WatchProfileRequest(user_id="u", etag=edited.profile.etag))
        told = asyncio.ensure_future(anext(watch))
        await asyncio.sleep(0)
        edited = await caller.edit("u", wire.change("calm", "BOOST"))
        assert (await asyncio.wait_for(told, 5)).profile.etag == edited.profile.etag
        await watch.aclose()


async def test_a_slot_moves_under_load(caller: Any, cluster_redis: LocalCluster, wire: Any) -> None:
    await caller.edit("moving", wire.change("calm", "SET", 0.0), allow_missing=True)
    await caller.record("moving", [wire.play("e1", "t1")], [[1, 0, 0, 0]])
    stop = asyncio.Event()
    edits = reads = 0

    async def edit() -> None:
        nonlocal edits
        while not stop.is_set():
            await caller.edit("moving", wire.change("calm", "BOOST", 0.001))
            edits += 1

    async def read() -> None:
        nonlocal reads
        while not stop.is_set():
            await caller.profile("moving")
            reads += 1

    load = [asyncio.create_task(work()) for work in (edit, edit, read, read)]
    slot = slot_of("moving")
    for _ in range(4):
        source = owner_of(cluster_redis, slot)
        target = next(server for server in cluster_redis.masters() if server is not source)
        before = edits, reads
        await asyncio.to_thread(move, slot, source, target)
        await until_true(lambda before=before: edits > before[0] + 5 and reads > before[1] + 5)  # type: ignore[misc]
    stop.set()
    await asyncio.gather(*load)
    profile = await caller.profile("moving")
    assert profile.weights[0].edit == pytest.approx(0.001 * edits, abs=1e-9)
    assert profile.event_count == 1


def owner_of(cluster: LocalCluster, slot: int) -> ClusterServer:
    return next(server for server in cluster.masters() if server.cluster("COUNTKEYSINSLOT", slot))


def move(slot: int, source: ClusterServer, target: ClusterServer) -> None:
    """As `redis-cli --cluster reshard` does, one key at a time, so that both servers have some of a user's keys for a while."""
    target.cluster("SETSLOT", slot, "IMPORTING", source.id)
    source.cluster("SETSLOT", slot, "MIGRATING", target.id)
    while keys := source.redis.execute_command("CLUSTER GETKEYSINSLOT", slot, 1):
        time.sleep(0.05)
        source.redis.execute_command("MIGRATE", "127.0.0.1", target.port, keys[0], 0, 5000)
    for server in (target, source):
        server.cluster("SETSLOT", slot, "NODE", target.id)


async def until_true(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("setting", "value", "otherwise", "told"),
    [("appendonly", "no", "yes", "append-only"), ("maxmemory-policy", "allkeys-lru", "noeviction", "evicts")],
)
async def test_every_master_is_looked_at(
    cluster_redis: LocalCluster, setting: str, value: str, otherwise: str, told: str
) -> None:
    last = cluster_redis.masters()[-1]
    last.redis.config_set(setting, value)
    try:
        with pytest.raises(ServiceError, match=told) as refused:
            await build(config_for(cluster_redis.url))
        assert refused.value.reason is Reason.STORE_UNAVAILABLE
    finally:
        last.redis.config_set(setting, otherwise)
        until(lambda: not last.redis.info("persistence")["aof_rewrite_in_progress"], "the append-only file is not written")


async def test_what_a_crash_may_lose_is_told(cluster_redis: LocalCluster, wire: Any, caplog: pytest.LogCaptureFixture) -> None:
    policies = ("always", "everysec", "no")
    try:
        for server, policy in zip(cluster_redis.masters(), policies, strict=True):
            server.redis.config_set("appendfsync", policy)
        with caplog.at_level(logging.INFO, logger="leitmotif_services.profiles"):
            async with serving(cluster_redis, wire, wait_replicas=2):
                pass
    finally:
        for server in cluster_redis.masters():
            server.redis.config_set("appendfsync", "everysec")
    told = {policy: [each for each in caplog.records if f"appendfsync {policy}:" in each.getMessage()] for policy in policies}
    assert [len(told[policy]) for policy in policies] == [1, 1, 1]
    assert "nothing that was acknowledged" in told["always"][0].getMessage()
    assert "about the last second" in told["everysec"][0].getMessage()
    assert told["no"][0].levelno == logging.WARNING
    lacking = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert len(lacking) == 3
    assert all("1 replicas where LEITMOTIF_PROFILES_WAIT_REPLICAS asks for 2" in each.getMessage() for each in lacking)


async def test_a_server_of_a_cluster_is_not_taken_for_a_single_one(cluster_redis: LocalCluster) -> None:
    with pytest.raises(ServiceError, match="LEITMOTIF_PROFILES_REDIS_CLUSTER=true"):
        await build(config_for(cluster_redis.url, redis_cluster=False))


async def test_a_change_that_too_few_replicas_have_is_not_acknowledged(cluster_redis: LocalCluster, wire: Any) -> None:
    async with (
        serving(cluster_redis, wire) as plain,
        serving(cluster_redis, wire, wait_replicas=1) as one,
        serving(cluster_redis, wire, wait_replicas=2, wait_timeout_s=0.1) as two,
    ):
        await plain.register()
        await plain.edit("u", wire.change("calm", "BOOST"), allow_missing=True)
        with pytest.raises(grpc.aio.AioRpcError, match=r"1 of the 2 replicas .* may last or not; read the profile") as refused:
            await two.edit("u", wire.change("calm", "BOOST"), request_id="r1")
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        assert (await two.profile("u")).weights[0].edit == 2.0, "reading tells"
        events = [wire.play("e1", "t1")]
        assert await two.refusal(two.record("u", events, [[1, 0, 0, 0]])) == UNAVAILABLE
        # A repeat finds it done, and is no acknowledgement either, until replicas have it.
        assert await two.refusal(two.edit("u", wire.change("calm", "BOOST"), request_id="r1")) == UNAVAILABLE
        assert await two.refusal(two.record("u", events, [[1, 0, 0, 0]])) == UNAVAILABLE
        assert (await one.edit("u", wire.change("calm", "BOOST"), request_id="r1")).edit.sequence == 2
        assert (await one.record("u", events, [[1, 0, 0, 0]])).repeated_events == 1
        for _ in range(2):
            assert await two.refusal(two.stub.DeleteProfile(pb.DeleteProfileRequest(user_id="u"))) == UNAVAILABLE
        assert not (await one.stub.DeleteProfile(pb.DeleteProfileRequest(user_id="u"))).existed


_PAUSE_S = {"edit": (2 * LOAD_S + 2 * FAILOVER_S) / 150, "read": 0.02}
"""So that no edit log is full in the end, and each acknowledged edit can be looked up."""


class Load:
    """Edits and reads of many users, and when a call failed."""

    def __init__(self, caller: Any, wire: Any) -> None:
        self._caller = caller
        self._wire = wire
        self.users = [f"user-{number}" for number in range(48)]
        self.acknowledged: dict[str, list[pb.Edit]] = {user: [] for user in self.users}
        self.failed_at: dict[str, list[float]] = {"edit": [], "read": []}
        self.calls = 0
        self._stopped = False

    def start(self) -> list[asyncio.Task[None]]:
        works: list[tuple[str, Callable[[str], Awaitable[object]]]] = [("edit", self._edit), ("read", self._caller.profile)]
        return [asyncio.create_task(self._repeat(kind, call, user)) for kind, call in works for user in self.users]

    def stop(self) -> None:
        self._stopped = True

    async def _repeat(self, kind: str, call: Callable[[str], Awaitable[object]], user: str) -> None:
        while not self._stopped:
            try:
                await call(user)
            except grpc.aio.AioRpcError as error:
                assert error.code() is grpc.StatusCode.UNAVAILABLE, error
                self.failed_at[kind].append(time.monotonic())
                await asyncio.sleep(0.05)
            self.calls += 1
            await asyncio.sleep(_PAUSE_S[kind])

    async def _edit(self, user: str) -> None:
        edited = await self._caller.edit(user, self._wire.change("calm", "SET", random.uniform(-1, 1)))
        self.acknowledged[user].append(edited.edit)

    @property
    def edits(self) -> int:
        return sum(map(len, self.acknowledged.values()))


async def test_a_master_is_killed_under_load(tmp_path: Path, wire: Any) -> None:
    with LocalCluster(tmp_path) as cluster:
        async with serving(cluster, wire, wait_replicas=1) as caller:
            await caller.register()
            load = Load(caller, wire)
            for user in load.users:
                await caller.edit(user, wire.change("calm", "SET", 0.0), allow_missing=True)
            tasks = load.start()
            await asyncio.sleep(random.uniform(0.3, LOAD_S))
            assert load.failed_at == {"edit": [], "read": []}
            # The one that the URL names, so that the others have to be known by now.
            victim = cluster.servers[0]
            killed_at = time.monotonic()
            victim.kill()
            await asyncio.to_thread(until, lambda: cluster.servers[3].is_master, "no replica takes over", timeout_s=FAILOVER_S)
            taken_over_at = time.monotonic()
            # Whatever looks after the servers starts it again; it comes back as the replica that edits have to wait for.
            await asyncio.to_thread(victim.start)
            await asyncio.to_thread(cluster.wait_until_whole)
            whole_at = time.monotonic()
            edits_when_whole = load.edits
            await asyncio.sleep(LOAD_S)
            load.stop()
            await asyncio.gather(*tasks)
            reads, edits = load.failed_at["read"], load.failed_at["edit"]
            print(
                f"\n{load.calls} calls, {load.edits} edits acknowledged; a replica took over "
                f"after {taken_over_at - killed_at:.1f} s; {len(reads)} reads failed, the last after "
                f"{max(reads) - killed_at:.1f} s, and {len(edits)} edits, the last after {max(edits) - killed_at:.1f} s"
            )
            assert load.edits > edits_when_whole + len(load.users)
            assert max(reads) < taken_over_at + 2.0
            assert max(reads) - killed_at < FAILOVER_S
            assert max(edits) < whole_at + 2.0
            lost = 0
            for user, acknowledged in load.acknowledged.items():
                log = (await caller.stub.ListEdits(pb.ListEditsRequest(user_id=user, page_size=200))).edits
                kept = {edit.sequence: edit for edit in log}
                lost += sum(kept.get(edit.sequence) != edit for edit in acknowledged)
                assert len(kept) == max(kept), "the log has no gaps"
            print(f"{lost} acknowledged edits are lost")
            assert lost == 0
