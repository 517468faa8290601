"""`leitmotif bench profiles`: the profile store beside a bare redis-py loop of the same commands, and what profiles take."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import uvloop
from redis.asyncio import Redis
from rich.table import Table

from leitmotif_services.embedded.redis_server import EmbeddedRedis
from leitmotif_services.workshop.bench_profiles_sides import KEY_PREFIX, BareSide, Operation, ServiceSide, Side, UseCaseSide
from leitmotif_services.workshop.bench_profiles_users import EDITS, EVENTS, PROTOTYPES, SPACE, user_id, write_listeners

__all__ = ["ProfilesReport", "run"]

CONCURRENCY = (1, 16, 64)

MEASUREMENT_S = 0.6
"""What one measurement of one side lasts."""

BUSY_LISTENERS = 512
"""Listeners whose profiles are read and edited, so many that none gets a full edit log."""

MANY = 1_000_000
"""Listeners that memory is extrapolated to."""

_SAMPLED_KEYS = 200


@dataclass
class Timings:
    """What one side did, at one concurrency."""

    per_s: list[float] = field(default_factory=list)
    """Operations a second, by round."""
    latencies_ms: list[float] = field(default_factory=list)
    """Of every operation of every round."""

    def as_json(self) -> dict[str, float]:
        return {
            "per_s": round(statistics.median(self.per_s), 1),
            "p50_ms": round(float(np.percentile(self.latencies_ms, 50)), 3),
            "p99_ms": round(float(np.percentile(self.latencies_ms, 99)), 3),
        }


@dataclass
class ProfilesReport:
    """Medians over the rounds."""

    rounds: int
    users: int
    timings: dict[tuple[str, int, str], Timings] = field(default_factory=dict)
    """By what was done ("reads" or "edits"), concurrency, and side ("bare", "service" or "grpc")."""
    bytes_per_user: float = 0.0
    """Growth of Redis' memory over the users written, everything that it keeps beside values included."""
    value_bytes_per_user: float = 0.0
    """Names and values of the keys of one user, as they are written to the append-only file or sent."""

    def ratio(self, kind: str, concurrency: int, side: str, over: str) -> float:
        """Median over the rounds of one side's speed over another's in the same round."""
        first, second = (self.timings[kind, concurrency, each].per_s for each in (side, over))
        return statistics.median(a / b for a, b in zip(first, second, strict=True))

    def as_json(self) -> dict[str, object]:
        return {
            "rounds": self.rounds,
            "users": self.users,
            "profile": {"prototypes": PROTOTYPES, "events": EVENTS, "edits": EDITS},
            **{kind: [self._row(kind, each) for each in CONCURRENCY] for kind in ("reads", "edits")},
            "memory": {
                "bytes_per_user": round(self.bytes_per_user, 1),
                "value_bytes_per_user": round(self.value_bytes_per_user, 1),
                "gib_for_1000000_users": round(self.bytes_per_user * MANY / 2**30, 2),
            },
        }

    def as_tables(self) -> list[Table]:
        speeds = Table(
            "", "at once", "bare/s", "in process/s", "over bare", "p99 ms", "gRPC/s", "over in process", "gRPC p99 ms",
            title=f"profiles of {PROTOTYPES} prototypes, {EVENTS} events, {EDITS} edits",
        )  # fmt: skip
        for kind in ("reads", "edits"):
            for concurrency in CONCURRENCY:
                bare, ours, remote = (self.timings[kind, concurrency, side].as_json() for side in ("bare", "service", "grpc"))
                speeds.add_row(
                    kind,
                    str(concurrency),
                    f"{bare['per_s']:,.0f}",
                    f"{ours['per_s']:,.0f}",
                    f"{self.ratio(kind, concurrency, 'service', 'bare'):.2f}",
                    f"{ours['p99_ms']:.2f}",
                    f"{remote['per_s']:,.0f}",
                    f"{self.ratio(kind, concurrency, 'grpc', 'service'):.2f}",
                    f"{remote['p99_ms']:.2f}",
                )
        memory = Table("memory", "", title=f"{self.users:,} listeners written")
        memory.add_row("Redis' memory a listener", f"{self.bytes_per_user:,.0f} bytes")
        memory.add_row("of it keys and values", f"{self.value_bytes_per_user:,.0f} bytes")
        memory.add_row(f"for {MANY:,} listeners", f"{self.bytes_per_user * MANY / 2**30:.2f} GiB")
        return [speeds, memory]

    def _row(self, kind: str, concurrency: int) -> dict[str, object]:
        sides = {side: self.timings[kind, concurrency, side].as_json() for side in ("bare", "service", "grpc")}
        return {
            "concurrency": concurrency,
            "ratio": round(self.ratio(kind, concurrency, "service", "bare"), 3),
            "grpc_ratio": round(self.ratio(kind, concurrency, "grpc", "service"), 3),
            **sides,
        }


def run(
    *, users: int, rounds: int, note: Callable[[str], None], advance: Callable[[float], None] = lambda _: None
) -> ProfilesReport:
    """Measure on a Redis of its own, append-only file on; `note` hears what is being done, `advance` of each user written."""
    with tempfile.TemporaryDirectory(prefix="leitmotif-bench-") as folder, EmbeddedRedis(Path(folder)) as redis:
        return uvloop.run(_measure(redis.url, users, rounds, note, advance))


async def _measure(
    url: str, users: int, rounds: int, note: Callable[[str], None], advance: Callable[[float], None]
) -> ProfilesReport:
    report = ProfilesReport(rounds, users)
    async with AsyncExitStack() as stack:
        ours = UseCaseSide(url)
        stack.push_async_callback(ours.close)
        await ours.store.register_space(SPACE)
        note(f"writing {users:,} listeners")
        await _write(report, url, ours, users, advance)
        bare = BareSide(url)
        stack.push_async_callback(bare.close)
        remote = await stack.enter_async_context(ServiceSide(url))
        sides: dict[str, Side] = {"bare": bare, "service": ours, "grpc": remote}
        # Each side has listeners of its own: what one writes must not fail the other's scripts.
        ranges = {side: range(place * BUSY_LISTENERS, (place + 1) * BUSY_LISTENERS) for place, side in enumerate(sides)}
        await bare.prepare(ours, ranges["bare"])
        for number in range(rounds):
            note(f"round {number + 1} of {rounds}")
            for kind in ("reads", "edits"):
                for concurrency in CONCURRENCY:
                    for name, side in sides.items():
                        operation = side.read if kind == "reads" else side.edit
                        timings = report.timings.setdefault((kind, concurrency, name), Timings())
                        await _time(operation, ranges[name], concurrency, timings)
    return report


async def _write(report: ProfilesReport, url: str, ours: UseCaseSide, users: int, advance: Callable[[float], None]) -> None:
    redis: Any = Redis.from_url(url)
    warm = 3 * BUSY_LISTENERS
    await write_listeners(ours.store, 0, warm, lambda _: None)
    before = (await redis.info("memory"))["used_memory"]
    await write_listeners(ours.store, warm, users, advance)
    after = (await redis.info("memory"))["used_memory"]
    report.bytes_per_user = (after - before) / users
    sampled = range(warm, warm + min(users, _SAMPLED_KEYS))
    sizes = [await _value_bytes(redis, user_id(number)) for number in sampled]
    report.value_bytes_per_user = statistics.mean(sizes)
    await redis.aclose()


async def _value_bytes(redis: Any, user: str) -> int:
    """Length of a user's keys and of all that they hold."""
    total = 0
    for name in ("profile", "edits", "events", "event_ids", "request_ids", "exclusions", "presets"):
        key = f"{KEY_PREFIX}:{{{user}}}:{name}"
        kind = await redis.type(key)
        if kind == b"none":
            continue
        total += len(key)
        match kind:
            case b"string":
                total += len(await redis.get(key))
            case b"list":
                total += sum(map(len, await redis.lrange(key, 0, -1)))
            case b"hash":
                total += sum(len(field) + len(value) for field, value in (await redis.hgetall(key)).items())
    return total


async def _time(operation: Operation, numbers: range, concurrency: int, timings: Timings) -> None:
    """Do it over and over for MEASUREMENT_S, so many at once, each with listeners of its own."""
    ends = time.perf_counter() + MEASUREMENT_S
    latencies: list[float] = []

    async def worker(place: int) -> None:
        own = numbers[place::concurrency]
        done = 0
        while (begun := time.perf_counter()) < ends:
            await operation(own[done % len(own)])
            latencies.append(1e3 * (time.perf_counter() - begun))
            done += 1

    begun = time.perf_counter()
    async with asyncio.TaskGroup() as workers:
        for place in range(concurrency):
            workers.create_task(worker(place))
    timings.per_s.append(len(latencies) / (time.perf_counter() - begun))
    timings.latencies_ms += latencies
