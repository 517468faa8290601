"""What model.md promises of edits and mutes, on random models, people and edits."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from leitmotif_services.workshop.listening.listening_data import TrainingData
from leitmotif_services.workshop.recommenders.leitmotif import Leitmotif
from leitmotif_services.workshop.recommenders.leitmotif_new_items import NewItems
from leitmotif_services.workshop.recommenders.leitmotif_prototypes import ListeningPrototypes
from leitmotif_services.workshop.recommenders.leitmotif_responses import Responses
from leitmotif_services.workshop.recommenders.leitmotif_scorer import LeitmotifScorer, history_profiles

PEOPLE = 3


def nothing_known(items):
    none = csr_array((items, 0))
    return TrainingData(csr_array((1, items)), csr_array((1, items)), none, (), np.zeros((items, 0)), ("",) * items)


@st.composite
def steered(draw):
    """A random model, histories and edits; many affinities tie or are zero."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    items, prototypes = draw(st.integers(2, 40)), draw(st.integers(1, 6))
    affinities = rng.random((items, prototypes)).round(draw(st.integers(1, 6))) * (rng.random((items, prototypes)) < 0.7)
    anchored = draw(st.integers(0, prototypes))
    histories = csr_array((rng.random((PEOPLE, items)) < 0.3).astype(float))
    scorer = LeitmotifScorer(
        found=ListeningPrototypes(
            tuple(f"prototype {place}" for place in range(prototypes)), affinities, rng.random((items, anchored)) < 0.3
        ),
        fitted=Responses(rng.standard_normal((items, prototypes)) * 10.0 ** rng.integers(-3, 3), rng.random(items)),
        new_items=NewItems(nothing_known(items), affinities, np.eye(items), np.ones(items)),
        listeners=history_profiles(affinities, histories),
        seed=0,
    )
    return scorer, histories, rng.uniform(-1.0, 1.0, (PEOPLE, prototypes)), draw(st.integers(0, prototypes - 1))


@settings(max_examples=60, deadline=None)
@given(steered(), st.floats(0.0, 2.0))
def test_a_boost_never_lowers_an_item_against_one_that_expresses_the_prototype_no_more(model, rise):
    a_boost_never_lowers(model, rise)


def a_boost_never_lowers(model, rise):
    scorer, histories, edits, prototype = model
    unmuted = np.zeros(edits.shape, np.bool_)
    before = scorer.edited_scores(histories, edits, unmuted)
    raised = edits.copy()
    raised[:, prototype] += rise
    after = scorer.edited_scores(histories, raised, unmuted)
    column = scorer.affinities[:, prototype]
    at_least = column[:, None] >= column[None, :]
    change = (after[:, :, None] - after[:, None, :]) - (before[:, :, None] - before[:, None, :])
    rounding = 1e-12 * (1.0 + np.abs(before).max() + np.abs(after).max())
    assert (change[:, at_least] >= -rounding).all()


@settings(max_examples=60, deadline=None)
@given(steered())
def test_a_mute_returns_no_item_of_the_top_decile_and_no_carrier_with_an_affinity(model):
    a_mute_removes(model)


def a_mute_removes(model):
    scorer, histories, edits, prototype = model
    muted = np.zeros(edits.shape, np.bool_)
    muted[0, prototype] = True
    scores = scorer.edited_scores(histories, edits, muted)
    column = scorer.affinities[:, prototype].astype(np.float32)
    top_decile = (column >= np.sort(column)[::-1][math.ceil(len(column) / 10) - 1]) & (column > 0.0)
    assert np.isneginf(scores[0, top_decile]).all()
    if prototype < scorer.found.carriers.shape[1]:
        assert np.isneginf(scores[0, scorer.found.carriers[:, prototype] & (column > 0.0)]).all()
    assert np.isfinite(scores[1:]).all()


@settings(max_examples=60, deadline=None)
@given(steered())
def test_contributions_sum_to_the_score(model):
    scorer, histories, edits, _ = model
    scores = scorer.edited_scores(histories, edits, np.zeros(edits.shape, np.bool_))
    for person in range(PEOPLE):
        for item in range(scores.shape[1]):
            total = float(scorer.contributions(histories, edits, person, item).sum())
            assert abs(total - scores[person, item]) <= 1e-9 * (1.0 + abs(total))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.0, 2.0))
def test_the_promises_hold_where_affinities_of_untagged_items_are_predicted(seed, rise):
    rng = np.random.default_rng(seed)
    items, tags = int(rng.integers(6, 30)), int(rng.integers(1, 4))
    tag_counts = (rng.random((items, tags)) < 0.4) * (rng.random(items) < 0.6)[:, None]
    heard = csr_array((rng.random((12, items)) < 0.4).astype(float))
    data = TrainingData(
        heard, heard, csr_array(tag_counts.astype(float)), tuple("abc"[:tags]), rng.standard_normal((items, 2)), ("",) * items
    )
    fit = {**Leitmotif.space.defaults, "prototypes": int(rng.integers(1, 8))}
    scorer = Leitmotif().fit(data, fit, seed=0, validation=None, advance=lambda _: None)
    edits = rng.uniform(-1.0, 1.0, (PEOPLE, len(scorer.prototypes)))
    model = (scorer, heard[:PEOPLE], edits, int(rng.integers(len(scorer.prototypes))))
    a_boost_never_lowers(model, rise)
    a_mute_removes(model)
    for tag in range(scorer.found.carriers.shape[1]):
        carries = scorer.found.carriers[:, tag]
        assert scorer.affinities[carries, tag].min() > scorer.affinities[~carries, tag].max(initial=0.0)
