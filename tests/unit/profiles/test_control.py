import math

import numpy as np
import pytest

from leitmotif_services.profiles.taste.control import (
    Control,
    ControlAction,
    ControlChange,
    Controls,
    apply_changes,
    checked_change,
)
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.runtime.errors import Reason, ServiceError

SPACE = PrototypeSpace("m1", ("calm", "loud", "fast"))
HISTORY = np.array([0.1, -0.5, 2.0])


def change(prototype_id: str, action: ControlAction, amount: float | None = None) -> ControlChange:
    return checked_change(ControlChange(prototype_id, action, amount), "changes[0]")


def applied(controls: Controls, *changes: ControlChange) -> Controls:
    return apply_changes(controls, changes, SPACE, HISTORY)[0]


def test_changes_apply_in_order_and_add_up() -> None:
    changes = [
        change("loud", ControlAction.BOOST),
        change("loud", ControlAction.BOOST, 0.5),
        change("loud", ControlAction.REDUCE, 0.25),
        change("calm", ControlAction.SET, -2.0),
        change("fast", ControlAction.MUTE),
    ]
    controls, logged = apply_changes({}, changes, SPACE, HISTORY)
    assert controls == {0: Control(-2.0), 1: Control(1.25), 2: Control(0.0, True)}
    assert logged == tuple(changes)


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
    assert applied({1: Control(start)}, change("loud", action, amount)).get(1, Control()).edit == expected


def test_a_mute_keeps_the_edit_and_a_reset_clears_all() -> None:
    muted = applied({1: Control(1.5)}, change("loud", ControlAction.MUTE))
    assert muted == {1: Control(1.5, True)}
    assert applied(muted, change("loud", ControlAction.UNMUTE)) == {1: Control(1.5, False)}
    pinned = applied(muted, change("loud", ControlAction.PIN))
    assert pinned == {1: Control(1.5, True, -0.5)}
    assert applied(pinned, change("loud", ControlAction.RESET)) == {}


def test_a_pin_keeps_the_history_weight_of_the_moment_and_the_log_has_it() -> None:
    controls, logged = apply_changes({}, [change("calm", ControlAction.PIN)], SPACE, HISTORY)
    assert controls == {0: Control(0.0, False, 0.1)}
    assert logged == (ControlChange("calm", ControlAction.PIN, 0.1),)
    assert applied(controls, change("calm", ControlAction.BOOST)) == {0: Control(1.0, False, 0.1)}
    again, _ = apply_changes(controls, [change("calm", ControlAction.PIN)], SPACE, np.array([7.0, 0.0, 0.0]))
    assert again == {0: Control(0.0, False, 7.0)}
    assert applied(controls, change("calm", ControlAction.UNPIN)) == {}


def test_a_pin_of_nothing_is_a_pin() -> None:
    assert apply_changes({}, [change("calm", ControlAction.PIN)], SPACE, np.zeros(3))[0] == {0: Control(0.0, False, 0.0)}


def test_setting_minus_zero_leaves_no_trace() -> None:
    assert applied({}, change("loud", ControlAction.SET, -0.0)) == {}


def test_an_unknown_prototype_changes_nothing() -> None:
    controls = {1: Control(1.5)}
    with pytest.raises(ServiceError) as refused:
        applied(controls, change("loud", ControlAction.RESET), change("sad", ControlAction.BOOST))
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
        (ControlAction.PIN, 1.0),
        (ControlAction.UNPIN, 0.0),
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
