"""The networks' scores and losses against their publications' formulas, written out a second time."""

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from leitmotif_services.workshop.recommenders import macrid_vae, mult_vae
from leitmotif_services.workshop.recommenders.macrid_vae import PRIOR_DEVIATION, MacridVaeNetwork
from leitmotif_services.workshop.recommenders.mult_vae import MultVaeNetwork
from leitmotif_services.workshop.recommenders.proto_mf import ProtoMfNetwork
from leitmotif_services.workshop.recommenders.torch_histories import histories_of
from tests.unit.workshop.recommenders.training_examples import histories

ROWS = np.array([[1, 0, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 1]], np.float64)
HEARD = histories_of(histories(ROWS), np.arange(3))
UNIT = ROWS / np.linalg.norm(ROWS, axis=1, keepdims=True)


def drawn(seed=0):
    return torch.Generator().manual_seed(seed)


def mult_vae_network(beta=0.2):
    return MultVaeNetwork(5, hidden=4, latent=3, dropout=0.0, beta=beta, generator=drawn())


def macrid_vae_network(*, kinds=2, beta=0.2):
    return MacridVaeNetwork(5, kinds=kinds, dimension=3, temperature=0.1, dropout=0.0, beta=beta, generator=drawn())


def proto_mf_network(pull=0.1):
    return ProtoMfNetwork(5, dimension=3, prototypes=2, dropout=0.0, pull=pull, generator=drawn())


def values_of(network):
    return {name: value.detach().numpy().astype(np.float64) for name, value in network.named_parameters()}


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def mult_vae_moments(value):
    hidden = np.tanh(UNIT @ value["read"] + value["read_bias"])
    return np.split(hidden @ value["encode.weight"].T + value["encode.bias"], 2, axis=1)


def test_mult_vae_scores_by_the_mean_of_the_latent():
    network = mult_vae_network()
    value = values_of(network)
    hidden = np.tanh(mult_vae_moments(value)[0] @ value["decode.weight"].T + value["decode.bias"])
    expected = hidden @ value["write.weight"].T + value["write.bias"]
    assert network.scores(HEARD).detach().numpy() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("epochs_done", "share"), [(0.0, 0.0), (0.25, 0.25), (1.0, 1.0), (3.0, 1.0)])
def test_mult_vae_weighs_the_divergence_by_the_rising_beta(epochs_done, share):
    network = mult_vae_network(beta=0.7)
    mean, log_variance = (torch.tensor(part) for part in mult_vae_moments(values_of(network)))
    prior = Normal(torch.zeros_like(mean), torch.ones_like(mean))
    divergence = float(kl_divergence(Normal(mean, (0.5 * log_variance).exp()), prior).sum(1).mean())
    with torch.no_grad():
        annealed = network.loss(HEARD, epochs_done * mult_vae.ANNEALED_EPOCHS, drawn(1))
        plain = network.loss(HEARD, 0.0, drawn(1))
    assert float(annealed - plain) == pytest.approx(0.7 * share * divergence, abs=1e-5)


def macrid_kinds(value):
    towards = unit(value["items"]) @ unit(value["prototypes"]).T / 0.1
    return np.exp(towards) / np.exp(towards).sum(axis=1, keepdims=True)


def macrid_moments(value, kind):
    hidden = np.tanh(unit(ROWS * kind) @ value["read"] + value["read_bias"])
    mean, minus_log_variance = np.split(hidden @ value["encode.weight"].T + value["encode.bias"], 2, axis=1)
    return unit(mean), -minus_log_variance


def test_macrid_vae_scores_by_the_sum_over_kinds():
    network = macrid_vae_network()
    value = values_of(network)
    shares = [kind * np.exp(macrid_moments(value, kind)[0] @ unit(value["items"]).T / 0.1) for kind in macrid_kinds(value).T]
    expected = np.log(np.sum(shares, axis=0))
    found = network.scores(HEARD).detach().numpy()
    assert found - found[:, :1] == pytest.approx(expected - expected[:, :1], abs=1e-4)


def test_macrid_vae_of_one_kind_ranks_by_cosine():
    network = macrid_vae_network(kinds=1)
    value = values_of(network)
    mean, _ = macrid_moments(value, np.ones(5))
    cosines = mean @ unit(value["items"]).T
    assert network.scores(HEARD).detach().numpy() == pytest.approx((cosines - 1) / 0.1, abs=1e-4)


def test_macrid_vae_weighs_the_divergence_of_all_kinds():
    network = macrid_vae_network(beta=0.7)
    value = values_of(network)
    divergence = 0.0
    for kind in macrid_kinds(value).T:
        deviation = PRIOR_DEVIATION * (0.5 * torch.tensor(macrid_moments(value, kind)[1])).exp()
        nothing = torch.zeros_like(deviation)
        prior = Normal(nothing, torch.full_like(deviation, PRIOR_DEVIATION))
        divergence += float(kl_divergence(Normal(nothing, deviation), prior).sum(1).mean())
    with torch.no_grad():
        annealed = network.loss(HEARD, macrid_vae.ANNEALED_EPOCHS, drawn(1))
        plain = network.loss(HEARD, 0.0, drawn(1))
    assert float(annealed - plain) == pytest.approx(0.7 * divergence, abs=1e-5)


def proto_mf_nearness(value):
    people = UNIT @ value["heard_items"]
    return (
        people,
        1 + unit(people) @ unit(value["people_prototypes"]).T,
        1 + unit(value["items"]) @ unit(value["item_prototypes"]).T,
    )


def test_proto_mf_adds_nearness_to_peoples_and_to_items_prototypes():
    network = proto_mf_network()
    value = values_of(network)
    people, people_nearness, item_nearness = proto_mf_nearness(value)
    by_people = people_nearness @ (value["items"] @ value["project_items"]).T
    by_items = (people @ value["project_people"]) @ item_nearness.T
    assert network.scores(HEARD).detach().numpy() == pytest.approx(by_people + by_items, abs=1e-5)


def test_proto_mf_pulls_prototypes_and_what_they_stand_for_together():
    _, people_nearness, item_nearness = proto_mf_nearness(values_of(proto_mf_network()))
    nearest = sum(nearness.max(axis=side).mean() for nearness in (people_nearness, item_nearness) for side in (0, 1))
    with torch.no_grad():
        pulled, free = (
            proto_mf_network(pull=0.3).loss(HEARD, 0.0, drawn(1)),
            proto_mf_network(pull=0.0).loss(HEARD, 0.0, drawn(1)),
        )
    assert float(pulled - free) == pytest.approx(-0.3 * nearest, abs=1e-5)


@pytest.mark.parametrize("make", [mult_vae_network, macrid_vae_network, proto_mf_network])
def test_gradients_are_finite_also_beside_somebody_without_history(make):
    network = make()
    empty = histories_of(histories(np.vstack([ROWS, np.zeros(5)])), np.arange(4))
    network.loss(empty, 10.0, drawn(1)).backward()
    for parameter in network.parameters():
        assert torch.isfinite(parameter.grad).all()
