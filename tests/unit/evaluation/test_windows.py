import numpy as np
import pytest

from leitmotif_services.evaluation.scoring.windows import Window, window_batches, windows


def test_disjoint_windows_when_the_stride_is_the_context() -> None:
    assert list(windows(10, context=4, stride=4)) == [Window(0, 4, 0), Window(4, 4, 0), Window(8, 2, 0)]


def test_later_windows_begin_with_context_that_is_not_scored() -> None:
    assert list(windows(9, context=4, stride=2)) == [
        Window(0, 4, 0),
        Window(2, 4, 2),
        Window(4, 4, 2),
        Window(6, 3, 2),
    ]


def test_no_window_is_made_for_what_is_scored_already() -> None:
    assert list(windows(4, context=4, stride=1)) == [Window(0, 4, 0)]


def test_a_full_last_window_begins_earlier_and_scores_what_is_left() -> None:
    assert list(windows(10, context=4, stride=4, full_last=True)) == [Window(0, 4, 0), Window(4, 4, 0), Window(6, 4, 2)]
    assert list(windows(9, context=4, stride=2, full_last=True))[-1] == Window(5, 4, 3)
    assert list(windows(3, context=4, stride=4, full_last=True)) == [Window(0, 3, 0)]


def test_a_sequence_shorter_than_the_context_is_one_window() -> None:
    assert list(windows(3, context=100, stride=50)) == [Window(0, 3, 0)]


@pytest.mark.parametrize("stride", [0, -1, 5])
def test_a_stride_that_would_skip_or_stand_still_is_a_defect_of_the_caller(stride: int) -> None:
    with pytest.raises(ValueError, match="stride"):
        list(windows(10, context=4, stride=stride))


def test_targets_are_the_tokens_after_the_inputs() -> None:
    sequence = np.arange(100, 108)
    placed = list(window_batches([sequence], context=4, stride=2, batch_size=2))
    first, last = (each.windows for each in placed)
    assert [each.places.tolist() for each in placed] == [[0, 1, 2, 3, 4, 5], [6]]
    np.testing.assert_array_equal(first.input_ids, [[100, 101, 102, 103], [102, 103, 104, 105]])
    np.testing.assert_array_equal(first.target_ids, [[101, 102, 103, 104], [103, 104, 105, 106]])
    np.testing.assert_array_equal(first.scored, [[True] * 4, [False, False, True, True]])
    np.testing.assert_array_equal(last.input_ids, [[104, 105, 106]])
    np.testing.assert_array_equal(last.target_ids, [[105, 106, 107]])
    np.testing.assert_array_equal(last.scored, [[False, False, True]])


def test_windows_of_one_length_go_together_whichever_sequence_they_are_of() -> None:
    sequences = [np.arange(10, 13), np.arange(20, 27), np.arange(30, 33)]
    batches = list(window_batches(sequences, context=4, stride=4, batch_size=4))
    assert [each.windows.input_ids.tolist() for each in batches] == [[[20, 21, 22, 23]], [[10, 11], [24, 25], [30, 31]]]
    assert [each.places.tolist() for each in batches] == [[2, 3, 4, 5], [0, 1, 6, 7, 8, 9]]
