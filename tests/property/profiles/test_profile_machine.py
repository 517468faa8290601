"""Random sequences of everything that can be done to a profile, against a plain Python model of it."""

import asyncio
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from leitmotif_services.profiles.store.memory_store import MemoryStore
from leitmotif_services.profiles.store.redis_client import RedisClient
from leitmotif_services.profiles.store.redis_store import RedisStore
from leitmotif_services.profiles.taste.control import ControlAction, ControlChange, checked_change
from leitmotif_services.profiles.taste.history import Event, EventType
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.use_cases.outcomes import Conditions
from leitmotif_services.profiles.use_cases.profiles import Profiles, wall_clock_us
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError

SPACES = {"m1": ("calm", "loud", "fast"), "m2": ("new", "fast", "calm", "warm")}
TRACKS = ("t1", "t2", "t3")
AFFINITIES = {
    "m1": {"t1": (1.0, 0.0, 0.5), "t2": (0.0, 2.0, 0.25), "t3": (0.125, 0.75, 0.0)},
    "m2": {"t1": (0.5, 0.5, 0.0, 1.0), "t2": (0.0, 0.25, 3.0, 0.0)},  # t3 is unknown to this model
}
WEIGHTS = {
    EventType.PLAY: 1.0,
    EventType.LIKE: 3.0,
    EventType.SAVE: 3.0,
    EventType.PLAYLIST_ADD: 2.0,
    EventType.SKIP: -0.25,
    EventType.DISLIKE: -3.0,
}
LOG_LENGTH = 5

amounts = st.floats(0.01, 4.0)
changes = st.one_of(
    st.builds(
        ControlChange, st.sampled_from(SPACES["m1"]), st.sampled_from([ControlAction.BOOST, ControlAction.REDUCE]), amounts
    ),
    st.builds(ControlChange, st.sampled_from(SPACES["m1"]), st.just(ControlAction.SET), st.floats(-4.0, 4.0)),
    st.builds(
        ControlChange,
        st.sampled_from(SPACES["m1"]),
        st.sampled_from([ControlAction.MUTE, ControlAction.UNMUTE, ControlAction.RESET]),
    ),
)
events = st.builds(
    Event,
    event_id=st.sampled_from([f"e{number}" for number in range(12)]),
    track_id=st.sampled_from(TRACKS),
    type=st.sampled_from(list(EventType)),
    occurred_at_us=st.integers(0, 100),
    share_heard=st.one_of(st.none(), st.floats(0.0, 1.0)),
)


class ProfileModel:
    """The obvious implementation: dictionaries, lists, and everything computed anew."""

    def __init__(self, model_version: str) -> None:
        self.model_version = model_version
        self.controls: dict[str, tuple[float, bool]] = {}
        self.edits: list[dict[str, Any]] = []
        self.redo: list[int] = []
        self.log: list[Event] = []
        self.sums = dict.fromkeys(SPACES[model_version], 0.0)
        self.magnitude = 0.0
        self.latest: dict[str, int] = {}

    def edit(self, steps: list[ControlChange]) -> None:
        touched = {step.prototype_id for step in steps}
        before = {name: self.controls.get(name, (0.0, False)) for name in touched}
        for step in steps:
            edit, muted = self.controls.get(step.prototype_id, (0.0, False))
            amount = step.amount or 0.0
            new_edit = {"BOOST": edit + amount, "REDUCE": edit - amount, "SET": amount, "RESET": 0.0}.get(step.action.name, edit)
            new_muted = {"MUTE": True, "UNMUTE": False, "RESET": False}.get(step.action.name, muted)
            self.controls[step.prototype_id] = (min(4.0, max(-4.0, new_edit)), new_muted)
        after = {name: self.controls[name] for name in touched}
        self.edits.append({"number": len(self.edits), "before": before, "after": after, "undone": False})
        self.redo = []

    def record(self, event: Event) -> bool:
        if any(event.event_id == logged.event_id for logged in self.log):
            return False
        self.log.append(event)
        self._count(event)
        self.latest[event.track_id] = max(event.occurred_at_us, self.latest.get(event.track_id, event.occurred_at_us))
        return True

    def trim(self) -> None:
        self.log = self.log[-LOG_LENGTH:]
        kept = {event.track_id for event in self.log}
        self.latest = {track_id: time for track_id, time in self.latest.items() if track_id in kept}

    def put_back(self, controls: dict[str, tuple[float, bool]]) -> None:
        self.controls.update({name: control for name, control in controls.items() if name in SPACES[self.model_version]})

    def rebuild(self, model_version: str) -> None:
        self.model_version = model_version
        self.controls = {name: control for name, control in self.controls.items() if name in SPACES[model_version]}
        self.sums = dict.fromkeys(SPACES[model_version], 0.0)
        self.magnitude = 0.0
        for event in self.log:
            if event.track_id in AFFINITIES[model_version]:
                self._count(event)

    def _count(self, event: Event) -> None:
        weight = WEIGHTS[event.type]
        if event.type is EventType.PLAY and event.share_heard is not None:
            weight *= event.share_heard
        for name, affinity in zip(SPACES[self.model_version], AFFINITIES[self.model_version][event.track_id], strict=True):
            self.sums[name] += weight * affinity
        self.magnitude += abs(weight)

    def undoable(self) -> list[dict[str, Any]]:
        return [edit for edit in self.edits if not edit["undone"]]


class ProfileMachine(RuleBasedStateMachine):
    """Runs each step on the use cases and on the model, and compares everything that can be read after each."""

    redis_url: str | None = None

    @initialize()
    def start(self) -> None:
        self.loop = asyncio.Runner()
        self.heavy = Admission("heavy", workers=1, waiting=4)
        self.client: RedisClient | None = None
        self.loop.run(self._compose())
        self.model: ProfileModel | None = None

    async def _compose(self) -> None:
        if self.redis_url is None:
            store: Any = MemoryStore(wall_clock_us)
        else:
            self.client = RedisClient(self.redis_url, pool_size=2, timeout_s=5.0, allow_volatile=False)
            store = RedisStore(self.client, key_prefix="machine", decoding=self.heavy)
            await store.delete("u")
        self.profiles = Profiles(store, self.heavy, event_log_length=LOG_LENGTH)
        await self.profiles.register_space(PrototypeSpace("m2", SPACES["m2"]))
        await self.profiles.register_space(PrototypeSpace("m1", SPACES["m1"]))

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            if self.client is not None:
                self.loop.run(self.client.close())
            self.loop.run(self.heavy.close())
            self.loop.close()

    @rule(steps=st.lists(changes, min_size=1, max_size=3))
    def edit(self, steps: list[ControlChange]) -> None:
        checked = [checked_change(step, "changes") for step in steps]
        preview = self.profiles.preview("u", checked, allow_missing=True)
        call = self.profiles.edit("u", checked, Conditions(), allow_missing=True)
        if self.model is None:
            self.model = ProfileModel("m1")
        unknown = [step for step in steps if step.prototype_id not in SPACES[self.model.model_version]]
        if unknown:
            self._refused(preview, Reason.PROTOTYPE_NOT_FOUND)
            self._refused(call, Reason.PROTOTYPE_NOT_FOUND)
        else:
            previewed = self.loop.run(preview).profile
            edited = self.loop.run(call).profile
            assert previewed.controls == edited.controls
            assert (previewed.history.weights() == edited.history.weights()).all()
            self.model.edit(steps)

    @rule()
    def undo(self) -> None:
        call = self.profiles.undo("u", Conditions())
        if self.model is None:
            self._refused(call, Reason.PROFILE_NOT_FOUND)
        elif not self.model.undoable():
            self._refused(call, Reason.NOTHING_TO_UNDO)
        else:
            self.loop.run(call)
            edit = self.model.undoable()[-1]
            edit["undone"] = True
            self.model.redo.append(edit["number"])
            self.model.put_back(edit["before"])

    @rule()
    def redo(self) -> None:
        call = self.profiles.redo("u", Conditions())
        if self.model is None:
            self._refused(call, Reason.PROFILE_NOT_FOUND)
        elif not self.model.redo:
            self._refused(call, Reason.NOTHING_TO_UNDO)
        else:
            self.loop.run(call)
            edit = self.model.edits[self.model.redo.pop()]
            edit["undone"] = False
            self.model.put_back(edit["after"])

    @rule(batch=st.lists(events, min_size=1, max_size=4))
    def record(self, batch: list[Event]) -> None:
        version = self.model.model_version if self.model else "m1"
        batch = [event for event in batch if event.track_id in AFFINITIES[version]]
        if not batch:
            return
        rows = np.array([AFFINITIES[version][event.track_id] for event in batch], np.float32)
        outcome = self.loop.run(self.profiles.record_events("u", batch, rows, version))
        if self.model is None:
            self.model = ProfileModel("m1")
        recorded = sum(self.model.record(event) for event in batch)
        self.model.trim()
        assert (outcome.recorded, outcome.repeated) == (recorded, len(batch) - recorded)

    @precondition(lambda self: self.model is not None)
    @rule(version=st.sampled_from(["m1", "m2"]))
    def rebuild(self, version: str) -> None:
        assert self.model is not None
        known = AFFINITIES[version]
        rows = {track_id: row for row, track_id in enumerate(known)}
        affinities = np.array(list(known.values()), np.float32)
        rebuilt = self.loop.run(self.profiles.rebuild("u", version, rows, affinities))
        self.model.rebuild(version)
        assert rebuilt.counted_events == sum(event.track_id in known for event in self.model.log)

    @rule()
    def delete(self) -> None:
        assert self.loop.run(self.profiles.delete("u")) is (self.model is not None)
        self.model = None

    @invariant()
    def reads_as_the_model(self) -> None:
        if not hasattr(self, "profiles"):
            return
        if self.model is None:
            self._refused(self.profiles.read("u"), Reason.PROFILE_NOT_FOUND)
            return
        everything = self.loop.run(self.profiles.everything("u"))
        profile, names = everything.profile, everything.space.prototype_ids
        assert profile.model_version == self.model.model_version
        root = math.sqrt(self.model.magnitude) or 1.0
        expected = [self.model.sums[name] / root for name in names]
        np.testing.assert_allclose(profile.history.weights(), expected, rtol=1e-9, atol=1e-9)
        # Controls are equal, not close: undo and redo put back the very values.
        kept = {names[position]: tuple(control) for position, control in profile.controls.items()}
        assert kept == {name: control for name, control in self.model.controls.items() if control != (0.0, False)}
        undone = [edit.sequence not in profile.undoable for edit in everything.edits]
        assert undone == [edit["undone"] for edit in self.model.edits]
        assert [entry.event for entry in everything.events] == self.model.log
        _, heard = self.loop.run(self.profiles.read_for_scoring("u", heard=True))
        assert set(heard) == set(self.model.latest)
        assert [self.model.latest[track_id] for track_id in heard] == sorted(self.model.latest.values(), reverse=True)

    def _refused(self, call: Any, reason: Reason) -> None:
        with pytest.raises(ServiceError) as refused:
            self.loop.run(call)
        assert refused.value.reason is reason


def run(machine: type[ProfileMachine], *, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )


def test_the_reference_store() -> None:
    run(ProfileMachine, examples=60, steps=30)


def test_the_redis_store(empty_redis_url: str) -> None:
    run(type("RedisProfileMachine", (ProfileMachine,), {"redis_url": empty_redis_url}), examples=15, steps=25)
