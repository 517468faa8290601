import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitmotif_services.profiles.taste.carry_over import CarryOver, Takeover, carry_over
from leitmotif_services.profiles.taste.control import Control
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace


def space(version: str, /, encoder_id: str = "enc", **degrees: float | None) -> PrototypeSpace:
    """Prototypes on the unit circle, by the angle of each; None for one that lies nowhere."""
    rows = [(0.0, 0.0) if angle is None else _at(angle) for angle in degrees.values()]
    return PrototypeSpace(version, tuple(degrees), (), np.array(rows, np.float32).reshape(-1, 2), encoder_id)


def _at(angle: float) -> tuple[float, float]:
    return math.cos(math.radians(angle)), math.sin(math.radians(angle))


def cosine(degrees: float) -> Any:
    return pytest.approx(math.cos(math.radians(degrees)), abs=1e-6)


def carry(old: PrototypeSpace, new: PrototypeSpace, *asked: str, carried: dict[str, str] | None = None) -> dict[str, Any]:
    found = carry_over(asked, old, new, carried or {})
    return {name: (takeover.to_prototype_id, takeover.similarity) for name, takeover in found.takeovers.items()}


def test_identity_comes_before_nearness() -> None:
    old = space("m1", calm=0, loud=90)
    new = space("m2", loud=0, calm=90)  # the same names, elsewhere
    found = carry_over(["calm", "loud"], old, new, {})
    assert (found.takeovers, found.carried) == ({}, {})
    controls = {0: Control(1.0), 1: Control(0.0, True, 0.5)}
    assert found.moved(controls) == {1: Control(1.0), 0: Control(0.0, True, 0.5)}


def test_the_nearest_takes_over() -> None:
    old = space("m1", calm=0, loud=90)
    new = space("m2", still=10, soft=30, noisy=80)
    found = carry_over(["calm", "loud"], old, new, {})
    assert found.takeovers == {"calm": Takeover("calm", "still", cosine(10)), "loud": Takeover("loud", "noisy", cosine(10))}
    assert found.carried == {"calm": "still", "loud": "noisy"}
    assert found.moved({0: Control(1.0), 1: Control(2.0)}) == {0: Control(1.0), 2: Control(2.0)}
    assert (found.position("calm"), found.position("loud")) == (0, 2)


def test_a_cosine_below_0_8_is_too_far() -> None:
    old = space("m1", calm=0, loud=90)
    limit = math.degrees(math.acos(0.8))
    assert carry(old, space("m2", other=limit), "calm") == {"calm": ("other", pytest.approx(0.8))}
    assert carry(old, space("m2", other=limit), "calm")["calm"][1] >= 0.8
    found = carry_over(["calm"], old, space("m2", other=limit + 0.01), {})
    assert (found.takeovers, found.carried, found.moved({0: Control(1.0)})) == ({}, {}, {})
    assert found.position("calm") is None


def test_the_nearest_pair_goes_first_and_the_other_finds_another() -> None:
    old = space("m1", a=0, b=8)
    assert carry(old, space("m2", near=6, far=-25), "a", "b") == {"b": ("near", cosine(2)), "a": ("far", cosine(25))}
    assert carry(old, space("m2", near=6), "a", "b") == {"b": ("near", cosine(2))}


def test_a_prototype_that_something_is_asked_for_takes_nothing_over() -> None:
    old = space("m1", calm=0, still=5)
    new = space("m2", still=5, soft=20)
    assert carry(old, new, "calm") == {"calm": ("still", cosine(5))}
    assert carry(old, new, "calm", "still") == {"calm": ("soft", cosine(20))}
    # Also where a model before asked for it.
    assert carry(space("m1", calm=0), new, "calm", "still") == {"calm": ("soft", cosine(20))}


def test_equally_near_ones_are_taken_in_order() -> None:
    old = space("m1", a=0, b=0)
    assert carry(old, space("m2", one=0, two=0), "a", "b") == {"a": ("one", cosine(0)), "b": ("two", cosine(0))}


def test_what_lies_nowhere_matches_nothing() -> None:
    assert carry(space("m1", calm=None), space("m2", other=0), "calm") == {}
    assert carry(space("m1", calm=0), space("m2", other=None), "calm") == {}


@pytest.mark.parametrize(
    "new",
    [
        space("m2", "another", still=0),
        PrototypeSpace("m2", ("still",)),
        PrototypeSpace("m2", ("still",), (), np.array([[1, 0, 0]], np.float32), "enc"),
    ],
)
def test_what_cannot_be_compared_is_dropped(new: PrototypeSpace) -> None:
    assert carry(space("m1", calm=0), new, "calm") == {}
    if new.directions is None:
        assert carry(new, space("m1", calm=0), "still") == {}


def test_a_chain_leads_to_its_end() -> None:
    first = carry_over(["a"], space("m1", a=0), space("m2", b=20), {})
    assert first.carried == {"a": "b"}
    second = carry_over(["a"], space("m2", b=20), space("m3", c=40), first.carried)
    assert second.carried == {"a": "c", "b": "c"}
    # a lies 40 degrees from c, but it is b that is carried.
    assert second.takeovers == {"b": Takeover("b", "c", cosine(20))}
    assert carry_over(["a"], space("m2", b=20), space("m3", b=90), first.carried).carried == {"a": "b"}
    assert carry_over(["a"], space("m2", b=20), space("m3", c=90), first.carried).carried == {}


def test_what_led_on_from_a_model_goes_back_to_it() -> None:
    here = space("m2", b=20)
    back = carry_over(["a", "b"], here, space("m1", nearer=20, a=0), {"a": "b"})
    assert back.takeovers == {"b": Takeover("b", "a", cosine(20))}
    assert back.carried == {"b": "a"}
    # But not where it is too far, nor where something else is asked for it.
    assert carry(here, space("m1", a=90, nearer=20), "a", "b", carried={"a": "b"}) == {"b": ("nearer", cosine(0))}
    assert carry(here, space("m1", a=20), "a", "b") == {}


def test_what_is_not_known_is_passed_over() -> None:
    found = carry_over(["long-gone"], space("m1", a=0), space("m2", b=0), {})
    assert (found.takeovers, found.carried) == ({}, {})


def test_decisions_stand() -> None:
    old, new = space("m1", a=0, b=1), space("m2", one=0, two=10)
    decided = carry_over(["a"], old, new, {}).takeovers
    assert decided["a"].to_prototype_id == "one"
    both = carry_over(["a", "b"], old, new, {}, decided=decided)
    assert both.carried == {"a": "one", "b": "two"}
    # A decision about something else does not stand in the way.
    assert carry_over(["b"], old, new, {}, decided=decided).carried == {"b": "one"}


angles = st.one_of(st.none(), st.integers(0, 359))
names = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=6, unique=True)


@given(names, names, st.lists(angles, min_size=12, max_size=12), st.data())
def test_no_two_go_to_one(old_ids: list[str], new_ids: list[str], places: list[int | None], data: st.DataObject) -> None:
    old = space("m1", "enc", **dict(zip(old_ids, places, strict=False)))
    new = space("m2", "enc", **dict(zip(new_ids, places[6:], strict=False)))
    asked = data.draw(st.lists(st.sampled_from(old_ids), unique=True))
    found: CarryOver = carry_over(asked, old, new, {})
    controls = {old.positions[name]: Control(float(number + 1)) for number, name in enumerate(asked)}
    kept = [name for name in asked if found.position(name) is not None]
    assert sorted(found.moved(controls).values()) == sorted(controls[old.positions[name]] for name in kept)
    for name in asked:
        if name in new.positions:
            assert found.position(name) == new.positions[name]
        assert (name in found.carried) == (name in found.takeovers) == (name in kept and name not in new.positions)


def test_all_find_a_place_where_all_lie_in_one() -> None:
    old = space("m1", "enc", **{f"a{number}": 0 for number in range(300)})
    new = space("m2", "enc", **{f"b{number}": 0 for number in range(301)})
    found = carry_over(old.prototype_ids, old, new, {})
    assert found.carried == {f"a{number}": f"b{number}" for number in range(300)}
