"""Accuracy against lists worked out by hand, and against the measures of single rankings."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitmotif_services.workshop.comparison.accuracy import measure_accuracy
from leitmotif_services.workshop.comparison.ranked_lists import PEOPLE, blocks, top_items
from leitmotif_services.workshop.ranking_metrics import ndcg, recall
from tests.unit.workshop.comparison.small_study import FixedScorer, people


def test_by_hand():
    # Items in order of score: 4, 3, 2, 1, 0. The first person's history is item 4, so the list is 3, 2, 1, 0.
    held_out = people([[0, 0, 0, 0, 1], [1, 0, 0, 0, 0]], [[0, 1, 0, 1, 0], [0, 0, 0, 1, 0]])
    measured = measure_accuracy(FixedScorer([0, 1, 2, 3, 4]), held_out)
    first = (1 + 1 / math.log2(4)) / (1 + 1 / math.log2(3))  # found at ranks 1 and 3
    second = 1 / math.log2(3)  # its list is 4, 3, 2, 1: found at rank 2
    assert measured.ndcg100.tolist() == pytest.approx([first, second])
    assert measured.recall20.tolist() == [1.0, 1.0]


def test_recall_is_over_what_could_be_found():
    # 60 wanted items; the list begins with ten of them and thirty others, then the rest.
    wanted = np.zeros((1, 200))
    wanted[0, :60] = 1
    scores = np.zeros(200)
    scores[:10] = 3
    scores[100:130] = 2
    scores[10:60] = 1
    measured = measure_accuracy(FixedScorer(scores), people(np.zeros((1, 200)), wanted))
    assert measured.recall20.tolist() == [10 / 20]
    assert measured.recall50.tolist() == [20 / 50]


def test_history_is_never_in_the_list():
    given = np.zeros((1, 30))
    given[0, :20] = 1
    items, filled = top_items(np.arange(30.0)[None, ::-1], given > 0, 25)
    assert items[0][filled[0]].tolist() == list(range(20, 30))
    assert filled.sum() == 10


def test_what_a_mute_removed_is_no_hit():
    class Muted(FixedScorer):
        def scores(self, history):
            return np.full((history.shape[0], 3), -np.inf)

    assert measure_accuracy(Muted([0]), people([[0, 0, 0]], [[1, 0, 0]])).ndcg100.tolist() == [0.0]


def test_equal_scores_are_in_the_order_of_the_items():
    assert top_items(np.zeros((1, 4)), np.zeros((1, 4), bool), 4)[0].tolist() == [[0, 1, 2, 3]]


def test_blocks_cover_everybody_once():
    assert [index for block in blocks(2 * PEOPLE + 3) for index in range(block.start, block.stop)] == list(range(2 * PEOPLE + 3))


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), items=st.integers(2, 150))
def test_everybody_at_once_is_each_alone(seed, items):
    rng = np.random.default_rng(seed)
    scores = rng.permutation(items).astype(float)
    given, wanted = np.zeros((5, items)), np.zeros((5, items))
    for person in range(5):
        drawn = rng.permutation(items)
        history = int(rng.integers(items - 1))
        given[person, drawn[:history]] = 1
        wanted[person, drawn[history : history + int(rng.integers(1, items - history + 1))]] = 1
    measured = measure_accuracy(FixedScorer(scores), people(given, wanted))
    for person in range(5):
        ranking = np.array([item for item in np.argsort(-scores) if not given[person, item]])
        mask = wanted[person] > 0
        assert measured.ndcg100[person] == pytest.approx(ndcg(ranking, mask, 100))
        assert measured.recall20[person] == recall(ranking, mask, 20)
        assert measured.recall50[person] == recall(ranking, mask, 50)
