"""Each measure against cases worked out by hand."""

import math

import numpy as np
import pytest

from leitmotif_services.workshop.ranking_metrics import average_precision, ndcg, recall, roc_auc


def mask(*values):
    return np.array(values, bool)


def test_roc_auc_counts_the_pairs_in_order():
    # Pairs (positive, negative): 4>3, 4>1, 2<3, 2>1: three of four.
    assert roc_auc(np.array([4.0, 3.0, 2.0, 1.0]), mask(1, 0, 1, 0)) == 0.75
    assert roc_auc(np.array([1.0, 1.0, 1.0]), mask(1, 0, 0)) == 0.5
    assert math.isnan(roc_auc(np.array([1.0, 2.0]), mask(1, 1)))


def test_average_precision_by_hand():
    # Hits at ranks 1 and 3: (1/1 + 2/3) / 2.
    assert average_precision(np.array([4.0, 3.0, 2.0, 1.0]), mask(1, 0, 1, 0)) == pytest.approx(5 / 6)
    # All tied is one threshold: precision is the share of positives.
    assert average_precision(np.ones(4), mask(1, 0, 0, 0)) == 0.25
    assert math.isnan(average_precision(np.ones(2), mask(0, 0)))


def test_ndcg_and_recall_by_hand():
    ranking = np.array([2, 0, 1, 3])
    wanted = mask(1, 0, 0, 1)
    ideal = 1 + 1 / math.log2(3)
    assert ndcg(ranking, wanted, 4) == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / ideal)
    assert ndcg(np.array([0, 3, 1, 2]), wanted, 100) == pytest.approx(1.0)
    assert recall(ranking, wanted, 2) == 0.5
    assert recall(ranking, wanted, 1) == 0.0  # divided by the one that could be there
    assert math.isnan(recall(ranking, mask(0, 0, 0, 0), 2))
