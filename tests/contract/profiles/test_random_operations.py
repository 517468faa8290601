"""Random operations give the same on the in-memory reference and on Redis; hypothesis prints the case that differs."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leitmotif_services.profiles.store.memory_store import MemoryStore
from leitmotif_services.profiles.store.profile_store import Answer, Commit, Include, ProfileStore, Stored
from leitmotif_services.profiles.store.redis_client import RedisClient
from leitmotif_services.profiles.store.redis_store import RedisStore
from leitmotif_services.profiles.taste.exclusions import Exclusions, TimeRange
from leitmotif_services.profiles.taste.history import Event, EventType
from leitmotif_services.profiles.taste.presets import Preset, PresetControl
from leitmotif_services.runtime.admission import Admission

EDITS_KEPT = 4
EVENTS_KEPT = 200
USERS = ("u", "v")
TRACKS = [f"t{number}" for number in range(40)]
PRESETS = ("focus", "sleep", "run")
ANSWERS = ("r1", "r2")

_tenants = itertools.count()


class Change(NamedTuple):
    user_id: str
    stale: bool
    repeated: bool
    edits: int
    events: int
    events_seed: int
    exclusions: Exclusions | None
    presets: dict[str, Preset | None]
    answers: str
    replaces: bool


class Erasure(NamedTuple):
    user_id: str


class EditsRead(NamedTuple):
    user_id: str
    first: int
    last: int


class EventsRead(NamedTuple):
    user_id: str
    first: int
    last: int


_ids = st.frozensets(st.sampled_from(TRACKS), max_size=3)
_times = st.integers(-(10**15), 10**15)
_exclusions = st.builds(
    Exclusions,
    hidden_track_ids=_ids,
    hidden_artists=st.frozensets(st.text(max_size=5), max_size=2),
    uncounted_track_ids=_ids,
    uncounted_ranges=st.frozensets(st.builds(TimeRange, st.none() | _times, st.none() | _times), max_size=2),
)
_controls = st.dictionaries(
    st.sampled_from(("calm", "loud")), st.builds(PresetControl, st.floats(-4.0, 4.0), st.booleans()), max_size=2
)
_preset_values = st.none() | st.tuples(st.text(max_size=8), _controls)
_presets = st.dictionaries(st.sampled_from(PRESETS), _preset_values, max_size=2).map(
    lambda chosen: {each: value and Preset(each, value[0], value[1], 7) for each, value in chosen.items()}
)
# Few long batches and many short ones.
_batches = st.integers(0, 4) | st.integers(100, 140)
_users = st.sampled_from(USERS)
_places = st.integers(-2, 400)
_rarely = st.integers(0, 9).map(lambda number: number == 9)
_operations = (
    st.builds(
        Change,
        _users,
        _rarely,
        _rarely,
        st.integers(0, 3),
        _batches,
        st.integers(0, 99),
        st.none() | _exclusions,
        _presets,
        st.sampled_from(("", *ANSWERS)),
        _rarely,
    )
    | st.builds(Erasure, _users)
    | st.builds(EditsRead, _users, _places, _places)
    | st.builds(EventsRead, _users, _places, _places)
)


@pytest.fixture
async def redis(empty_redis_url: str) -> AsyncIterator[tuple[RedisClient, Admission]]:
    client = RedisClient(empty_redis_url, pool_size=4, timeout_s=5.0, allow_volatile=False)
    decoding = Admission("decoding", workers=1, waiting=8)
    yield client, decoding
    await client.close()
    await decoding.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(_operations, min_size=1, max_size=25))
async def test_both_stores_answer_alike(redis: tuple[RedisClient, Admission], build: Any, operations: list[Any]) -> None:
    client, decoding = redis
    memory = MemoryStore(lambda: 0)
    # A tenant of its own for each case: nothing of the one before is there.
    stores = (memory, RedisStore(client, key_prefix="test", tenant_id=f"case-{next(_tenants)}", decoding=decoding))
    nonces = (number.to_bytes(8, "big") for number in itertools.count(1))
    for operation in operations:
        match operation:
            case Change():
                commit = await planned(memory, operation, build, next(nonces))
                assert await alike(stores, lambda store, commit=commit: store.commit(commit)), operation
                if operation.repeated:
                    await alike(stores, lambda store, commit=commit: store.commit(commit))
            case Erasure(user_id):
                keys = [(await store.delete(user_id)).keys for store in stores]
                assert (keys[0] > 0) == (keys[1] > 0)
            case EditsRead(user_id, first, last):
                await alike(stores, lambda store: store.read_edits(user_id, first, last))  # noqa: B023
            case EventsRead(user_id, first, last):
                await alike(stores, lambda store: store.read_events(user_id, first, last))  # noqa: B023
        for user_id in USERS:
            asked = [f"{user_id}-{number}" for number in range(0, 600, 7)]
            for request_id in ANSWERS:
                memorized, kept = [
                    await store.read(
                        user_id,
                        event_ids=asked,
                        request_id=request_id,
                        include=Include.HEARD | Include.EXCLUSIONS | Include.PRESETS,
                    )
                    for store in stores
                ]
                assert comparable(memorized) == comparable(kept)


async def planned(store: ProfileStore, change: Change, build: Any, nonce: bytes) -> Commit:
    """The commit that a change comes to, given what is stored."""
    stored = await store.read(change.user_id)
    profile = stored.profile or build.fresh(change.user_id, b"\0" * 8)
    edits = []
    for _ in range(change.edits):
        profile, edit = build.boosted(profile, nonce)
        edits.append(edit)
    events = random_events(f"{change.user_id}-", profile.last_event, change.events, change.events_seed)
    profile = replace(profile, last_event=profile.last_event + len(events)).stamped(nonce, 9)
    answer = None
    if change.answers:
        _, edit = build.boosted(profile, nonce)
        answer = Answer(nonce, profile, edit)
    expected = stored.profile.version if stored.profile else None
    return Commit(
        profile.version._replace(nonce=b"stale---") if change.stale else expected,
        profile,
        edits=tuple(edits),
        events=events,
        request_id=change.answers,
        answer=answer,
        exclusions=change.exclusions,
        presets=change.presets,
        replaces=change.replaces,
        edit_log_length=EDITS_KEPT,
        event_log_length=EVENTS_KEPT,
    )


def random_events(prefix: str, first: int, count: int, seed: int) -> tuple[Event, ...]:
    random = Random(seed)
    return tuple(
        Event(
            f"{prefix}{first + number}",
            random.choice(TRACKS),
            random.choice(list(EventType)),
            # Few times, so that some are equal.
            random.choice((-5, 0, 10**15, random.randrange(10**15))),
            random.choice((None, 0.0, 0.1, random.random())),
        )
        for number in range(count)
    )


async def alike(stores: Any, call: Any) -> bool:
    memorized, kept = [await call(store) for store in stores]
    assert memorized == kept
    return True


def comparable(stored: Stored) -> tuple[Any, ...]:
    answer = stored.answer
    return (
        stored.profile and {name: value for name, value in vars(stored.profile).items() if name != "history"},
        stored.profile and (stored.profile.history.weighted_sum.tobytes(), stored.profile.history.magnitude),
        stored.seen_event_ids,
        answer and (answer.fingerprint, answer.edit, answer.profile.version, answer.profile.controls),
        stored.heard_track_ids,
        stored.exclusions,
        stored.presets,
    )
