"""Random sequences of everything that can be done to a profile, against a plain Python model of it."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field
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
from leitmotif_services.profiles.taste.exclusions import NO_EXCLUSIONS, Exclusions, TimeRange
from leitmotif_services.profiles.taste.history import Counting, Event, EventType
from leitmotif_services.profiles.taste.known_tracks import KnownTracks
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.use_cases.custody import Custody
from leitmotif_services.profiles.use_cases.editing import Editing
from leitmotif_services.profiles.use_cases.excluding import Excluding, ModelTracks
from leitmotif_services.profiles.use_cases.known_spaces import KnownSpaces
from leitmotif_services.profiles.use_cases.outcomes import Conditions
from leitmotif_services.profiles.use_cases.profile_updates import ProfileUpdates, wall_clock_us
from leitmotif_services.profiles.use_cases.reading import Reading
from leitmotif_services.profiles.use_cases.rebuilding import Rebuilding
from leitmotif_services.profiles.use_cases.recording import Recording
from leitmotif_services.profiles.use_cases.scoring_view import ScoringView
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError

SPACES: dict[str, tuple[str, ...]] = {"m1": ("calm", "loud", "fast"), "m2": ("new", "fast", "calm", "warm")}
TRACKS = ("t1", "t2", "t3")
ARTISTS = {"t1": "Aria", "t2": "Brio", "t3": ""}
AFFINITIES: dict[str, dict[str, tuple[float, ...]]] = {
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
EVENT_LOG_LENGTH = 5
EDIT_LOG_LENGTH = 4
HALF_LIFE_US = 40

amounts = st.floats(0.01, 4.0)
prototypes = st.sampled_from(SPACES["m1"])
bare_actions = [ControlAction.MUTE, ControlAction.UNMUTE, ControlAction.RESET, ControlAction.PIN, ControlAction.UNPIN]
changes = st.one_of(
    st.builds(ControlChange, prototypes, st.sampled_from([ControlAction.BOOST, ControlAction.REDUCE]), amounts),
    st.builds(ControlChange, prototypes, st.just(ControlAction.SET), st.floats(-4.0, 4.0)),
    st.builds(ControlChange, prototypes, st.sampled_from(bare_actions)),
)
events = st.builds(
    Event,
    event_id=st.sampled_from([f"e{number}" for number in range(12)]),
    track_id=st.sampled_from(TRACKS),
    type=st.sampled_from(list(EventType)),
    occurred_at_us=st.integers(0, 100),
    share_heard=st.one_of(st.none(), st.floats(0.0, 1.0)),
)
ranges = st.sampled_from([TimeRange(None, 30), TimeRange(20, 60), TimeRange(70, None)])
exclusions = st.builds(
    Exclusions,
    hidden_track_ids=st.frozensets(st.sampled_from(TRACKS), max_size=2),
    uncounted_track_ids=st.frozensets(st.sampled_from(TRACKS), max_size=1),
    uncounted_artists=st.frozensets(st.sampled_from(["Aria", "Brio"]), max_size=1),
    uncounted_ranges=st.frozensets(ranges, max_size=1),
)

Asked = tuple[float, bool, float | None]
"""Edit, mute and pinned history weight."""
UNASKED: Asked = (0.0, False, None)


@dataclass
class ProfileModel:
    """The obvious implementation: dictionaries, lists, and everything computed anew."""

    model_version: str
    settled: dict[str, Asked] = field(default_factory=dict)
    edits: dict[int, tuple[ControlChange, ...]] = field(default_factory=dict)
    """All there ever were, by sequence."""
    in_force: list[int] = field(default_factory=list)
    redo: list[int] = field(default_factory=list)
    log: list[Event] = field(default_factory=list)
    counted: list[Event] = field(default_factory=list)
    """Those that the history weights are made of, also when the log has forgotten them."""
    exclusions: Exclusions = NO_EXCLUSIONS

    @property
    def logged(self) -> range:
        return range(max(1, len(self.edits) - EDIT_LOG_LENGTH + 1), len(self.edits) + 1)

    def controls(self) -> dict[str, Asked]:
        asked = self._replay(self.settled, self.in_force)
        return {name: control for name, control in asked.items() if control != UNASKED}

    def _replay(self, asked: dict[str, Asked], sequences: list[int]) -> dict[str, Asked]:
        asked = dict(asked)
        for sequence in sequences:
            for step in self.edits[sequence]:
                if step.prototype_id in SPACES[self.model_version]:
                    asked[step.prototype_id] = changed(asked.get(step.prototype_id, UNASKED), step)
        return asked

    def edit(self, steps: tuple[ControlChange, ...]) -> None:
        self.edits[len(self.edits) + 1] = steps
        self.in_force.append(len(self.edits))
        self.redo = []
        forgotten = [sequence for sequence in self.in_force if sequence not in self.logged]
        self.settled = self._replay(self.settled, forgotten)
        self.in_force = [sequence for sequence in self.in_force if sequence in self.logged]

    def record(self, event: Event) -> bool:
        if any(event.event_id == logged.event_id for logged in self.log):
            return False
        self.log.append(event)
        if self._counts(event):
            self.counted.append(event)
        return True

    def _counts(self, event: Event) -> bool:
        return not (
            event.track_id in self.exclusions.uncounted_track_ids
            or ARTISTS[event.track_id] in self.exclusions.uncounted_artists
            or any(
                (start is None or start <= event.occurred_at_us) and (end is None or event.occurred_at_us < end)
                for start, end in self.exclusions.uncounted_ranges
            )
        )

    def rebuild(self, model_version: str) -> None:
        self.model_version = model_version
        self.settled = {name: control for name, control in self.settled.items() if name in SPACES[model_version]}
        self.recount()

    def recount(self) -> None:
        known = AFFINITIES[self.model_version]
        self.counted = [event for event in self.log if event.track_id in known and self._counts(event)]

    def history(self) -> dict[str, float]:
        names = SPACES[self.model_version]
        newest_us = max((event.occurred_at_us for event in self.counted), default=0)
        sums, magnitude = dict.fromkeys(names, 0.0), 0.0
        for event in self.counted:
            weight = WEIGHTS[event.type] * 0.5 ** ((newest_us - event.occurred_at_us) / HALF_LIFE_US)
            if event.type is EventType.PLAY and event.share_heard is not None:
                weight *= event.share_heard
            magnitude += abs(weight)
            for name, affinity in zip(names, AFFINITIES[self.model_version][event.track_id], strict=True):
                sums[name] += weight * affinity
        return {name: total / (math.sqrt(magnitude) or 1.0) for name, total in sums.items()}


def changed(asked: Asked, step: ControlChange) -> Asked:
    edit, muted, pinned = asked
    amount = step.amount or 0.0
    outcome: dict[str, Callable[[], Asked]] = {
        "BOOST": lambda: (min(4.0, edit + amount), muted, pinned),
        "REDUCE": lambda: (max(-4.0, edit - amount), muted, pinned),
        "SET": lambda: (amount, muted, pinned),
        "MUTE": lambda: (edit, True, pinned),
        "UNMUTE": lambda: (edit, False, pinned),
        "RESET": lambda: UNASKED,
        "PIN": lambda: (edit, muted, step.amount),
        "UNPIN": lambda: (edit, muted, None),
    }
    return outcome[step.action.name]()


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
        spaces = KnownSpaces(store)
        for version in ("m2", "m1"):
            await spaces.register(PrototypeSpace(version, SPACES[version]))
        updates = ProfileUpdates(
            store,
            spaces,
            self.heavy,
            counting=Counting(half_life_us=HALF_LIFE_US),
            edit_log_length=EDIT_LOG_LENGTH,
            event_log_length=EVENT_LOG_LENGTH,
        )
        self.reading, self.recording, self.editing = Reading(updates), Recording(updates), Editing(updates)
        self.rebuilding, self.excluding, self.custody = Rebuilding(updates), Excluding(updates), Custody(updates)

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            if self.client is not None:
                self.loop.run(self.client.close())
            self.loop.run(self.heavy.close())
            self.loop.close()

    @rule(steps=st.lists(changes, min_size=1, max_size=3))
    def edit(self, steps: list[ControlChange]) -> None:
        checked = [checked_change(step, "changes") for step in steps]
        preview = self.editing.preview("u", checked, allow_missing=True)
        call = self.editing.edit("u", checked, Conditions(), allow_missing=True)
        if self.model is None:
            self.model = ProfileModel("m1")
        unknown = [step for step in steps if step.prototype_id not in SPACES[self.model.model_version]]
        if unknown:
            self._refused(preview, Reason.PROTOTYPE_NOT_FOUND)
            self._refused(call, Reason.PROTOTYPE_NOT_FOUND)
            return
        previewed = self.loop.run(preview).profile
        edited = self.loop.run(call)
        assert previewed.controls == edited.profile.controls
        assert (previewed.history.weights() == edited.profile.history.weights()).all()
        history = self.model.history()
        for asked, logged in zip(checked, edited.edit.changes, strict=True):
            if asked.action is ControlAction.PIN:
                assert logged.amount == pytest.approx(history[asked.prototype_id], rel=1e-9, abs=1e-9)
            else:
                assert logged == asked
        self.model.edit(edited.edit.changes)

    @rule(choice=st.integers(0, 9))
    def undo(self, choice: int) -> None:
        sequence = self._chosen(choice, self.model.in_force if self.model else [])
        call = self.editing.undo("u", Conditions(), sequence=sequence)
        if self.model is None:
            self._refused(call, Reason.PROFILE_NOT_FOUND)
        elif not self.model.in_force:
            self._refused(call, Reason.NOTHING_TO_UNDO)
        else:
            done = self.loop.run(call).edit.sequence
            assert done == (sequence or self.model.in_force[-1])
            self.model.in_force.remove(done)
            self.model.redo.append(done)

    @rule(choice=st.integers(0, 9))
    def redo(self, choice: int) -> None:
        sequence = self._chosen(choice, self.model.redo if self.model else [])
        call = self.editing.redo("u", Conditions(), sequence=sequence)
        if self.model is None:
            self._refused(call, Reason.PROFILE_NOT_FOUND)
        elif not self.model.redo:
            self._refused(call, Reason.NOTHING_TO_UNDO)
        else:
            done = self.loop.run(call).edit.sequence
            assert done == (sequence or self.model.redo[-1])
            self.model.redo.remove(done)
            self.model.in_force = sorted([*self.model.in_force, done])

    @staticmethod
    def _chosen(choice: int, sequences: list[int]) -> int:
        """Half of the time the last one, which 0 stands for, else one by its number."""
        return 0 if choice >= 5 or not sequences else sequences[choice % len(sequences)]

    @rule(batch=st.lists(events, min_size=1, max_size=4))
    def record(self, batch: list[Event]) -> None:
        version = self.model.model_version if self.model else "m1"
        batch = [event for event in batch if event.track_id in AFFINITIES[version]]
        if not batch:
            return
        rows = np.array([AFFINITIES[version][event.track_id] for event in batch], np.float32)
        artists = [ARTISTS[event.track_id] for event in batch]
        outcome = self.loop.run(self.recording.record_events("u", batch, rows, version, artists))
        if self.model is None:
            self.model = ProfileModel("m1")
        counted = len(self.model.counted)
        recorded = sum(self.model.record(event) for event in batch)
        self.model.log = self.model.log[-EVENT_LOG_LENGTH:]
        assert (outcome.recorded, outcome.repeated) == (recorded, len(batch) - recorded)
        assert outcome.uncounted == recorded - (len(self.model.counted) - counted)

    @precondition(lambda self: self.model is not None)
    @rule(version=st.sampled_from(["m1", "m2"]))
    def rebuild(self, version: str) -> None:
        assert self.model is not None
        held = self.model.controls()
        rebuilt = self.loop.run(self.rebuilding.rebuild("u", version, self._known(version)))
        self.model.rebuild(version)
        assert rebuilt.counted_events == len(self.model.counted)
        # The spaces have no directions, so that nothing is near.
        assert rebuilt.takeovers == ()
        assert set(rebuilt.dropped_prototype_ids) == {name for name in held if name not in SPACES[version]}

    @rule(add=exclusions, remove=exclusions, known=st.booleans())
    def exclude(self, add: Exclusions, remove: Exclusions, known: bool) -> None:
        model = self.model or ProfileModel("m1")
        tracks = ModelTracks(self._known(model.model_version), model.model_version) if known else None
        call = self.excluding.change("u", add, remove, tracks, allow_missing=True)
        kept = model.exclusions.changed(add, remove)
        counts_anew = not kept.same_counting(model.exclusions) and bool(model.log)
        if counts_anew and not known:
            self._refused(call, Reason.FIELD_INVALID)
            return
        assert self.loop.run(call).exclusions == kept
        self.model = model
        model.exclusions = kept
        if counts_anew:
            model.recount()

    @staticmethod
    def _known(version: str) -> KnownTracks:
        known = AFFINITIES[version]
        rows = {track_id: row for row, track_id in enumerate(known)}
        return KnownTracks(rows, np.array(list(known.values()), np.float32), [ARTISTS[track_id] for track_id in known])

    @precondition(lambda self: self.model is not None)
    @rule(replaces=st.booleans())
    def take_out_and_in_again(self, replaces: bool) -> None:
        document = self.loop.run(self.custody.export("u"))
        if not replaces:
            self._refused(self.custody.put_in_place("u", document, replaces=False), Reason.PROFILE_EXISTS)
            self.loop.run(self.custody.erase("u"))
        placed = self.loop.run(self.custody.put_in_place("u", document, replaces=replaces))
        assert (placed.needs_rebuild, tuple(placed.dropped_prototype_ids)) == (False, ())

    @rule()
    def delete(self) -> None:
        assert (self.loop.run(self.custody.erase("u")).erased_keys > 0) is (self.model is not None)
        self.model = None

    @invariant()
    def reads_as_the_model(self) -> None:
        if not hasattr(self, "reading"):
            return
        if self.model is None:
            self._refused(self.reading.read("u"), Reason.PROFILE_NOT_FOUND)
            return
        model = self.model
        everything = self.loop.run(self.custody.everything("u"))
        profile, names = everything.profile, everything.space.prototype_ids
        assert profile.model_version == model.model_version
        expected = model.history()
        np.testing.assert_allclose(profile.history.weights(), [expected[name] for name in names], rtol=1e-9, atol=1e-9)
        assert profile.history.event_count == len(model.counted)
        # Controls are equal, not close: undo and redo put back the very values.
        assert {names[position]: tuple(control) for position, control in profile.controls.items()} == model.controls()
        assert {edit.sequence: edit.changes for edit in everything.edits} == {
            sequence: model.edits[sequence] for sequence in model.logged
        }
        assert (list(profile.undoable), list(profile.redoable)) == (model.in_force, model.redo)
        assert [entry.event for entry in everything.events] == model.log
        kept, version = self.loop.run(self.excluding.read("u"))
        assert (kept, profile.exclusion_count, version) == (model.exclusions, len(model.exclusions), profile.version)
        left_out = self.loop.run(self.reading.read_for_scoring("u", ScoringView(heard=True, hidden=True))).left_out
        latest = {event.track_id: 0 for event in model.log}
        for event in model.log:
            latest[event.track_id] = max(latest[event.track_id], event.occurred_at_us)
        assert set(left_out.heard_track_ids) == set(latest)
        assert [latest[track_id] for track_id in left_out.heard_track_ids] == sorted(latest.values(), reverse=True)
        assert left_out.hidden_track_ids == tuple(sorted(model.exclusions.hidden_track_ids))

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
