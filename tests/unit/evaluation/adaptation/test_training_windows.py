import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitmotif_services.evaluation.adaptation.training_windows import TrainingOrder, joined_documents, training_windows

DOCUMENTS = [np.array([1, 2]), np.array([3])]


@pytest.mark.parametrize(
    ("bos", "end", "expected"),
    [
        (None, None, [1, 2, 3]),
        (9, 9, [9, 1, 2, 9, 3, 9]),
        (8, 9, [8, 1, 2, 9, 8, 3, 9]),
        (None, 9, [1, 2, 9, 3, 9]),
        (8, None, [8, 1, 2, 8, 3]),
    ],
)
def test_documents_are_divided_by_the_tokens_that_there_are(bos: int | None, end: int | None, expected: list[int]) -> None:
    assert joined_documents(DOCUMENTS, bos_token_id=bos, end_token_id=end).tolist() == expected


def test_no_document_gives_no_token() -> None:
    assert joined_documents([], bos_token_id=9, end_token_id=9).tolist() == []


def cut(tokens: int, context: int) -> list[list[int]]:
    return [window.tolist() for window in training_windows(np.arange(tokens), context=context)]


def test_each_window_begins_with_the_last_token_of_the_one_before() -> None:
    assert cut(9, 4) == [[0, 1, 2, 3, 4], [4, 5, 6, 7, 8]]


def test_a_rest_of_half_a_window_is_kept() -> None:
    assert cut(11, 4)[2:] == [[8, 9, 10]]


def test_a_smaller_rest_is_left_out() -> None:
    assert cut(10, 4) == cut(9, 4)


def test_half_a_window_is_enough_and_less_is_not() -> None:
    assert cut(3, 4) == [[0, 1, 2]]
    assert cut(2, 4) == []
    assert cut(0, 4) == []


@given(st.integers(0, 200), st.integers(1, 40))
def test_each_token_but_the_first_and_a_small_rest_is_predicted_once_in_order(tokens: int, context: int) -> None:
    predicted = [token for window in cut(tokens, context) for token in window[1:]]
    assert predicted == list(range(1, len(predicted) + 1))
    assert max(tokens - 1, 0) - len(predicted) < max(1, context / 2)


def test_every_pass_takes_every_window_once_in_an_order_of_its_own() -> None:
    order = TrainingOrder(windows=10, batch_size=3, epochs=2, seed=5)
    taken = [number for step in range(order.steps) for number in order.windows_of_step(step)]
    assert [len(order.windows_of_step(step)) for step in range(order.steps)] == [3] * 6 + [2]
    assert sorted(taken[:10]) == sorted(taken[10:]) == list(range(10))
    assert taken[:10] != taken[10:]


def test_the_order_is_a_function_of_the_seed() -> None:
    def first_step(seed: int) -> list[int]:
        return TrainingOrder(windows=100, batch_size=50, epochs=1, seed=seed).windows_of_step(0)

    assert first_step(1) == first_step(1) != first_step(-1)


@pytest.mark.parametrize(("epochs", "windows", "steps"), [(0.5, 5, 2), (0.01, 1, 1), (2.5, 25, 7)])
def test_parts_of_passes(epochs: float, windows: int, steps: int) -> None:
    order = TrainingOrder(windows=10, batch_size=4, epochs=epochs, seed=0)
    assert (order.window_count, order.steps) == (windows, steps)


def test_tokens_before_a_step_are_those_of_the_windows_taken() -> None:
    lengths = np.array([4, 4, 4, 4, 2])
    order = TrainingOrder(windows=5, batch_size=2, epochs=2.4, seed=3)
    counted = 0
    for step in range(order.steps):
        assert order.predictions_before(step, lengths) == counted
        counted += int(lengths[order.windows_of_step(step)].sum())
    assert order.predictions_before(order.steps, lengths) == counted
