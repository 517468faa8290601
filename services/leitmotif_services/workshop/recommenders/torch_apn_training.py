"""Trains the network of `apn` and reads off what scores are computed from."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from leitmotif_services.prototypes.search.feed_forward_scoring import HiddenLayer
from leitmotif_services.workshop.listening.listening_data import HeldOutPeople, TrainingData
from leitmotif_services.workshop.recommenders.apn_items import Beginnings
from leitmotif_services.workshop.recommenders.apn_scorer import ApnParameters
from leitmotif_services.workshop.recommenders.recommender import Advance, Settings
from leitmotif_services.workshop.recommenders.torch_apn_network import ApnNetwork
from leitmotif_services.workshop.recommenders.torch_early_stopping import one_thread, trained
from leitmotif_services.workshop.recommenders.torch_histories import histories_of

Doubles = NDArray[np.float64]


def trained_parameters(
    data: TrainingData,
    inputs: Doubles,
    begun: Beginnings,
    settings: Settings,
    *,
    seed: int,
    validation: HeldOutPeople | None,
    advance: Advance,
    checkpoint: Path | None = None,
) -> tuple[ApnParameters, int]:
    """What training found, and the epoch that was kept. `inputs` (N, F') of the items, `begun` the prototypes before training."""
    network = new_network(data, inputs, begun, settings, seed=seed)
    scorer = trained(
        network,
        data.heard,
        epochs=int(settings["epochs"]),
        batch_people=int(settings["batch_people"]),
        learning_rate=float(settings["learning_rate"]),
        seed=seed,
        validation=validation,
        advance=advance,
        checkpoint=checkpoint,
    )
    return parameters_of(network), scorer.epochs_used


def new_network(data: TrainingData, inputs: Doubles, begun: Beginnings, settings: Settings, *, seed: int) -> ApnNetwork:
    """As training begins."""
    people = data.heard.shape[0]
    heard = np.asarray(data.heard.sum(axis=0)).reshape(-1)
    with one_thread():
        network = ApnNetwork(
            _single(inputs),
            _single(begun.embeddings),
            _single(begun.item_tags),
            _single(np.log((heard + 1.0) / (people + 1.0))),
            heads=int(settings["heads"]),
            dimension=int(settings["dimension"]),
            hidden=int(settings["hidden"]),
            sharpness=float(settings["sharpness"]),
            dropout=float(settings["dropout"]),
            hidden_dropout=float(settings["hidden_dropout"]),
            calibration=float(settings["calibration"]),
            separation=float(settings["separation"]),
            mean_history=float(data.heard.nnz / people),
            generator=torch.Generator().manual_seed(seed),
        )
        network.standardise(histories_of(data.heard, np.arange(people)))
    return network


@torch.no_grad()
def parameters_of(network: ApnNetwork) -> ApnParameters:
    """In float64: the standardised profile goes into the hidden layer, h ↦ W1 h + c with W1 = (values / spread)ᵀ."""
    attention = _double(network.attention())
    weights = (_double(network.values()) / _double(network.spread)[:, None]).T
    offsets = _double(network.read_bias) - weights @ _double(network.typical)
    with one_thread():
        affinities = _double(network.affinities())
    return ApnParameters(
        attention, affinities, HiddenLayer(weights, offsets), _double(network.write).T.copy(), _double(network.write_bias)
    )


def _single(values: Doubles) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))


def _double(values: Tensor) -> Doubles:
    return np.asarray(values.detach().cpu().numpy(), np.float64)
