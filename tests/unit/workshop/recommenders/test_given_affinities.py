import numpy as np

from leitmotif_services.workshop.recommenders.given_affinities import GivenAffinities, prototype_rows
from tests.unit.workshop.recommenders.training_examples import histories, training_on

AFFINITIES = np.array([[1.0, 0.0], [0.8, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.7], [0.0, 0.9]])
HEARD = [[1, 1, 0, 0, 0, 0]] * 3 + [[0, 0, 0, 1, 1, 0]] * 3


def fitted():
    recommender = GivenAffinities(AFFINITIES)
    return recommender.fit(training_on(HEARD), recommender.space.defaults, seed=0, validation=None, advance=lambda _: None)


def test_a_prototype_is_a_listener_of_what_expresses_it_more_than_the_average():
    # Less the mean of 1/2: ± 1/2 everywhere, so that all entries are ± 1 when scaled.
    rows = prototype_rows(np.array([[1.0, 0.0], [0.0, 1.0]]))
    np.testing.assert_allclose(rows.toarray(), [[1.0, -1.0], [-1.0, 1.0]])


def test_affinities_that_tell_nothing_apart_are_nobodys_listening():
    assert not prototype_rows(np.full((4, 2), 0.5)).toarray().any()


def test_items_without_listeners_answer_to_those_who_hear_the_like():
    scores = fitted().scores(histories([[1, 1, 0, 0, 0, 0], [0, 0, 0, 1, 1, 0]]))
    assert scores[0, 2] > scores[0, 5]
    assert scores[1, 5] > scores[1, 2]


def test_an_empty_history_ranks_by_popularity():
    recommender = GivenAffinities(AFFINITIES)
    data = training_on([[1, 1, 0, 0, 0, 0], [1, 0, 0, 1, 0, 0], [1, 1, 0, 0, 1, 0]])
    scorer = recommender.fit(data, recommender.space.defaults, seed=0, validation=None, advance=lambda _: None)
    scores = scorer.scores(histories(np.zeros((1, 6))))[0]
    np.testing.assert_array_equal(np.argsort(-scores, kind="stable"), [0, 1, 3, 4, 2, 5])
