import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitmotif_services.evaluation.adaptation.schedule import FLOOR, learning_rate_share


def shares(steps: int, warmup_share: float) -> list[float]:
    return [learning_rate_share(step, steps=steps, warmup_share=warmup_share) for step in range(steps)]


def test_a_warm_up_of_two_steps_and_half_a_cosine_down_to_a_tenth() -> None:
    assert shares(7, 2 / 7) == pytest.approx(
        [0.5, 1.0, 1.0, 0.1 + 0.9 * (1 + 0.5**0.5) / 2, 0.55, 0.1 + 0.9 * (1 - 0.5**0.5) / 2, 0.1]
    )


def test_without_a_warm_up_the_first_step_has_the_highest_rate() -> None:
    assert shares(3, 0.0) == pytest.approx([1.0, 0.55, 0.1])


def test_with_nothing_but_a_warm_up_the_last_step_has_the_highest_rate() -> None:
    assert shares(4, 1.0) == [0.25, 0.5, 0.75, 1.0]


def test_the_one_step_of_a_tiny_text_has_the_highest_rate() -> None:
    assert shares(1, 0.05) == [1.0]
    assert shares(2, 0.5) == [1.0, 1.0]


@given(st.integers(1, 300), st.floats(0, 1))
def test_it_rises_then_falls_and_stays_above_nothing(steps: int, warmup_share: float) -> None:
    found = shares(steps, warmup_share)
    top = found.index(max(found))
    assert found[:top] == sorted(found[:top])
    assert found[top:] == sorted(found[top:], reverse=True)
    assert max(found) == 1.0
    assert min(found) >= min(FLOOR, 1 / max(1, round(warmup_share * steps))) - 1e-12
