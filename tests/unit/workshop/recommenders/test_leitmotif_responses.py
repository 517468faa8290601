import numpy as np
import pytest

from leitmotif_services.workshop.recommenders import leitmotif_responses
from leitmotif_services.workshop.recommenders.ease import without_self_weights
from leitmotif_services.workshop.recommenders.leitmotif_responses import (
    fit_responses,
    heard_and_tagged_together,
    popularity,
    ridge_by_popularity,
    tag_rows,
)
from tests.unit.workshop.recommenders.training_examples import training_on

PEOPLE, ITEMS, PROTOTYPES = 30, 8, 3


def random_problem(seed=0):
    rng = np.random.default_rng(seed)
    heard = (rng.random((PEOPLE, ITEMS)) < 0.4).astype(float)
    return heard.T @ heard, rng.uniform(0.5, 2.0, ITEMS), rng.random((ITEMS, PROTOTYPES))


def objective(weights, together, ridge):
    """|Y - YB|² + Σ λ_j |B_j|² with YᵀY = `together`."""
    left = np.eye(ITEMS) - weights
    return np.trace(left.T @ together @ left) + float((ridge[:, None] * weights**2).sum())


def test_one_prototype_per_item_and_nothing_for_oneself_is_ease():
    together, _, _ = random_problem()
    responses = fit_responses(np.eye(ITEMS), together, np.full(ITEMS, 3.0), self_left_out=1.0)
    np.testing.assert_allclose(responses.T, without_self_weights(together, 3.0), atol=1e-5)


def test_nothing_near_the_responses_restores_histories_better():
    together, ridge, affinities = random_problem()
    responses = fit_responses(affinities, together, ridge, self_left_out=0.0)
    best = objective(affinities @ responses.T, together, ridge)
    rng = np.random.default_rng(1)
    for _ in range(20):
        nearby = responses + 0.05 * rng.standard_normal(responses.shape)
        assert objective(affinities @ nearby.T, together, ridge) > best


@pytest.mark.parametrize("left_out", [0.25, 1.0])
def test_so_much_of_what_an_item_says_of_itself_is_left_out(left_out):
    together, ridge, affinities = random_problem()
    free = affinities @ fit_responses(affinities, together, ridge, self_left_out=0.0).T
    kept = affinities @ fit_responses(affinities, together, ridge, self_left_out=left_out).T
    np.testing.assert_allclose(np.diag(kept), (1.0 - left_out) * np.diag(free), atol=1e-12)


def test_the_scale_of_a_prototype_does_not_matter():
    together, ridge, affinities = random_problem()
    scales = np.array([1.0, 100.0, 0.01])
    np.testing.assert_allclose(
        (affinities * scales) @ fit_responses(affinities * scales, together, ridge).T,
        affinities @ fit_responses(affinities, together, ridge).T,
        atol=1e-10,
    )


def test_a_prototype_that_no_item_expresses_says_nothing():
    together, ridge, affinities = random_problem()
    affinities[:, 1] = 0.0
    responses = fit_responses(affinities, together, ridge)
    assert np.isfinite(responses).all()
    assert not responses[:, 1].any()


def test_people_count_by_the_root_of_what_they_heard():
    # 1 and 3 items, 2 on average: weights √2 and √(2/3).
    data = training_on([[1, 0, 0], [1, 1, 1]])
    one, three = np.sqrt(2.0), np.sqrt(2.0 / 3.0)
    expected = [[one + three, three, three], [three, three, three], [three, three, three]]
    np.testing.assert_allclose(heard_and_tagged_together(data, tag_weight=5.0) @ np.eye(3), expected)


def test_tags_are_listeners_of_what_carries_them():
    # Five of ten items carry tag 0; nobody counts tag 1, which is too rare. Mean square length 1: carriers' rows are ±√2.
    tags = np.zeros((10, 2))
    tags[:5, 0], tags[0, 1] = 1.0, 4.0
    data = training_on(np.eye(10), tags=tags)
    np.testing.assert_allclose(tag_rows(data).toarray(), np.where(np.arange(10) < 5, np.sqrt(2.0), 0.0)[:, None])
    together = heard_and_tagged_together(data, tag_weight=3.0) @ np.eye(10)
    assert together[0, 1] == pytest.approx(3.0 * 2.0)
    assert together[0, 7] == 0.0


def test_the_ridge_grows_with_the_root_of_the_listeners():
    data = training_on([[1, 1, 0], [1, 0, 0], [1, 0, 0]])
    np.testing.assert_array_equal(popularity(data), [3.0, 1.0, 0.0])
    np.testing.assert_allclose(ridge_by_popularity(data, ridge=10.0), 10.0 * np.sqrt(np.array([4.0, 2.0, 1.0]) * 3.0 / 7.0))


@pytest.mark.parametrize("block", [1, 50, 2**24])
def test_the_factored_form_gives_the_responses_of_the_written_out_matrix(block, monkeypatch):
    """At any size of the temporaries, and with items that nobody heard or tagged, people who heard nothing, and no tags."""
    monkeypatch.setattr(leitmotif_responses, "_BLOCK", block)
    rng = np.random.default_rng(3)
    heard = (rng.random((40, 25)) < 0.2).astype(float)
    heard[:2], heard[:, :3] = 0.0, 0.0
    counts = rng.integers(0, 3, (25, 6)) * (np.arange(25) > 1)[:, None]
    affinities = rng.random((25, 7))
    for tags in (counts, None):
        data = training_on(heard, tags=tags)
        sizes = heard.sum(axis=1)
        weights = (np.maximum(sizes, 1.0) / sizes.mean()) ** -0.5
        rows = tag_rows(data).toarray()
        dense = heard.T @ (weights[:, None] * heard) + 5.0 * rows @ rows.T
        together, ridge = heard_and_tagged_together(data, tag_weight=5.0), ridge_by_popularity(data, ridge=2.0)
        np.testing.assert_allclose(together @ affinities, dense @ affinities, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(together @ affinities[:, 0], dense @ affinities[:, 0], rtol=1e-12, atol=1e-12)
        expected = written_out(affinities, dense, ridge)
        np.testing.assert_allclose(fit_responses(affinities, together, ridge), expected, rtol=0.0, atol=1e-9)


def written_out(affinities, together, ridge):
    """The module's formula with t = 1/4, term by term."""
    normal = affinities.T @ (together + np.diag(ridge)) @ affinities
    lengths = np.linalg.norm(affinities, axis=0)
    jitter = 1e-6 * np.trace(normal / np.outer(lengths, lengths)) / len(normal)
    inverse = np.linalg.inv(normal + jitter * np.diag(lengths**2))
    free = together @ affinities @ inverse
    said = np.einsum("ik,ik->i", affinities, free) / np.einsum("ik,kl,il->i", affinities, inverse, affinities)
    return free - 0.25 * said[:, None] * (affinities @ inverse)
