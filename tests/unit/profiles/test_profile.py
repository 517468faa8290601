from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from leitmotif_services.profiles.taste.control import Control, ControlAction, ControlChange
from leitmotif_services.profiles.taste.history import History
from leitmotif_services.profiles.taste.presets import ActivePreset, PresetControl
from leitmotif_services.profiles.taste.profile import EDIT_LOG_LENGTH, Edit, Profile, Version
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.runtime.errors import Reason, ServiceError

SPACE = PrototypeSpace("m1", ("calm", "loud"))
BOOST, REDUCE, SET, PIN = ControlAction.BOOST, ControlAction.REDUCE, ControlAction.SET, ControlAction.PIN


class Edited:
    """A profile and its log, edit by edit."""

    def __init__(self, *steps: ControlChange, log_length: int = EDIT_LOG_LENGTH) -> None:
        self.profile = Profile.empty("u", SPACE, 0)
        self.log: dict[int, Edit] = {}
        self.log_length = log_length
        for step in steps:
            self.edit(step)

    def edit(self, *steps: ControlChange) -> None:
        forgotten = [self.log.pop(sequence) for sequence in self.profile.forgotten_by_next_edit(self.log_length)]
        self.profile, edit = self.profile.edited(steps, SPACE, forgotten=forgotten, actor="user", reason="", now_us=1)
        self.log[edit.sequence] = edit

    def undo(self, sequence: int = 0) -> None:
        self.profile = self.profile.undone(self.profile.to_undo(sequence, self.log_length), self.log, SPACE)

    def redo(self, sequence: int = 0) -> None:
        self.profile = self.profile.redone(self.profile.to_redo(sequence, self.log_length), self.log, SPACE)

    def listen(self, *weights: float) -> None:
        self.profile = self.profile.with_events(History(np.array(weights), 1.0, 1, 0), 1)


def change(action: ControlAction, amount: float | None = 1.0, prototype_id: str = "loud") -> ControlChange:
    return ControlChange(prototype_id, action, amount)


def reason_of(call: Callable[[], object]) -> Reason:
    with pytest.raises(ServiceError) as refused:
        call()
    return refused.value.reason


def test_undo_and_redo_walk_the_log() -> None:
    edited = Edited(change(BOOST, 0.1), change(BOOST, 0.2))
    both = edited.profile.controls
    assert both == {1: Control(0.1 + 0.2)}
    edited.undo()
    assert (edited.profile.controls, edited.profile.undoable, edited.profile.redoable) == ({1: Control(0.1)}, (1,), (2,))
    edited.undo()
    assert (edited.profile.controls, edited.profile.undoable, edited.profile.redoable) == ({}, (), (2, 1))
    edited.redo()
    edited.redo()
    assert (edited.profile.controls, edited.profile.undoable, edited.profile.redoable) == (both, (1, 2), ())


def test_a_named_edit_is_taken_out_of_the_middle_and_put_back_in_its_place() -> None:
    edited = Edited(change(BOOST, 3.0), change(BOOST, 3.0), change(REDUCE, 1.0), change(SET, 0.5, "calm"))
    assert edited.profile.controls == {0: Control(0.5), 1: Control(3.0)}
    edited.undo(2)
    assert (edited.profile.controls, edited.profile.undoable) == ({0: Control(0.5), 1: Control(2.0)}, (1, 3, 4))
    edited.undo(4)
    edited.undo(1)
    assert (edited.profile.controls, edited.profile.redoable) == ({1: Control(-1.0)}, (2, 4, 1))
    edited.redo(4)
    assert (edited.profile.undoable, edited.profile.redoable) == ((3, 4), (2, 1))
    edited.redo()
    assert edited.profile.controls == {0: Control(0.5), 1: Control(2.0)}
    edited.redo()
    assert (edited.profile.controls, edited.profile.undoable) == ({0: Control(0.5), 1: Control(3.0)}, (1, 2, 3, 4))


def test_a_pin_is_undone_and_redone_as_it_was_whatever_was_heard_since() -> None:
    edited = Edited()
    edited.listen(0.25, 0.5)
    edited.edit(change(PIN, None))
    edited.edit(change(BOOST, 1.0))
    edited.listen(0.0, 9.0)
    weights = edited.profile.effective(SPACE).weights()
    assert weights == [0.0, 1.5]
    edited.undo(1)
    assert edited.profile.effective(SPACE).weights() == [0.0, 10.0]
    edited.redo(1)
    assert edited.profile.effective(SPACE).weights() == weights


def test_a_new_edit_supersedes_what_was_undone() -> None:
    edited = Edited(change(BOOST))
    edited.undo()
    edited.edit(change(BOOST, 0.5))
    assert (edited.profile.undoable, edited.profile.redoable) == ((2,), ())
    for sequence in (0, 1):
        assert reason_of(partial(edited.redo, sequence)) is Reason.NOTHING_TO_UNDO
    # The superseded edit stays undone: what is undone next is the one in force.
    assert reason_of(lambda: edited.undo(1)) is Reason.NOTHING_TO_UNDO
    edited.undo()
    assert (edited.profile.controls, edited.profile.undoable) == ({}, ())


def test_nothing_to_undo_in_an_empty_profile() -> None:
    assert reason_of(Edited().undo) is Reason.NOTHING_TO_UNDO
    assert reason_of(Edited().redo) is Reason.NOTHING_TO_UNDO


@pytest.mark.parametrize("sequence", [1, 2, 6, 10**12])
def test_an_edit_that_the_log_does_not_keep_is_not_found(sequence: int) -> None:
    edited = Edited(*[change(BOOST)] * 5, log_length=3)
    assert reason_of(lambda: edited.undo(sequence)) is Reason.EDIT_NOT_FOUND
    assert reason_of(lambda: edited.redo(sequence)) is Reason.EDIT_NOT_FOUND
    edited.undo(3)
    assert reason_of(lambda: edited.undo(3)) is Reason.NOTHING_TO_UNDO
    assert reason_of(lambda: edited.redo(4)) is Reason.NOTHING_TO_UNDO


def test_what_the_log_forgets_is_settled_if_it_was_in_force() -> None:
    edited = Edited(change(BOOST, 0.1), change(BOOST, 0.2), change(BOOST, 0.4), log_length=3)
    edited.undo(2)
    edited.edit(change(SET, 1.0, "calm"))
    assert edited.profile.settled == {1: Control(0.1)}
    edited.edit(change(BOOST, 0.8))  # forgets edit 2, which is undone for good
    assert edited.profile.settled == {1: Control(0.1)}
    assert edited.profile.undoable == (3, 4, 5)
    for _ in range(3):
        edited.undo()
    assert edited.profile.controls == edited.profile.settled == {1: Control(0.1)}


def test_only_logged_edits_can_be_undone() -> None:
    edited = Edited(*[change(BOOST, 0.001)] * (EDIT_LOG_LENGTH + 3))
    assert edited.profile.undoable == tuple(range(4, EDIT_LOG_LENGTH + 4))
    assert edited.profile.settled == {1: Control(0.001 + 0.001 + 0.001)}


def schema_1(controls: dict[int, Control], undoable: tuple[int, ...], redoable: tuple[int, ...] = ()) -> Profile:
    empty = Profile.empty("u", SPACE, 0)
    fields = {"controls": controls, "undoable": undoable, "redoable": redoable, "last_edit": 3, "settled": None}
    return Profile(**{**vars(empty), **fields})


OLD_LOG = [
    Edit(2, (change(BOOST, 0.2),), "", "", 0, before={"loud": Control(0.1)}),
    Edit(3, (change(SET, 1.0, "calm"),), "", "", 0, before={"calm": Control(-1.0)}),
]


def test_a_profile_of_schema_1_is_settled_by_its_log() -> None:
    profile = schema_1({0: Control(1.0), 1: Control(0.1 + 0.2)}, (2, 3)).settled_by(OLD_LOG, SPACE)
    assert profile.settled == {0: Control(-1.0), 1: Control(0.1)}
    log = {edit.sequence: edit for edit in OLD_LOG}
    assert profile.undone(2, log, SPACE).controls == {0: Control(1.0), 1: Control(0.1)}
    assert profile.undone(3, log, SPACE).controls == {0: Control(-1.0), 1: Control(0.1 + 0.2)}
    undone = schema_1({0: Control(-1.0), 1: Control(0.1 + 0.2)}, (2,), (3,)).settled_by(OLD_LOG, SPACE)
    assert undone.redone(3, log, SPACE).controls == profile.controls


def test_a_log_that_no_longer_tells_the_controls_is_settled_as_a_whole() -> None:
    # A rebuild had dropped what was asked for "loud", and another one brought the prototype back.
    profile = schema_1({0: Control(1.0)}, (2, 3)).settled_by(OLD_LOG, SPACE)
    assert (profile.settled, profile.undoable) == ({0: Control(1.0)}, ())


def test_a_preset_that_is_over_is_not_kept_any_longer() -> None:
    active = ActivePreset("focus", 1.0, 100, {"calm": PresetControl(1.0)})
    profile = Profile(**{**vars(Profile.empty("u", SPACE, 0)), "active_preset": active})
    assert profile.as_of(99).effective(SPACE).weights() == [1.0, 0.0]
    assert profile.as_of(100).effective(SPACE).weights() == [0.0, 0.0]
    assert profile.stamped(bytes(8), 100).active_preset is None


def test_each_stamp_is_another_etag() -> None:
    profile = Profile.empty("u", SPACE, 0).stamped(b"12345678", 5)
    assert profile.version == Version(1, b"12345678")
    assert profile.updated_at_us == 5
    assert profile.stamped(b"12345678", 6).version.etag != profile.version.etag
    # An erased profile that is made again starts at revision 1 too, and must not pass for the old one.
    assert Profile.empty("u", SPACE, 0).stamped(b"abcdefgh", 5).version.etag != profile.version.etag
