"""The network of `apn`; its formulas are in `apn`."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from leitmotif_services.workshop.recommenders.torch_histories import Histories, dropped_out

_SMALLEST = 1e-9


class ApnNetwork(nn.Module):
    """N items with F' inputs each attend over K prototypes, of which the first T are anchored on tags."""

    inputs: Tensor
    item_tags: Tensor
    typical: Tensor
    """(K,): m, mean of training people's profiles as the network begins. The scorer is told how far a profile is from that:
    weights that everybody has would drown those that tell people apart."""
    spread: Tensor
    """(K,): σ, their standard deviation, and a tenth of the mean one: what nobody has is not blown up."""

    def __init__(
        self,
        inputs: Tensor,
        prototypes: Tensor,
        item_tags: Tensor,
        popularity: Tensor,
        *,
        heads: int,
        dimension: int,
        hidden: int,
        sharpness: float,
        dropout: float,
        hidden_dropout: float,
        calibration: float,
        separation: float,
        mean_history: float,
        generator: torch.Generator,
    ) -> None:
        """`inputs` (N, F'); `prototypes` (K, F'), unit rows; `item_tags` (N, T), rows that sum to 1 or are 0; `popularity` (N,):
        log of the share of people who heard an item, with which the output's bias begins; `mean_history`: items a person.
        """
        super().__init__()
        self.dropout, self.hidden_dropout = dropout, hidden_dropout
        self.calibration, self.separation = calibration, separation
        self.mean_history = mean_history
        self.register_buffer("inputs", inputs)
        self.register_buffer("item_tags", item_tags)
        self.register_buffer("typical", torch.zeros(len(prototypes)))
        self.register_buffer("spread", torch.ones(len(prototypes)))
        width = inputs.shape[1]
        # Query and key begin as one random projection, which nearly keeps inner products: attention begins as that of the inputs.
        near = torch.randn(heads, width, dimension, generator=generator) * (sharpness**0.5 / dimension**0.25)
        self.query, self.key = nn.Parameter(near.clone()), nn.Parameter(near.clone())
        self.prototypes = nn.Parameter(prototypes.clone())
        self.value = nn.Parameter(torch.randn(width, dimension, generator=generator) / width**0.5)
        self.read = nn.Parameter(torch.empty(dimension, hidden))
        self.read_bias = nn.Parameter(torch.zeros(hidden))
        self.write = nn.Parameter(torch.empty(hidden, len(inputs)))
        self.write_bias = nn.Parameter(popularity.clone())
        for weight in (self.read, self.write):
            nn.init.xavier_normal_(weight, generator=generator)

    def attention(self) -> Tensor:
        """(A, K, F'): M of the logits M_a x."""
        keys = torch.einsum("kf,afd->akd", self.prototypes, self.key)
        return torch.as_tensor(torch.einsum("akd,afd->akf", keys, self.query) / self.query.shape[2] ** 0.5)

    def affinities(self) -> Tensor:
        """(N, K)."""
        return torch.einsum("nf,akf->ank", self.inputs, self.attention()).softmax(2).mean(0)

    def values(self) -> Tensor:
        """(K, H): what a unit of each weight, in its `spread`, adds to the hidden sums."""
        return self.prototypes @ self.value @ self.read

    @torch.no_grad()
    def standardise(self, heard: Histories) -> None:
        """Take `typical` and `spread` from people's profiles as they are now."""
        profiles = heard.summed(self.affinities(), heard.unit_weights())
        deviation = profiles.std(0, correction=0)
        self.typical.copy_(profiles.mean(0))
        self.spread.copy_(deviation + 0.1 * deviation.mean() + _SMALLEST)

    def loss(self, heard: Histories, epochs_done: float, generator: torch.Generator) -> Tensor:  # noqa: ARG002 - nothing is annealed
        profile = heard.summed(self.affinities(), dropped_out(heard.unit_weights(), self.dropout, generator))
        hidden = dropped_out(self._hidden(profile), self.hidden_dropout, generator)
        loss = -heard.log_likelihood(hidden @ self.write + self.write_bias) / self.mean_history
        if self.calibration:
            loss = loss + self.calibration * self._miscalibration(heard, profile)
        if self.separation:
            loss = loss + self.separation * self._nearness()
        return loss

    def scores(self, heard: Histories) -> Tensor:
        profile = heard.summed(self.affinities(), heard.unit_weights())
        return torch.as_tensor(self._hidden(profile) @ self.write + self.write_bias)

    def _hidden(self, profile: Tensor) -> Tensor:
        return (((profile - self.typical) / self.spread) @ self.values() + self.read_bias).relu()

    def _miscalibration(self, heard: Histories, profile: Tensor) -> Tensor:
        """Mean over people of KL(tags ‖ profile): how the tags of what they heard, and their anchored weights, are shared out."""
        tags = heard.summed(self.item_tags, heard.unit_weights())
        wanted = tags / tags.sum(1, keepdim=True).clamp(min=_SMALLEST)
        weights = profile[:, : tags.shape[1]] + _SMALLEST
        logarithm = weights.log() - weights.sum(1, keepdim=True).log()
        return (torch.xlogy(wanted, wanted) - wanted * logarithm).sum(1).mean()

    def _nearness(self) -> Tensor:
        """Mean over pairs of prototypes of their squared cosine."""
        directions = functional.normalize(self.prototypes)
        count = len(directions)
        return ((directions @ directions.T).square().sum() - count) / max(count * (count - 1), 1)
