"""Histories as entries give what their (B, N) matrix would."""

import numpy as np
import pytest
import torch

from leitmotif_services.workshop.recommenders.torch_histories import dropped_out, histories_of
from tests.unit.workshop.recommenders.training_examples import histories

ROWS = [[1, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]]
ALL = np.arange(len(ROWS))


def test_sums_are_those_of_the_matrix():
    heard = histories_of(histories(ROWS), ALL)
    matrix = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    assert heard.summed(matrix, torch.ones(len(heard.items))).numpy() == pytest.approx(
        (torch.tensor(ROWS) * 1.0 @ matrix).numpy()
    )


def test_people_are_taken_in_the_order_that_is_asked_for():
    heard = histories_of(histories(ROWS), np.array([3, 0]))
    assert heard.items.tolist() == [3, 0, 2]
    assert heard.people.tolist() == [0, 1, 1]
    assert heard.starts.tolist() == [0, 1]
    assert heard.lengths.tolist() == [1, 2]


def test_unit_weights_make_rows_of_unit_length():
    heard = histories_of(histories(ROWS), ALL)
    rows = heard.summed(torch.eye(4), heard.unit_weights())
    assert rows.norm(dim=1).tolist() == pytest.approx([1, 0, 1, 1, 0])


def test_likelihood_is_that_of_the_multinomial():
    # Two of four equal logits: each has log(1/4). Somebody without history adds nothing, but counts.
    equal = histories_of(histories([[1, 0, 1, 0], [0, 0, 0, 0]]), np.arange(2)).log_likelihood(torch.zeros(2, 4))
    assert float(equal) == pytest.approx(2 * np.log(1 / 4) / 2)
    logits = torch.randn(5, 4, generator=torch.Generator().manual_seed(1))
    expected = (torch.tensor(ROWS) * logits.log_softmax(1)).sum(1).mean()
    assert float(histories_of(histories(ROWS), ALL).log_likelihood(logits)) == pytest.approx(float(expected))


def test_dropout_keeps_the_mean():
    values = dropped_out(torch.ones(100_000), 0.3, torch.Generator().manual_seed(0))
    assert values.unique().tolist() == pytest.approx([0.0, 1 / 0.7])
    assert float((values == 0).float().mean()) == pytest.approx(0.3, abs=0.01)
    assert float(values.mean()) == pytest.approx(1.0, abs=0.01)


def test_nothing_is_dropped_for_a_share_of_zero():
    assert dropped_out(torch.ones(50), 0.0, torch.Generator().manual_seed(0)).tolist() == [1.0] * 50
