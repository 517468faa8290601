import numpy as np
import pytest

from leitmotif_services.audio.neighbour_evaluation import log_mel_statistics, neighbour_accuracy, standardised


def at(*degrees):
    radians = np.radians(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1)


def test_each_row_finds_its_own_kind():
    assert neighbour_accuracy(at(0, 5, 90, 95), ["a", "a", "b", "b"], 1) == 1.0
    assert neighbour_accuracy(at(0, 5, 90, 95), ["a", "b", "b", "a"], 1) == 0.0


def test_a_row_is_not_its_own_neighbour():
    # 0 and 5 are each other's nearest; 30 is nearest to 5.
    assert neighbour_accuracy(at(0, 5, 30), ["a", "a", "b"], 1) == pytest.approx(2 / 3)


def test_the_most_frequent_label_wins():
    # For 0°: nearest three are 10 (b), 20 (a), 25 (a).
    angles, labels = at(0, 10, 20, 25), ["a", "b", "a", "a"]
    assert neighbour_accuracy(angles, labels, 3) == pytest.approx(3 / 4)


def test_a_tie_goes_to_the_nearer_label():
    # For 0°: 4 (a) and 10 (b) tie; a is nearer. For 4°: 0 (a), 10 (b): a. For 10°: 4 (a), 0 (a): a, wrong.
    assert neighbour_accuracy(at(0, 4, 10), ["a", "a", "b"], 2) == pytest.approx(2 / 3)


def test_length_does_not_matter_and_fewer_rows_than_neighbours_all_vote():
    rows = at(0, 5, 10, 15) * np.array([[1.0], [100.0], [0.01], [3.0]])
    assert neighbour_accuracy(rows, ["a"] * 4, 5) == 1.0


def test_baseline_statistics():
    np.testing.assert_allclose(log_mel_statistics(np.array([[1.0, 4.0], [3.0, 4.0]], np.float32)), [2.0, 4.0, 1.0, 0.0])
    np.testing.assert_allclose(standardised(np.array([[1.0, 5.0], [3.0, 5.0]])), [[-1.0, 0.0], [1.0, 0.0]])
