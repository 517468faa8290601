"""How certain a difference between two recommenders is, when the same people judged both."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

RESAMPLES = 10_000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean difference with its confidence interval."""

    difference: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0.0 or self.high < 0.0


def paired_interval(measured: Doubles, reference: Doubles, *, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """The mean of `measured` - `reference`, (V,) each of the same V ≥ 1 people, with its 95 % percentile interval.

    People are drawn with replacement, each with both values (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993):
    what makes a person easy or hard for both drops out.
    """
    differences = measured - reference
    people = len(differences)
    rng = np.random.default_rng([seed, 93])
    means = np.concatenate(
        [
            rng.multinomial(people, np.full(people, 1.0 / people), size=min(1000, resamples - start)) @ differences / people
            for start in range(0, resamples, 1000)
        ]
    )
    low, high = np.quantile(means, [(1.0 - CONFIDENCE) / 2.0, (1.0 + CONFIDENCE) / 2.0])
    return Interval(float(differences.mean()), float(low), float(high))
