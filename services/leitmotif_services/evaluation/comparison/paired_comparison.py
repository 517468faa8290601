"""The ratio of two perplexities on the same text, with an interval and a p-value that respect what belongs together."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leitmotif_services.evaluation.comparison.paired_units import PairedUnits, paired_units
from leitmotif_services.evaluation.scoring.token_scores import TokenScores

CONFIDENCE = 0.95

_WEIGHTS_AT_ONCE = 4_000_000
"""Numbers in a block of resampling weights; bounds memory at 32 MB."""


@dataclass(frozen=True)
class Sampling:
    """How much is drawn, and from which seed."""

    bootstrap_samples: int = 2000
    permutations: int = 2000
    seed: int = 0


@dataclass(frozen=True)
class PairedComparison:
    """How two models differ on a text."""

    ratio: float
    """Adapted perplexity over base perplexity: below 1 where adapting helped."""
    ratio_ci95: tuple[float, float]
    p_value: float
    """Two-sided; never below 1 / (permutations + 1)."""
    units: str
    """What was drawn, "documents" or "blocks"."""
    unit_count: int


def compare(base: TokenScores, adapted: TokenScores, sampling: Sampling) -> PairedComparison:
    """Compare two scorings; FIELD_INVALID unless both are of the very same tokens."""
    units = paired_units(base, adapted)
    rng = np.random.default_rng(sampling.seed)
    low, high = bootstrap_interval(units, sampling.bootstrap_samples, rng)
    return PairedComparison(
        ratio=_exp(mean_change(units)),
        ratio_ci95=(_exp(low), _exp(high)),
        p_value=permutation_p_value(units, sampling.permutations, rng),
        units=units.kind,
        unit_count=len(units.changes),
    )


def mean_change(units: PairedUnits) -> float:
    """θ = Σ_u d_u / Σ_u n_u: change of the mean negative log likelihood in nats a token, the logarithm of the ratio."""
    return math.fsum(units.changes) / math.fsum(units.tokens)


def bootstrap_interval(units: PairedUnits, samples: int, rng: np.random.Generator) -> tuple[float, float]:
    """Interval of θ by the bootstrap-t over units.

    θ* of each resample is put in units of its own standard error, t* = (θ* − θ) / se*, and the interval is
    (θ − t*_{0.975} se, θ − t*_{0.025} se): it keeps its level where units are few and skewed, which the percentile interval does
    not. Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 12.5; the standard error is that of a ratio of
    sums, se² = u/(u−1) · Σ (d_u − θ n_u)² / (Σ n_u)². A single unit has no spread: the interval is all numbers.
    """
    count = len(units.changes)
    if count < 2:
        return -math.inf, math.inf
    moments = _moments(units)
    theta, error = _ratio_and_error(moments.sum(axis=0, keepdims=True), count)
    if error[0] == 0.0:
        return float(theta[0]), float(theta[0])
    sampled = [_ratio_and_error(weights @ moments, count) for weights in _resampling_weights(count, samples, rng)]
    thetas = np.concatenate([each[0] for each in sampled])
    errors = np.concatenate([each[1] for each in sampled])
    # A resample of one unit alone has no spread either; as many of them are as far out as can be.
    with np.errstate(divide="ignore", invalid="ignore"):
        studentized = np.where(errors > 0.0, (thetas - theta[0]) / errors, np.copysign(np.inf, thetas - theta[0]))
    tail = 100 * (1 - CONFIDENCE) / 2
    low_t, high_t = np.percentile(studentized, [tail, 100 - tail], method="inverted_cdf")
    return float(theta[0] - high_t * error[0]), float(theta[0] - low_t * error[0])


def permutation_p_value(units: PairedUnits, permutations: int, rng: np.random.Generator) -> float:
    """Two-sided p-value of Σ_u d_u when base and adapted are exchanged in units at random: the sign of each d_u is a coin.

    (1 + number of permutations at least as extreme) / (1 + permutations), which is a valid level for every number of them
    (Phipson and Smyth 2010, arXiv:1603.05766).
    """
    count = len(units.changes)
    observed = abs(math.fsum(units.changes))
    tolerance = 1e-12 * math.fsum(np.abs(units.changes))  # sums of the same numbers in another order
    extreme = 0
    rows = max(1, _WEIGHTS_AT_ONCE // count)
    for start in range(0, permutations, rows):
        signs = rng.integers(0, 2, size=(min(rows, permutations - start), count), dtype=np.int8) * 2 - 1
        extreme += int(np.count_nonzero(np.abs(signs @ units.changes) >= observed - tolerance))
    return (1 + extreme) / (1 + permutations)


def _moments(units: PairedUnits) -> npt.NDArray[np.float64]:
    """(u, 5): d, n, d², d·n, n² of each unit, whose weighted sums give a resample's ratio and its error."""
    changes, tokens = units.changes, units.tokens
    return np.stack([changes, tokens, changes**2, changes * tokens, tokens**2], axis=1)


def _ratio_and_error(sums: npt.NDArray[np.float64], count: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """θ and its standard error from summed moments, (rows, 5) → twice (rows,)."""
    changes, tokens, changes_squared, products, tokens_squared = sums.T
    theta = changes / tokens
    squares = changes_squared - 2 * theta * products + theta**2 * tokens_squared
    scale = changes_squared + theta**2 * tokens_squared
    squares = np.where(squares > 1e-12 * scale, squares, 0.0)  # what cancellation leaves of an exact zero
    return theta, np.sqrt(count / (count - 1) * squares) / tokens


def _resampling_weights(count: int, samples: int, rng: np.random.Generator) -> Iterator[npt.NDArray[np.float64]]:
    """How often each unit is drawn in each resample, (rows, u) at a time: rows of nonnegative integers that sum to u."""
    most_rows = max(1, _WEIGHTS_AT_ONCE // count)
    for start in range(0, samples, most_rows):
        rows = min(most_rows, samples - start)
        drawn = rng.integers(0, count, size=(rows, count)) + count * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count).astype(np.float64)


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf
