"""Redis goes away and comes back under a running service, over real gRPC."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from leitmotif.api.profiles.v1 import profiles_pb2 as pb
from leitmotif.api.profiles.v1.profiles_pb2_grpc import ProfilesServiceStub
from leitmotif_services.embedded.redis_server import EmbeddedRedis
from leitmotif_services.profiles.app import build
from leitmotif_services.profiles.config import ProfilesConfig
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.server import GrpcServer, ServerSettings


class Served:
    """The profiles service on a port, over a Redis of this test's own."""

    def __init__(self, redis: EmbeddedRedis, url: str) -> None:
        self.redis = redis
        self.url = url
        self.caller: Any = None


@pytest.fixture
async def served(tmp_path: Path, wire: Any) -> AsyncIterator[Served]:
    redis = EmbeddedRedis(tmp_path / "redis", append_fsync="always")
    redis.start()
    served = Served(redis, redis.url)
    config = ProfilesConfig(server=ServerSettings(listen="127.0.0.1:0", grace_s=1.0), redis_url=redis.url, redis_timeout_s=1.0)
    app = await build(config)
    server = GrpcServer(config.server, app)
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        served.caller = wire.caller(ProfilesServiceStub(channel))
        await served.caller.register()
        yield served
    await server.drain()
    await app.close()
    redis.stop()


def details_of(error: grpc.aio.AioRpcError) -> tuple[error_details_pb2.ErrorInfo, error_details_pb2.RetryInfo]:
    status = status_pb2.Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    assert any(detail.Unpack(info) for detail in status.details)
    assert any(detail.Unpack(retry) for detail in status.details)
    return info, retry


async def test_unavailable_while_redis_is_gone_and_well_again_after(served: Served, wire: Any) -> None:
    caller = served.caller
    await caller.record("u", [wire.play("e1", "t1")], [[1, 0, 0, 0]])
    # Several connections are open when Redis goes: each of them must recover.
    await asyncio.gather(*(caller.profile("u") for _ in range(16)))
    before = await caller.profile("u")
    served.redis.stop()
    for call in (
        caller.profile("u"),
        caller.edit("u", wire.change("calm", "BOOST")),
        caller.record("u", [wire.play("e2", "t1")], [[1, 0, 0, 0]]),
        caller.stub.GetProfileVector(pb.GetProfileVectorRequest(user_id="u", include_heard=True)),
        caller.stub.ListEvents(pb.ListEventsRequest(user_id="u")),
        caller.stub.ExportProfile(pb.ExportProfileRequest(user_id="u")),
        caller.stub.DeleteProfile(pb.DeleteProfileRequest(user_id="u")),
        caller.register("m2", ("x",)),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        info, retry = details_of(refused.value)
        assert info.reason == "STORE_UNAVAILABLE"
        assert retry.retry_delay.seconds == 1
        assert served.url.removeprefix("unix://") not in str(refused.value), "drivers' messages stay in the log"
    served.redis.start()
    answers = await asyncio.gather(*(caller.profile("u") for _ in range(16)))
    assert all(answer == before for answer in answers), "no call may fail once Redis is back"
    assert (await caller.edit("u", wire.change("calm", "BOOST"))).edit.sequence == 1


async def test_nothing_acknowledged_is_lost_when_redis_is_killed(served: Served, wire: Any) -> None:
    caller = served.caller
    await caller.edit("u", wire.change("calm", "SET", 0.0), allow_missing=True)
    acknowledged: list[pb.Edit] = []
    refused: list[str] = []
    killed = asyncio.Event()

    async def write(number: int) -> None:
        for count in range(10_000):
            try:
                edited = await caller.edit("u", wire.change("calm", "BOOST", 0.001), request_id=f"w{number}-{count}")
            except grpc.aio.AioRpcError as error:
                assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED), error
                refused.append(f"w{number}-{count}")
                return
            acknowledged.append(edited.edit)
            if len(acknowledged) == 40:
                os.kill(served.redis.pid, signal.SIGKILL)
                killed.set()

    await asyncio.gather(*(write(number) for number in range(8)))
    assert killed.is_set()
    assert len(acknowledged) >= 40
    served.redis.stop()
    served.redis.start()
    log = (await caller.stub.ListEdits(pb.ListEditsRequest(user_id="u", page_size=200))).edits
    kept = {edit.sequence: edit for edit in log}
    assert all(kept[edit.sequence] == edit for edit in acknowledged)
    # What was in flight may or may not have been written; repeating it with its request_id makes each count exactly once.
    for request_id in refused:
        await caller.edit("u", wire.change("calm", "BOOST", 0.001), request_id=request_id)
    profile = await caller.profile("u")
    assert profile.weights[0].edit == pytest.approx(0.001 * (len(acknowledged) + len(refused)), rel=1e-9)


async def test_starts_without_redis_and_serves_once_it_is_there(tmp_path: Path, wire: Any) -> None:
    redis = EmbeddedRedis(tmp_path / "redis")
    redis.start()
    url = redis.url
    redis.stop()
    config = ProfilesConfig(server=ServerSettings(listen="127.0.0.1:0", grace_s=1.0), redis_url=url, redis_timeout_s=1.0)
    app = await build(config)
    server = GrpcServer(config.server, app)
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        caller = wire.caller(ProfilesServiceStub(channel))
        assert await caller.refusal(caller.register()) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")
        with redis:
            await caller.register()
            await caller.edit("u", wire.change("calm", "BOOST"), allow_missing=True)
    await server.drain()
    await app.close()


@pytest.mark.parametrize(
    ("setting", "value", "told"), [("appendonly", "no", "append-only"), ("maxmemory-policy", "allkeys-lru", "evicts")]
)
async def test_a_redis_that_would_lose_profiles_is_refused(tmp_path: Path, setting: str, value: str, told: str) -> None:
    from redis.asyncio import Redis

    with EmbeddedRedis(tmp_path / "redis") as redis:
        config = ProfilesConfig(server=ServerSettings(listen="127.0.0.1:0"), redis_url=redis.url)
        async with Redis.from_url(redis.url) as client:
            await client.config_set(setting, value)
        with pytest.raises(ServiceError, match=told) as refused:
            await build(config)
        assert refused.value.reason is Reason.STORE_UNAVAILABLE
        allowed = ProfilesConfig(server=config.server, redis_url=redis.url, allow_volatile=True)
        await (await build(allowed)).close()


async def test_a_volatile_redis_that_appears_later_is_refused_too(tmp_path: Path, wire: Any) -> None:
    from redis.asyncio import Redis

    from leitmotif_services.runtime.local_channel import LocalChannel

    redis = EmbeddedRedis(tmp_path / "redis")
    redis.start()
    url = redis.url
    redis.stop()
    app = await build(ProfilesConfig(server=ServerSettings(listen="127.0.0.1:0"), redis_url=url))
    caller = wire.caller(ProfilesServiceStub(LocalChannel(app).as_channel()))
    with redis:
        async with Redis.from_url(url) as client:
            await client.config_set("appendonly", "no")
            assert await caller.refusal(caller.register()) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")
            await client.config_set("appendonly", "yes")
            # Redis does not shut down before its first append-only file is written.
            while (await client.info("persistence"))["aof_rewrite_in_progress"]:
                await asyncio.sleep(0.01)
        await caller.register()
    await app.close()


async def test_a_redis_out_of_memory_or_read_only_is_unavailable(served: Served, wire: Any) -> None:
    from redis.asyncio import Redis

    caller = served.caller
    before = (await caller.edit("u", wire.change("calm", "BOOST"), allow_missing=True)).profile
    unavailable = (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")
    async with Redis.from_url(served.url) as client:
        await client.config_set("maxmemory", "1")
        assert await caller.refusal(caller.edit("u", wire.change("calm", "BOOST"))) == unavailable
        assert await caller.profile("u") == before
        await client.config_set("maxmemory", "0")
        await client.replicaof("127.0.0.1", "1")  # a replica of nobody is read-only
        assert await caller.refusal(caller.edit("u", wire.change("calm", "BOOST"))) == unavailable
        await client.replicaof("NO", "ONE")
    assert (await caller.edit("u", wire.change("calm", "BOOST"))).edit.sequence == 2


async def test_a_redis_that_hangs_is_unavailable_within_the_timeout(served: Served, wire: Any) -> None:
    caller = served.caller
    await caller.edit("u", wire.change("calm", "BOOST"), allow_missing=True)
    os.kill(served.redis.pid, signal.SIGSTOP)
    try:
        started = asyncio.get_running_loop().time()
        assert await caller.refusal(caller.profile("u")) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")
        assert asyncio.get_running_loop().time() - started < 3.0
    finally:
        os.kill(served.redis.pid, signal.SIGCONT)
    assert (await caller.profile("u")).weights[0].edit == 1.0
