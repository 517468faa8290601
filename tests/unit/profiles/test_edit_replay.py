from hypothesis import given
from hypothesis import strategies as st

from leitmotif_services.profiles.taste.control import Control, ControlAction, ControlChange
from leitmotif_services.profiles.taste.edit_replay import before_logged_edits, replayed
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace

SPACE = PrototypeSpace("m1", ("calm", "loud", "fast"))

changes = st.builds(
    ControlChange,
    st.sampled_from(SPACE.prototype_ids),
    st.sampled_from([ControlAction.BOOST, ControlAction.REDUCE, ControlAction.SET, ControlAction.PIN]),
    st.floats(-4.0, 4.0),
)
edits = st.lists(st.lists(changes, min_size=1, max_size=3), max_size=8)


def boost(prototype_id: str, amount: float) -> list[ControlChange]:
    return [ControlChange(prototype_id, ControlAction.BOOST, amount)]


def test_edits_are_replayed_in_order_upon_what_is_settled() -> None:
    replay = [boost("loud", 3.0), boost("loud", 3.0), [ControlChange("loud", ControlAction.REDUCE, 1.0)]]
    assert replayed({0: Control(0.5, True)}, replay, SPACE, {}) == {0: Control(0.5, True), 1: Control(3.0)}
    # In another order the bound would not have been met.
    assert replayed({}, [replay[0], replay[2], replay[1]], SPACE, {}) == {1: Control(4.0)}


def test_a_replayed_pin_keeps_what_it_kept_then() -> None:
    pin = [ControlChange("calm", ControlAction.PIN, 0.1 + 0.2)]
    assert replayed({}, [pin], SPACE, {}) == {0: Control(0.0, False, 0.1 + 0.2)}


def test_prototypes_that_are_gone_are_looked_up_and_else_passed_over() -> None:
    log = [boost("wild", 1.0), boost("fast", 0.5), boost("sad", 1.0)]
    assert replayed({}, log, SPACE, {"wild": "fast", "sad": "blue"}) == {2: Control(1.5)}
    assert replayed({}, log, SPACE, {}) == {2: Control(0.5)}
    # A prototype that the model has is itself, whoever took over from it elsewhere.
    assert replayed({}, [boost("calm", 1.0)], SPACE, {"calm": "loud"}) == {0: Control(1.0)}


@given(edits, st.integers(0, 8))
def test_a_replay_can_be_done_in_two_parts(log: list[list[ControlChange]], cut: int) -> None:
    assert replayed(replayed({}, log[:cut], SPACE, {}), log[cut:], SPACE, {}) == replayed({}, log, SPACE, {})


@given(edits)
def test_a_log_of_schema_1_tells_what_was_before_it(log: list[list[ControlChange]]) -> None:
    start = {0: Control(0.1, True), 2: Control(-0.7)}
    controls = dict(start)
    found = []
    for steps in log:
        found.append({step.prototype_id: controls.get(SPACE.positions[step.prototype_id], Control()) for step in steps})
        controls = dict(replayed(controls, [steps], SPACE, {}))
    assert before_logged_edits(controls, found, SPACE) == start


def test_what_a_log_of_schema_1_tells_of_lost_prototypes_is_passed_over() -> None:
    assert before_logged_edits({1: Control(2.0)}, [{"sad": Control(1.0)}, {"loud": Control(1.0)}], SPACE) == {1: Control(1.0)}
