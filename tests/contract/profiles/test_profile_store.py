"""What every ProfileStore promises; run on the in-memory reference and on Redis."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np
import pytest

from leitmotif_services.profiles.store.memory_store import MemoryStore
from leitmotif_services.profiles.store.profile_store import Answer, Commit, ProfileStore
from leitmotif_services.profiles.store.redis_client import RedisClient
from leitmotif_services.profiles.store.redis_store import RedisStore
from leitmotif_services.profiles.taste.control import ControlAction, ControlChange
from leitmotif_services.profiles.taste.history import DAY_US, Event, EventType
from leitmotif_services.profiles.taste.profile import Edit, Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.use_cases.profiles import wall_clock_us
from leitmotif_services.runtime.admission import Admission

SPACE = PrototypeSpace("m1", ("calm", "loud", "fast"))


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[ProfileStore]:
    if request.param == "memory":
        yield MemoryStore(wall_clock_us)
        return
    url = request.getfixturevalue("empty_redis_url")
    client = RedisClient(url, pool_size=8, timeout_s=5.0, allow_volatile=False)
    decoding = Admission("decoding", workers=1, waiting=8)
    yield RedisStore(client, key_prefix="test", decoding=decoding)
    await client.close()
    await decoding.close()


def fresh(user_id: str = "u", nonce: bytes = b"first---") -> Profile:
    return Profile.empty(user_id, SPACE, 1).stamped(nonce, 2)


def boosted(profile: Profile, nonce: bytes) -> tuple[Profile, Edit]:
    change = ControlChange("loud", ControlAction.BOOST, 0.25)
    edited, edit = profile.edited([change], SPACE, actor="user", reason="why not", now_us=3)
    return edited.stamped(nonce, 4), edit


def heard(profile: Profile, events: list[Event], nonce: bytes) -> Profile:
    affinities = np.ones((len(events), 3), np.float32)
    times_us = [event.occurred_at_us for event in events]
    history = profile.history.with_events([1.0] * len(events), affinities, times_us, DAY_US)
    return profile.with_events(history, len(events)).stamped(nonce, 5)


def plays(*track_ids: str, first: int = 0, times: list[int] | None = None) -> list[Event]:
    return [
        Event(f"e{first + index}", track_id, EventType.PLAY, times[index] if times else first + index)
        for index, track_id in enumerate(track_ids)
    ]


async def test_nothing_is_kept_at_first(store: ProfileStore) -> None:
    stored = await store.read("u", event_ids=["e1"], request_id="r1", heard=True)
    assert stored.profile is None
    assert stored.seen_event_ids == frozenset()
    assert stored.answer is None
    assert stored.heard_track_ids == ()
    assert await store.read_edits("u", 1, 10) == []
    assert await store.read_events("u", 1, 10) == []
    assert await store.delete("u") is False
    assert await store.read_space("m1") is None
    assert await store.latest_model_version() is None


async def test_a_commit_can_be_read(store: ProfileStore) -> None:
    profile, edit = boosted(fresh(), b"written-")
    assert await store.commit(Commit(None, profile, edit=edit))
    read = (await store.read("u")).profile
    assert read is not None
    assert (read.version, read.controls, read.undoable) == (profile.version, profile.controls, (1,))
    assert await store.read_edits("u", 1, 1) == [edit]
    assert (await store.read("another")).profile is None


async def test_a_commit_from_another_version_writes_nothing(store: ProfileStore) -> None:
    one, first = boosted(fresh(), b"one-----")
    two, second = boosted(one, b"two-----")
    late, too_late = boosted(one, b"late----")
    assert await store.commit(Commit(None, one, edit=first))
    assert await store.commit(Commit(one.version, two, edit=second))
    events = plays("t1")
    for refused in (
        Commit(one.version, late, edit=too_late),
        Commit(None, fresh(nonce=b"again---")),
        Commit(one.version, heard(one, events, b"heard---"), events=tuple(events)),
        Commit(one.version, late, request_id="r1", answer=Answer(b"f", late, too_late)),
    ):
        assert await store.commit(refused) is False
    stored = await store.read("u", event_ids=["e0"], request_id="r1", heard=True)
    assert stored.profile is not None
    assert stored.profile.version == two.version
    assert (stored.seen_event_ids, stored.answer, stored.heard_track_ids) == (frozenset(), None, ())
    assert await store.read_edits("u", 1, 9) == [first, second]


async def test_a_commit_onto_an_erased_profile_writes_nothing(store: ProfileStore) -> None:
    one, _ = boosted(fresh(), b"one-----")
    assert await store.commit(Commit(None, fresh()))
    assert await store.delete("u")
    assert await store.commit(Commit(fresh().version, one)) is False
    assert (await store.read("u")).profile is None


async def test_repeating_a_commit_writes_it_once(store: ProfileStore) -> None:
    profile, edit = boosted(fresh(), b"written-")
    events = tuple(plays("t1"))
    commit = Commit(None, heard(profile, list(events), b"heard---"), edit=edit, events=events)
    assert await store.commit(commit)
    assert await store.commit(commit)
    assert await store.read_edits("u", 1, 9) == [edit]
    assert [entry.event for entry in await store.read_events("u", 1, 9)] == list(events)


async def test_of_racing_commits_one_wins(store: ProfileStore) -> None:
    base = fresh()
    assert await store.commit(Commit(None, base))
    racers = [boosted(base, f"racer-{number:02}".encode()) for number in range(16)]
    outcomes = await asyncio.gather(*(store.commit(Commit(base.version, profile, edit=edit)) for profile, edit in racers))
    assert outcomes.count(True) == 1
    winner, _ = racers[outcomes.index(True)]
    read = (await store.read("u")).profile
    assert read is not None
    assert read.version == winner.version
    assert len(await store.read_edits("u", 1, 99)) == 1


async def test_events_are_known_as_long_as_the_log_keeps_them(store: ProfileStore) -> None:
    profile = None
    for first in range(0, 6, 2):
        events = plays(f"t{first}", f"t{first + 1}", first=first)
        changed = heard(profile or fresh(), events, f"nonce--{first}".encode())
        expected = profile.version if profile else None
        assert await store.commit(Commit(expected, changed, events=tuple(events), event_log_length=3))
        profile = changed
    log = await store.read_events("u", 1, 100)
    assert [(entry.sequence, entry.event.event_id) for entry in log] == [(4, "e3"), (5, "e4"), (6, "e5")]
    stored = await store.read("u", event_ids=[f"e{number}" for number in range(8)], heard=True)
    assert stored.seen_event_ids == {"e3", "e4", "e5"}
    assert stored.heard_track_ids == ("t5", "t4", "t3")


async def test_a_track_stays_heard_while_one_of_its_events_is_logged(store: ProfileStore) -> None:
    events = plays("again", "once", "again", "last", times=[30, 20, 10, 5])
    profile = heard(fresh(), events, b"heard---")
    assert await store.commit(Commit(None, profile, events=tuple(events), event_log_length=2))
    assert (await store.read("u", heard=True)).heard_track_ids == ("again", "last")


async def test_heard_tracks_are_ordered_by_when_not_by_arrival(store: ProfileStore) -> None:
    late = plays("now", "last-year", "now", "tomorrow", times=[100, -5, 50, 200])
    profile = heard(fresh(), late, b"heard---")
    assert await store.commit(Commit(None, profile, events=tuple(late)))
    assert (await store.read("u", heard=True)).heard_track_ids == ("tomorrow", "now", "last-year")
    assert (await store.read("u")).heard_track_ids == ()


async def test_events_survive_as_they_were(store: ProfileStore) -> None:
    events = [
        Event("e1", "t1", EventType.PLAY, 1_700_000_000_123_456, 0.1),
        Event("e2", "t2", EventType.DISLIKE, -1, None),
        Event("e3", "t1", EventType.PLAYLIST_ADD, 253_402_300_799_999_999, 0.0),
    ]
    profile = heard(fresh(), events, b"heard---")
    assert await store.commit(Commit(None, profile, events=tuple(events)))
    assert [entry.event for entry in await store.read_events("u", 1, 3)] == events


@pytest.mark.parametrize(("first", "last", "sequences"), [(1, 9, [3, 4, 5]), (4, 4, [4]), (1, 2, []), (6, 9, []), (2, 3, [3])])
async def test_logs_are_read_by_sequence(store: ProfileStore, first: int, last: int, sequences: list[int]) -> None:
    profile = fresh()
    assert await store.commit(Commit(None, profile))
    for number in range(5):
        changed, edit = boosted(profile, f"nonce--{number}".encode())
        assert await store.commit(Commit(profile.version, changed, edit=edit, edit_log_length=3))
        profile = changed
    assert [edit.sequence for edit in await store.read_edits("u", first, last)] == sequences


async def test_long_logs_are_read_whole(store: ProfileStore) -> None:
    events = plays(*[f"t{number % 700}" for number in range(1500)])
    profile = heard(fresh(), events, b"heard---")
    assert await store.commit(Commit(None, profile, events=tuple(events)))
    assert [entry.event for entry in await store.read_events("u", 1, 1500)] == events
    assert len((await store.read("u", heard=True)).heard_track_ids) == 700


async def test_answers_are_kept_by_request_id(store: ProfileStore) -> None:
    profile, edit = boosted(fresh(), b"written-")
    assert await store.commit(Commit(None, profile, edit=edit, request_id="r1", answer=Answer(b"print", profile, edit)))
    later, another = boosted(profile, b"later---")
    assert await store.commit(Commit(profile.version, later, edit=another))
    answer = (await store.read("u", request_id="r1")).answer
    assert answer is not None
    assert (answer.fingerprint, answer.edit, answer.profile.version) == (b"print", edit, profile.version)
    assert (await store.read("u", request_id="r2")).answer is None
    assert (await store.read("other", request_id="r1")).answer is None


async def test_deleting_erases_everything_of_that_user_only(store: ProfileStore) -> None:
    for user_id in ("u", "v"):
        profile, edit = boosted(fresh(user_id), b"written-")
        profile = heard(profile, plays("t1"), b"heard---")
        answer = Answer(b"print", profile, edit)
        assert await store.commit(Commit(None, profile, edit=edit, events=tuple(plays("t1")), request_id="r1", answer=answer))
    assert await store.delete("u") is True
    assert await store.delete("u") is False
    erased = await store.read("u", event_ids=["e0"], request_id="r1", heard=True)
    assert (erased.profile, erased.seen_event_ids, erased.answer, erased.heard_track_ids) == (None, frozenset(), None, ())
    assert await store.read_edits("u", 1, 9) == []
    assert await store.read_events("u", 1, 9) == []
    kept = await store.read("v", event_ids=["e0"], request_id="r1", heard=True)
    assert kept.profile is not None
    assert kept.answer is not None
    assert (kept.seen_event_ids, kept.heard_track_ids) == ({"e0"}, ("t1",))


async def test_spaces_are_kept_as_first_registered(store: ProfileStore) -> None:
    assert await store.register_space(SPACE) == SPACE
    other = PrototypeSpace("m2", ("x",))
    assert await store.register_space(other) == other
    assert await store.latest_model_version() == "m2"
    assert await store.register_space(replace(SPACE, prototype_ids=("changed",))) == SPACE
    assert await store.latest_model_version() == "m1"
    assert await store.read_space("m1") == SPACE
    assert await store.read_space("m2") == other


async def test_a_user_named_as_a_space_key_is_only_a_user(store: ProfileStore) -> None:
    await store.register_space(PrototypeSpace("profile", ("x",)))
    for user_id in ("spaces", "ids", "latest"):
        assert (await store.read(user_id)).profile is None
        assert await store.delete(user_id) is False
    assert await store.read_space("profile") == PrototypeSpace("profile", ("x",))
