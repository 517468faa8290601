"""MacridVAE: a variational autoencoder of histories with one part of its latent space for each of K kinds of item.

Ma et al., "Learning Disentangled Representations for Recommendation", NeurIPS 2019. Items have embeddings t_i and kinds have
prototypes m_k, compared by cosine; C_ik = softmax_k(cos(t_i, m_k) / τ) says how much item i is of kind k. For each kind, with
one encoder g for all of them:

    μ_k, log σ²_k = g(dropout(x ⊙ C_k / ‖x ⊙ C_k‖)),   μ_k of unit length,   z_k = μ_k + σ0 σ_k ε
    π_i ∝ Σ_k C_ik exp(cos(z_k, t_i) / τ)
    loss = −Σ_i x_i log π_i + β Σ_k KL,   KL = ½ Σ (σ²_k − log σ²_k − 1): constant in μ_k, which has unit length
    scores = log π with z_k = μ_k

As in the authors' code, β rises in a line from 0. C enters training as it is (their option `nogb`), not sampled.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from leitmotif_services.workshop.listening.listening_data import HeldOutPeople, TrainingData
from leitmotif_services.workshop.recommenders.recommender import Advance, SearchSpace, Settings
from leitmotif_services.workshop.recommenders.torch_early_stopping import NetworkScorer, trained
from leitmotif_services.workshop.recommenders.torch_histories import Histories, dropped_out

ANNEALED_EPOCHS = 50
"""As for Mult-VAE: the same schedule for the same data."""

PRIOR_DEVIATION = 0.075
"""σ0 of the authors' code."""

_SHORTEST = 1e-12
"""Keeps the root of a sum of squares differentiable at 0."""


class MacridVaeNetwork(nn.Module):
    """Weights by Xavier's rule and biases near 0, as in the authors' code."""

    def __init__(
        self,
        items: int,
        *,
        kinds: int,
        dimension: int,
        temperature: float,
        dropout: float,
        beta: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.dimension, self.temperature, self.dropout, self.beta = dimension, temperature, dropout, beta
        self.items = nn.Parameter(torch.empty(items, dimension))
        self.prototypes = nn.Parameter(torch.empty(kinds, dimension))
        self.read = nn.Parameter(torch.empty(items, dimension))
        self.read_bias = nn.Parameter(torch.empty(dimension))
        self.encode = nn.Linear(dimension, 2 * dimension)
        for weight in (self.items, self.prototypes, self.read, self.encode.weight):
            nn.init.xavier_normal_(weight, generator=generator)
        for bias in (self.read_bias, self.encode.bias):
            nn.init.trunc_normal_(bias, std=0.001, generator=generator)

    def loss(self, heard: Histories, epochs_done: float, generator: torch.Generator) -> Tensor:
        items, log_kinds = self._items_and_kinds()
        weights = dropped_out(_unit_weights(heard, log_kinds.exp()), self.dropout, generator)
        mean, log_variance = self._encoded(heard, weights)
        noise = torch.randn(mean.shape, generator=generator).to(mean.device)
        latent = mean + noise * PRIOR_DEVIATION * (0.5 * log_variance).exp()
        likelihood = heard.log_likelihood(self._decoded(latent, items, log_kinds))
        divergence = 0.5 * (log_variance.exp() - log_variance - 1.0).sum((0, 2)).mean()
        return self.beta * min(1.0, epochs_done / ANNEALED_EPOCHS) * divergence - likelihood

    def scores(self, heard: Histories) -> Tensor:
        items, log_kinds = self._items_and_kinds()
        return self._decoded(self._encoded(heard, _unit_weights(heard, log_kinds.exp()))[0], items, log_kinds)

    def _items_and_kinds(self) -> tuple[Tensor, Tensor]:
        """(N, d) of unit length, and log C as (K, N)."""
        items = functional.normalize(self.items)
        return items, (functional.normalize(self.prototypes) @ items.T / self.temperature).log_softmax(0)

    def _encoded(self, heard: Histories, weights: Tensor) -> tuple[Tensor, Tensor]:
        """μ and log σ², (K, B, d) each, of the weights (K, n) of the entries."""
        hidden = torch.stack([heard.summed(self.read, of_kind) for of_kind in weights])
        mean, log_variance = self.encode((hidden + self.read_bias).tanh()).split(self.dimension, 2)
        return functional.normalize(mean, dim=2), -log_variance

    def _decoded(self, latent: Tensor, items: Tensor, log_kinds: Tensor) -> Tensor:
        """(B, N): log Σ_k C_ik exp((cos(z_k, t_i) − 1) / τ), each term at most 1; the constant cancels in π."""
        towards = functional.normalize(latent, dim=2) / self.temperature
        terms = torch.baddbmm((log_kinds - 1.0 / self.temperature).unsqueeze(1), towards, items.T.expand(len(latent), -1, -1))
        return terms.exp_().sum(0).log()


def _unit_weights(heard: Histories, kinds: Tensor) -> Tensor:
    """(K, n): the entries of x ⊙ C_k / ‖x ⊙ C_k‖, of C as (K, N)."""
    entries = kinds[:, heard.items]
    squares = entries.new_zeros(len(kinds), len(heard.lengths)).index_add(1, heard.people, entries.square())
    return entries * (squares + _SHORTEST).rsqrt()[:, heard.people]


class MacridVae:
    name = "macrid-vae"
    source = "Ma et al., Learning Disentangled Representations for Recommendation, NeurIPS 2019"
    space = SearchSpace(
        {
            "kinds": (4, 2, 7),
            "dimension": (200, 100),
            "temperature": (0.1, 0.07, 0.15),
            "dropout": (0.5, 0.3, 0.7),
            "beta": (0.2, 0.05, 0.5, 1.0),
            "learning_rate": (0.002, 0.001, 0.004),
            "batch_people": (128, 256, 500),
            "epochs": (100,),
        }
    )

    def fit(
        self, data: TrainingData, settings: Settings, *, seed: int, validation: HeldOutPeople | None, advance: Advance
    ) -> NetworkScorer:
        network = MacridVaeNetwork(
            data.heard.shape[1],
            kinds=int(settings["kinds"]),
            dimension=int(settings["dimension"]),
            temperature=float(settings["temperature"]),
            dropout=float(settings["dropout"]),
            beta=float(settings["beta"]),
            generator=torch.Generator().manual_seed(seed),
        )
        return trained(
            network,
            data.heard,
            epochs=int(settings["epochs"]),
            batch_people=int(settings["batch_people"]),
            learning_rate=float(settings["learning_rate"]),
            seed=seed,
            validation=validation,
            advance=advance,
        )
