"""What every ProfileStore promises of profiles, their logs and answers; run on the in-memory reference and on Redis."""

import asyncio
from typing import Any

import pytest

from leitmotif_services.profiles.store.profile_store import Answer, Commit, Include, ProfileStore
from leitmotif_services.profiles.taste.history import Event, EventType

EVERYTHING = Include.HEARD | Include.EXCLUSIONS | Include.PRESETS


async def test_nothing_is_kept_at_first(store: ProfileStore, build: Any) -> None:
    stored = await store.read("u", event_ids=["e1"], request_id="r1", include=Include.HEARD)
    assert stored.profile is None
    assert stored.seen_event_ids == frozenset()
    assert stored.answer is None
    assert stored.heard_track_ids == ()
    assert await store.read_edits("u", 1, 10) == []
    assert await store.read_events("u", 1, 10) == []
    assert (await store.delete("u")).keys == 0
    assert await store.read_space("m1") is None
    assert await store.latest_model_version() is None


async def test_a_commit_can_be_read(store: ProfileStore, build: Any) -> None:
    profile, edit = build.boosted(build.fresh(), b"written-")
    assert await store.commit(Commit(None, profile, edits=(edit,)))
    read = (await store.read("u")).profile
    assert read is not None
    assert (read.version, read.controls, read.undoable) == (profile.version, profile.controls, (1,))
    assert await store.read_edits("u", 1, 1) == [edit]
    assert (await store.read("another")).profile is None


async def test_a_commit_from_another_version_writes_nothing(store: ProfileStore, build: Any) -> None:
    one, first = build.boosted(build.fresh(), b"one-----")
    two, second = build.boosted(one, b"two-----")
    late, too_late = build.boosted(one, b"late----")
    assert await store.commit(Commit(None, one, edits=(first,)))
    assert await store.commit(Commit(one.version, two, edits=(second,)))
    events = build.plays("t1")
    for refused in (
        Commit(one.version, late, edits=(too_late,)),
        Commit(None, build.fresh(nonce=b"again---")),
        Commit(one.version, build.heard(one, events, b"heard---"), events=tuple(events)),
        Commit(one.version, late, request_id="r1", answer=Answer(b"f", late, too_late)),
    ):
        assert await store.commit(refused) is False
    stored = await store.read("u", event_ids=["e0"], request_id="r1", include=Include.HEARD)
    assert stored.profile is not None
    assert stored.profile.version == two.version
    assert (stored.seen_event_ids, stored.answer, stored.heard_track_ids) == (frozenset(), None, ())
    assert await store.read_edits("u", 1, 9) == [first, second]


async def test_a_commit_onto_an_erased_profile_writes_nothing(store: ProfileStore, build: Any) -> None:
    one, _ = build.boosted(build.fresh(), b"one-----")
    assert await store.commit(Commit(None, build.fresh()))
    assert (await store.delete("u")).keys > 0
    assert await store.commit(Commit(build.fresh().version, one)) is False
    assert (await store.read("u")).profile is None


async def test_repeating_a_commit_writes_it_once(store: ProfileStore, build: Any) -> None:
    profile, edit = build.boosted(build.fresh(), b"written-")
    events = tuple(build.plays("t1"))
    commit = Commit(None, build.heard(profile, list(events), b"heard---"), edits=(edit,), events=events)
    assert await store.commit(commit)
    assert await store.commit(commit)
    assert await store.read_edits("u", 1, 9) == [edit]
    assert [entry.event for entry in await store.read_events("u", 1, 9)] == list(events)


async def test_of_racing_commits_one_wins(store: ProfileStore, build: Any) -> None:
    base = build.fresh()
    assert await store.commit(Commit(None, base))
    racers = [build.boosted(base, f"racer-{number:02}".encode()) for number in range(16)]
    outcomes = await asyncio.gather(*(store.commit(Commit(base.version, profile, edits=(edit,))) for profile, edit in racers))
    assert outcomes.count(True) == 1
    winner, _ = racers[outcomes.index(True)]
    read = (await store.read("u")).profile
    assert read is not None
    assert read.version == winner.version
    assert len(await store.read_edits("u", 1, 99)) == 1


async def test_events_are_known_as_long_as_the_log_keeps_them(store: ProfileStore, build: Any) -> None:
    profile = None
    for first in range(0, 6, 2):
        events = build.plays(f"t{first}", f"t{first + 1}", first=first)
        changed = build.heard(profile or build.fresh(), events, f"nonce--{first}".encode())
        expected = profile.version if profile else None
        assert await store.commit(Commit(expected, changed, events=tuple(events), event_log_length=3))
        profile = changed
    log = await store.read_events("u", 1, 100)
    assert [(entry.sequence, entry.event.event_id) for entry in log] == [(4, "e3"), (5, "e4"), (6, "e5")]
    stored = await store.read("u", event_ids=[f"e{number}" for number in range(8)], include=Include.HEARD)
    assert stored.seen_event_ids == {"e3", "e4", "e5"}
    assert stored.heard_track_ids == ("t5", "t4", "t3")


async def test_a_track_stays_heard_while_one_of_its_events_is_logged(store: ProfileStore, build: Any) -> None:
    events = build.plays("again", "once", "again", "last", times=[30, 20, 10, 5])
    profile = build.heard(build.fresh(), events, b"heard---")
    assert await store.commit(Commit(None, profile, events=tuple(events), event_log_length=2))
    assert (await store.read("u", include=Include.HEARD)).heard_track_ids == ("again", "last")


async def test_heard_tracks_are_ordered_by_when_not_by_arrival(store: ProfileStore, build: Any) -> None:
    late = build.plays("now", "last-year", "now", "tomorrow", times=[100, -5, 50, 200])
    profile = build.heard(build.fresh(), late, b"heard---")
    assert await store.commit(Commit(None, profile, events=tuple(late)))
    assert (await store.read("u", include=Include.HEARD)).heard_track_ids == ("tomorrow", "now", "last-year")
    assert (await store.read("u")).heard_track_ids == ()


async def test_events_survive_as_they_were(store: ProfileStore, build: Any) -> None:
    events = [
        Event("e1", "t1", EventType.PLAY, 1_700_000_000_123_456, 0.1),
        Event("e2", "t2", EventType.DISLIKE, -1, None),
        Event("e3", "t1", EventType.PLAYLIST_ADD, 253_402_300_799_999_999, 0.0),
    ]
    profile = build.heard(build.fresh(), events, b"heard---")
    assert await store.commit(Commit(None, profile, events=tuple(events)))
    assert [entry.event for entry in await store.read_events("u", 1, 3)] == events


@pytest.mark.parametrize(("first", "last", "sequences"), [(1, 9, [3, 4, 5]), (4, 4, [4]), (1, 2, []), (6, 9, []), (2, 3, [3])])
async def test_logs_are_read_by_sequence(store: ProfileStore, build: Any, first: int, last: int, sequences: list[int]) -> None:
    profile = build.fresh()
    assert await store.commit(Commit(None, profile))
    for number in range(5):
        changed, edit = build.boosted(profile, f"nonce--{number}".encode())
        assert await store.commit(Commit(profile.version, changed, edits=(edit,), edit_log_length=3))
        profile = changed
    assert [edit.sequence for edit in await store.read_edits("u", first, last)] == sequences


async def test_long_logs_are_read_whole(store: ProfileStore, build: Any) -> None:
    events = build.plays(*[f"t{number % 700}" for number in range(1500)])
    profile = build.heard(build.fresh(), events, b"heard---")
    assert await store.commit(Commit(None, profile, events=tuple(events)))
    assert [entry.event for entry in await store.read_events("u", 1, 1500)] == events
    assert len((await store.read("u", include=Include.HEARD)).heard_track_ids) == 700


async def test_answers_are_kept_by_request_id(store: ProfileStore, build: Any) -> None:
    profile, edit = build.boosted(build.fresh(), b"written-")
    assert await store.commit(Commit(None, profile, edits=(edit,), request_id="r1", answer=Answer(b"print", profile, edit)))
    later, another = build.boosted(profile, b"later---")
    assert await store.commit(Commit(profile.version, later, edits=(another,)))
    answer = (await store.read("u", request_id="r1")).answer
    assert answer is not None
    assert (answer.fingerprint, answer.edit, answer.profile.version) == (b"print", edit, profile.version)
    assert (await store.read("u", request_id="r2")).answer is None
    assert (await store.read("other", request_id="r1")).answer is None


async def test_deleting_erases_everything_of_that_user_only(store: ProfileStore, build: Any) -> None:
    for user_id in ("u", "v"):
        profile, edit = build.boosted(build.fresh(user_id), b"written-")
        profile = build.heard(profile, build.plays("t1"), b"heard---")
        answer = Answer(b"print", profile, edit)
        events = tuple(build.plays("t1"))
        assert await store.commit(Commit(None, profile, edits=(edit,), events=events, request_id="r1", answer=answer))
    assert (await store.delete("u")).keys > 0
    assert (await store.delete("u")).keys == 0
    erased = await store.read("u", event_ids=["e0"], request_id="r1", include=Include.HEARD)
    assert (erased.profile, erased.seen_event_ids, erased.answer, erased.heard_track_ids) == (None, frozenset(), None, ())
    assert await store.read_edits("u", 1, 9) == []
    assert await store.read_events("u", 1, 9) == []
    kept = await store.read("v", event_ids=["e0"], request_id="r1", include=Include.HEARD)
    assert kept.profile is not None
    assert kept.answer is not None
    assert (kept.seen_event_ids, kept.heard_track_ids) == (frozenset({"e0"}), ("t1",))
