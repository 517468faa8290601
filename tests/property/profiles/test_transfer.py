"""What a person takes along comes in again as it was, and no document makes anything but a profile or a refusal."""

import asyncio
import json
import random
from collections.abc import Awaitable
from contextlib import suppress
from importlib import resources
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leitmotif_services.profiles.store.memory_store import MemoryStore
from leitmotif_services.profiles.taste.control import ControlAction, ControlChange
from leitmotif_services.profiles.taste.exclusions import Exclusions, TimeRange
from leitmotif_services.profiles.taste.history import DAY_US, Event, EventType
from leitmotif_services.profiles.taste.known_tracks import KnownTracks
from leitmotif_services.profiles.taste.presets import PresetControl
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.transfer.export_document import export_json
from leitmotif_services.profiles.transfer.import_document import read_document
from leitmotif_services.profiles.use_cases.custody import Custody, Imported
from leitmotif_services.profiles.use_cases.editing import Editing
from leitmotif_services.profiles.use_cases.excluding import Excluding, ModelTracks
from leitmotif_services.profiles.use_cases.known_spaces import KnownSpaces
from leitmotif_services.profiles.use_cases.outcomes import Conditions
from leitmotif_services.profiles.use_cases.preset_changes import PresetChanges, PresetParts
from leitmotif_services.profiles.use_cases.profile_updates import ProfileUpdates
from leitmotif_services.profiles.use_cases.rebuilding import Rebuilding
from leitmotif_services.profiles.use_cases.recording import Recording
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError

# "loud" of m1 is nearest to "noisy" of m2; "sad" has no counterpart there.
SPACES = (
    PrototypeSpace("m2", ("fast", "noisy", "calm"), ("Fast", "", "Calm"), np.eye(3, 4, dtype=np.float32), "e"),
    PrototypeSpace("m1", ("calm", "loud", "fast", "sad"), (), np.eye(4, dtype=np.float32)[[2, 1, 0, 3]], "e"),
)
NAMES = ("calm", "loud", "fast", "sad", "noisy")
TRACKS = ("t1", "t2", "t3")
REPLAYED_US = 1_700_000_000_000_000

SCHEMA = json.loads(
    (resources.files("leitmotif_services.profiles.transfer") / "profile-2.schema.json").read_text(encoding="utf-8")
)
jsonschema.Draft202012Validator.check_schema(SCHEMA)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

control_changes = st.one_of(
    st.builds(
        ControlChange,
        st.sampled_from(NAMES),
        st.sampled_from([ControlAction.BOOST, ControlAction.REDUCE]),
        st.floats(0.0, 4.0, exclude_min=True),
    ),
    st.builds(ControlChange, st.sampled_from(NAMES), st.just(ControlAction.SET), st.floats(-4.0, 4.0)),
    st.builds(
        ControlChange,
        st.sampled_from(NAMES),
        st.sampled_from([action for action in ControlAction if action > ControlAction.SET]),
    ),
)
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), max_size=8)
shares = st.floats(0.0, 1.0)
times = st.integers(REPLAYED_US - 1000 * DAY_US, REPLAYED_US)
events = st.builds(
    Event,
    event_id=st.sampled_from([f"e{number}" for number in range(20)]),
    track_id=st.sampled_from(TRACKS),
    type=st.sampled_from(EventType),
    occurred_at_us=times,
    share_heard=st.none() | shares,
)
exclusions = st.builds(
    Exclusions,
    hidden_track_ids=st.frozensets(st.sampled_from(TRACKS)),
    hidden_artists=st.frozensets(texts.filter(bool), max_size=2),
    uncounted_track_ids=st.frozensets(st.sampled_from(TRACKS), max_size=1),
    uncounted_artists=st.frozensets(texts.filter(bool), max_size=2),
    uncounted_ranges=st.frozensets(
        times.flatmap(lambda start: st.builds(TimeRange, st.just(start), st.none() | st.integers(start + 1, start + DAY_US))),
        max_size=2,
    ),
)
overlays = st.dictionaries(st.sampled_from(NAMES), st.builds(PresetControl, st.floats(-4.0, 4.0), st.booleans()), min_size=1)
presets = st.sampled_from(["focus", "sleep"])
edits = st.tuples(st.just("edit"), st.lists(control_changes, min_size=1, max_size=3), texts, texts)
sequences = st.just(0) | st.integers(0, 12)
undos = st.tuples(st.just("undo"), sequences)
steps = st.one_of(
    *(edits, edits, edits, undos, undos),  # more often than the others, so that logs overflow and much is undone
    st.tuples(st.just("redo"), sequences),
    st.tuples(st.just("record"), st.lists(events, min_size=1, max_size=3)),
    st.tuples(st.just("exclude"), exclusions, exclusions),
    st.tuples(st.just("save"), presets, texts, overlays),
    st.tuples(st.just("activate"), presets, st.floats(0.0, 1.0, exclude_min=True), st.none() | st.integers(1, DAY_US)),
    st.tuples(st.just("rebuild"), st.sampled_from(["m1", "m2"])),
    st.tuples(st.just("wait"), st.integers(1, DAY_US // 2)),
)
lives = st.lists(steps, min_size=10, max_size=30)
"""Long enough for every part of a profile to hold something."""


def affinities(model_version: str, track_ids: tuple[str, ...]) -> Any:
    size = 3 if model_version == "m2" else 4
    return np.array(
        [np.random.default_rng([size, TRACKS.index(track_id)]).normal(size=size) for track_id in track_ids], np.float32
    )


class World:
    """Profiles in memory, with short logs and a clock that only tests move."""

    def __init__(self) -> None:
        self.now_us = REPLAYED_US
        self.heavy = Admission("heavy", workers=1, waiting=4)
        self.store = MemoryStore(lambda: self.now_us)
        self.spaces = KnownSpaces(self.store)
        updates = ProfileUpdates(
            self.store, self.spaces, self.heavy, edit_log_length=4, event_log_length=5, now_us=lambda: self.now_us
        )
        self.custody, self.editing, self.recording = Custody(updates), Editing(updates), Recording(updates)
        self.excluding, self.presets, self.rebuilding = Excluding(updates), PresetChanges(updates), Rebuilding(updates)

    async def __aenter__(self) -> "World":
        for space in SPACES:
            await self.spaces.register(space)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.spaces.close()
        await self.heavy.close()

    async def model_of(self, user_id: str) -> str:
        profile = (await self.store.read(user_id)).profile
        return profile.model_version if profile else "m1"

    async def export(self, user_id: str) -> str:
        return export_json(await self.custody.everything(user_id))

    async def bring(self, user_id: str, text: str, *, replaces: bool) -> Imported:
        return await self.custody.put_in_place(user_id, read_document(text, self.now_us), replaces=replaces)

    async def apply(self, user_id: str, step: tuple[Any, ...]) -> Reason | None:
        """Take a step, and tell why it was refused."""
        try:
            await self._apply(user_id, *step)
        except ServiceError as error:
            return error.reason
        return None

    async def _apply(self, user_id: str, kind: str, *given: Any) -> None:
        model = await self.model_of(user_id)
        known = KnownTracks({track_id: row for row, track_id in enumerate(TRACKS)}, affinities(model, TRACKS))
        call: Awaitable[object]
        match kind, given:
            case "edit", (changes, actor, reason):
                call = self.editing.edit(user_id, changes, Conditions(), actor=actor, reason=reason, allow_missing=True)
            case "undo", (sequence,):
                call = self.editing.undo(user_id, Conditions(), sequence=sequence)
            case "redo", (sequence,):
                call = self.editing.redo(user_id, Conditions(), sequence=sequence)
            case "record", (batch,):
                rows = affinities(model, tuple(event.track_id for event in batch))
                call = self.recording.record_events(user_id, batch, rows, model)
            case "exclude", (add, remove):
                call = self.excluding.change(user_id, add, remove, ModelTracks(known, model), allow_missing=True)
            case "save", (preset_id, label, controls):
                parts = PresetParts(label, controls)
                call = self.presets.save(user_id, preset_id, whole=parts, parts=parts)
            case "activate", (preset_id, share, duration_us):
                call = self.presets.activate(user_id, preset_id, share=share, duration_us=duration_us)
            case "rebuild", (version,):
                tracks = KnownTracks({"t1": 0, "t2": 1}, affinities(version, ("t1", "t2")))
                call = self.rebuilding.rebuild(user_id, version, tracks)
            case "wait", (duration_us,):
                self.now_us += duration_us
                return
            case _:
                raise AssertionError(kind)
        await call


def portable(text: str) -> dict[str, Any]:
    """Without what an import does not take along."""
    document = json.loads(text)
    for name in ("user_id", "etag", "updated_at"):
        del document[name]
    return document


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(lives, st.lists(steps, max_size=8))
def test_an_import_restores_an_export_exactly(taken: list[tuple[Any, ...]], further: list[tuple[Any, ...]]) -> None:
    async def run() -> None:
        async with World() as world:
            await world.apply("u", ("edit", [ControlChange("fast", ControlAction.BOOST, 1.0)], "", ""))
            for step in taken:
                await world.apply("u", step)
            before = await world.export("u")
            VALIDATOR.validate(json.loads(before))
            assert (await world.custody.erase("u")).erased_keys > 0
            imported = await world.bring("u", before, replaces=False)
            assert not imported.needs_rebuild
            after = await world.export("u")
            assert portable(after) == portable(before)
            kept = (await world.store.read("u")).profile
            assert kept is not None
            assert kept.history.weighted_sum.tobytes() == imported.profile.history.weighted_sum.tobytes()

            # Nor does it behave in another way afterwards: the logs, the sums and what can be undone are all there.
            await world.bring("twin", before, replaces=False)
            for step in further:
                assert await world.apply("u", step) == await world.apply("twin", (step if step[0] != "wait" else ("wait", 0)))
                assert portable(await world.export("u")) == portable(await world.export("twin"))

    asyncio.run(run())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(lives)
def test_an_import_under_another_model_keeps_what_has_a_place(taken: list[tuple[Any, ...]]) -> None:
    async def run() -> None:
        async with World() as world:
            await world.apply("u", ("edit", [ControlChange("fast", ControlAction.BOOST, 1.0)], "", ""))
            for step in taken:
                await world.apply("u", step)
            text = (await world.export("u")).replace('"model_version":"m1"', '"model_version":"elsewhere"')
            text = text.replace('"model_version":"m2"', '"model_version":"elsewhere"')
            document = json.loads(text)
            imported = await world.bring("v", text, replaces=False)
            # m1 was registered last.
            assert imported.needs_rebuild
            assert (imported.space.model_version, imported.profile.history.event_count) == ("m1", 0)
            assert not imported.profile.history.weights().any()
            here = set(imported.space.prototype_ids)
            asked = [entry["prototype_id"] for entry in document["controls"]]
            dropped = list(imported.dropped_prototype_ids)
            assert dropped == [name for name in asked if name in dropped]
            if not document["carried"]:  # else what was asked for by another name may have its place here by that name
                assert dropped == [name for name in asked if name not in here]
            # What it holds here agrees with itself, so it can be taken along again.
            again = await world.export("v")
            await world.bring("w", again, replaces=False)
            assert portable(await world.export("w")) == portable(again)
            assert portable(again)["events"] == document["events"]
            assert portable(again)["edits"] == [
                {**edit, "changes": [{**change, "label": ""} for change in edit["changes"]]} for edit in document["edits"]
            ]

    asyncio.run(run())


STRANGE: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 0.5, -0.0, 5e-324, 1e308, -1e308, 2**63, 10**19, 10**400),
    *(float("nan"), float("inf"), float("-inf"), "", "x", "}{", "a" * 10_000, "\ud800", "\x00", "ü", "9999-12-31T23:59:59Z"),
    *("0001-01-01T00:00:00+00:00", "2024-02-30T00:00:00Z", "leitmotif.profile/3", [], {}, [[]], {"a": 1}, [None] * 300),
)


def mutated(document: dict[str, Any], dice: random.Random) -> str:
    """The document with a few values replaced, removed, repeated, moved or added, and sometimes its text damaged."""
    document = json.loads(json.dumps(document))
    for _ in range(dice.randint(1, 3)):
        places: list[tuple[Any, Any]] = []
        found: list[Any] = [document]
        while found:
            value = found.pop()
            inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
            for key, child in inner:
                places.append((value, key))
                found.append(child)
        if not places:
            break
        holder, key = dice.choice(places)
        match dice.randrange(6):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, list):
                holder.insert(key, holder[key])
            case 1:
                holder[dice.choice(["extra", "\ud800", "a.b", key + "2"])] = holder[key]
            case 2:
                other, other_key = dice.choice(places)
                holder[key] = json.loads(json.dumps(other[other_key])) if other_key in _keys(other) else None
            case 3 if isinstance(holder[key], int | float):
                holder[key] = holder[key] * dice.choice([-1, 2, 1e6, 1e-9]) + dice.choice([0, 1])
            case _:
                holder[key] = dice.choice(STRANGE)
    text = json.dumps(document)
    match dice.randrange(12):
        case 0:
            at = dice.randrange(len(text))
            text = text[:at] + dice.choice(['"', "{", "]", "\\", ",", "NaN", "\x00", "é", "1e999"]) + text[at + 1 :]
        case 1:
            text = text[: dice.randrange(len(text))]
        case 2:
            text = text.replace('"muted": ', '"muted": true, "muted": ', 1)
    return text


def _keys(holder: Any) -> Any:
    return holder.keys() if isinstance(holder, dict) else range(len(holder))


REFUSALS = {Reason.FIELD_INVALID, Reason.EXPORT_UNREADABLE, Reason.LIMIT_EXCEEDED}


@pytest.mark.parametrize("seed", range(4))
def test_a_mutated_export_is_refused_or_a_profile(seed: int) -> None:
    """2,000 in all."""
    dice = random.Random(seed)

    async def run() -> None:
        async with World() as world:
            for step in (
                ("edit", [ControlChange("sad", ControlAction.MUTE), ControlChange("loud", ControlAction.SET, -1.5)], "me", "so"),
                ("record", [Event("e1", "t1", EventType.PLAY, REPLAYED_US - DAY_US, 0.5)]),
                ("record", [Event("e2", "t2", EventType.LIKE, REPLAYED_US - 9)]),
                (
                    "exclude",
                    Exclusions(frozenset("x"), frozenset("Y"), uncounted_ranges=frozenset({TimeRange(1, 2)})),
                    Exclusions(),
                ),
                ("save", "focus", "Focus", {"calm": PresetControl(1.0), "loud": PresetControl(0.0, True)}),
                ("activate", "focus", 0.5, DAY_US),
                ("rebuild", "m2"),
                ("edit", [ControlChange("calm", ControlAction.PIN)], "", ""),
                ("edit", [ControlChange("calm", ControlAction.REDUCE, 0.1)], "", ""),
                ("undo", 0),
            ):
                assert await world.apply("u", step) is None
            kept = await world.export("u")
            document = json.loads(kept)
            assert document["carried"]
            refused = 0
            for _ in range(500):
                text = mutated(document, dice)
                try:
                    await world.bring("u", text, replaces=True)
                except ServiceError as error:
                    refused += 1
                    assert error.reason in REFUSALS, text
                    assert all(violation.field.startswith("json") for violation in error.violations)
                    error.message.encode()  # can be sent
                    "".join(error.metadata.values()).encode()
                    assert await world.export("u") == kept
                else:
                    # What was taken in can be read, exported, and taken in again.
                    taken = await world.export("u")
                    VALIDATOR.validate(json.loads(taken))
                    await world.bring("v", taken, replaces=True)
                    assert portable(await world.export("v")) == portable(taken)
                    with suppress(ServiceError):
                        await world.editing.undo("u", Conditions())
                    await world.bring("u", kept, replaces=True)
                    assert portable(await world.export("u")) == portable(kept)
                    kept = await world.export("u")
            assert 100 < refused < 500

    asyncio.run(run())
