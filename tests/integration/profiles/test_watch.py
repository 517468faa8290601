"""WatchProfile over real gRPC: two instances of the service on one real Redis, and a device at each."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from redis.asyncio import Redis

from leitmotif.api.profiles.v1 import presets_pb2
from leitmotif.api.profiles.v1 import profiles_pb2 as pb
from leitmotif.api.profiles.v1.presets_pb2_grpc import PresetsServiceStub
from leitmotif.api.profiles.v1.profiles_pb2_grpc import ProfilesServiceStub
from leitmotif_services.embedded.redis_server import EmbeddedRedis
from leitmotif_services.profiles.app import build
from leitmotif_services.profiles.config import ProfilesConfig
from leitmotif_services.runtime.request_context import TENANT_KEY
from leitmotif_services.runtime.server import GrpcServer, ServerSettings
from leitmotif_services.runtime.status import upstream_error

AGREE_WITHIN_S = 1.0
"""What the proto promises."""


class Instance:
    """One instance of the service, and a device that is connected to it."""

    def __init__(self, server: GrpcServer, channel: grpc.aio.Channel, caller: Any) -> None:
        self.server = server
        self.caller = caller
        self.presets: Any = PresetsServiceStub(channel)

    def watch(self, user_id: str, etag: str = "", tenant: str = "") -> Any:
        metadata = ((TENANT_KEY, tenant),) if tenant else ()
        return self.caller.stub.WatchProfile(pb.WatchProfileRequest(user_id=user_id, etag=etag), metadata=metadata)


@asynccontextmanager
async def serving(redis_url: str, wire: Any, **settings: Any) -> AsyncIterator[Instance]:
    server_settings = ServerSettings(listen="127.0.0.1:0", grace_s=1.0, **settings)
    config = ProfilesConfig(server=server_settings, redis_url=redis_url, redis_timeout_s=1.0)
    app = await build(config)
    server = GrpcServer(config.server, app)
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            yield Instance(server, channel, wire.caller(ProfilesServiceStub(channel)))
    finally:
        await server.drain()
        await app.close()


@pytest.fixture
async def two(empty_redis_url: str, wire: Any) -> AsyncIterator[tuple[Instance, Instance]]:
    async with serving(empty_redis_url, wire) as first, serving(empty_redis_url, wire) as second:
        await first.caller.register()
        yield first, second


async def answer(watch: Any, within_s: float = 5.0) -> pb.WatchProfileResponse:
    response = await asyncio.wait_for(watch.read(), within_s)
    assert response is not grpc.aio.EOF
    assert isinstance(response, pb.WatchProfileResponse)
    return response


async def until_told(watch: Any, etag: str, within_s: float = AGREE_WITHIN_S) -> pb.Profile:
    """The profile of that version, once it is told."""
    async with asyncio.timeout(within_s):
        while True:
            response = await watch.read()
            if response.profile.etag == etag:
                profile: pb.Profile = response.profile
                return profile


async def until(condition: Callable[[], Awaitable[bool]], within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while not await condition():
            await asyncio.sleep(0.01)


async def test_two_devices_agree_within_a_second_200_times_though_the_connection_is_killed(
    two: tuple[Instance, Instance], empty_redis_url: str, wire: Any
) -> None:
    kills = 0
    delays_s: list[float] = []
    loop = asyncio.get_running_loop()

    async def agree(user_id: str, edited_at: Instance, watched_at: Instance) -> None:
        nonlocal kills
        await edited_at.caller.edit(user_id, wire.change("calm", "SET", 0.0), allow_missing=True)
        watch = watched_at.watch(user_id)
        await answer(watch)
        for number in range(20):
            if user_id == "u0" and number % 7 == 3:
                kills += await redis.client_kill_filter(_type="pubsub")
            edited = await edited_at.caller.edit(user_id, wire.change("calm", "BOOST", 0.01))
            acknowledged = loop.time()
            told = await until_told(watch, edited.profile.etag)
            delays_s.append(loop.time() - acknowledged)
            assert told == edited.profile
        watch.cancel()

    async with Redis.from_url(empty_redis_url) as redis:
        await asyncio.gather(*(agree(f"u{number}", two[number % 2], two[1 - number % 2]) for number in range(10)))
    assert len(delays_s) == 200
    assert kills >= 4, "the connections of both were killed, more than once"
    assert max(delays_s) < AGREE_WITHIN_S
    print(f"\ntold after {sorted(delays_s)[100] * 1e3:.0f} ms (median), {max(delays_s) * 1e3:.0f} ms (most)")


async def test_deletion_and_a_new_beginning_are_told(two: tuple[Instance, Instance], wire: Any) -> None:
    first, second = two
    watch = second.watch("u")
    assert (await answer(watch)).deleted
    made = await first.caller.edit("u", wire.change("calm", "BOOST"), allow_missing=True)
    assert (await answer(watch, AGREE_WITHIN_S)).profile == made.profile
    await first.caller.stub.DeleteProfile(pb.DeleteProfileRequest(user_id="u"))
    assert (await answer(watch, AGREE_WITHIN_S)).deleted
    again = await first.caller.edit("u", wire.change("sad", "BOOST"), allow_missing=True)
    assert (await answer(watch, AGREE_WITHIN_S)).profile == again.profile


async def test_every_kind_of_change_is_told(two: tuple[Instance, Instance], wire: Any) -> None:
    first, second = two
    await first.caller.edit("u", wire.change("calm", "BOOST"), allow_missing=True)
    watch = second.watch("u")
    await answer(watch)
    recorded = await first.caller.record("u", [wire.play("e1", "t1")], [[1, 0, 0, 0]])
    assert (await until_told(watch, recorded.etag)).event_count == 1
    undone = await first.caller.stub.UndoEdit(pb.UndoEditRequest(user_id="u"))
    assert (await until_told(watch, undone.profile.etag)).can_redo
    preset = presets_pb2.Preset(preset_id="a", controls=[presets_pb2.PresetControl(prototype_id="sad", edit=2.0)])
    saved = await first.presets.SavePreset(presets_pb2.SavePresetRequest(user_id="u", preset=preset))
    await until_told(watch, saved.etag)
    activated = await first.presets.ActivatePreset(presets_pb2.ActivatePresetRequest(user_id="u", preset_id="a"))
    assert await until_told(watch, activated.profile.etag) == activated.profile
    await first.caller.register("m2", ("calm", "new"))
    rebuilt = await first.caller.stub.RebuildProfile(pb.RebuildProfileRequest(user_id="u", model_version="m2"))
    assert (await until_told(watch, rebuilt.profile.etag)).model_version == "m2"


async def test_the_end_of_a_preset_is_told_to_both(two: tuple[Instance, Instance], wire: Any) -> None:
    first, _ = two
    before = (await first.caller.edit("u", wire.change("calm", "BOOST"), allow_missing=True)).profile
    preset = presets_pb2.Preset(preset_id="a", controls=[presets_pb2.PresetControl(prototype_id="calm", edit=2.0)])
    await first.presets.SavePreset(presets_pb2.SavePresetRequest(user_id="u", preset=preset))
    request = presets_pb2.ActivatePresetRequest(user_id="u", preset_id="a", duration=Duration(nanos=600_000_000))
    activated = (await first.presets.ActivatePreset(request)).profile
    assert activated.weights[0].weight == 3.0
    watches = [instance.watch("u") for instance in two]
    for watch in watches:
        assert (await answer(watch)).profile == activated
    for watch in watches:
        over = (await answer(watch, 0.6 + AGREE_WITHIN_S)).profile
        assert not over.HasField("active_preset")
        assert over.weights == before.weights
        assert over.etag == activated.etag
        watch.cancel()


async def test_a_caller_who_knows_the_version_hears_nothing_before_the_next(two: tuple[Instance, Instance], wire: Any) -> None:
    first, second = two
    known = (await first.caller.edit("u", wire.change("calm", "BOOST"), allow_missing=True)).profile.etag
    watch = second.watch("u", known)
    reading = asyncio.ensure_future(watch.read())
    await asyncio.wait({reading}, timeout=0.3)
    assert not reading.done()
    edited = await first.caller.edit("u", wire.change("calm", "BOOST"))
    assert (await asyncio.wait_for(reading, AGREE_WITHIN_S)).profile == edited.profile


async def test_all_watches_of_a_process_share_one_connection_and_leave_nothing_behind(
    two: tuple[Instance, Instance], empty_redis_url: str, wire: Any
) -> None:
    async with Redis.from_url(empty_redis_url) as redis, AsyncExitStack() as ended:
        assert await redis.client_list(_type="pubsub") == [], "nothing is connected before somebody watches"
        watches = []
        for number in range(40):
            instance = two[number % 2]
            watch = instance.watch(f"u{number // 4}")
            ended.callback(watch.cancel)
            assert (await answer(watch)).deleted
            watches.append(watch)
        await until(lambda: _is(redis.pubsub_channels("*:changed"), 10))
        assert len(await redis.client_list(_type="pubsub")) == 2
        for watch in watches[:2]:
            watch.cancel()
        made = await two[0].caller.edit("u0", wire.change("calm", "BOOST"), allow_missing=True)
        for watch in watches[2:4]:
            assert (await answer(watch, AGREE_WITHIN_S)).profile == made.profile, "others of that user still hear"
        for watch in watches:
            watch.cancel()
        await until(lambda: _is(redis.pubsub_channels("*:changed"), 0))


async def _is(listed: Awaitable[Sequence[object]], count: int) -> bool:
    return len(await listed) == count


async def test_another_tenants_user_of_the_same_id_is_somebody_else(two: tuple[Instance, Instance], wire: Any) -> None:
    first, second = two
    theirs, ours = second.watch("u", tenant="acme"), second.watch("u")
    assert (await answer(theirs)).deleted
    assert (await answer(ours)).deleted
    made = await first.caller.edit("u", wire.change("calm", "BOOST"), allow_missing=True)
    assert (await answer(ours, AGREE_WITHIN_S)).profile == made.profile
    request = pb.EditProfileRequest(user_id="u", changes=[wire.change("sad", "BOOST")], allow_missing=True)
    other = await first.caller.stub.EditProfile(request, metadata=((TENANT_KEY, "acme"),))
    assert (await answer(theirs, AGREE_WITHIN_S)).profile == other.profile
    reading = asyncio.ensure_future(ours.read())
    await asyncio.wait({reading}, timeout=0.3)
    assert not reading.done()


async def test_a_caller_who_does_not_read_holds_nobody_up_and_gets_the_newest_in_the_end(
    two: tuple[Instance, Instance], wire: Any
) -> None:
    first, second = two
    await first.caller.register("wide", tuple(f"prototype-{number:05d}" for number in range(4000)))
    await first.caller.edit("u", wire.change("prototype-00000", "SET", 0.0), allow_missing=True)
    slow, quick = second.watch("u"), second.watch("u")
    await answer(slow)
    await answer(quick)
    for _ in range(30):
        edited = await first.caller.edit("u", wire.change("prototype-00000", "BOOST", 0.001))
        await until_told(quick, edited.profile.etag)
    told = 0
    while (await answer(slow, AGREE_WITHIN_S)).profile.etag != edited.profile.etag:
        told += 1
    assert told < 30, "what came between was left out"


async def test_a_draining_server_ends_its_watches(empty_redis_url: str, wire: Any) -> None:
    async with serving(empty_redis_url, wire) as instance:
        await instance.caller.register()
        await instance.caller.edit("u", wire.change("calm", "BOOST"), allow_missing=True)
        watches = [instance.watch("u") for _ in range(20)]
        for watch in watches:
            await answer(watch)
        started = asyncio.get_running_loop().time()
        draining = asyncio.create_task(instance.server.drain())
        for watch in watches:
            with pytest.raises(grpc.aio.AioRpcError) as ended:
                await asyncio.wait_for(watch.read(), 5)
            assert upstream_error(ended.value, "profiles").reason == "SERVER_DRAINING"
        await draining
        assert asyncio.get_running_loop().time() - started < 1.0


async def test_one_watch_too_many_is_refused(empty_redis_url: str, wire: Any) -> None:
    async with serving(empty_redis_url, wire, max_concurrent_watches=2) as instance:
        watches = [instance.watch("u") for _ in range(2)]
        for watch in watches:
            await answer(watch)
        third = instance.watch("u")
        assert await instance.caller.refusal(third.read()) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
        watches[0].cancel()

        async def there_is_room() -> bool:
            fourth = instance.watch("u")
            try:
                return (await answer(fourth)).deleted
            except grpc.aio.AioRpcError:
                return False
            finally:
                fourth.cancel()

        await until(there_is_room)
        watches[1].cancel()


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.WatchProfileRequest(), "user_id"),
        (pb.WatchProfileRequest(user_id="a{b}"), "user_id"),
        (pb.WatchProfileRequest(user_id="u", etag="x" * 129), "etag"),
    ],
)
async def test_bad_input_is_named(two: tuple[Instance, Instance], request_: pb.WatchProfileRequest, field: str) -> None:
    caller = two[0].caller
    with pytest.raises(grpc.aio.AioRpcError, match=field) as refused:
        await caller.stub.WatchProfile(request_).read()
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.fixture
def own_redis(tmp_path: Path) -> Any:
    redis = EmbeddedRedis(tmp_path / "redis")
    redis.start()
    yield redis
    redis.stop()


async def test_watches_go_on_when_redis_comes_back(own_redis: EmbeddedRedis, wire: Any) -> None:
    async with serving(own_redis.url, wire) as first, serving(own_redis.url, wire) as second:
        await first.caller.register()
        users = [f"u{number}" for number in range(20)]
        watches = {}
        for user_id in users:
            await first.caller.edit(user_id, wire.change("calm", "BOOST"), allow_missing=True)
            watches[user_id] = second.watch(user_id)
            await answer(watches[user_id])
        own_redis.stop()
        refused = first.caller.edit("u0", wire.change("calm", "BOOST"))
        assert await first.caller.refusal(refused) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")
        assert await first.caller.refusal(second.watch("u0").read()) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")
        own_redis.start()
        # At once, before the subscriptions are made anew: nothing may be missed.
        for user_id in users:
            edited = await first.caller.edit(user_id, wire.change("calm", "BOOST"))
            await until_told(watches[user_id], edited.profile.etag, within_s=5.0)


async def test_watches_go_on_when_redis_has_hung(own_redis: EmbeddedRedis, wire: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from leitmotif_services.profiles.store import redis_subscriptions

    monkeypatch.setattr(redis_subscriptions, "PING_S", 0.2)
    async with serving(own_redis.url, wire) as first, serving(own_redis.url, wire) as second:
        await first.caller.register()
        await first.caller.edit("u", wire.change("calm", "BOOST"), allow_missing=True)
        watch = second.watch("u")
        await answer(watch)
        async with Redis.from_url(own_redis.url) as redis:
            (before,) = await redis.client_list(_type="pubsub")
            os.kill(own_redis.pid, signal.SIGSTOP)
            await asyncio.sleep(1.5)  # longer than a sign of life is waited for: the connection is given up
            os.kill(own_redis.pid, signal.SIGCONT)
            edited = await first.caller.edit("u", wire.change("calm", "BOOST"))
            await until_told(watch, edited.profile.etag, within_s=5.0)
            await until(lambda: _is(redis.client_list(_type="pubsub"), 1))
            (after,) = await redis.client_list(_type="pubsub")
        assert after["id"] != before["id"]
