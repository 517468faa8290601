"""Trains a network on people's histories, as long as held-out people gain by it.

With validation people: after every epoch their NDCG@100 is measured, as the search does; training ends when it has not risen
for PATIENCE epochs, or after `epochs`, and the parameters of the best epoch are kept. Without: exactly `epochs` epochs.

On a GPU where there is one, and beside other processes where torchrun started some (`torch_processes`).
"""

import contextlib
import copy
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from leitmotif_services.workshop.comparison.accuracy import measure_accuracy
from leitmotif_services.workshop.listening.listening_data import HeldOutPeople
from leitmotif_services.workshop.recommenders.recommender import Advance
from leitmotif_services.workshop.recommenders.torch_histories import Histories, histories_of
from leitmotif_services.workshop.recommenders.torch_processes import Processes, current_processes

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
        """Scalar, to be minimised: a mean over people, so that those of parts of a batch, weighted by size, sum to that of it.
        `epochs_done` counts parts of epochs too.
        """

    def scores(self, heard: Histories) -> Tensor:
        """(B, N), finite also for somebody without history; nothing is drawn."""

    def parameters(self) -> Iterator[torch.nn.Parameter]: ...

    def state_dict(self) -> dict[str, Tensor]: ...

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> object: ...

    def to(self, device: torch.device) -> object: ...


@dataclass(frozen=True)
class NetworkScorer:
    """Scores of a trained network."""

    network: HistoryNetwork
    epochs_used: int
    """The epoch whose parameters are kept, from 1 on: what a fit without validation people is to be given."""

    def scores(self, history: "csr_array") -> Doubles:
        scores = np.empty(history.shape)
        device = next(self.network.parameters()).device
        with one_thread(), torch.no_grad():
            for start in range(0, len(scores), _SCORED_AT_ONCE):
                people = np.arange(start, min(start + _SCORED_AT_ONCE, len(scores)))
                scores[people] = self.network.scores(histories_of(history, people, device)).cpu().numpy()
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
    checkpoint: Path | None = None,
) -> NetworkScorer:
    """Adam (Kingma and Ba, 2015) over people in an order that is drawn anew for each epoch.

    The state is kept in `checkpoint` after every epoch; a run that finds one goes on from there and ends as an unbroken one.
    """
    processes = current_processes()
    network.to(processes.device)
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate, weight_decay=weight_decay, fused=True)
    batches = math.ceil(heard.shape[0] / batch_people)
    reached = _Reached(copy.deepcopy(network.state_dict()))
    epoch = _restored(checkpoint, network, optimizer, generator, reached, processes)
    advance(epoch / epochs)
    with one_thread():
        while epoch < epochs and not reached.is_past(epoch):
            order = torch.randperm(heard.shape[0], generator=generator).numpy()
            draws = _draws_of(processes, seed, epoch)
            for number, people in enumerate(np.array_split(order, batches)):
                optimizer.zero_grad()
                accumulate_gradients(network, heard, people, epoch + number / batches, draws, processes)
                optimizer.step()
            epoch += 1
            advance(1.0 / epochs)
            if validation is not None:
                found = float(measure_accuracy(NetworkScorer(network, epoch), validation).ndcg100.mean())
                reached.note(processes.from_first(found), epoch, network)
            if checkpoint is not None and processes.first:
                _keep(checkpoint, network, optimizer, generator, reached, epoch)
    advance(1.0 - epoch / epochs)
    if validation is None:
        return NetworkScorer(network, epochs)
    network.load_state_dict(reached.state)
    return NetworkScorer(network, reached.epoch)


def accumulate_gradients(
    network: HistoryNetwork,
    heard: "csr_array",
    people: NDArray[np.int64],
    epochs_done: float,
    draws: torch.Generator,
    processes: Processes,
) -> float:
    """The gradients of a batch of all processes together, and this process's part of its loss."""
    part = processes.part(people)
    loss_of_part = 0.0
    if len(part):
        loss = network.loss(histories_of(heard, part, processes.device), epochs_done, draws) * (len(part) / len(people))
        loss.backward()  # type: ignore[no-untyped-call]
        loss_of_part = float(loss.detach())
    processes.sum_gradients(network.parameters())
    return loss_of_part


@dataclass
class _Reached:
    """The best epoch so far, from 1 on; 0 before there was one."""

    state: dict[str, Tensor]
    ndcg100: float = -math.inf
    epoch: int = 0

    def note(self, ndcg100: float, epoch: int, network: HistoryNetwork) -> None:
        if ndcg100 > self.ndcg100:
            self.ndcg100, self.epoch, self.state = ndcg100, epoch, copy.deepcopy(network.state_dict())

    def is_past(self, epoch: int) -> bool:
        return self.epoch > 0 and epoch - self.epoch >= PATIENCE


def _draws_of(processes: Processes, seed: int, epoch: int) -> torch.Generator:
    """Not those of the order, which all processes have in common: each draws itself what it drops out."""
    drawn = np.random.SeedSequence([seed, epoch, processes.rank]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(drawn[0] >> np.uint64(1)))


def _keep(
    checkpoint: Path,
    network: HistoryNetwork,
    optimizer: torch.optim.Adam,
    generator: torch.Generator,
    reached: _Reached,
    epoch: int,
) -> None:
    state = {
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "generator": generator.get_state(),
        "reached": vars(reached),
        "epoch": epoch,
    }
    temporary = checkpoint.with_suffix(".writing")
    try:
        torch.save(state, temporary)
        temporary.replace(checkpoint)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _restored(
    checkpoint: Path | None,
    network: HistoryNetwork,
    optimizer: torch.optim.Adam,
    generator: torch.Generator,
    reached: _Reached,
    processes: Processes,
) -> int:
    """How many epochs are done: 0 without a checkpoint."""
    if checkpoint is None or not processes.from_first(checkpoint.exists()):
        return 0
    state: dict[str, Any] = torch.load(checkpoint, weights_only=True, map_location=processes.device)
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    generator.set_state(state["generator"].cpu())
    reached.state, reached.ndcg100, reached.epoch = (state["reached"][name] for name in ("state", "ndcg100", "epoch"))
    return int(state["epoch"])


@contextmanager
def one_thread() -> Iterator[None]:
    """Threads on a machine's every core make runs that go on side by side slower, and sums depend on their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(_THREADS)
    try:
        yield
    finally:
        torch.set_num_threads(before)
