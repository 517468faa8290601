"""Mult-VAE: a variational autoencoder of histories with a multinomial likelihood.

Liang et al., "Variational Autoencoders for Collaborative Filtering", WWW 2018:

    μ, log σ² = g(dropout(x / ‖x‖)),  z = μ + σ ε,  π = softmax(f(z)),
    loss = −Σ_i x_i log π_i + β KL(N(μ, σ²) ‖ N(0, 1)),   β rising from 0 in a line to `beta` over the first ANNEALED_EPOCHS;
    scores = f(μ)

f and g: one hidden layer with tanh each, N → hidden → latent → hidden → N, as in the paper (600 and 200 there).
"""

import torch
from torch import Tensor, nn

from leitmotif_services.workshop.listening.listening_data import HeldOutPeople, TrainingData
from leitmotif_services.workshop.recommenders.recommender import Advance, SearchSpace, Settings
from leitmotif_services.workshop.recommenders.torch_early_stopping import NetworkScorer, trained
from leitmotif_services.workshop.recommenders.torch_histories import Histories, dropped_out

ANNEALED_EPOCHS = 50
"""The paper reaches its best β after about 170 passes over 117,000 people; far fewer people overfit far sooner."""


class MultVaeNetwork(nn.Module):
    """Weights by Xavier's rule and biases near 0, as in the authors' code."""

    def __init__(self, items: int, *, hidden: int, latent: int, dropout: float, beta: float, generator: torch.Generator) -> None:
        super().__init__()
        self.latent, self.dropout, self.beta = latent, dropout, beta
        self.read = nn.Parameter(torch.empty(items, hidden))
        self.read_bias = nn.Parameter(torch.empty(hidden))
        self.encode = nn.Linear(hidden, 2 * latent)
        self.decode = nn.Linear(latent, hidden)
        self.write = nn.Linear(hidden, items)
        for weight in (self.read, self.encode.weight, self.decode.weight, self.write.weight):
            nn.init.xavier_normal_(weight, generator=generator)
        for bias in (self.read_bias, self.encode.bias, self.decode.bias, self.write.bias):
            nn.init.trunc_normal_(bias, std=0.001, generator=generator)

    def loss(self, heard: Histories, epochs_done: float, generator: torch.Generator) -> Tensor:
        mean, log_variance = self._encoded(heard, dropped_out(heard.unit_weights(), self.dropout, generator))
        noise = torch.randn(mean.shape, generator=generator).to(mean.device)
        likelihood = heard.log_likelihood(self._decoded(mean + noise * (0.5 * log_variance).exp()))
        divergence = 0.5 * (mean.square() + log_variance.exp() - log_variance - 1.0).sum(1).mean()
        return self.beta * min(1.0, epochs_done / ANNEALED_EPOCHS) * divergence - likelihood

    def scores(self, heard: Histories) -> Tensor:
        return self._decoded(self._encoded(heard, heard.unit_weights())[0])

    def _encoded(self, heard: Histories, weights: Tensor) -> tuple[Tensor, Tensor]:
        hidden = (heard.summed(self.read, weights) + self.read_bias).tanh()
        mean, log_variance = self.encode(hidden).split(self.latent, 1)
        return mean, log_variance

    def _decoded(self, latent: Tensor) -> Tensor:
        return torch.as_tensor(self.write(self.decode(latent).tanh()))


class MultVae:
    name = "mult-vae"
    source = "Liang et al., Variational Autoencoders for Collaborative Filtering, WWW 2018"
    space = SearchSpace(
        {
            "hidden": (300, 200, 600),
            "latent": (100, 50, 200),
            "dropout": (0.5, 0.3, 0.7),
            "beta": (0.2, 0.05, 0.5, 1.0),
            "learning_rate": (0.002, 0.001, 0.004),
            "batch_people": (128, 256, 500),
            "epochs": (150,),
        }
    )

    def fit(
        self, data: TrainingData, settings: Settings, *, seed: int, validation: HeldOutPeople | None, advance: Advance
    ) -> NetworkScorer:
        network = MultVaeNetwork(
            data.heard.shape[1],
            hidden=int(settings["hidden"]),
            latent=int(settings["latent"]),
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
