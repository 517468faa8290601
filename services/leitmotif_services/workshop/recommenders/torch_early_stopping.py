"""Trains a network on people's histories, as long as held-out people gain by it.

With validation people: after every epoch their NDCG@100 is measured, as the search does; training ends when it has not risen
for PATIENCE epochs, or after `epochs`, and the parameters of the best epoch are kept. Without: exactly `epochs` epochs.
"""

import copy
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from leitmotif_services.workshop.comparison.accuracy import measure_accuracy
from leitmotif_services.workshop.listening.listening_data import HeldOutPeople
from leitmotif_services.workshop.recommenders.recommender import Advance
from leitmotif_services.workshop.recommenders.torch_histories import Histories, histories_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = NDArray[np.float64]

PATIENCE = 8
"""Epochs."""

_SCORED_AT_ONCE = 256
_THREADS = 1


class HistoryNetwork(Protocol):
    """What can be trained: a torch module that scores items by people's histories."""

    def loss(self, heard: Histories, epochs_done: float, generator: torch.Generator) -> Tensor:
        """Scalar, to be minimised; `epochs_done` counts parts of epochs too."""

    def scores(self, heard: Histories) -> Tensor:
        """(B, N), finite also for somebody without history; nothing is drawn."""

    def parameters(self) -> Iterator[torch.nn.Parameter]: ...

    def state_dict(self) -> dict[str, Tensor]: ...

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> object: ...


@dataclass(frozen=True)
class NetworkScorer:
    """Scores of a trained network."""

    network: HistoryNetwork
    epochs_used: int
    """The epoch whose parameters are kept, from 1 on: what a fit without validation people is to be given."""

    def scores(self, history: "csr_array") -> Doubles:
        scores = np.empty(history.shape)
        with one_thread(), torch.no_grad():
            for start in range(0, len(scores), _SCORED_AT_ONCE):
                people = np.arange(start, min(start + _SCORED_AT_ONCE, len(scores)))
                scores[people] = self.network.scores(histories_of(history, people)).numpy()
        return scores


def trained(
    network: HistoryNetwork,
    heard: "csr_array",
    *,
    epochs: int,
    batch_people: int,
    learning_rate: float,
    weight_decay: float = 0.0,
    seed: int,
    validation: HeldOutPeople | None,
    advance: Advance,
) -> NetworkScorer:
    """Adam (Kingma and Ba, 2015) over people in an order that is drawn anew for each epoch."""
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate, weight_decay=weight_decay, fused=True)
    batches = math.ceil(heard.shape[0] / batch_people)
    best, best_epoch, best_state = -math.inf, 0, copy.deepcopy(network.state_dict())
    with one_thread():
        for epoch in range(epochs):
            order = torch.randperm(heard.shape[0], generator=generator).numpy()
            for number, people in enumerate(np.array_split(order, batches)):
                loss = network.loss(histories_of(heard, people), epoch + number / batches, generator)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
            advance(1.0 / epochs)
            if validation is None:
                continue
            reached = float(measure_accuracy(NetworkScorer(network, epoch + 1), validation).ndcg100.mean())
            if reached > best:
                best, best_epoch, best_state = reached, epoch + 1, copy.deepcopy(network.state_dict())
            elif epoch + 1 - best_epoch >= PATIENCE:
                advance(1.0 - (epoch + 1) / epochs)
                break
    if validation is None:
        return NetworkScorer(network, epochs)
    network.load_state_dict(best_state)
    return NetworkScorer(network, best_epoch)


@contextmanager
def one_thread() -> Iterator[None]:
    """Threads on a machine's every core make runs that go on side by side slower, and sums depend on their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(_THREADS)
    try:
        yield
    finally:
        torch.set_num_threads(before)
