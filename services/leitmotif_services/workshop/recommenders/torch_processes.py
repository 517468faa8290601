"""Where a network is trained: on this process's device, and beside the other processes that torchrun started.

Data parallel: every process has the whole network and takes its part of each batch; gradients, weighted by the parts' sizes, are
summed over the processes, so that all of them make the step that one process would have made with the whole batch.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed


@dataclass(frozen=True)
class Processes:
    """One process among those that train together."""

    rank: int
    """From 0 on. The first one alone writes files and prints."""
    count: int
    device: torch.device

    @property
    def first(self) -> bool:
        return self.rank == 0

    def part(self, people: NDArray[np.int64]) -> NDArray[np.int64]:
        """Its part of a batch; may be empty."""
        return people[self.rank :: self.count]

    def sum_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Every process then holds the sum of all; a parameter without a gradient counts as 0."""
        if self.count == 1:
            return
        kept = list(parameters)
        parts = [torch.zeros_like(value) if value.grad is None else value.grad for value in kept]
        flat = torch.cat([part.reshape(-1) for part in parts]).cpu()
        distributed.all_reduce(flat)
        start = 0
        for value in kept:
            value.grad = flat[start : start + value.numel()].reshape(value.shape).to(self.device)
            start += value.numel()

    def from_first(self, value: Any) -> Any:
        """What the first process has; every process has to ask."""
        if self.count == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box, src=0)
        return box[0]


def current_processes() -> Processes:
    """Those of the group that this process has joined; this one alone where it has joined none.

    A GPU is used where there is one for each process.
    """
    in_group = distributed.is_available() and distributed.is_initialized()
    rank, count = (distributed.get_rank(), distributed.get_world_size()) if in_group else (0, 1)
    on_gpu = torch.cuda.is_available() and torch.cuda.device_count() >= count
    return Processes(rank, count, torch.device("cuda", rank) if on_gpu else torch.device("cpu"))


@contextmanager
def joined_processes() -> Iterator[Processes]:
    """Joins the processes that torchrun started, over gloo, to the end of the block; one process alone where it started none."""
    if not distributed.is_available() or not distributed.is_torchelastic_launched():
        yield current_processes()
        return
    distributed.init_process_group("gloo")
    try:
        yield current_processes()
    finally:
        distributed.destroy_process_group()
