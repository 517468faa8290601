import numpy as np
import pytest

from leitmotif_services.workshop.recommenders.leitmotif import Leitmotif
from leitmotif_services.workshop.recommenders.leitmotif_scorer import history_profiles
from leitmotif_services.workshop.recommenders.recommender import ColdStartScorer, NewItemAffinities, SteerableScorer
from tests.contract.block_listening import block_people, block_training
from tests.unit.workshop.recommenders.training_examples import histories

PEOPLE, _ = block_people()


@pytest.fixture(scope="module")
def scorer():
    settings = {**Leitmotif.space.defaults, "prototypes": 12}
    return Leitmotif().fit(block_training(), settings, seed=0, validation=None, advance=lambda _: None)


@pytest.fixture
def untouched(scorer):
    shape = (PEOPLE.given.shape[0], len(scorer.prototypes))
    return np.zeros(shape), np.zeros(shape, np.bool_)


def test_it_is_all_that_the_comparison_asks_of_it(scorer):
    assert isinstance(scorer, SteerableScorer)
    assert isinstance(scorer, ColdStartScorer)
    assert isinstance(scorer, NewItemAffinities)


def test_history_weights_by_hand():
    affinities = np.array([[1.0, 0.0], [0.5, 2.0], [9.0, 9.0]])
    profiles = history_profiles(affinities, histories([[1, 1, 0], [0, 0, 0], [0, 1, 0]]))
    np.testing.assert_allclose(profiles, [[1.5 / np.sqrt(2), 2.0 / np.sqrt(2)], [0.0, 0.0], [0.5, 2.0]])


def test_no_edit_changes_nothing(scorer, untouched):
    np.testing.assert_array_equal(scorer.edited_scores(PEOPLE.given, *untouched), scorer.scores(PEOPLE.given))


def test_contributions_sum_to_the_score(scorer, untouched):
    edits, muted = untouched
    edits += np.random.default_rng(0).uniform(-1.0, 1.0, edits.shape)
    scores = scorer.edited_scores(PEOPLE.given, edits, muted)
    for person, item in ((0, 0), (3, 17), (9, 5)):
        assert scorer.contributions(PEOPLE.given, edits, person, item).sum() == pytest.approx(scores[person, item], abs=1e-12)


def test_a_mute_leaves_no_carrier_of_the_tag(scorer, untouched):
    edits, muted = untouched
    tag = 0
    muted[:5, tag] = True
    scores = scorer.edited_scores(PEOPLE.given, edits, muted)
    carriers = scorer.found.carriers[:, tag]
    assert np.isneginf(scores[:5, carriers]).all()
    assert np.isfinite(scores[:5, ~carriers]).any()
    np.testing.assert_array_equal(scores[5:], scorer.scores(PEOPLE.given)[5:])


def test_what_is_muted_weighs_nothing(scorer, untouched):
    edits, muted = untouched
    muted[:, 1] = True
    loud = edits.copy()
    loud[:, 1] = 1.0
    np.testing.assert_array_equal(
        scorer.edited_scores(PEOPLE.given, loud, muted), scorer.edited_scores(PEOPLE.given, edits, muted)
    )


def test_carriers_stand_above_all_others_of_their_prototype(scorer):
    for tag in range(scorer.found.carriers.shape[1]):
        carries = scorer.found.carriers[:, tag]
        assert scorer.affinities[carries, tag].min() > scorer.affinities[~carries, tag].max()


def test_an_empty_history_ranks_by_popularity(scorer):
    training = block_training()
    heard = np.asarray(training.heard.sum(axis=0)).ravel()
    scores = scorer.scores(histories(np.zeros((1, len(heard)))))[0]
    np.testing.assert_array_equal(np.argsort(scores, kind="stable"), np.argsort(heard, kind="stable"))
