"""Two processes train as one does."""

from pathlib import Path

import numpy as np
import torch
from torch import distributed, multiprocessing

from leitmotif_services.workshop.recommenders.apn import Apn
from leitmotif_services.workshop.recommenders.apn_items import beginnings, item_inputs
from leitmotif_services.workshop.recommenders.torch_apn_network import ApnNetwork
from leitmotif_services.workshop.recommenders.torch_apn_training import new_network
from leitmotif_services.workshop.recommenders.torch_early_stopping import accumulate_gradients, one_thread, trained
from leitmotif_services.workshop.recommenders.torch_processes import current_processes, joined_processes
from tests.contract.block_listening import block_people, block_training

TRAINING = block_training()
VALIDATION, _ = block_people(seed=3)
SETTINGS = {**Apn.space.defaults, "prototypes": 5, "hidden": 16, "dimension": 8, "dropout": 0.0, "hidden_dropout": 0.0}
BATCH = np.arange(0, 160, 3)
"""54 people: an even number would hide a wrong weight of unequal parts, so one is left out below."""


def network() -> ApnNetwork:
    inputs = item_inputs(TRAINING)
    features = inputs.of(TRAINING.audio, TRAINING.tag_counts)
    return new_network(TRAINING, features, beginnings(TRAINING, features, 5, seed=1), SETTINGS, seed=1)


def fixed_batch(net: ApnNetwork) -> tuple[float, torch.Tensor]:
    """This process's part of the loss, and the gradient of the prototypes over all processes."""
    with one_thread():
        part = accumulate_gradients(net, TRAINING.heard, BATCH[:53], 0.0, torch.Generator(), current_processes())
    assert net.prototypes.grad is not None
    return part, net.prototypes.grad


def whole_training(net: ApnNetwork) -> np.ndarray:
    scorer = trained(
        net, TRAINING.heard, epochs=3, batch_people=64, learning_rate=0.01, seed=2, validation=VALIDATION, advance=lambda _: None
    )
    return scorer.scores(VALIDATION.given)


def one_of_two(rank: int, folder: str) -> None:
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    part, gradient = fixed_batch(network())
    scores = whole_training(network())
    torch.save({"part": part, "gradient": gradient, "scores": torch.from_numpy(scores)}, Path(folder) / f"{rank}.pt")
    distributed.destroy_process_group()


def test_two_processes_have_the_loss_and_the_gradient_of_one(tmp_path: Path) -> None:
    multiprocessing.spawn(one_of_two, args=(str(tmp_path),), nprocs=2)
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2))
    loss, gradient = fixed_batch(network())
    assert abs(first["part"] + second["part"] - loss) < 1e-5
    assert first["part"] != second["part"]
    for found in (first, second):
        torch.testing.assert_close(found["gradient"], gradient, atol=1e-6, rtol=1e-5)
    # After three epochs all of them hold the same network; it is that of one process, but for the order of sums.
    torch.testing.assert_close(first["scores"], second["scores"], atol=0.0, rtol=0.0)
    np.testing.assert_allclose(first["scores"].numpy(), whole_training(network()), atol=1e-3)


def test_alone_where_torchrun_started_nothing() -> None:
    with joined_processes() as processes:
        assert (processes.rank, processes.count, processes.first) == (0, 1, True)
        assert processes.from_first("as it is") == "as it is"
        assert processes.part(np.arange(5)).tolist() == [0, 1, 2, 3, 4]
