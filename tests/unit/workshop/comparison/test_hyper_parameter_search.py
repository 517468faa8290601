"""The search: its draws, its choice, and that it never sees test people."""

from dataclasses import replace

import numpy as np

from leitmotif_services.workshop.comparison.hyper_parameter_search import search, settings_to_try, swept
from leitmotif_services.workshop.listening.splits import split
from leitmotif_services.workshop.recommenders.recommender import SearchSpace
from tests.unit.workshop.comparison.small_study import FixedScorer, clustered_listening


class Noisy:
    """What validation people want, with noise of the strength of a setting: none is best."""

    name = "noisy"
    source = "test"
    space = SearchSpace({"noise": (100.0, 0.0, 10.0), "other": (1, 2)})

    def __init__(self):
        self.seen = []

    def fit(self, data, settings, *, seed, validation, advance):
        self.seen.append((data, validation))
        wanted = np.asarray(validation.wanted.sum(axis=0)).ravel()
        advance(1.0)
        return FixedScorer(wanted + float(settings["noise"]) * np.random.default_rng(seed).standard_normal(len(wanted)))


class StoppedScorer(FixedScorer):
    epochs_used = 7


class Stopping(Noisy):
    space = SearchSpace({"epochs": (100,)})

    def fit(self, data, settings, *, seed, validation, advance):
        return StoppedScorer(np.asarray(data.heard.sum(axis=0)).ravel())


def test_defaults_come_first_and_nothing_twice():
    space = SearchSpace({"a": (1, 2, 3), "b": ("x", "y")})
    drawn = list(settings_to_try(space, trials=100, seed=3))
    assert drawn[0] == {"a": 1, "b": "x"}
    assert len({tuple(settings.values()) for settings in drawn}) == len(drawn) == 6
    assert list(settings_to_try(space, trials=4, seed=3)) == drawn[:4]
    assert list(settings_to_try(SearchSpace({}), trials=5, seed=0)) == [{}]


def test_the_best_on_validation_people_is_chosen():
    divided, recommender, done = split(clustered_listening(), 0), Noisy(), []
    found = search(recommender, divided, trials=6, advance=done.append)
    assert found.best.settings["noise"] == 0.0
    assert len(found.trials) == 6
    assert abs(sum(done) - 1.0) < 1e-9
    assert all(data is divided.training and validation is divided.validation for data, validation in recommender.seen)


def test_test_people_are_never_looked_at():
    divided = split(clustered_listening(), 0)
    blind = replace(divided, test=None, training_with_validation=None)
    assert search(Noisy(), blind, trials=3, advance=lambda _: None) == search(Noisy(), divided, trials=3, advance=lambda _: None)


def test_the_epoch_of_an_early_stop_becomes_a_setting():
    found = search(Stopping(), split(clustered_listening(), 0), trials=3, advance=lambda _: None)
    assert [trial.settings for trial in found.trials] == [{"epochs": 7}]


def test_a_sweep_varies_one_setting():
    trials = swept(Noisy(), split(clustered_listening(), 0), {"noise": 0.0, "other": 2}, "noise", note=lambda _: None)
    assert [trial.settings for trial in trials] == [{"noise": noise, "other": 2} for noise in (0.0, 10.0, 100.0)]
    assert trials[0].ndcg100 == max(trial.ndcg100 for trial in trials)
