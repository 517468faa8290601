"""Cosines on tags and on audio against arithmetic that can be done on paper."""

import numpy as np
import pytest

from leitmotif_services.workshop.recommenders.audio_cosine import AudioCosine, intraclass_correlations
from leitmotif_services.workshop.recommenders.tag_cosine import TagCosine
from leitmotif_services.workshop.recommenders.tag_features import tf_idf
from tests.unit.workshop.recommenders.training_examples import histories, training_on

# Tag 0 is on items 0 and 1, tag 1 on items 1 and 2, tag 2 on every item; item 3 has tag 2 alone.
TAGS = [[3, 0, 1], [1, 1, 1], [0, 2, 1], [0, 0, 1]]
DATA = training_on(np.zeros((1, 4)).tolist(), tags=TAGS)


def fit(recommender, data, **settings):
    return recommender.fit(data, settings, seed=0, validation=None, advance=lambda _: None)


def test_rare_tags_weigh_more_and_a_tag_of_all_items_nothing():
    features = tf_idf(
        training_on([[0, 0, 0, 0]], tags=[[1, 1, 1], [1, 0, 1], [0, 0, 1], [0, 0, 1]]), tags=3, frequency="presence"
    )
    # Order by use: tag 2 (idf log 4/4 = 0), tag 0 (log 4/2), tag 1 (log 4/1).
    length = np.hypot(np.log(2), np.log(4))
    assert features[0] == pytest.approx([0.0, np.log(2) / length, np.log(4) / length])
    assert features[1] == pytest.approx([0.0, 1.0, 0.0])
    assert features[2:].tolist() == [[0, 0, 0], [0, 0, 0]]


def test_counts_enter_by_their_logarithm_or_not_at_all():
    data = training_on([[0, 0, 0]], tags=[[3, 1], [0, 1], [3, 0]])
    logarithm = tf_idf(data, tags=2, frequency="logarithm")[0]
    presence = tf_idf(data, tags=2, frequency="presence")[0]
    assert logarithm == pytest.approx(np.array([np.log(4), np.log(2)]) / np.hypot(np.log(4), np.log(2)))
    assert presence == pytest.approx(np.array([1, 1]) / np.sqrt(2))


def test_the_most_used_tags_are_taken():
    data = training_on([[0, 0, 0]], tags=[[1, 5], [0, 0], [1, 0]])
    assert tf_idf(data, tags=1, frequency="presence").tolist() == [[1], [0], [0]]


def test_tag_scores_are_cosines_to_the_sum_of_the_history():
    scores = fit(TagCosine(), DATA, tags=200, frequency="presence").scores(histories([[1, 0, 1, 0], [1, 0, 0, 0]]))
    half = 1 / np.sqrt(2)
    assert scores[0] == pytest.approx([half, 1.0, half, 0.0])
    assert scores[1] == pytest.approx([1.0, half, 0.0, 0.0])


def test_a_history_without_tags_scores_nothing():
    assert not fit(TagCosine(), DATA, tags=200, frequency="logarithm").scores(histories([[0, 0, 0, 1], [0, 0, 0, 0]])).any()


def test_audio_scores_are_cosines_whatever_the_size_of_the_features():
    data = training_on([[0, 0, 0, 0]], audio=[[2, 0], [0, 3], [-1, 0], [0, 0]])
    scores = fit(AudioCosine(), data, columns="equal").scores(histories([[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1]]))
    half = 1 / np.sqrt(2)
    assert scores == pytest.approx(np.array([[1, 0, -1, 0], [half, half, -half, 0], [0, 0, 0, 0]]))


# Two people with two items each. Column 0: means 2 and 6 around 4, B = 16, and W = (2 + 2) / 2, so (16 - 2) / (16 + 2).
# Column 1: both means are 4, so B = 0 and nothing of it is of taste. Column 2 does not vary.
BY_PERSON = training_on([[1, 1, 0, 0], [0, 0, 1, 1]], audio=[[1, 1, 3], [3, 7, 3], [5, 3, 3], [7, 5, 3]])


def test_intraclass_correlation_is_the_share_of_variance_between_people():
    assert intraclass_correlations(BY_PERSON) == pytest.approx([14 / 18, 0.0, 0.0])


def test_people_with_one_item_say_nothing_of_the_variance_within():
    more = training_on([[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 0, 0]], audio=BY_PERSON.audio)
    assert intraclass_correlations(more) == pytest.approx([14 / 18, 0.0, 0.0])
    assert intraclass_correlations(training_on([[1, 1, 0, 0]], audio=BY_PERSON.audio)).tolist() == [0, 0, 0]


def test_columns_by_taste_are_scaled_by_the_root_of_it():
    data = training_on([[1, 1, 0, 0], [0, 0, 1, 1]], audio=[[1, 1], [3, 3], [5, 3], [7, 5]])
    first, second = np.sqrt(14 / 18), np.sqrt(1 / 3)  # of the second column B = 4 and W = 2
    scores = fit(AudioCosine(), data, columns="by taste").scores(histories([[1, 0, 0, 0]]))
    one, other = np.array([1 * first, 1 * second]), np.array([7 * first, 5 * second])
    assert scores[0, 3] == pytest.approx(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
