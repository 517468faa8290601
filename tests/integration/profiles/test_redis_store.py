"""What the Redis store promises beyond the port: what it keeps of a user, how long, and in how many bytes."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from redis import Redis

from leitmotif_services.profiles.store.profile_store import Answer, Commit, Include
from leitmotif_services.profiles.store.redis_client import RedisClient
from leitmotif_services.profiles.store.redis_store import RedisStore
from leitmotif_services.profiles.taste.control import ControlAction, ControlChange
from leitmotif_services.profiles.taste.exclusions import Exclusions
from leitmotif_services.profiles.taste.history import DAY_US, Event, EventType
from leitmotif_services.profiles.taste.presets import Preset
from leitmotif_services.profiles.taste.profile import Edit, Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError

SPACE = PrototypeSpace("2f6e0c6d9a4b4f0e", tuple(f"prototype-{index}" for index in range(128)))
NOW_US = 1_760_000_000_000_000
EVERYTHING = Include.HEARD | Include.EXCLUSIONS | Include.PRESETS


@pytest.fixture
def redis(empty_redis_url: str) -> Iterator[Any]:
    client = Redis.from_url(empty_redis_url)
    yield client
    client.close()


@asynccontextmanager
async def opened(url: str, *, inactive_ttl_s: int = 0) -> AsyncIterator[RedisStore]:
    client = RedisClient(url, pool_size=8, timeout_s=5.0, allow_volatile=False)
    decoding = Admission("decoding", workers=1, waiting=8)
    yield RedisStore(client, key_prefix="leitmotif", decoding=decoding, inactive_ttl_s=inactive_ttl_s)
    await client.close()
    await decoding.close()


@pytest.fixture
async def store(empty_redis_url: str) -> AsyncIterator[RedisStore]:
    async with opened(empty_redis_url) as store:
        yield store


def nonce() -> bytes:
    return random.randbytes(8)


def fresh(user_id: str = "u") -> Profile:
    return Profile.empty(user_id, SPACE, NOW_US)


def edited(profile: Profile, number: int) -> tuple[Profile, Edit]:
    change = ControlChange(f"prototype-{12 * number}", ControlAction.BOOST, 0.25 * (1 + number))
    changed, edit = profile.edited([change], SPACE, actor="user", reason="more of this", now_us=NOW_US + number)
    return changed.stamped(nonce(), NOW_US + number), edit


def listened(profile: Profile, events: list[Event]) -> Profile:
    affinities = np.random.default_rng(len(events)).random((len(events), SPACE.size), np.float32)
    times_us = [event.occurred_at_us for event in events]
    history = profile.history.with_events([1.0] * len(events), affinities, times_us, 180 * DAY_US)
    return profile.with_events(history, len(events)).stamped(nonce(), NOW_US)


async def whole_user(store: RedisStore, user_id: str, event_id: Callable[[int], str]) -> Profile:
    """50 events in batches of 5 and 10 edits, made by one change after the other."""
    chosen = random.Random(5)
    profile, expected, time_us = fresh(user_id), None, NOW_US
    for first in range(0, 50, 5):
        events = []
        for number in range(first, first + 5):
            time_us += chosen.randrange(30_000, 4_000_000) * 1000
            share = chosen.choice((None, None, 0.98, 0.4))
            track_id = f"track-{chosen.randrange(100_000):06}"
            events.append(Event(event_id(number), track_id, chosen.choice(list(EventType)), time_us, share))
        profile = listened(profile, events)
        assert await store.commit(Commit(expected, profile, events=tuple(events)))
        changed, edit = edited(profile, first // 5)
        assert await store.commit(Commit(profile.version, changed, edits=(edit,)))
        profile, expected = changed, changed.version
    return profile


def value_bytes(redis: Any, key: bytes) -> int:
    match redis.type(key):
        case b"string":
            return int(redis.strlen(key))
        case b"list":
            return sum(map(len, redis.lrange(key, 0, -1)))
        case b"hash":
            return sum(len(part) for pair in redis.hgetall(key).items() for part in pair)
        case other:
            raise AssertionError(other)


@pytest.mark.parametrize(("kind", "most_bytes"), [("counted", 2048), ("random", 2048 + 1000)])
async def test_a_user_is_small(store: RedisStore, redis: Any, kind: str, most_bytes: int) -> None:
    """Values and names of all keys; random event ids are 16 bytes each that nothing can take away."""
    seeded = random.Random(1)
    event_ids = {
        "counted": lambda number: f"phone-{number:06}",
        "random": lambda _: uuid.UUID(int=seeded.getrandbits(128)).hex,
    }
    await whole_user(store, "user-000123", event_ids[kind])
    keys = redis.keys("*")
    kept = {key: len(key) + value_bytes(redis, key) for key in keys}
    memory = {key: redis.memory_usage(key) for key in keys}
    print(
        f"{kind} event ids: {sum(kept.values())} bytes in names and values, {sum(memory.values())} by MEMORY USAGE:", kept, memory
    )
    assert sum(kept.values()) <= most_bytes
    assert sum(memory.values()) <= most_bytes + 200 * len(keys)


async def test_changes_are_published(store: RedisStore, redis: Any) -> None:
    messages: Any = redis.pubsub(ignore_subscribe_messages=True)
    messages.subscribe("leitmotif:{u}:changed")
    messages.get_message(timeout=5.0)
    profile = fresh().stamped(nonce(), 1)
    assert await store.commit(Commit(None, profile))
    assert await store.commit(Commit(None, profile))  # written already: no news
    assert not await store.commit(Commit(None, profile.stamped(nonce(), 2)))
    assert await store.commit(Commit(None, fresh("v").stamped(nonce(), 1)))
    assert (await store.delete("u")).keys == 1
    assert (await store.delete("u")).keys == 0
    heard = []
    while (message := messages.get_message(timeout=0.2)) is not None:
        heard.append(message["data"])
    assert heard == [profile.version.etag.encode(), b""]


async def full_user(store: RedisStore, profile: Profile) -> Profile:
    """A change that gives the user a key of every kind."""
    changed, edit = edited(profile, 1)
    events = [Event(f"{changed.last_event}-{number}", "t", EventType.PLAY, number) for number in range(130)]
    changed = listened(changed, events)
    commit = Commit(
        profile.version if profile.version.revision else None,
        changed,
        edits=(edit,),
        events=tuple(events),
        request_id=f"r{changed.version.revision}",
        answer=Answer(b"print", changed, edit),
        exclusions=Exclusions(hidden_artists=frozenset({"x"})),
        presets={"p": Preset("p", "", {}, 1)},
    )
    assert await store.commit(commit)
    return changed


async def test_an_inactive_user_expires_as_a_whole(empty_redis_url: str, redis: Any) -> None:
    async with opened(empty_redis_url, inactive_ttl_s=100) as store:
        profile = await full_user(store, fresh())
        kinds = {key.split(b":")[2] for key in redis.keys("*")}
        assert kinds == {b"profile", b"edits", b"events", b"event_ids", b"request_ids", b"requests", b"exclusions", b"presets"}
        redis.pexpire("leitmotif:{u}:edits", 5)  # as if the last change were long ago
        await full_user(store, profile)
        left_ms = {key: redis.pttl(key) for key in redis.keys("*")}
        assert all(0 < left <= 100_000 for left in left_ms.values()), left_ms
        own = [left for key, left in left_ms.items() if b"request" not in key]
        assert max(own) - min(own) <= 50  # asked one after the other; they are set to one moment
        assert max(left_ms.values()) <= max(own) + 50  # and no answer outlives them


async def test_users_go_when_their_time_is_over(empty_redis_url: str, redis: Any) -> None:
    async with opened(empty_redis_url, inactive_ttl_s=1) as store:
        profile = await full_user(store, fresh())
        async with asyncio.timeout(10.0):
            while redis.keys("*"):
                await asyncio.sleep(0.05)
        assert (await store.read("u", request_id="r2", include=EVERYTHING)).profile is None
        assert not await store.commit(Commit(profile.version, profile.stamped(nonce(), 2)))


async def test_without_the_setting_nobody_expires_any_more(empty_redis_url: str, redis: Any) -> None:
    async with opened(empty_redis_url, inactive_ttl_s=100) as store:
        profile = await full_user(store, fresh())
    async with opened(empty_redis_url) as store:
        changed, edit = edited(profile, 2)
        assert await store.commit(Commit(profile.version, changed, edits=(edit,)))
        kept = [key for key in redis.keys("*") if b"request" not in key]
        assert len(kept) == 6
        assert {redis.ttl(key) for key in kept} == {-1}
        await full_user(store, changed)
        assert {redis.ttl(key) for key in kept} == {-1}


@pytest.mark.parametrize("name", ["edits", "events", "event_ids", "request_ids", "presets"])
async def test_a_foreign_key_is_told_before_anything_is_written(store: RedisStore, redis: Any, name: str) -> None:
    profile = await full_user(store, fresh())
    key = f"leitmotif:{{u}}:{name}"
    redis.delete(key)
    redis.set(key, "foreign")
    before = {each: redis.dump(each) for each in redis.keys("*")}
    with pytest.raises(ServiceError) as refused:
        await full_user(store, profile)
    assert refused.value.reason is Reason.STORED_VALUE_UNREADABLE
    assert {each: redis.dump(each) for each in redis.keys("*")} == before
    # What nobody can read can still be erased; without the index of answers, theirs is left to its 24 hours.
    erased = (await store.delete("u")).keys
    left = redis.keys("*")
    assert (erased, len(left)) == ((len(before) - 1, 1) if name == "request_ids" else (len(before), 0))
    assert all(0 < redis.ttl(each) <= 86_400 for each in left)


async def test_what_is_left_of_a_lost_profile_does_not_come_back(store: RedisStore, redis: Any) -> None:
    await full_user(store, fresh())
    redis.delete("leitmotif:{u}:profile")
    assert await store.commit(Commit(None, fresh().stamped(nonce(), 1)))
    assert redis.keys("*") == [b"leitmotif:{u}:profile"]


async def test_a_user_of_the_release_before_goes_on(store: RedisStore, redis: Any) -> None:
    """Its keys as that release wrote them: they are read, changed, brought into the present schema and erased."""
    profile = bytes.fromhex(
        "010000000000000001006e6f6e6365ff01781a72ea9da26d31c420000000000000d43f0000000000000740000000000000c03f000000cccccce83f"
        "cb401100000000000003c40401000300c410666666666666e6bf000000000000f8bfc402000003920102910303cf00060a24181e4000cf00060a24"
        "181e400a"
    )
    events = ("970101a26531a2743101cb3fb999999999999acf00060a2418202240", "970102a26532a2743205c0fb")
    base = "leitmotif:{u}:"
    redis.set(base + "profile", profile)
    redis.rpush(base + "events", *map(bytes.fromhex, events), bytes.fromhex("970103a26533a2743102c0cf0005af3107a40000"))
    redis.hset(base + "event_ids", mapping={"e1": "", "e2": "", "e3": ""})
    redis.hset(base + "heard", mapping={"t1": "3:1700000000123456", "t2": "2:-5"})

    stored = await store.read("u", event_ids=["e1", "e3", "e4"], include=EVERYTHING)
    assert stored.profile is not None
    assert (stored.seen_event_ids, stored.heard_track_ids) == (frozenset({"e1", "e3"}), ("t1", "t2"))
    event = Event("e4", "t3", EventType.PLAY, 5)
    first = stored.profile.with_events(stored.profile.history, 1).stamped(nonce(), 5)
    assert await store.commit(Commit(stored.profile.version, first, events=(event,), event_log_length=3))
    assert redis.getrange(base + "profile", 0, 0) == b"\x02"
    stored = await store.read("u", event_ids=["e1", "e2", "e3", "e4"], include=EVERYTHING)
    assert (stored.seen_event_ids, stored.heard_track_ids) == (frozenset({"e2", "e3", "e4"}), ("t1", "t3", "t2"))
    assert [entry.sequence for entry in await store.read_events("u", 1, 9)] == [2, 3, 4]
    assert [entry.event for entry in await store.read_events("u", 4, 4)] == [event]
    assert not redis.exists(base + "heard")
    more = [Event(f"n{number}", "t4", EventType.PLAY, 6) for number in range(200)]
    second = first.with_events(first.history, 200).stamped(nonce(), 6)
    assert await store.commit(Commit(first.version, second, events=tuple(more), event_log_length=202))
    stored = await store.read("u", event_ids=["e2", "e3", "e4", "n0", "n199"])
    assert stored.seen_event_ids == {"e3", "e4", "n0", "n199"}
    assert redis.hkeys(base + "event_ids").count(b"e3") == 1
    assert (await store.delete("u")).keys == 3
    assert redis.keys("*") == []
