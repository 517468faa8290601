"""People's histories as torch reads them: few of many items each."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Histories:
    """What B people heard of N items: n entries, person by person."""

    items: Tensor
    """(n,) int64."""
    people: Tensor
    """(n,) int64, ascending: row of each entry."""
    starts: Tensor
    """(B,) int64: first entry of each person."""
    lengths: Tensor
    """(B,) float32: number of entries of each person."""

    def summed(self, matrix: Tensor, weights: Tensor) -> Tensor:
        """(B, d): Σ over a person's entries e of weights_e · matrix[items_e]; `matrix` (N, d), `weights` (n,)."""
        return functional.embedding_bag(self.items, matrix, self.starts, mode="sum", per_sample_weights=weights)

    def unit_weights(self) -> Tensor:
        """(n,): what makes each row of the (B, N) matrix of histories one of unit length."""
        return self.lengths[self.people].rsqrt()

    def log_likelihood(self, logits: Tensor) -> Tensor:
        """Scalar: mean over people of Σ_{i heard} log softmax(logits)_i, the multinomial likelihood; `logits` (B, N)."""
        heard = logits[self.people, self.items].sum()
        return (heard - (self.lengths * logits.logsumexp(1)).sum()) / len(self.lengths)


def histories_of(heard: "csr_array", people: NDArray[np.int64], device: torch.device = _CPU) -> Histories:
    """Of the rows `people` of `heard`."""
    rows = heard[people]
    lengths = np.diff(rows.indptr)
    return Histories(
        items=torch.from_numpy(rows.indices.astype(np.int64)).to(device),
        people=torch.from_numpy(np.repeat(np.arange(len(people)), lengths)).to(device),
        starts=torch.from_numpy(rows.indptr[:-1].astype(np.int64)).to(device),
        lengths=torch.from_numpy(lengths.astype(np.float32)).to(device),
    )


def dropped_out(values: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Each value set to 0 with probability `share`, the others raised so that the mean is kept.

    Drawn on the CPU, so that a device does not change what is drawn.
    """
    kept = torch.rand(values.shape, generator=generator) >= share
    return values * kept.to(values.device) / (1.0 - share)
