import math

import numpy as np
import pytest

from leitmotif_services.evaluation.comparison.paired_comparison import (
    Sampling,
    bootstrap_interval,
    compare,
    mean_change,
    permutation_p_value,
)
from leitmotif_services.evaluation.comparison.paired_units import BLOCK_TOKENS, PairedUnits, paired_units
from leitmotif_services.evaluation.scoring.token_scores import TokenScores
from leitmotif_services.runtime.errors import ServiceError


def scores(nll, documents=None, token_ids=None):
    nll = np.asarray(nll, np.float64)
    documents = np.zeros(len(nll), np.int64) if documents is None else np.asarray(documents, np.int64)
    return TokenScores(np.arange(len(nll)) if token_ids is None else np.asarray(token_ids), nll, documents)


def units_of(changes, tokens):
    return PairedUnits("documents", np.asarray(changes, np.float64), np.asarray(tokens, np.float64))


def test_the_ratio_is_that_of_the_two_perplexities():
    base, adapted = scores([1.0, 2.0, 3.0, 2.0]), scores([1.5, 2.5, 3.5, 2.5])
    compared = compare(base, adapted, Sampling(100, 100))
    assert compared.ratio == pytest.approx(adapted.perplexity / base.perplexity)
    assert compared.ratio == pytest.approx(math.exp(0.5))


def test_documents_are_drawn_where_there_are_twenty_of_them():
    documents = np.repeat(np.arange(20), 3)
    units = paired_units(scores(np.ones(60), documents), scores(np.ones(60) * 1.5, documents))
    assert (units.kind, len(units.changes)) == ("documents", 20)
    assert units.changes.tolist() == [1.5] * 20
    assert units.tokens.tolist() == [3.0] * 20


def test_blocks_are_drawn_else_and_none_spans_two_documents():
    lengths = [BLOCK_TOKENS + 10, 5, 2 * BLOCK_TOKENS]
    documents = np.repeat([0, 3, 4], lengths)
    base = scores(np.zeros(sum(lengths)), documents)
    units = paired_units(base, scores(np.ones(sum(lengths)), documents))
    assert (units.kind, units.tokens.tolist()) == ("blocks", [BLOCK_TOKENS, 10, 5, BLOCK_TOKENS, BLOCK_TOKENS])
    assert units.changes.tolist() == units.tokens.tolist()


def test_other_tokens_are_refused():
    with pytest.raises(ServiceError, match="tokenizer"):
        compare(scores([1.0, 2.0]), scores([1.0, 2.0], token_ids=[0, 5]), Sampling())
    with pytest.raises(ServiceError, match="tokenizer"):
        compare(scores([1.0, 2.0]), scores([1.0]), Sampling())


def test_nothing_changes_between_equal_models():
    same = scores(np.random.default_rng(0).random(2000))
    compared = compare(same, same, Sampling(200, 200))
    assert (compared.ratio, compared.ratio_ci95, compared.p_value) == (1.0, (1.0, 1.0), 1.0)


def test_a_constant_change_is_certain():
    units = units_of([0.2] * 30, [2.0] * 30)
    assert bootstrap_interval(units, 200, np.random.default_rng(0)) == pytest.approx((0.1, 0.1))
    assert permutation_p_value(units, 999, np.random.default_rng(0)) == pytest.approx(0.001)


def test_a_single_unit_says_nothing_of_spread():
    units = units_of([0.5], [10.0])
    assert bootstrap_interval(units, 100, np.random.default_rng(0)) == (-math.inf, math.inf)
    assert permutation_p_value(units, 99, np.random.default_rng(0)) == 1.0


def test_the_p_value_of_three_units_is_that_of_all_sign_changes():
    # Of the 8 sign changes of (3, 2, 1), two are as large as 6.
    p = permutation_p_value(units_of([3.0, 2.0, 1.0], [1.0] * 3), 40_000, np.random.default_rng(1))
    assert p == pytest.approx(2 / 8, abs=0.01)


def test_the_same_seed_gives_the_same_figures():
    rng = np.random.default_rng(5)
    base, adapted = scores(rng.random(3000)), scores(rng.random(3000))
    assert compare(base, adapted, Sampling(300, 300, 7)) == compare(base, adapted, Sampling(300, 300, 7))
    assert compare(base, adapted, Sampling(300, 300, 7)) != compare(base, adapted, Sampling(300, 300, 8))


def test_memory_stays_bounded_for_many_units():
    units = units_of(np.random.default_rng(0).normal(0.01, 1.0, 300_000), np.ones(300_000))
    low, high = bootstrap_interval(units, 100, np.random.default_rng(0))
    assert low < mean_change(units) < high
    assert high - low == pytest.approx(2 * 1.96 / math.sqrt(300_000), rel=0.35)


def skewed_units(rng, count, theta):
    """Documents of different lengths whose change per token scatters, skewed, around theta."""
    tokens = rng.integers(20, 200, count).astype(np.float64)
    noise = rng.gamma(1.0, 0.3, count) - 0.3
    return units_of((theta + noise) * tokens, tokens)


def test_the_interval_covers_a_known_effect_at_its_nominal_rate(record_property):
    theta, simulations = 0.1, 400
    for count in (20, 60):
        rng = np.random.default_rng(count)
        inside = 0
        for _ in range(simulations):
            low, high = bootstrap_interval(skewed_units(rng, count, theta), 400, rng)
            inside += low <= theta <= high
        coverage = inside / simulations
        record_property(f"coverage_{count}", coverage)
        print(f"95 % interval of {count} units: covers in {coverage:.3f} of {simulations}")
        # Two standard errors of the simulation are 0.022; ratios of so few and so skewed units cost a little more.
        assert 0.91 <= coverage <= 0.985


def test_the_p_value_is_uniform_where_nothing_differs(record_property):
    rng = np.random.default_rng(3)
    values = []
    for _ in range(400):
        tokens = rng.integers(20, 200, 30).astype(np.float64)
        values.append(permutation_p_value(units_of(rng.normal(0.0, 0.3, 30) * tokens, tokens), 399, rng))
    below = [float(np.mean(np.asarray(values) <= level)) for level in (0.05, 0.25, 0.5, 0.75)]
    record_property("share_below", below)
    print("share of p-values at or below 0.05, 0.25, 0.5, 0.75:", below)
    for share, level in zip(below, (0.05, 0.25, 0.5, 0.75), strict=True):
        assert share == pytest.approx(level, abs=3.5 * math.sqrt(level * (1 - level) / 400))
