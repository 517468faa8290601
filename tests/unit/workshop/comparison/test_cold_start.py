"""Cold start and fidelity on data where the answers are known."""

import numpy as np
import pytest

from leitmotif_services.workshop.comparison.cold_start import cold_recall, cold_split, recall_when_heard
from leitmotif_services.workshop.comparison.content_neighbours import ANY_PARTS, AUDIO_ALONE, EQUAL_PARTS, content_neighbours
from leitmotif_services.workshop.comparison.fidelity import measure_fidelity
from leitmotif_services.workshop.listening.splits import split
from tests.unit.workshop.comparison.small_study import AdditiveScorer, clustered_listening


@pytest.fixture(scope="module")
def data():
    return clustered_listening(group_items=25)


@pytest.fixture(scope="module")
def divided(data):
    return split(data, 0)


@pytest.fixture(scope="module")
def cold(data, divided):
    return cold_split(data, divided)


def test_a_tenth_of_the_items_is_cold(data, cold):
    assert len(cold.cold) == 10
    assert sorted([*cold.warm, *cold.cold]) == list(range(len(data.item_ids)))


def test_training_knows_nothing_of_cold_items(data, divided, cold):
    assert cold.training.heard.shape == (divided.training_with_validation.heard.shape[0], len(cold.warm))
    assert (cold.training.heard.toarray() == divided.training_with_validation.heard.toarray()[:, cold.warm]).all()
    assert cold.training.artists == tuple(data.artists[item] for item in cold.warm)
    assert cold.training.audio.mean(axis=0) == pytest.approx(np.zeros(4), abs=1e-9)  # standardised over the warm ones
    assert cold.audio.shape == (10, 4)


def test_people_have_warm_history_and_wanted_cold_items(divided, cold):
    heard = (divided.test.given + divided.test.wanted).toarray()[:, cold.cold]
    given = divided.test.given.toarray()[:, cold.warm]
    kept = (heard.sum(axis=1) > 0) & (given.sum(axis=1) > 0)
    assert (cold.test.wanted.toarray() == heard[kept]).all()
    assert (cold.test.history.toarray() == given[kept]).all()


def test_recall_by_hand(cold):
    wanted = cold.test.wanted.toarray()
    assert cold_recall(wanted.astype(float), cold.test).tolist() == [1.0] * len(wanted)  # ten candidates all fit into twenty


def test_content_neighbours_find_what_is_alike():
    data = clustered_listening(users=240, groups=6, group_items=60)
    cold = cold_split(data, split(data, 1))
    by_chance = 20 / len(cold.cold)
    for tag_weights in (AUDIO_ALONE, EQUAL_PARTS, ANY_PARTS):
        assert content_neighbours(cold, tag_weights=tag_weights).recall20.mean() > by_chance + 0.2


def test_content_neighbours_are_the_nearest(cold):
    found = content_neighbours(cold, tag_weights=AUDIO_ALONE)
    audio = cold.training.audio / np.linalg.norm(cold.training.audio, axis=1, keepdims=True)
    new = cold.audio / np.linalg.norm(cold.audio, axis=1, keepdims=True)
    similarity = np.maximum(new @ audio.T, 0)
    nearest = np.zeros_like(similarity)
    for item, row in enumerate(similarity):
        for warm in np.argsort(-row)[: found.neighbours]:
            nearest[item, warm] = row[warm]
    assert cold_recall(cold.test.history @ nearest.T, cold.test).tolist() == found.recall20.tolist()


def test_parts_are_chosen_from_those_that_are_given():
    cold = cold_split(data := clustered_listening(users=240, groups=6, group_items=60), split(data, 1))
    assert content_neighbours(cold, tag_weights=EQUAL_PARTS).tag_weight == 0.5
    assert content_neighbours(cold, tag_weights=ANY_PARTS).tag_weight in ANY_PARTS


def test_what_there_is_to_reach_is_ranked_from_the_warm_history_alone(data, divided, cold):
    class Remembers:
        def scores(self, history):
            seen.append(history.toarray())
            scores = np.zeros(history.shape)
            scores[:, cold.cold] = cold.test.wanted.toarray()
            return scores

    seen = []
    assert recall_when_heard(Remembers(), cold).tolist() == [1.0] * cold.test.wanted.shape[0]
    [history] = seen
    assert history.shape[1] == len(data.item_ids)
    assert not history[:, cold.cold].any()
    assert (history[:, cold.warm] == cold.test.history.toarray()).all()


class KnownAffinities(AdditiveScorer):
    """Affinities of new items that are given to it."""

    def __init__(self, affinities, anchors):
        super().__init__(np.zeros(len(affinities)), affinities, anchors)

    def cold_affinities(self, audio, tag_counts):
        assert tag_counts is None  # from audio alone
        return self.affinities


def test_fidelity_by_hand(cold):
    carried = cold.tag_counts.toarray() > 0
    measured_tag = int(np.argmax(carried.sum(axis=0)))
    carriers = carried[:, measured_tag]
    name = f"tag {measured_tag}"
    right = KnownAffinities(carriers[:, None].astype(float), {name: 0, "unknown": 0})
    [fidelity] = measure_fidelity(right, right, cold)
    assert (fidelity.tag, fidelity.carriers, fidelity.roc_auc, fidelity.average_precision) == (name, carriers.sum(), 1.0, 1.0)
    same = KnownAffinities(np.ones((len(carriers), 1)), {name: 0})
    [fidelity] = measure_fidelity(same, same, cold)
    assert fidelity.roc_auc == 0.5
    assert fidelity.average_precision == pytest.approx(carriers.mean())
