"""Random sequences of everything that can be done to a profile, against a plain Python model of it."""

import asyncio
import json
from dataclasses import replace
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
from leitmotif_services.profiles.taste.exclusions import Exclusions, TimeRange
from leitmotif_services.profiles.taste.history import Counting, Event, EventType
from leitmotif_services.profiles.taste.known_tracks import KnownTracks
from leitmotif_services.profiles.taste.presets import PresetControl
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.transfer.export_document import export_json
from leitmotif_services.profiles.transfer.import_document import read_document
from leitmotif_services.profiles.use_cases.custody import Custody
from leitmotif_services.profiles.use_cases.editing import Editing
from leitmotif_services.profiles.use_cases.excluding import Excluding, ModelTracks
from leitmotif_services.profiles.use_cases.known_spaces import KnownSpaces
from leitmotif_services.profiles.use_cases.outcomes import Conditions, PresetChoice
from leitmotif_services.profiles.use_cases.preset_changes import PresetChanges, PresetParts
from leitmotif_services.profiles.use_cases.profile_updates import ProfileUpdates
from leitmotif_services.profiles.use_cases.reading import Reading
from leitmotif_services.profiles.use_cases.rebuilding import Rebuilding
from leitmotif_services.profiles.use_cases.recording import Recording
from leitmotif_services.profiles.use_cases.scoring_view import ScoringView
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.property.profiles.plain_profile import (
    AFFINITIES,
    ARTISTS,
    EDIT_LOG_LENGTH,
    EVENT_LOG_LENGTH,
    HALF_LIFE_US,
    SPACES,
    TRACKS,
    Laid,
    Overlay,
    ProfileModel,
)

START_US = 1_700_000_000_000_000
STALE = "1-0000000000000000"

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
preset_ids = st.sampled_from(["focus", "sleep"])
shares = st.floats(0.0, 1.0, exclude_min=True)
overlays = st.dictionaries(
    st.sampled_from(SPACES["m1"]), st.tuples(st.floats(-4.0, 4.0).map(lambda edit: edit + 0.0), st.booleans()), min_size=1
)


class ProfileMachine(RuleBasedStateMachine):
    """Runs each step on the use cases and on the model, and compares everything that can be read after each."""

    redis_url: str | None = None

    @initialize()
    def start(self) -> None:
        self.loop = asyncio.Runner()
        self.heavy = Admission("heavy", workers=1, waiting=4)
        self.client: RedisClient | None = None
        self.now_us = START_US
        self.requests = 0
        self.model: ProfileModel | None = None
        self.loop.run(self._compose())

    async def _compose(self) -> None:
        if self.redis_url is None:
            store: Any = MemoryStore(lambda: self.now_us)
        else:
            self.client = RedisClient(self.redis_url, pool_size=2, timeout_s=5.0, allow_volatile=False)
            store = RedisStore(self.client, key_prefix="machine", decoding=self.heavy)
            await store.delete("u")
        self.spaces = KnownSpaces(store)
        for version in ("m2", "m1"):
            await self.spaces.register(PrototypeSpace(version, SPACES[version]))
        updates = ProfileUpdates(
            store,
            self.spaces,
            self.heavy,
            counting=Counting(half_life_us=HALF_LIFE_US),
            edit_log_length=EDIT_LOG_LENGTH,
            event_log_length=EVENT_LOG_LENGTH,
            now_us=lambda: self.now_us,
        )
        self.reading, self.recording, self.editing = Reading(updates), Recording(updates), Editing(updates)
        self.rebuilding, self.excluding, self.custody = Rebuilding(updates), Excluding(updates), Custody(updates)
        self.presets = PresetChanges(updates)

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.loop.run(self.spaces.close())
            if self.client is not None:
                self.loop.run(self.client.close())
            self.loop.run(self.heavy.close())
            self.loop.close()

    @rule(edits=st.lists(st.lists(changes, min_size=1, max_size=3), min_size=1, max_size=4), again=st.booleans())
    def edit(self, edits: list[list[ControlChange]], again: bool) -> None:
        for steps in edits:
            self._edit(steps, again=again)

    def _edit(self, steps: list[ControlChange], *, again: bool) -> None:
        checked = [checked_change(step, "changes") for step in steps]
        self.requests += 1
        conditions = Conditions("", f"r{self.requests}" if again else "", b"edit")
        self._refused(self.editing.edit("u", checked, replace(conditions, etag=STALE), allow_missing=True), Reason.ETAG_MISMATCH)
        preview = self.editing.preview("u", checked, allow_missing=True)
        call = self.editing.edit("u", checked, conditions, allow_missing=True)
        model = self.model or ProfileModel("m1")
        if any(step.prototype_id not in SPACES[model.model_version] for step in steps):
            self._refused(preview, Reason.PROTOTYPE_NOT_FOUND)
            self._refused(call, Reason.PROTOTYPE_NOT_FOUND)
            return
        self.model = model
        previewed = self.loop.run(preview)
        edited = self.loop.run(call)
        assert previewed.profile.controls == edited.profile.controls
        assert previewed.profile.effective(previewed.space).weights() == edited.profile.effective(edited.space).weights()
        history = model.history()
        for asked, logged in zip(checked, edited.edit.changes, strict=True):
            if asked.action is ControlAction.PIN:
                assert logged.amount == pytest.approx(history[asked.prototype_id], rel=1e-9, abs=1e-9)
            else:
                assert logged == asked
        model.edit(edited.edit.changes)
        if again:
            repeated = self.loop.run(self.editing.edit("u", checked, conditions, allow_missing=True))
            assert (repeated.edit, repeated.profile.version) == (edited.edit, edited.profile.version)
            self._refused(self.editing.undo("u", replace(conditions, fingerprint=b"undo")), Reason.REQUEST_ID_REUSED)

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
            self.model.undo(done)

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
            self.model.redo_edit(done)

    @precondition(lambda self: self.model is not None)
    @rule(sequence=st.integers(1, 12))
    def name_an_edit_that_cannot_be_undone_or_redone(self, sequence: int) -> None:
        assert self.model is not None
        reason = Reason.NOTHING_TO_UNDO if sequence in self.model.logged else Reason.EDIT_NOT_FOUND
        if sequence not in self.model.in_force:
            self._refused(self.editing.undo("u", Conditions(), sequence=sequence), reason)
        if sequence not in self.model.redo:
            self._refused(self.editing.redo("u", Conditions(), sequence=sequence), reason)

    @precondition(lambda self: self.model is not None and self.model.in_force)
    @rule(choice=st.integers(0, 9))
    def undo_and_redo(self, choice: int) -> None:
        assert self.model is not None
        before = self.loop.run(self.reading.read("u"))
        undone = self.loop.run(self.editing.undo("u", Conditions(), sequence=self._chosen(choice, self.model.in_force)))
        redone = self.loop.run(self.editing.redo("u", Conditions(), sequence=undone.edit.sequence))
        # Bit for bit.
        assert redone.profile.effective(redone.space).weights() == before.profile.effective(before.space).weights()
        assert (redone.profile.controls, redone.profile.undoable) == (before.profile.controls, before.profile.undoable)

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

    @rule(preset_id=preset_ids, label=st.sampled_from(["", "Ruhe"]), overlay=overlays)
    def save_preset(self, preset_id: str, label: str, overlay: Overlay) -> None:
        # The model that was registered last is m1, so that its prototypes are taken whatever the profile's model is.
        parts = PresetParts(label, {name: PresetControl(*asked) for name, asked in overlay.items()})
        if self.model is None:
            self._refused(self.presets.save("u", preset_id, whole=parts, parts=parts), Reason.PROFILE_NOT_FOUND)
        else:
            self._save(preset_id, parts, label, overlay)

    @precondition(lambda self: self.model is not None)
    @rule(preset_id=preset_ids)
    def save_preset_of_present_controls(self, preset_id: str) -> None:
        assert self.model is not None
        overlay = {name: (edit, muted) for name, (edit, muted, _) in self.model.controls().items() if edit or muted}
        parts = PresetParts("", None, from_present_controls=True)
        if overlay:
            self._save(preset_id, parts, "", overlay)
        else:
            self._refused(self.presets.save("u", preset_id, whole=parts, parts=parts), Reason.FIELD_INVALID)

    def _save(self, preset_id: str, parts: PresetParts, label: str, overlay: Overlay) -> None:
        assert self.model is not None
        self.loop.run(self.presets.save("u", preset_id, whole=parts, parts=parts))
        self.model.presets[preset_id] = (label, overlay)
        if self.model.active is not None and self.model.active.preset_id == preset_id:
            self.model.active.overlay = overlay

    @rule(preset_id=preset_ids)
    def delete_preset(self, preset_id: str) -> None:
        call = self.presets.delete("u", preset_id)
        if self._lacks_preset(call, preset_id):
            return
        self.loop.run(call)
        assert self.model is not None
        del self.model.presets[preset_id]
        if self.model.active is not None and self.model.active.preset_id == preset_id:
            self.model.active = None

    @rule(preset_id=preset_ids, share=shares, duration_us=st.one_of(st.none(), st.integers(1, 30)), overlay=overlays)
    def activate_preset(self, preset_id: str, share: float, duration_us: int | None, overlay: Overlay) -> None:
        call = self.presets.activate("u", preset_id, share=share, duration_us=duration_us)
        if self._lacks_preset(call, preset_id):
            if self.model is None:
                return
            self.save_preset(preset_id, "", overlay)
            call = self.presets.activate("u", preset_id, share=share, duration_us=duration_us)
        self.loop.run(call)
        assert self.model is not None
        expires_at_us = None if duration_us is None else self.now_us + duration_us
        self.model.active = Laid(preset_id, share, expires_at_us, self.model.presets[preset_id][1])

    def _lacks_preset(self, call: Any, preset_id: str) -> bool:
        if self.model is None:
            self._refused(call, Reason.PROFILE_NOT_FOUND)
        elif preset_id not in self.model.presets:
            self._refused(call, Reason.PRESET_NOT_FOUND)
        else:
            return False
        return True

    @precondition(lambda self: self.model is not None)
    @rule()
    def deactivate_preset(self) -> None:
        assert self.model is not None
        self.loop.run(self.presets.deactivate("u"))
        self.model.active = None

    @rule(time_us=st.integers(1, 40))
    def time_passes(self, time_us: int) -> None:
        self.now_us += time_us

    @precondition(lambda self: self.model is not None)
    @rule(replaces=st.booleans())
    def take_out_and_in_again(self, replaces: bool) -> None:
        document = export_json(self.loop.run(self.custody.everything("u")))
        everything = read_document(document, self.now_us)
        if not replaces:
            self._refused(self.custody.put_in_place("u", everything, replaces=False), Reason.PROFILE_EXISTS)
            self.loop.run(self.custody.erase("u"))
        else:
            with pytest.raises(ServiceError) as refused:
                read_document(json.dumps(json.loads(document) | {"schema": "leitmotif.profile/3"}), self.now_us)
            assert refused.value.reason is Reason.EXPORT_UNREADABLE
        placed = self.loop.run(self.custody.put_in_place("u", everything, replaces=replaces))
        assert (placed.needs_rebuild, tuple(placed.dropped_prototype_ids)) == (False, ())

    @rule(really=st.integers(0, 4))
    def delete(self, really: int) -> None:
        if really:  # seldom, so that there is something to delete
            return
        erasure = self.loop.run(self.custody.erase("u", verify=True))
        assert (erasure.erased_keys > 0) is (self.model is not None)
        assert erasure.verified is not None
        assert erasure.verified.remaining == 0
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
        presets = {preset_id: (preset.label, dict(preset.controls)) for preset_id, preset in everything.presets.items()}
        assert presets == model.presets
        left_out = self.loop.run(self.reading.read_for_scoring("u", ScoringView(heard=True, hidden=True))).left_out
        latest = {event.track_id: 0 for event in model.log}
        for event in model.log:
            latest[event.track_id] = max(latest[event.track_id], event.occurred_at_us)
        assert set(left_out.heard_track_ids) == set(latest)
        assert [latest[track_id] for track_id in left_out.heard_track_ids] == sorted(latest.values(), reverse=True)
        assert left_out.hidden_track_ids == tuple(sorted(model.exclusions.hidden_track_ids))

    @invariant()
    def counts_as_the_model(self) -> None:
        if not hasattr(self, "reading") or self.model is None:
            return
        active = self.model.active_at(self.now_us)
        expected: list[tuple[PresetChoice | None, Laid | None]] = [(None, active), (PresetChoice(""), None)]
        expected += [
            (PresetChoice(preset_id, 0.75), Laid(preset_id, 0.75, None, overlay))
            for preset_id, (_, overlay) in self.model.presets.items()
        ]
        for choice, laid in expected:
            viewed = self.loop.run(self.reading.read_for_scoring("u", ScoringView(preset=choice)))
            weights = viewed.profile.effective(viewed.space).weights()
            by_name = self.model.effective(laid)
            np.testing.assert_allclose(weights, [by_name[name] for name in viewed.space.prototype_ids], rtol=1e-9, atol=1e-9)
        shown = self.loop.run(self.reading.read("u")).profile.active_preset
        assert (shown.preset_id if shown else None) == (active.preset_id if active else None)
        nap = self.reading.read_for_scoring("u", ScoringView(preset=PresetChoice("nap")))
        self._refused(nap, Reason.PRESET_NOT_FOUND)

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
