"""Changes of model, against what undo and redo promise."""

import math
from dataclasses import replace

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from leitmotif_services.profiles.taste.control import ControlAction, ControlChange, checked_change
from leitmotif_services.profiles.taste.edit_replay import replayed
from leitmotif_services.profiles.taste.history import History
from leitmotif_services.profiles.taste.model_change import ModelChange, under_model
from leitmotif_services.profiles.taste.profile import Edit, Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace


def space(version: str, **degrees: int) -> PrototypeSpace:
    angles = [math.radians(angle) for angle in degrees.values()]
    rows = np.array([[math.cos(angle), math.sin(angle)] for angle in angles], np.float32)
    return PrototypeSpace(version, tuple(degrees), (), rows, "enc")


# Names that stay, move, vanish and come back; near ones, and some that are near to nothing.
SPACES = (
    space("m1", a=0, b=30, c=90, d=200),
    space("m2", a=180, e=10, f=35, g=100),
    space("m3", d=20, b=95, h=185, e=300, i=0),
)

amounts = st.floats(0.01, 4.0)


@st.composite
def steps(draw: st.DrawFn, prototypes: PrototypeSpace) -> list[ControlChange]:
    ids = st.sampled_from(prototypes.prototype_ids)
    change = st.one_of(
        st.builds(ControlChange, ids, st.sampled_from([ControlAction.BOOST, ControlAction.REDUCE]), amounts),
        st.builds(ControlChange, ids, st.just(ControlAction.SET), st.floats(-4.0, 4.0)),
        st.builds(
            ControlChange,
            ids,
            st.sampled_from(
                [ControlAction.MUTE, ControlAction.UNMUTE, ControlAction.RESET, ControlAction.PIN, ControlAction.UNPIN]
            ),
        ),
    )
    return [checked_change(each, "change") for each in draw(st.lists(change, min_size=1, max_size=4))]


class Life:
    """A profile, its log, and the space it is in."""

    def __init__(self, at: PrototypeSpace, log_length: int) -> None:
        self.space = at
        self.log: dict[int, Edit] = {}
        self.log_length = log_length
        self.profile = Profile.empty("u", at, 0)
        self._weigh()

    def _weigh(self) -> None:
        history = History.empty(self.space.size)
        listened = history.with_events([1.0], np.arange(1, self.space.size + 1, dtype=np.float32)[None], [0], 0)
        self.profile = replace(self.profile, history=listened)

    def edit(self, changes: list[ControlChange]) -> None:
        forgotten = [self.log[sequence] for sequence in self.profile.forgotten_by_next_edit(self.log_length)]
        self.profile, edit = self.profile.edited(changes, self.space, forgotten=forgotten, actor="", reason="", now_us=0)
        self.log[edit.sequence] = edit

    def undo(self, sequence: int) -> None:
        self.profile = self.profile.undone(sequence, self.log, self.space)

    def redo(self, sequence: int) -> None:
        self.profile = self.profile.redone(sequence, self.log, self.space)

    def change_model(self, new: PrototypeSpace) -> ModelChange:
        kept = (*self.profile.undoable, *self.profile.redoable)
        changed = under_model(self.profile, {each: self.log[each].changes for each in kept}, {}, self.space, new)
        self.profile, self.space = changed.profile, new
        self._weigh()
        return changed

    def copy(self) -> "Life":
        other = Life(self.space, self.log_length)
        other.profile, other.log = self.profile, dict(self.log)
        return other


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Edits, some of which are undone and redone, under one model after another."""
    life = Life(draw(st.sampled_from(SPACES)), draw(st.integers(1, 5)))
    for doing in draw(st.lists(st.sampled_from(["edit", "edit", "edit", "undo", "redo", "model"]), max_size=12)):
        if doing == "edit":
            life.edit(draw(steps(life.space)))
        elif doing == "undo" and life.profile.undoable:
            life.undo(draw(st.sampled_from(life.profile.undoable)))
        elif doing == "redo" and life.profile.redoable:
            life.redo(draw(st.sampled_from(life.profile.redoable)))
        elif doing == "model":
            life.change_model(draw(st.sampled_from([other for other in SPACES if other != life.space])))
    return life


@given(lives(), st.data())
def test_controls_are_the_replay_of_the_edits_in_force(life: Life, data: st.DataObject) -> None:
    changed = life.change_model(data.draw(st.sampled_from([other for other in SPACES if other != life.space])))
    profile = changed.profile
    assert profile.settled is not None
    in_force = [life.log[sequence].changes for sequence in profile.undoable]
    assert profile.controls == replayed(profile.settled, in_force, life.space, profile.carried)
    assert all(position < life.space.size for position in (*profile.controls, *profile.settled))
    for source, target in profile.carried.items():
        assert source not in life.space.positions
        assert target in life.space.positions


@given(lives(), st.data())
def test_undo_before_a_change_of_model_is_undo_after_it(life: Life, data: st.DataObject) -> None:
    assume(life.profile.undoable)
    sequence = data.draw(st.sampled_from(life.profile.undoable))
    new = data.draw(st.sampled_from([other for other in SPACES if other != life.space]))
    first, last = life.copy(), life.copy()
    first.undo(sequence)
    first.change_model(new)
    last.change_model(new)
    last.undo(sequence)
    assert first.profile.controls == last.profile.controls
    assert first.profile.carried == last.profile.carried
    first.redo(sequence)
    last.redo(sequence)
    assert first.profile.controls == last.profile.controls


@given(lives(), st.data())
def test_nothing_is_lost_in_silence(life: Life, data: st.DataObject) -> None:
    before, old = life.profile, life.space
    # What earlier models had may part ways again, or come back: see the tests by hand.
    named = {change.prototype_id for sequence in before.undoable for change in life.log[sequence].changes}
    assume(named <= old.positions.keys())
    new = data.draw(st.sampled_from([other for other in SPACES if other != old]))
    changed = life.change_model(new)
    told = {takeover.from_prototype_id: takeover.to_prototype_id for takeover in changed.takeovers}
    expected = {}
    for position, control in before.controls.items():
        name = old.prototype_ids[position]
        if name in changed.dropped_prototype_ids:
            assert name not in told
            assert name not in new.positions
        else:
            expected[new.positions[told.get(name, name)]] = control
    assert changed.profile.controls == expected
