import math

import pytest

from leitmotif_services.profiles.taste.control import (
    Control,
    ControlAction,
    ControlChange,
    apply_changes,
    carry_over,
    checked_change,
    restore,
)
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.runtime.errors import Reason, ServiceError

SPACE = PrototypeSpace("m1", ("calm", "loud", "fast"))


def change(prototype_id: str, action: ControlAction, amount: float | None = None) -> ControlChange:
    return checked_change(ControlChange(prototype_id, action, amount), "changes[0]")


def test_changes_apply_in_order_and_add_up() -> None:
    changes = [
        change("loud", ControlAction.BOOST),
        change("loud", ControlAction.BOOST, 0.5),
        change("loud", ControlAction.REDUCE, 0.25),
        change("calm", ControlAction.SET, -2.0),
        change("fast", ControlAction.MUTE),
    ]
    applied = apply_changes({}, changes, SPACE)
    assert applied.controls == {0: Control(-2.0, False), 1: Control(1.25, False), 2: Control(0.0, True)}
    assert applied.before == dict.fromkeys(("calm", "loud", "fast"), Control())
    assert applied.after == {"calm": Control(-2.0), "loud": Control(1.25), "fast": Control(0.0, True)}


@pytest.mark.parametrize(
    ("start", "action", "amount", "expected"),
    [
        (3.5, ControlAction.BOOST, 1.0, 4.0),
        (-3.5, ControlAction.REDUCE, 4.0, -4.0),
        (4.0, ControlAction.REDUCE, 4.0, 0.0),
        (1.0, ControlAction.SET, 4.0, 4.0),
    ],
)
def test_edits_are_clamped(start: float, action: ControlAction, amount: float, expected: float) -> None:
    applied = apply_changes({1: Control(start)}, [change("loud", action, amount)], SPACE)
    assert applied.controls.get(1, Control()).edit == expected


def test_a_mute_keeps_the_edit_and_a_reset_clears_both() -> None:
    muted = apply_changes({1: Control(1.5)}, [change("loud", ControlAction.MUTE)], SPACE).controls
    assert muted == {1: Control(1.5, True)}
    assert apply_changes(muted, [change("loud", ControlAction.UNMUTE)], SPACE).controls == {1: Control(1.5, False)}
    assert apply_changes(muted, [change("loud", ControlAction.RESET)], SPACE).controls == {}


def test_setting_minus_zero_leaves_no_trace() -> None:
    assert apply_changes({}, [change("loud", ControlAction.SET, -0.0)], SPACE).controls == {}


def test_an_unknown_prototype_changes_nothing() -> None:
    controls = {1: Control(1.5)}
    changes = [change("loud", ControlAction.RESET), change("sad", ControlAction.BOOST)]
    with pytest.raises(ServiceError) as refused:
        apply_changes(controls, changes, SPACE)
    assert refused.value.reason is Reason.PROTOTYPE_NOT_FOUND
    assert refused.value.metadata["prototype_id"] == "sad"
    assert controls == {1: Control(1.5)}


@pytest.mark.parametrize(
    ("action", "amount"),
    [
        (ControlAction.BOOST, 0.0),
        (ControlAction.BOOST, -1.0),
        (ControlAction.BOOST, 4.000001),
        (ControlAction.BOOST, math.nan),
        (ControlAction.REDUCE, math.inf),
        (ControlAction.SET, None),
        (ControlAction.SET, math.nan),
        (ControlAction.SET, -4.000001),
        (ControlAction.MUTE, 1.0),
        (ControlAction.UNMUTE, 0.0),
        (ControlAction.RESET, 1.0),
    ],
)
def test_amounts_out_of_bounds_are_refused(action: ControlAction, amount: float | None) -> None:
    with pytest.raises(ServiceError) as refused:
        checked_change(ControlChange("loud", action, amount), "changes[7]")
    assert refused.value.reason is Reason.FIELD_INVALID
    assert [violation.field for violation in refused.value.violations] == ["changes[7].amount"]


def test_a_boost_without_amount_is_one() -> None:
    assert change("loud", ControlAction.BOOST).amount == 1.0
    assert change("loud", ControlAction.REDUCE).amount == 1.0


def test_restore_is_bit_for_bit() -> None:
    # 0.1 + 0.2 - 0.2 is not 0.1 in binary; undo must not compute, but put back.
    start = {1: Control(0.1, True)}
    applied = apply_changes(start, [change("loud", ControlAction.BOOST, 0.2), change("loud", ControlAction.UNMUTE)], SPACE)
    assert applied.controls == {1: Control(0.1 + 0.2, False)}
    assert restore(applied.controls, applied.before, SPACE) == start


def test_controls_move_to_another_model_by_id() -> None:
    other = PrototypeSpace("m2", ("fast", "new", "calm"))
    carried, dropped = carry_over({0: Control(1.0), 1: Control(-1.0), 2: Control(0.0, True)}, SPACE, other)
    assert carried == {2: Control(1.0), 0: Control(0.0, True)}
    assert dropped == ("loud",)
