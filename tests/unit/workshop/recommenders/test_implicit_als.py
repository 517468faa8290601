"""Implicit ALS: held-out people are folded in by the least squares of the publication."""

import warnings

import numpy as np
import pytest
import threadpoolctl

from leitmotif_services.workshop.recommenders.implicit_als import ROUNDS, ImplicitAls
from tests.unit.workshop.recommenders.training_examples import histories, training_on

HEARD = np.random.default_rng(0).integers(0, 2, (40, 12)).astype(float)
ALPHA, REGULARIZATION = 7.0, 0.5
SETTINGS = {"factors": 3, "regularization": REGULARIZATION, "alpha": ALPHA}


def fit(**settings):
    return ImplicitAls().fit(
        training_on(HEARD.tolist()), {**SETTINGS, **settings}, seed=1, validation=None, advance=lambda _: None
    )


def test_people_are_folded_in_by_weighted_least_squares():
    scorer = fit()
    items = scorer._model.item_factors.astype(np.float64)
    history = np.array([1, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0], np.float64)
    confidence = np.diag(np.where(history > 0, ALPHA, 1.0))
    person = np.linalg.solve(items.T @ confidence @ items + REGULARIZATION * np.eye(3), items.T @ confidence @ history)
    assert scorer.scores(histories([history]))[0] == pytest.approx(items @ person, rel=1e-3, abs=1e-4)


def test_with_as_many_factors_as_items_it_restores_histories():
    # Nothing is left to approximate but what the regularisation takes: heard items score near 1, the others near 0.
    scores = fit(factors=12, regularization=1e-3, alpha=1.0).scores(histories(HEARD))
    assert scores[HEARD > 0].min() > 0.9
    assert np.abs(scores[HEARD == 0]).max() < 0.1


def test_a_blas_with_threads_is_no_cause_for_a_warning():
    with threadpoolctl.threadpool_limits(2, "blas"), warnings.catch_warnings():
        warnings.simplefilter("error")
        fit()


def test_each_round_is_told():
    told = []
    ImplicitAls().fit(training_on(HEARD.tolist()), SETTINGS, seed=1, validation=None, advance=told.append)
    assert told == [1 / ROUNDS] * ROUNDS
