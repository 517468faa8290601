"""Several processes that torchrun started make each step together: each takes some of its windows, and gradients are summed."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist

from leitmotif_services.evaluation.models.language_model import TokenIds

_WAIT = timedelta(days=1)
"""The first process scores and writes while the others wait for its next step; torchrun ends them all when one fails."""


class ProcessGroup:
    """The processes of a run. All hold the same weights, before and after each step."""

    def __init__(self) -> None:
        self.rank = dist.get_rank()
        self._size = dist.get_world_size()

    def barrier(self) -> None:
        """Wait until all are here."""
        dist.barrier()

    def share(self, windows: Sequence[TokenIds]) -> Sequence[TokenIds]:
        """What this process computes; may be nothing."""
        return windows[self.rank :: self._size]

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter], nll_sum: float) -> float:
        """Replace every gradient by the sum of all processes', the same to the last bit in each; the sum of `nll_sum`."""
        held = list(parameters)
        counts = torch.tensor([nll_sum, *(float(each.grad is not None) for each in held)], dtype=torch.float64)
        dist.all_reduce(counts)
        for parameter, holders in zip(held, counts[1:].tolist(), strict=True):
            if not holders:  # takes no part in the loss
                continue
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            dist.all_reduce(parameter.grad)
        return float(counts[0])


@contextmanager
def joined_process_group() -> Iterator[ProcessGroup]:
    """Join the processes that torchrun started beside this one."""
    dist.init_process_group("gloo", timeout=_WAIT)
    try:
        yield ProcessGroup()
    finally:
        dist.destroy_process_group()
