"""Training stops after the epoch from which held-out people gain no more, on a network whose best epoch is known."""

import numpy as np
import pytest
import torch
from torch import nn

from leitmotif_services.workshop.listening.listening_data import HeldOutPeople
from leitmotif_services.workshop.recommenders.torch_early_stopping import PATIENCE, one_thread, trained
from tests.unit.workshop.recommenders.training_examples import histories

ITEMS = 40
BEST = 5
PEOPLE = HeldOutPeople(given=histories([np.zeros(ITEMS)]), wanted=histories([np.eye(ITEMS)[0]]))


class Climber(nn.Module):
    """Adam raises its parameter by 1 a step. Item 0 is ranked 1 + |parameter − BEST|, as item k scores −(k − 0.5)."""

    def __init__(self):
        super().__init__()
        self.height = nn.Parameter(torch.zeros(()))
        self.steps, self.seen, self.times = 0, [], []

    def loss(self, heard, epochs_done, generator):
        self.steps += 1
        self.seen += heard.items.tolist()
        self.times.append(epochs_done)
        return -self.height

    def scores(self, heard):
        scores = 0.5 - torch.arange(ITEMS, dtype=torch.float32).repeat(len(heard.lengths), 1)
        scores[:, 0] = -(self.height - BEST).abs()
        return scores


def train(network, *, validation=PEOPLE, epochs=100, people=1, batch_people=1, advance=lambda _: None):
    heard = histories(np.eye(ITEMS)[:people])
    return trained(
        network,
        heard,
        epochs=epochs,
        batch_people=batch_people,
        learning_rate=1.0,
        seed=0,
        validation=validation,
        advance=advance,
    )


def test_the_best_epoch_is_kept_and_training_ends_when_patience_does():
    network = Climber()
    scorer = train(network)
    assert scorer.epochs_used == BEST
    assert network.steps == BEST + PATIENCE
    assert float(network.height.detach()) == pytest.approx(BEST, abs=1e-3)


def test_epochs_are_at_most_those_allowed():
    network = Climber()
    assert train(network, epochs=3).epochs_used == 3
    assert network.steps == 3


def test_without_validation_every_epoch_is_trained():
    network = Climber()
    assert train(network, validation=None, epochs=9).epochs_used == 9
    assert float(network.height.detach()) == pytest.approx(9, abs=1e-3)


def test_an_epoch_sees_everybody_once_and_knows_how_far_it_is():
    network = Climber()
    train(network, validation=None, epochs=2, people=7, batch_people=3)
    assert network.steps == 6
    assert sorted(network.seen[:7]) == sorted(network.seen[7:]) == list(range(7))
    assert network.seen[:7] != network.seen[7:]
    assert network.times == pytest.approx([0, 1 / 3, 2 / 3, 1, 4 / 3, 5 / 3])


def test_progress_comes_to_the_whole_also_where_training_stops_early():
    shares = []
    train(Climber(), advance=shares.append)
    assert sum(shares) == pytest.approx(1.0)


def test_the_number_of_threads_is_put_back():
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
