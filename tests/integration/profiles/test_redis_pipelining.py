import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from redis.exceptions import ResponseError

from leitmotif_services.profiles.store.redis_node import RedisNode, Replication
from leitmotif_services.profiles.store.redis_pipelining import MOST_TOGETHER, CommandPipeline, Exchanged
from leitmotif_services.profiles.store.redis_socket import Argument, ConnectionSettings, encoded


class Trips:
    """Round trips to a real Redis, counted."""

    def __init__(self, node: RedisNode) -> None:
        self.node = node
        self.pipeline = CommandPipeline(self.exchange)
        self.count = 0
        self.failures: list[Exception] = []

    async def exchange(self, commands: Sequence[bytes]) -> Exchanged:
        self.count += 1
        if self.failures:
            raise self.failures.pop()
        return await self.node.send(commands)

    async def send(self, *arguments: Argument) -> object:
        (value,) = (await self.pipeline.send([encoded(*arguments)])).values
        return value


@pytest.fixture
async def trips(empty_redis_url: str) -> AsyncIterator[Trips]:
    settings = ConnectionSettings(empty_redis_url, timeout_s=5.0)
    node = RedisNode(settings, None, pool_size=8, timeout_s=5.0, replication=Replication())
    yield Trips(node)
    await node.close()


async def test_one_after_another_each_goes_alone(trips: Trips) -> None:
    for number in range(3):
        assert await trips.send("INCR", "n") == number + 1
    assert trips.count == 3


async def test_concurrent_commands_share_round_trips_and_keep_their_answers(trips: Trips) -> None:
    await asyncio.gather(*(trips.send("SET", f"k{number}", f"v{number}") for number in range(50)))
    assert trips.count == 2, "the first goes alone, the others together"
    values = await asyncio.gather(*(trips.send("GET", f"k{number}") for number in range(50)))
    assert values == [f"v{number}".encode() for number in range(50)]
    assert trips.count == 3


async def test_the_commands_of_one_caller_stay_together(trips: Trips) -> None:
    async def count(key: str) -> Exchanged:
        return await trips.pipeline.send([encoded("INCR", key), encoded("APPEND", "order", key), encoded("INCR", key)])

    answers = await asyncio.gather(*(count(f"k{number}") for number in range(9)))
    assert [answer.values[::2] for answer in answers] == [[1, 2]] * 9
    assert {(answer.tries, answer.replicas) for answer in answers} == {(1, None)}
    assert await trips.send("GET", "order") == b"".join(b"k%d" % number for number in range(9))
    assert trips.count == 3


async def test_a_pipeline_is_bounded(trips: Trips) -> None:
    await asyncio.gather(*(trips.send("INCR", "n") for _ in range(1 + 3 * MOST_TOGETHER)))
    assert trips.count == 4
    assert await trips.send("GET", "n") == str(1 + 3 * MOST_TOGETHER).encode()


async def test_a_refused_command_leaves_the_others_alone(trips: Trips) -> None:
    await trips.send("SET", "text", "x")
    assert isinstance(await trips.send("INCR", "text"), ResponseError)
    values = await asyncio.gather(*(trips.send("INCR", key) for key in ("a", "text", "b", "b")))
    assert [type(value) for value in values] == [int, ResponseError, int, int]
    assert values[3] == 2


async def test_a_failed_round_trip_fails_all_its_commands_and_nothing_later(trips: Trips) -> None:
    await asyncio.gather(*(trips.send("INCR", "n") for _ in range(4)))
    trips.failures = [OSError("gone")]
    outcomes = await asyncio.gather(*(trips.send("INCR", "n") for _ in range(4)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [OSError] * 4
    assert await trips.send("INCR", "n") == 5


async def test_a_cancelled_caller_takes_its_command_back(trips: Trips) -> None:
    await asyncio.gather(*(trips.send("INCR", "n") for _ in range(4)))
    tasks = [asyncio.create_task(trips.send("INCR", "n")) for _ in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(outcomes[1], asyncio.CancelledError)
    assert [outcomes[index] for index in (0, 2, 3)] == [5, 6, 7]
    await trips.pipeline.close()


async def test_a_caller_cancelled_on_the_way_leaves_its_connection_to_nobody(trips: Trips) -> None:
    for _ in range(20):
        task = asyncio.create_task(trips.send("INCR", "n"))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await trips.send("ECHO", "mine") == b"mine"
