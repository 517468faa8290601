"""Listeners for the benchmark of profiles: a taste over 128 prototypes, 50 events and 10 edits each, written as they are kept.

Event ids count up, as those of a product's own log of plays do; random ones take up to 20 bytes more each, since nothing
compresses them.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from leitmotif_services.profiles.store.profile_store import Commit
from leitmotif_services.profiles.store.redis_store import RedisStore
from leitmotif_services.profiles.taste.control import ControlAction, ControlChange
from leitmotif_services.profiles.taste.history import Event, EventType
from leitmotif_services.profiles.taste.profile import Edit, Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace

PROTOTYPES, EVENTS, EDITS = 128, 50, 10
TRACKS = 20_000

SPACE = PrototypeSpace("bench-model", tuple(f"prototype-{number:03d}" for number in range(PROTOTYPES)))

_WRITTEN_AT_ONCE = 64
_FIRST_EVENT_US = 1_780_000_000_000_000
_HALF_LIFE_US = 180 * 86_400 * 1_000_000


def user_id(number: int) -> str:
    """Id of a listener, as long as a UUID's hexadecimal digits."""
    return f"listener-{number:023d}"


def listener(number: int) -> Commit:
    """Everything that is kept of a listener, as one change."""
    rng = np.random.default_rng(number)
    now_us = _FIRST_EVENT_US + int(rng.integers(0, 10**12))
    times_us = np.sort(now_us - rng.integers(0, 90 * 86_400 * 10**3, EVENTS) * 1000).tolist()
    first = int(rng.integers(10**9))
    events = tuple(
        Event(
            f"play-{first + place}", f"track-{rng.integers(TRACKS):06d}", EventType.PLAY, time_us, round(float(rng.random()), 2)
        )
        for place, time_us in enumerate(times_us)
    )
    weights = [event.share_heard or 0.0 for event in events]
    affinities = rng.gamma(0.5, 0.2, (EVENTS, PROTOTYPES)).astype(np.float32)
    profile = Profile.empty(user_id(number), SPACE, now_us)
    history = profile.history.with_events(weights, affinities, times_us, _HALF_LIFE_US)
    profile = replace(profile, history=history, last_event=EVENTS)
    edits: list[Edit] = []
    for _ in range(EDITS):
        change = ControlChange(SPACE.prototype_ids[int(rng.integers(PROTOTYPES))], ControlAction.BOOST, float(rng.random()))
        profile, edit = profile.edited([change], SPACE, actor="user", reason="", now_us=now_us)
        edits.append(edit)
    return Commit(None, profile.stamped(rng.bytes(8), now_us), edits=tuple(edits), events=events)


async def write_listeners(store: RedisStore, first: int, count: int, advance: Callable[[float], None]) -> None:
    """Write listeners `first` to `first` + `count` - 1, some at once; `advance` is told how many were."""
    waiting = iter(range(first, first + count))

    async def writer() -> None:
        for number in waiting:
            await store.commit(listener(number))
            advance(1)

    async with asyncio.TaskGroup() as writers:
        for _ in range(_WRITTEN_AT_ONCE):
            writers.create_task(writer())
