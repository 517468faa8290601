import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leitmotif_services.profiles.taste.control import Control, Controls
from leitmotif_services.profiles.taste.effective_weights import EffectiveWeights, effective_weights
from leitmotif_services.profiles.taste.presets import ActivePreset, PresetControl
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace

SPACE = PrototypeSpace("m1", ("calm", "loud", "fast", "sad"))
HISTORY = np.array([1.0, -2.0, 0.5, 0.0])


def preset(share: float = 1.0, **controls: PresetControl) -> ActivePreset:
    return ActivePreset("focus", share, None, controls)


def effective(controls: Controls, active: ActivePreset | None = None, **carried: str) -> EffectiveWeights:
    return effective_weights(HISTORY, controls, active, SPACE, carried)


def test_without_controls_history_is_all() -> None:
    assert effective({}).weights() == HISTORY.tolist()
    assert effective({}).history is HISTORY


def test_edits_add_mutes_silence_and_pins_stand_in() -> None:
    parts = effective({0: Control(0.25), 1: Control(3.0, True), 2: Control(1.0, False, -4.5), 3: Control(0.0, False, 0.0)})
    assert parts.weights() == [1.25, 0.0, -3.5, 0.0]
    assert parts.history.tolist() == [1.0, -2.0, -4.5, 0.0]
    assert parts.listened is HISTORY
    assert HISTORY.tolist() == [1.0, -2.0, 0.5, 0.0]
    assert (parts.edits, parts.muted) == ({0: 0.25, 1: 3.0, 2: 1.0}, {1})


def test_a_preset_adds_its_share_within_the_bounds_and_mutes_whatever_the_share() -> None:
    active = preset(0.5, calm=PresetControl(2.0), loud=PresetControl(0.0, True), fast=PresetControl(4.0), gone=PresetControl(1.0))
    parts = effective({2: Control(3.0), 0: Control(-0.5, False, 5.0)}, active)
    assert parts.weights() == [5.5, 0.0, 4.5, 0.0]
    assert parts.overlay == {0: 1.0, 2: 2.0}
    assert parts.edits == {0: 0.5, 2: 4.0}
    assert (parts.muted, parts.muted_by_preset) == ({1}, {1})
    assert effective({0: Control(0.0, True)}, active).muted == {0, 1}


def test_a_preset_follows_the_prototypes_that_took_over() -> None:
    active = preset(wild=PresetControl(1.0), mild=PresetControl(2.0), calm=PresetControl(-1.0))
    parts = effective({}, active, wild="fast", mild="calm")
    # What it asks for a prototype by name comes before what it asked for one that is gone.
    assert parts.overlay == {2: 1.0, 0: -1.0}


controls = st.dictionaries(
    st.integers(0, 3),
    st.builds(Control, st.floats(-4, 4), st.booleans(), st.one_of(st.none(), st.floats(-9, 9))),
)
overlays = st.dictionaries(
    st.sampled_from([*SPACE.prototype_ids, "gone"]), st.builds(PresetControl, st.floats(-4, 4), st.booleans()), min_size=1
)


@given(controls, overlays, st.floats(0, 1, exclude_min=True))
def test_each_weight_is_what_the_formula_says(asked: dict[int, Control], overlay: dict[str, PresetControl], share: float) -> None:
    weights = effective(asked, preset(share, **overlay)).weights()
    for position, name in enumerate(SPACE.prototype_ids):
        control = asked.get(position, Control())
        laid = overlay.get(name, PresetControl(0.0))
        edit = min(4.0, max(-4.0, control.edit + share * laid.edit))
        base = HISTORY[position] if control.pinned is None else control.pinned
        assert weights[position] == (0.0 if control.muted or laid.muted else base + edit)
