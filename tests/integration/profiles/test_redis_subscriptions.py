"""The one connection by which a process hears of changes, against a real Redis."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import ConnectionPool, Redis

from leitmotif_services.profiles.store import redis_subscriptions
from leitmotif_services.profiles.store.redis_subscriptions import RedisSubscriptions


def listening_at(*urls: str) -> RedisSubscriptions:
    pools: list[Any] = [ConnectionPool.from_url(url, protocol=2) for url in urls]
    return RedisSubscriptions(lambda: [pool.make_connection() for pool in pools], timeout_s=0.5)


@pytest.fixture
async def redis(empty_redis_url: str) -> AsyncIterator[Any]:
    async with Redis.from_url(empty_redis_url) as client:
        yield client


@pytest.fixture
async def subscriptions(empty_redis_url: str) -> AsyncIterator[RedisSubscriptions]:
    subscriptions = listening_at(empty_redis_url)
    yield subscriptions
    await subscriptions.close()


async def heard(event: asyncio.Event, within_s: float = 2.0) -> None:
    async with asyncio.timeout(within_s):
        await event.wait()
    event.clear()


async def ids_of(redis: Any) -> list[str]:
    return [client["id"] for client in await redis.client_list(_type="pubsub")]


async def test_everybody_at_a_channel_is_woken_and_nobody_else(redis: Any, subscriptions: RedisSubscriptions) -> None:
    async with (
        subscriptions.listen("a") as first,
        subscriptions.listen("a") as second,
        subscriptions.listen("b") as other,
    ):
        for event in (first, second, other):
            await heard(event)  # that the subscription is in force
        await redis.publish("a", "x")
        await heard(first)
        await heard(second)
        await redis.publish("c", "x")
        await asyncio.sleep(0.05)
        assert not any(event.is_set() for event in (first, second, other))


async def test_listeners_who_come_and_go_do_not_keep_it_from_asking_whether_the_connection_lives(
    redis: Any, subscriptions: RedisSubscriptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_subscriptions, "PING_S", 0.1)
    async with subscriptions.listen("a") as event:
        await heard(event)
        before = await ids_of(redis)
        ends = asyncio.get_running_loop().time() + 1.0
        while asyncio.get_running_loop().time() < ends:
            async with subscriptions.listen("a"):
                await asyncio.sleep(0.02)
        assert await ids_of(redis) == before
        assert not event.is_set()


async def test_after_a_killed_connection_everybody_is_woken(redis: Any, subscriptions: RedisSubscriptions) -> None:
    async with subscriptions.listen("a") as first, subscriptions.listen("b") as second:
        for _ in range(10):
            await heard(first)
            await heard(second)
            assert await redis.client_kill_filter(_type="pubsub") == 1
        await heard(first)
        await heard(second)
        assert len(await ids_of(redis)) == 1


async def test_a_channel_that_is_left_and_taken_up_again_is_heard(redis: Any, subscriptions: RedisSubscriptions) -> None:
    async with subscriptions.listen("b") as other:
        await heard(other)
        for number in range(300):
            async with subscriptions.listen("a") as event:
                await redis.publish("a", "x")
                await heard(event)  # the message, or that the subscription came into force after it
            await asyncio.sleep(0.0002 * (number % 5))
        assert not other.is_set()


@pytest.mark.parametrize("pause_s", [0.0, 0.0005, 0.002, 0.01])
async def test_it_closes_at_any_moment(empty_redis_url: str, redis: Any, pause_s: float) -> None:
    for _ in range(50):
        subscriptions = listening_at(empty_redis_url)
        async with subscriptions.listen("a"):
            await asyncio.sleep(pause_s)
        await asyncio.wait_for(subscriptions.close(), 2)
    async with asyncio.timeout(5):
        while await ids_of(redis):
            await asyncio.sleep(0.01)


async def test_the_next_server_is_tried_where_one_does_not_answer(empty_redis_url: str) -> None:
    nobody = "redis://127.0.0.1:1"
    for _ in range(10):
        subscriptions = listening_at(nobody, empty_redis_url, nobody)
        async with subscriptions.listen("a") as event:
            await heard(event)
        await subscriptions.close()


async def test_nobody_is_left_who_never_began(empty_redis_url: str) -> None:
    await RedisSubscriptions(list, timeout_s=0.5).close()
    subscriptions = RedisSubscriptions(list, timeout_s=0.5)
    async with subscriptions.listen("a") as event:
        await asyncio.sleep(0.2)
        assert not event.is_set(), "no server is known"
    await asyncio.wait_for(subscriptions.close(), 2)
