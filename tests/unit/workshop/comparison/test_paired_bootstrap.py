"""The interval of a difference."""

import numpy as np
import pytest

from leitmotif_services.workshop.comparison.paired_bootstrap import paired_interval


def test_the_same_difference_for_all_is_certain():
    reference = np.random.default_rng(0).random(50)
    interval = paired_interval(reference + 0.1, reference)
    assert (interval.difference, interval.low, interval.high) == pytest.approx((0.1, 0.1, 0.1))
    assert interval.excludes_zero


def test_what_is_hard_for_both_drops_out():
    rng = np.random.default_rng(1)
    hard = rng.random(300)
    interval = paired_interval(hard + 0.01 + 0.02 * rng.standard_normal(300), hard)
    assert interval.excludes_zero
    assert interval.high - interval.low < 0.006


def test_the_interval_is_that_of_the_normal_approximation():
    rng = np.random.default_rng(2)
    differences = rng.standard_normal(400)
    interval = paired_interval(differences, np.zeros(400))
    half = 1.96 * differences.std() / np.sqrt(400)
    assert interval.low == pytest.approx(differences.mean() - half, abs=0.01)
    assert interval.high == pytest.approx(differences.mean() + half, abs=0.01)
    assert not paired_interval(np.array([1.0, -1.0] * 50), np.zeros(100)).excludes_zero


def test_the_same_seed_gives_the_same_interval():
    rng = np.random.default_rng(3)
    a, b = rng.random(30), rng.random(30)
    assert paired_interval(a, b, seed=4) == paired_interval(a, b, seed=4)
