import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from leitmotif_services.profiles.store.redis_pipelining import MOST_TOGETHER, CommandPipeline


class Trips:
    """Gives a real connection to a function, and counts how often."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.count = 0
        self.failures: list[Exception] = []

    async def run(self, command: Callable[[Redis], Awaitable[Any]]) -> Any:
        self.count += 1
        if self.failures:
            raise self.failures.pop()
        return await command(self.redis)


@pytest.fixture
async def trips(empty_redis_url: str) -> AsyncIterator[Trips]:
    async with Redis.from_url(empty_redis_url, protocol=2) as redis:
        yield Trips(redis)


async def test_one_after_another_each_goes_alone(trips: Trips) -> None:
    pipeline = CommandPipeline(trips.run)
    for number in range(3):
        assert (await pipeline.send("INCR", "n")).value == number + 1
    assert trips.count == 3


async def test_concurrent_commands_share_round_trips_and_keep_their_answers(trips: Trips) -> None:
    pipeline = CommandPipeline(trips.run)
    await asyncio.gather(*(pipeline.send("SET", f"k{number}", f"v{number}") for number in range(50)))
    assert trips.count == 2, "the first goes alone, the others together"
    replies = await asyncio.gather(*(pipeline.send("GET", f"k{number}") for number in range(50)))
    assert [reply.value for reply in replies] == [f"v{number}".encode() for number in range(50)]
    assert {reply.tries for reply in replies} == {1}
    assert trips.count == 3


async def test_a_pipeline_is_bounded(trips: Trips) -> None:
    pipeline = CommandPipeline(trips.run)
    await asyncio.gather(*(pipeline.send("INCR", "n") for _ in range(1 + 3 * MOST_TOGETHER)))
    assert trips.count == 4
    assert await trips.redis.get("n") == str(1 + 3 * MOST_TOGETHER).encode()


async def test_a_refused_command_leaves_the_others_alone(trips: Trips) -> None:
    pipeline = CommandPipeline(trips.run)
    await trips.redis.set("text", "x")
    alone = await pipeline.send("INCR", "text")
    assert isinstance(alone.value, ResponseError)
    replies = await asyncio.gather(*(pipeline.send("INCR", key) for key in ("a", "text", "b", "b")))
    assert [type(reply.value) for reply in replies] == [int, ResponseError, int, int]
    assert replies[3].value == 2


async def test_a_failed_round_trip_fails_all_its_commands_and_nothing_later(trips: Trips) -> None:
    pipeline = CommandPipeline(trips.run)
    await asyncio.gather(*(pipeline.send("INCR", "n") for _ in range(4)))
    trips.failures = [OSError("gone")]
    outcomes = await asyncio.gather(*(pipeline.send("INCR", "n") for _ in range(4)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [OSError] * 4
    assert (await pipeline.send("INCR", "n")).value == 5


async def test_a_cancelled_caller_takes_its_command_back(trips: Trips) -> None:
    pipeline = CommandPipeline(trips.run)
    await asyncio.gather(*(pipeline.send("INCR", "n") for _ in range(4)))
    tasks = [asyncio.create_task(pipeline.send("INCR", "n")) for _ in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(outcomes[1], asyncio.CancelledError)
    assert [outcomes[index].value for index in (0, 2, 3)] == [5, 6, 7]
    await pipeline.close()
