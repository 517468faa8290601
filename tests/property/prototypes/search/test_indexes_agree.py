"""The fast search and the reference answer alike, and both as a plain loop in Python does."""

import math
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from leitmotif_services.prototypes.expression import Expression
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.search.exact_index import ExactIndex
from leitmotif_services.prototypes.search.faiss_index_files import build_index
from leitmotif_services.prototypes.search.linear_scoring import LinearScoring
from tests.unit.prototypes.sample_models import random_model


@st.composite
def cases(draw: st.DrawFn) -> tuple[LinearScoring, Profile, np.ndarray, int]:
    tracks = draw(st.integers(1, 400))
    prototypes = draw(st.integers(1, 12))
    levels = draw(st.sampled_from([0, 1, 3]))  # with few levels, most scores tie
    seed = draw(st.integers(0, 2**32 - 1))
    model = random_model(seed, tracks=tracks, prototypes=prototypes, levels=levels)
    table = LinearScoring(model.responses, model.affinities, model.bias, model.edit_gain)
    random = np.random.default_rng(seed + 1)
    scale = draw(st.sampled_from([0.0, 1e-3, 1.0, 1e5]))
    weights = random.integers(-2, 3, size=(2, prototypes)) if levels else random.normal(size=(2, prototypes))
    history, edits = (scale * weights).astype(np.float32)
    muted = tuple(sorted(draw(st.sets(st.integers(0, prototypes - 1), max_size=3))))
    ranks = [prototype.expressed_rank for prototype in model.prototypes]
    kept = Expression(model.affinities, ranks).kept(muted) & (random.random(tracks) < draw(st.sampled_from([0.05, 0.5, 1.0])))
    return table, Profile(history, edits, muted), kept, draw(st.integers(1, 40))


def exact_score(table: LinearScoring, profile: Profile, position: int) -> Fraction:
    """The score in rational numbers, prototype by prototype."""
    row = table.rows[position].tolist()
    k = table.prototype_count
    score = Fraction(row[-1])
    for prototype in range(k):
        if prototype not in profile.muted:
            score += Fraction(float(profile.history[prototype])) * Fraction(row[prototype])
            score += Fraction(table.edit_gain) * Fraction(float(profile.edits[prototype])) * Fraction(row[k + prototype])
    return score


@settings(max_examples=300, deadline=None)
@given(cases())
def test_faiss_and_exact_search_agree(case: tuple[LinearScoring, Profile, np.ndarray, int]) -> None:
    table, profile, kept, count = case
    query = table.query(profile)
    reference = ExactIndex(table).search(query, count, kept)
    found = build_index(table).search(query, count, kept)
    assert found.tolist() == reference.tolist()


@settings(max_examples=100, deadline=None)
@given(cases())
def test_the_order_is_that_of_a_full_sort(case: tuple[LinearScoring, Profile, np.ndarray, int]) -> None:
    table, profile, kept, count = case
    query = table.query(profile)
    positions = np.flatnonzero(kept)
    scores = table.scores(query, positions).tolist()
    order = sorted(range(len(positions)), key=lambda place: (-scores[place], place))
    index = ExactIndex(table)
    assert index.search(query, count, kept).tolist() == [int(positions[place]) for place in order[:count]]
    for rank, place in enumerate(order[:5], start=1):
        assert index.rank(query, int(positions[place]), kept) == rank


@settings(max_examples=60, deadline=None)
@given(cases())
def test_scores_are_those_of_rational_arithmetic(case: tuple[LinearScoring, Profile, np.ndarray, int]) -> None:
    table, profile, kept, count = case
    query = table.query(profile)
    positions = np.flatnonzero(kept)[:count]
    rounded = table.rounded_at(query, positions)
    for score, near, position in zip(table.scores(query, positions).tolist(), rounded.tolist(), positions.tolist(), strict=True):
        exact = exact_score(table, profile, position)
        scale = sum(abs(part) for part in table.contributions(query, np.array([position])).total[0].tolist()) + 1.0
        assert abs(Fraction(score) - exact) <= Fraction(1e-13) * Fraction(scale)
        assert math.isclose(near, float(exact), abs_tol=query.rounding_margin, rel_tol=0)
