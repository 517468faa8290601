"""What every ProfileStore promises of what is kept beside a profile, of imports and of prototype spaces."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from leitmotif_services.profiles.store.profile_store import Answer, Commit, Include, ProfileStore, Stored
from leitmotif_services.profiles.taste.control import Control
from leitmotif_services.profiles.taste.exclusions import NO_EXCLUSIONS, Exclusions, TimeRange
from leitmotif_services.profiles.taste.presets import ActivePreset, Preset, PresetControl
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace

BESIDE = Include.EXCLUSIONS | Include.PRESETS

EXCLUSIONS = Exclusions(
    hidden_track_ids=frozenset({"t1", "t2"}),
    hidden_artists=frozenset({"Motörhead", "Б.Г."}),
    uncounted_track_ids=frozenset({"t3"}),
    uncounted_artists=frozenset({"Anyone"}),
    uncounted_ranges=frozenset({TimeRange(None, 5), TimeRange(-7, None), TimeRange(0, 1_700_000_000_000_000)}),
)
FOCUS = Preset("focus", "Focus, please", {"calm": PresetControl(1.5), "loud": PresetControl(-0.1, True)}, 11)
SLEEP = Preset("sleep", "", {"fast": PresetControl(-4.0)}, 12)


async def committed(store: ProfileStore, build: Any, **parts: Any) -> Commit:
    commit = Commit(None, build.fresh(), **parts)
    assert await store.commit(commit)
    return commit


async def read(store: ProfileStore, include: Include = BESIDE) -> Stored:
    stored = await store.read("u", include=include)
    assert stored.profile is not None
    return stored


async def test_exclusions_come_back_where_they_are_asked_for(store: ProfileStore, build: Any) -> None:
    await committed(store, build, exclusions=EXCLUSIONS)
    assert (await read(store, Include.EXCLUSIONS)).exclusions == EXCLUSIONS
    assert (await read(store, Include.PRESETS | Include.HEARD)).exclusions == NO_EXCLUSIONS
    assert (await store.read("other", include=BESIDE)).exclusions == NO_EXCLUSIONS


async def test_exclusions_stay_until_others_take_their_place(store: ProfileStore, build: Any) -> None:
    profile = (await committed(store, build, exclusions=EXCLUSIONS)).profile
    for nonce, given, kept in (
        (b"stays---", None, EXCLUSIONS),
        (b"less----", Exclusions(hidden_artists=frozenset({"x"})), Exclusions(hidden_artists=frozenset({"x"}))),
        (b"none----", NO_EXCLUSIONS, NO_EXCLUSIONS),
    ):
        changed = profile.stamped(nonce, 3)
        assert await store.commit(Commit(profile.version, changed, exclusions=given))
        assert (await read(store)).exclusions == kept
        profile = changed


async def test_presets_are_kept_and_forgotten_one_by_one(store: ProfileStore, build: Any) -> None:
    profile = (await committed(store, build, presets={"focus": FOCUS, "sleep": SLEEP})).profile
    stored = await read(store)
    assert stored.presets == {"focus": FOCUS, "sleep": SLEEP}
    assert list(stored.presets["focus"].controls) == ["calm", "loud"]
    assert (await read(store, Include.EXCLUSIONS)).presets == {}
    renamed = replace(FOCUS, label="Work", updated_at_us=13)
    changed = profile.stamped(b"changed-", 3)
    assert await store.commit(Commit(profile.version, changed, presets={"sleep": None, "focus": renamed, "never": None}))
    assert (await read(store)).presets == {"focus": renamed}
    emptied = changed.stamped(b"emptied-", 4)
    assert await store.commit(Commit(changed.version, emptied, presets={"focus": None}))
    assert (await read(store)).presets == {}


async def test_a_refused_commit_changes_nothing_beside_the_profile(store: ProfileStore, build: Any) -> None:
    base = (await committed(store, build, exclusions=EXCLUSIONS, presets={"focus": FOCUS})).profile
    late = base.stamped(b"late----", 3)
    for refused in (
        Commit(None, late, exclusions=NO_EXCLUSIONS, presets={"focus": None}),
        Commit(late.version, base.stamped(b"other---", 3), exclusions=NO_EXCLUSIONS, presets={"sleep": SLEEP}),
        Commit(late.version, base.stamped(b"other---", 3), replaces=True),
    ):
        assert await store.commit(refused) is False
    stored = await read(store)
    assert (stored.exclusions, stored.presets) == (EXCLUSIONS, {"focus": FOCUS})


async def test_every_part_of_a_profile_comes_back(store: ProfileStore, build: Any) -> None:
    active = ActivePreset("focus", 0.3, 99, {"calm": PresetControl(1.5), "gone": PresetControl(-0.1, True)})
    whole = replace(
        build.fresh(),
        controls={0: Control(0.1 + 0.2, True, 1.0 / 3.0), 1: Control(-4.0), 2: Control(0.0, False, 0.0)},
        last_edit=300,
        undoable=(101, 102, 103, 110, 112, 113, 300),
        redoable=(111, 109, 108, 107),
        last_event=12_345,
        settled={1: Control(2.5), 2: Control(muted=True)},
        carried={"loudest": "loud", "slow": "fast"},
        exclusion_count=17,
        active_preset=active,
    )
    for settled, preset in ((whole.settled, active), (None, replace(active, expires_at_us=None)), ({}, None)):
        profile = replace(whole, settled=settled, active_preset=preset)
        assert await store.commit(Commit(None, profile))
        kept = (await read(store)).profile
        assert kept is not None
        for name in vars(profile).keys() - {"history"}:
            assert getattr(kept, name) == getattr(profile, name), name
        await store.delete("u")


async def test_several_edits_are_logged_at_once(store: ProfileStore, build: Any) -> None:
    edits = []
    profile = build.fresh()
    for number in range(5):
        profile, edit = build.boosted(profile, f"nonce--{number}".encode())
        edits.append(edit)
    assert await store.commit(Commit(None, profile, edits=tuple(edits), edit_log_length=3))
    assert await store.read_edits("u", 1, 9) == edits[2:]
    later, edit = build.boosted(profile, b"later---")
    assert await store.commit(Commit(profile.version, later, edits=(edit,), edit_log_length=3))
    assert await store.read_edits("u", 1, 9) == [*edits[3:], edit]


async def test_a_replacement_leaves_nothing_of_what_was(store: ProfileStore, build: Any) -> None:
    profile, edit = build.boosted(build.fresh(), b"written-")
    events = tuple(build.plays(*[f"t{number}" for number in range(300)]))
    profile = build.heard(profile, events, b"heard---")
    answer = Answer(b"print", profile, edit)
    parts: dict[str, Any] = {"exclusions": EXCLUSIONS, "presets": {"focus": FOCUS}, "request_id": "r1", "answer": answer}
    assert await store.commit(Commit(None, profile, edits=(edit,), events=events, **parts))

    imported = tuple(build.plays("i1", "i2", first=1000))
    taken_in = replace(build.heard(build.fresh(), imported, b"import--"), last_event=7)  # an import may count from anywhere
    taken_in = replace(taken_in, version=profile.stamped(b"import--", 9).version)
    replacement = Commit(profile.version, taken_in, events=imported, presets={"sleep": SLEEP}, replaces=True)
    assert await store.commit(replacement)
    assert await store.commit(replacement)  # as after a lost answer: written once
    stored = await store.read("u", event_ids=["e0", "e299", "e1000"], request_id="r1", include=BESIDE | Include.HEARD)
    assert stored.profile is not None
    assert stored.profile.version == taken_in.version
    assert (stored.exclusions, stored.presets, stored.answer) == (NO_EXCLUSIONS, {"sleep": SLEEP}, None)
    assert (stored.seen_event_ids, stored.heard_track_ids) == (frozenset({"e1000"}), ("i2", "i1"))
    assert await store.read_edits("u", 1, 9) == []
    assert [(entry.sequence, entry.event) for entry in await store.read_events("u", 1, 99)] == list(enumerate(imported, 6))


@pytest.mark.parametrize("length", [1, 127, 128, 129, 500, 10_000])
async def test_an_import_of_any_length_is_one_commit(store: ProfileStore, build: Any, length: int) -> None:
    events = tuple(build.plays(*[f"t{number % 900}" for number in range(length)]))
    profile = build.heard(build.fresh(), events, b"import--")
    assert await store.commit(Commit(None, profile, events=events))
    assert [entry.event for entry in await store.read_events("u", 1, length)] == list(events)
    asked = ["e0", f"e{length - 1}", f"e{length}"]
    stored = await store.read("u", event_ids=asked, include=Include.HEARD)
    assert stored.seen_event_ids == set(asked[:2])
    assert len(stored.heard_track_ids) == min(length, 900)
    # The next event makes a full log forget its first.
    more = build.plays("later", first=length)
    changed = build.heard(profile, more, b"later---")
    assert await store.commit(Commit(profile.version, changed, events=tuple(more), event_log_length=max(1, length)))
    stored = await store.read("u", event_ids=[*asked, "e1"])
    assert stored.seen_event_ids == {f"e{length}", *({"e1", f"e{length - 1}"} if length > 1 else ())}
    assert len(await store.read_events("u", 1, length + 1)) == max(1, length)


async def test_blocks_are_forgotten_event_by_event(store: ProfileStore, build: Any) -> None:
    profile = None
    count = 0
    for size in (100, 100, 1, 60, 130, 127, 1):
        events = build.plays(*[f"t{count + index}" for index in range(size)], first=count)
        changed = build.heard(profile or build.fresh(), events, f"to{count:06}".encode())
        expected = profile.version if profile else None
        assert await store.commit(Commit(expected, changed, events=tuple(events), event_log_length=150))
        profile, count = changed, count + size
        kept = [f"e{number}" for number in range(max(0, count - 150), count)]
        assert [entry.event.event_id for entry in await store.read_events("u", 1, count)] == kept
        stored = await store.read("u", event_ids=[f"e{number}" for number in range(count + 1)], include=Include.HEARD)
        assert stored.seen_event_ids == set(kept)
        assert set(stored.heard_track_ids) == {event_id.replace("e", "t") for event_id in kept}


async def test_spaces_keep_their_prototypes_and_take_other_names(store: ProfileStore, build: Any) -> None:
    space = build.space
    assert (await store.register_space(space)).labels == ()
    directions = np.array([[0.6, 0.8], [0.0, 0.0], [-1.0, 0.0]], np.float32)
    named = replace(space, labels=("Calm", "Loud", "Fast"), directions=directions, encoder_id="encoder-1")
    assert await store.register_space(named) == space
    for kept in (await store.register_space(named), await store.read_space("m1")):
        assert kept is not None
        assert (kept.labels, kept.encoder_id) == (named.labels, "encoder-1")
        assert kept.directions is not None
        assert kept.directions.dtype == np.float32
        assert not kept.directions.flags.writeable or kept.directions is directions
        np.testing.assert_allclose(kept.directions, directions, atol=5e-4)
        np.testing.assert_allclose(np.linalg.norm(kept.directions, axis=1), [1.0, 0.0, 1.0], atol=1e-6)
    assert (await store.register_space(space)).labels == ()
    kept = await store.read_space("m1")
    assert kept is not None
    assert (kept.labels, kept.directions, kept.encoder_id) == ((), None, "")


async def test_a_space_of_other_prototypes_is_not_written(store: ProfileStore, build: Any) -> None:
    other = PrototypeSpace("m2", ("x",))
    assert await store.register_space(build.space) == build.space
    assert await store.register_space(other) == other
    assert await store.latest_model_version() == "m2"
    assert await store.register_space(replace(build.space, prototype_ids=("changed",), labels=("New",))) == build.space
    assert await store.latest_model_version() == "m2"
    assert await store.read_space("m1") == build.space
    assert await store.register_space(build.space) == build.space
    assert await store.latest_model_version() == "m1"
    assert await store.read_space("m2") == other


async def test_an_erasure_is_verified(store: ProfileStore, build: Any) -> None:
    await store.register_space(build.space)
    await committed(store, build, exclusions=EXCLUSIONS, presets={"focus": FOCUS})
    assert await store.commit(Commit(None, build.fresh("uu")))
    before = await store.verify_erased("u")
    assert before.remaining == (await store.delete("u")).keys > 0
    after = await store.verify_erased("u")
    assert (after.remaining, after.scanned) == (0, before.scanned - before.remaining)
    assert (await store.verify_erased("uu")).remaining > 0
