"""Chooses a recommender's settings on validation people: the same search, with the same budget, for every recommender."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from leitmotif_services.workshop.comparison.accuracy import measure_accuracy
from leitmotif_services.workshop.listening.listening_data import Split
from leitmotif_services.workshop.recommenders.recommender import Advance, Recommender, SearchSpace, Setting, StoppedEarly

TRIALS = 10

Settings = dict[str, Setting]


@dataclass(frozen=True)
class Trial:
    """Settings that were tried, and how good they were."""

    settings: Settings
    """With the setting `epochs` at which training was stopped, where it was."""
    ndcg100: float
    """On the validation people."""


@dataclass(frozen=True)
class Search:
    """All trials, in the order in which they were made."""

    trials: tuple[Trial, ...]

    @property
    def best(self) -> Trial:
        """The first of those with the highest NDCG@100."""
        return max(self.trials, key=lambda trial: trial.ndcg100)


def search(recommender: Recommender, split: Split, *, trials: int = TRIALS, advance: Advance) -> Search:
    """Random search (Bergstra and Bengio, JMLR 2012): fit on the training people, choose by NDCG@100 on the validation people.

    The defaults are tried first, then settings drawn from the space, each choice of each setting alike, none twice: `trials`
    in all, or as many as the space has. The draws follow from the split's seed. Test people are never looked at.
    """
    drawn = list(settings_to_try(recommender.space, trials=trials, seed=split.seed))

    def portion(share: float) -> None:
        advance(share / len(drawn))

    return Search(tuple(try_settings(recommender, split, settings, advance=portion) for settings in drawn))


def try_settings(recommender: Recommender, split: Split, settings: Settings, *, advance: Advance) -> Trial:
    """Fit on the training people, measure on the validation people."""
    scorer = recommender.fit(split.training, settings, seed=split.seed, validation=split.validation, advance=advance)
    found = {**settings, "epochs": scorer.epochs_used} if isinstance(scorer, StoppedEarly) else dict(settings)
    ndcg100 = float(measure_accuracy(scorer, split.validation).ndcg100.mean())
    return Trial(found, ndcg100 if math.isfinite(ndcg100) else -math.inf)


def settings_to_try(space: SearchSpace, *, trials: int, seed: int) -> Iterator[Settings]:
    """The defaults, then random ones."""
    yield space.defaults
    seen = {tuple(space.defaults.values())}
    possible = math.prod(len(values) for values in space.choices.values())
    rng = np.random.default_rng([seed, 12])
    while len(seen) < min(trials, possible):
        settings = {name: values[int(rng.integers(len(values)))] for name, values in space.choices.items()}
        if tuple(settings.values()) not in seen:
            seen.add(tuple(settings.values()))
            yield settings


def swept(
    recommender: Recommender, split: Split, chosen: Settings, name: str, *, note: Callable[[Trial], None]
) -> tuple[Trial, ...]:
    """The setting `name` at each of its choices, ascending where they are numbers, the others as chosen: on validation people."""
    choices = sorted(recommender.space.choices[name], key=lambda value: (isinstance(value, str), value))
    trials = []
    for value in choices:
        trials.append(try_settings(recommender, split, {**chosen, name: value}, advance=lambda _: None))
        note(trials[-1])
    return tuple(trials)
