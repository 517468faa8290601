import pytest

from leitmotif_services.profiles.taste.control import Control, ControlAction, ControlChange
from leitmotif_services.profiles.taste.profile import EDIT_LOG_LENGTH, Edit, Profile, Version
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.runtime.errors import Reason, ServiceError

SPACE = PrototypeSpace("m1", ("calm", "loud"))


def boosted(profile: Profile, amount: float = 1.0) -> tuple[Profile, Edit]:
    change = ControlChange("loud", ControlAction.BOOST, amount)
    return profile.edited([change], SPACE, actor="user", reason="", now_us=1)


def test_undo_and_redo_walk_the_log() -> None:
    empty = Profile.empty("u", SPACE, 0)
    one, first = boosted(empty)
    two, second = boosted(one)
    assert two.controls == {1: Control(2.0)}

    back = two.undone(second, SPACE)
    assert (back.controls, back.undoable, back.redoable) == (one.controls, (1,), (2,))
    further = back.undone(first, SPACE)
    assert (further.controls, further.undoable, further.redoable) == ({}, (), (2, 1))
    assert further.next_redo() == 1
    again = further.redone(first, SPACE).redone(second, SPACE)
    assert (again.controls, again.undoable, again.redoable) == (two.controls, (1, 2), ())


def test_a_new_edit_supersedes_what_was_undone() -> None:
    one, first = boosted(Profile.empty("u", SPACE, 0))
    changed, third = boosted(one.undone(first, SPACE), 0.5)
    assert third.sequence == 2
    assert (changed.undoable, changed.redoable) == ((2,), ())
    with pytest.raises(ServiceError) as refused:
        changed.next_redo()
    assert refused.value.reason is Reason.NOTHING_TO_UNDO
    # The superseded edit stays undone: what is undone next is the one in force.
    assert changed.undone(third, SPACE).controls == {}
    assert changed.undone(third, SPACE).undoable == ()


def test_nothing_to_undo_in_an_empty_profile() -> None:
    with pytest.raises(ServiceError) as refused:
        Profile.empty("u", SPACE, 0).next_undo()
    assert refused.value.reason is Reason.NOTHING_TO_UNDO


def test_only_logged_edits_can_be_undone() -> None:
    profile = Profile.empty("u", SPACE, 0)
    for _ in range(EDIT_LOG_LENGTH + 3):
        profile, _ = boosted(profile, 0.001)
    assert len(profile.undoable) == EDIT_LOG_LENGTH
    assert profile.undoable[0] == 4
    assert profile.undoable[-1] == EDIT_LOG_LENGTH + 3


def test_each_stamp_is_another_etag() -> None:
    profile = Profile.empty("u", SPACE, 0).stamped(b"12345678", 5)
    assert profile.version == Version(1, b"12345678")
    assert profile.updated_at_us == 5
    assert profile.stamped(b"12345678", 6).version.etag != profile.version.etag
    # An erased profile that is made again starts at revision 1 too, and must not pass for the old one.
    assert Profile.empty("u", SPACE, 0).stamped(b"abcdefgh", 5).version.etag != profile.version.etag
