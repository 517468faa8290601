import numpy as np
import pytest

from leitmotif_services.workshop.recommenders.leitmotif import Leitmotif
from leitmotif_services.workshop.recommenders.leitmotif_new_items import _KernelRidge
from tests.unit.workshop.recommenders.training_examples import histories, training_on

HEARD = np.array([[1, 1, 1, 1, 0, 0, 0, 0]] * 6 + [[0, 0, 0, 0, 1, 1, 1, 1]] * 6, float)
HEARD[np.arange(12), np.arange(12) % 8] = 0.0
SOUND = np.where(np.arange(8) < 4, 1.0, -1.0)[:, None]
TAGS = np.stack([SOUND[:, 0] > 0, SOUND[:, 0] < 0], axis=1).astype(float)


def scorer():
    data = training_on(HEARD, tags=TAGS, audio=SOUND)
    settings = {**Leitmotif.space.defaults, "prototypes": 4}
    return Leitmotif().fit(data, settings, seed=0, validation=None, advance=lambda _: None)


@pytest.mark.parametrize("tagged", [True, False])
def test_a_new_item_is_for_those_who_hear_what_is_like_it(tagged):
    new_tags = histories([[1, 0], [0, 1]]) if tagged else None
    scores = scorer().cold_scores(histories(HEARD[[0, 11]]), np.array([[1.0], [-1.0]]), new_tags)
    assert scores.shape == (2, 2)
    assert scores[0, 0] > scores[0, 1]
    assert scores[1, 1] > scores[1, 0]


def test_tags_tell_where_the_sound_does_not():
    scores = scorer().cold_scores(histories(HEARD[[0]]), np.zeros((2, 1)), histories([[1, 0], [0, 1]]))
    assert scores[0, 0] > scores[0, 1]


def test_a_new_item_expresses_what_it_sounds_like():
    fitted = scorer()
    affinities = fitted.cold_affinities(np.array([[1.0], [-1.0]]), None)
    assert affinities.shape == (2, len(fitted.prototypes))
    assert (affinities >= 0.0).all()
    first, second = fitted.anchors["tag 0"], fitted.anchors["tag 1"]
    assert affinities[0, first] > affinities[1, first]
    assert affinities[1, second] > affinities[0, second]


def test_kernel_ridge_of_one_item_by_hand():
    # k(x, x) = 1 and μ = 1, so half of what is wanted is predicted there, and exp(−1) of that at a distance of 1.
    fitted = _KernelRidge.fitted(np.zeros((1, 1)), None, np.array([[4.0]]))
    np.testing.assert_allclose(fitted.predicted(np.array([[0.0], [1.0]]), None), [[2.0], [2.0 * np.exp(-1.0)]])


def test_known_by_tags_alone():
    # Both tags are on two items, and each item has one: cosine 1 with its like, 0 with others, extents all the same.
    fitted = _KernelRidge.fitted(np.zeros((4, 0)), histories([[1, 0], [1, 0], [0, 1], [0, 1]]), np.eye(4))
    predicted = fitted.predicted(np.zeros((1, 0)), histories([[1, 0]]))
    np.testing.assert_allclose(predicted, [[1 / 3, 1 / 3, 0.0, 0.0]])
