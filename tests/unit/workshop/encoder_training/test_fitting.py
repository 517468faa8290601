import numpy as np
import pytest
import torch

from leitmotif_services.audio.front_end import FrontEndSettings
from leitmotif_services.workshop.encoder_training.corpus import Piece
from leitmotif_services.workshop.encoder_training.recipe import FittingRecipe, NetworkRecipe
from leitmotif_services.workshop.encoder_training.torch_fitting import NetworkFitting

SETTINGS = FrontEndSettings()
NETWORK = NetworkRecipe(channels=(4, 8), strides=((4, 4), (4, 4)), dimension=8)


def recipe(epochs):
    return FittingRecipe(
        epochs=epochs,
        batch_pieces=8,
        shortest_excerpt_s=0.8,
        longest_excerpt_s=1.6,
        learning_rate=0.01,
        weight_decay=0.0,
        temperature=0.2,
        contrast_weight=1.0,
        kind_weight=1.0,
        attribute_weight=1.0,
    )


@pytest.fixture(scope="module")
def pieces():
    """Pieces of two kinds, bright and dark, by two composers that know different things of them."""
    rng = np.random.default_rng(0)
    found = []
    for index in range(24):
        bright = index % 2
        tilt = np.linspace(0.0, 6.0 if bright else -6.0, 64)
        loudness = rng.normal(-4.0, 1.0, (2, 120, 64)) + tilt
        composer = "first" if index < 12 else "second"
        found.append(
            Piece(
                kind=f"{composer}/{'bright' if bright else 'dark'}",
                artist=str(index),
                attributes={"brightness": float(bright)} if composer == "first" else {"tempo_bpm": 100.0 + index},
                loudness=loudness.astype(np.float16),
                whole=np.zeros((1, 1)),
                varied=np.zeros((1, 1)),
            )
        )
    return found


def fitted(pieces, epochs, checkpoint, stop_after=None):
    """The network after training; `stop_after` breaks the run off after so many epochs."""
    losses, advanced = [], []

    class BrokenOffError(Exception):
        pass

    def advance(amount):
        advanced.append(amount)
        if stop_after is not None and sum(advanced) >= stop_after:
            raise BrokenOffError

    fitting = NetworkFitting(pieces, NETWORK, recipe(epochs), SETTINGS, seed=3)
    try:
        network = fitting.run(checkpoint, advance, losses.append)
    except BrokenOffError:
        network = None
    return network, losses, advanced


def test_losses_fall(pieces, tmp_path):
    _, losses, advanced = fitted(pieces, 60, tmp_path / "network.pt")
    assert sum(advanced) == 60
    assert [loss.epoch for loss in losses] == list(range(1, 61))
    first, last = losses[0], losses[-1]
    assert last.kind < first.kind - 0.15  # the composers' pieces sound alike: it cannot fall below log 2
    assert last.contrast < first.contrast
    assert last.attributes < first.attributes


def test_a_run_that_was_broken_off_goes_on_and_gives_the_same_network(pieces, tmp_path):
    unbroken, _, _ = fitted(pieces, 4, tmp_path / "unbroken.pt")
    broken, _, _ = fitted(pieces, 4, tmp_path / "broken.pt", stop_after=2)
    assert broken is None
    resumed, losses, _ = fitted(pieces, 4, tmp_path / "broken.pt")
    assert [loss.epoch for loss in losses] == [3, 4]
    np.testing.assert_array_equal(resumed.weight, unbroken.weight)
    for layer, same in zip(resumed.layers, unbroken.layers, strict=True):
        np.testing.assert_array_equal(layer.weight, same.weight)
        np.testing.assert_array_equal(layer.bias, same.bias)


def test_a_checkpoint_holds_no_code(pieces, tmp_path):
    fitted(pieces, 1, tmp_path / "network.pt")
    state = torch.load(tmp_path / "network.pt", weights_only=True)
    assert state["epochs_done"] == 1
