"""Promises that hold for any data: metrics, naming, histories."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from leitmotif_services.runtime.validation import ID_PATTERN
from leitmotif_services.workshop.dataset import Interactions
from leitmotif_services.workshop.discovery import spherical_kmeans
from leitmotif_services.workshop.edit_gain import fit_edit_gain
from leitmotif_services.workshop.ranking_metrics import average_precision, ndcg, recall, roc_auc
from leitmotif_services.workshop.recommenders.leitmotif_responses import Responses
from leitmotif_services.workshop.recommenders.leitmotif_scorer import history_profiles
from leitmotif_services.workshop.response_training import histories
from leitmotif_services.workshop.track_naming import title_and_artist, unique_ids

unit = st.floats(0.0, 1.0, width=32)


@settings(deadline=None)
@given(st.lists(st.text(max_size=200), min_size=1, max_size=30))
def test_any_names_give_unique_well_formed_ids(names):
    ids = unique_ids(names)
    assert len(set(ids)) == len(names)
    assert all(ID_PATTERN.fullmatch(track_id) for track_id in ids)


@settings(deadline=None)
@given(st.text(min_size=1), st.text(), st.text())
def test_titles_and_artists_are_one_printable_line(stem, title, artist):
    for text in title_and_artist(stem, title, artist)[1:]:
        assert text.isprintable()
        assert len(text) <= 256


@settings(deadline=None)
@given(arrays(np.float64, 12, elements=unit), arrays(bool, 12))
def test_roc_auc_turns_over_with_the_scores(scores, positive):
    if positive.any() and not positive.all():
        assert abs(roc_auc(scores, positive) + roc_auc(-scores, positive) - 1.0) < 1e-9
        assert 0.0 <= average_precision(scores, positive) <= 1.0


@settings(deadline=None)
@given(st.permutations(range(10)), arrays(bool, 10), st.integers(1, 12))
def test_a_better_ranking_is_never_worth_less(order, wanted, length):
    if wanted.any():
        ranking = np.array(order)
        best = np.argsort(~wanted, kind="stable")
        assert ndcg(ranking, wanted, length) <= ndcg(best, wanted, length) + 1e-12
        assert recall(ranking, wanted, length) <= recall(best, wanted, length) == 1.0


@settings(deadline=None)
@given(arrays(np.float64, (6, 3), elements=unit), st.permutations(range(6)))
def test_a_history_does_not_depend_on_the_order_of_its_entries(affinities, order):
    users = np.array([0, 0, 0, 1, 1, 1])
    tracks, counts = np.arange(6), np.arange(1.0, 7.0, dtype=np.float32)
    shuffled = np.array(sorted(order, key=lambda entry: users[entry]))
    one = Interactions(("a", "b"), users, tracks, counts)
    other = Interactions(("a", "b"), users[shuffled], tracks[shuffled], counts[shuffled])
    assert np.allclose(history_profiles(affinities, histories(one, 6)), history_profiles(affinities, histories(other, 6)))


@settings(max_examples=40, deadline=None)
@given(arrays(np.float32, (12, 5), elements=st.floats(-1, 1, width=32)), st.integers(1, 6))
def test_clusters_are_never_empty(rows, count):
    clusters = spherical_kmeans(rows, count, seed=0)
    assert set(clusters.membership.tolist()) == set(range(len(clusters.centres)))
    assert np.isfinite(clusters.centres).all()


@settings(max_examples=25, deadline=None)
@given(
    arrays(np.float64, (9, 3), elements=unit),
    arrays(np.float64, (9, 3), elements=st.floats(-1, 1)),
    arrays(np.float64, 9, elements=unit),
)
def test_every_model_has_a_usable_gain(affinities, responses, bias):
    gain = fit_edit_gain(affinities, Responses(responses, bias), np.ones((2, 3)), [1, 4, 9], seed=0)
    assert np.isfinite(gain)
    assert 0.0 < gain < 1e7
