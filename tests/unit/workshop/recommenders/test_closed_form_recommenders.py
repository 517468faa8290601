"""Popularity, neighbours and EASE against arithmetic that can be done on paper."""

import numpy as np
import pytest

from leitmotif_services.workshop.recommenders.ease import Ease, without_self_weights
from leitmotif_services.workshop.recommenders.ease_tags import EaseTags
from leitmotif_services.workshop.recommenders.item_neighbours import ItemNeighbours, nearest_alone, shrunk_cosine
from leitmotif_services.workshop.recommenders.item_weights_scorer import heard_together
from leitmotif_services.workshop.recommenders.popularity import Popularity
from tests.unit.workshop.recommenders.training_examples import histories, training_on

# Items 0 and 1 are heard together by two of four people; item 2 is heard with item 1 once, and once alone.
HEARD = [[1, 1, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]]


def fit(recommender, data, **settings):
    return recommender.fit(data, settings, seed=0, validation=None, advance=lambda _: None)


def test_popularity_counts_listeners():
    scores = fit(Popularity(), training_on(HEARD)).scores(histories([[1, 0, 0], [0, 0, 0]]))
    assert scores.tolist() == [[2, 3, 2], [2, 3, 2]]


def test_heard_together_counts_people():
    assert heard_together(training_on(HEARD).heard).tolist() == [[2, 2, 0], [2, 3, 1], [0, 1, 2]]


def test_cosine_of_columns():
    similarities = shrunk_cosine(heard_together(training_on(HEARD).heard), 0.0)
    near, far = 2 / np.sqrt(2 * 3), 1 / np.sqrt(3 * 2)
    assert similarities == pytest.approx(np.array([[0, near, 0], [near, 0, far], [0, far, 0]]))


def test_shrinkage_is_added_to_the_product_of_lengths():
    similarities = shrunk_cosine(heard_together(training_on(HEARD).heard), 10.0)
    assert similarities[0, 1] == pytest.approx(2 / (np.sqrt(6) + 10))


def test_an_item_that_nobody_heard_is_like_none():
    similarities = shrunk_cosine(heard_together(training_on([[1, 1, 0]]).heard), 0.0)
    assert similarities.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]


def test_the_nearest_of_each_item_are_kept():
    similarities = np.array([[0.0, 0.9, 0.1], [0.9, 0.0, 0.5], [0.1, 0.5, 0.0]])
    assert nearest_alone(similarities, 1).tolist() == [[0, 0.9, 0], [0.9, 0, 0.5], [0, 0, 0]]
    assert nearest_alone(similarities, 3).tolist() == similarities.tolist()


def test_equally_near_items_are_all_kept():
    similarities = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.2], [0.5, 0.2, 0.0]])
    assert nearest_alone(similarities, 1)[:, 0].tolist() == [0, 0.5, 0.5]


def test_neighbours_scores_are_sums_of_similarities_to_the_history():
    scorer = fit(ItemNeighbours(), training_on(HEARD), neighbours=3, shrinkage=0.0)
    both = 2 / np.sqrt(6) + 1 / np.sqrt(6)
    assert scorer.scores(histories([[1, 0, 1]]))[0] == pytest.approx([0.0, both, 0.0])


def test_ease_of_two_items():
    # G + λI = [[3, 1], [1, 4]] has the inverse [[4, -1], [-1, 3]] / 11, so B_01 = 1/3 and B_10 = 1/4.
    weights = without_self_weights(np.array([[2.0, 1.0], [1.0, 3.0]]), 1.0)
    assert weights == pytest.approx(np.array([[0.0, 1 / 3], [1 / 4, 0.0]]))


def test_ease_of_three_items():
    # G + 2I = [[4, 2, 0], [2, 5, 1], [0, 1, 4]], of determinant 60. Its inverse is the adjugate
    # [[19, -8, 2], [-8, 16, -4], [2, -4, 16]] / 60; each column over its own diagonal, with the sign turned.
    weights = without_self_weights(heard_together(training_on(HEARD).heard), 2.0)
    assert weights == pytest.approx(np.array([[0, 8 / 16, -2 / 16], [8 / 19, 0, 4 / 16], [-2 / 19, 4 / 16, 0]]))


def test_ease_scores_are_the_history_times_the_weights():
    scores = fit(Ease(), training_on(HEARD), ridge=2.0).scores(histories([[1, 0, 1]]))
    assert scores[0] == pytest.approx([-2 / 19, 8 / 16 + 4 / 16, -2 / 16])


def test_ease_is_the_least_squares_solution_of_each_column():
    heard = np.random.default_rng(0).integers(0, 2, (30, 6)).astype(float)
    weights = without_self_weights(heard.T @ heard, 3.0)
    for item in range(6):
        others = np.delete(np.arange(6), item)
        inputs = heard[:, others]
        expected = np.linalg.solve(inputs.T @ inputs + 3.0 * np.eye(5), inputs.T @ heard[:, item])
        assert weights[others, item] == pytest.approx(expected)


SETTINGS = {"ridge": 2.0, "tags": 10, "frequency": "presence"}


def test_a_tag_is_one_more_person_who_heard_what_carries_it():
    # The tag on items 0 and 2 is the only one of both: their rows of TF-IDF are 1.
    tagged = fit(EaseTags(), training_on(HEARD, tags=[[1], [0], [1]]), tag_weight=1.0, **SETTINGS)
    person = fit(Ease(), training_on([*HEARD, [1, 0, 1]]), ridge=2.0)
    assert tagged.weights == pytest.approx(person.weights)


def test_tags_of_no_weight_leave_ease():
    tagged = fit(EaseTags(), training_on(HEARD, tags=[[1], [0], [1]]), tag_weight=0.0, **SETTINGS)
    assert tagged.weights == pytest.approx(fit(Ease(), training_on(HEARD), ridge=2.0).weights)
