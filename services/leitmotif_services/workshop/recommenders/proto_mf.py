"""UI-ProtoMF: people and items are described by how near they are to prototypes of people and of items.

Melchiorre et al., "ProtoMF: Prototype-based Matrix Factorization for Effective and Explainable Recommendations", RecSys
2022. With embeddings u of a person and t of an item, and prototypes p (of people) and q (of items), compared by shifted cosine:

    u*_l = 1 + cos(u, p_l),   t*_l = 1 + cos(t, q_l),   score(u, t) = u* · (A t) + (B u) · t*
    loss = −log softmax(score)
           − λ (mean over people of max_l u*_l + mean over l of max_people u*_l)
           − λ (mean over items of max_l t*_l + mean over l of max_items t*_l)

Two things differ from the paper. Its people are looked up in a table, so nobody whom training did not see can be scored; here
u is the sum of embeddings of what somebody heard, u = Σ_{j ∈ H} y_j / sqrt|H| (Paterek, "Improving regularized singular value
decomposition for collaborative filtering", KDD Cup 2007), some of it dropped out in training: held-out people are folded in by
the same sum. And the softmax, one of the paper's three losses, runs over all items instead of a sample of them.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from leitmotif_services.workshop.listening.listening_data import HeldOutPeople, TrainingData
from leitmotif_services.workshop.recommenders.recommender import Advance, SearchSpace, Settings
from leitmotif_services.workshop.recommenders.torch_early_stopping import NetworkScorer, trained
from leitmotif_services.workshop.recommenders.torch_histories import Histories, dropped_out


class ProtoMfNetwork(nn.Module):
    """Weights by Xavier's rule."""

    def __init__(
        self, items: int, *, dimension: int, prototypes: int, dropout: float, pull: float, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.dropout, self.pull = dropout, pull
        self.heard_items = nn.Parameter(torch.empty(items, dimension))
        self.items = nn.Parameter(torch.empty(items, dimension))
        self.people_prototypes = nn.Parameter(torch.empty(prototypes, dimension))
        self.item_prototypes = nn.Parameter(torch.empty(prototypes, dimension))
        self.project_items = nn.Parameter(torch.empty(dimension, prototypes))
        self.project_people = nn.Parameter(torch.empty(dimension, prototypes))
        for weight in self.parameters():
            nn.init.xavier_normal_(weight, generator=generator)

    def loss(self, heard: Histories, epochs_done: float, generator: torch.Generator) -> Tensor:  # noqa: ARG002 - no schedule
        people = heard.summed(self.heard_items, dropped_out(heard.unit_weights(), self.dropout, generator))
        people_nearness, item_nearness = self._nearness(people)
        likelihood = heard.log_likelihood(self._scores(people, people_nearness, item_nearness))
        pulls = [nearness.amax(side).mean() for nearness in (people_nearness, item_nearness) for side in (0, 1)]
        return -likelihood - self.pull * torch.stack(pulls).sum()

    def scores(self, heard: Histories) -> Tensor:
        people = heard.summed(self.heard_items, heard.unit_weights())
        return self._scores(people, *self._nearness(people))

    def _nearness(self, people: Tensor) -> tuple[Tensor, Tensor]:
        """u* (B, L) and t* (N, L), in 0 to 2."""
        return _shifted_cosine(people, self.people_prototypes), _shifted_cosine(self.items, self.item_prototypes)

    def _scores(self, people: Tensor, people_nearness: Tensor, item_nearness: Tensor) -> Tensor:
        by_people = people_nearness @ (self.items @ self.project_items).T
        return by_people + people @ self.project_people @ item_nearness.T


def _shifted_cosine(rows: Tensor, prototypes: Tensor) -> Tensor:
    return 1.0 + functional.normalize(rows) @ functional.normalize(prototypes).T


class ProtoMf:
    name = "proto-mf"
    source = "Melchiorre et al., ProtoMF, RecSys 2022 (UI-ProtoMF, people as the sum of what they heard)"
    space = SearchSpace(
        {
            "dimension": (100, 50),
            "prototypes": (64, 32, 100),
            "dropout": (0.5, 0.3, 0.7),
            "pull": (0.1, 0.001, 0.01, 1.0),
            "learning_rate": (0.003, 0.001, 0.01),
            "weight_decay": (0.0, 0.0001, 0.001),
            "batch_people": (128, 64, 256),
            "epochs": (100,),
        }
    )

    def fit(
        self, data: TrainingData, settings: Settings, *, seed: int, validation: HeldOutPeople | None, advance: Advance
    ) -> NetworkScorer:
        network = ProtoMfNetwork(
            data.heard.shape[1],
            dimension=int(settings["dimension"]),
            prototypes=int(settings["prototypes"]),
            dropout=float(settings["dropout"]),
            pull=float(settings["pull"]),
            generator=torch.Generator().manual_seed(seed),
        )
        return trained(
            network,
            data.heard,
            epochs=int(settings["epochs"]),
            batch_people=int(settings["batch_people"]),
            learning_rate=float(settings["learning_rate"]),
            weight_decay=float(settings["weight_decay"]),
            seed=seed,
            validation=validation,
            advance=advance,
        )
