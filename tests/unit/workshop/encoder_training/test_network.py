import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from leitmotif_services.audio.encoder_artifact import EMBEDDING, LOG_MEL, METADATA_KEY, TONAL
from leitmotif_services.audio.front_end import FrontEndSettings
from leitmotif_services.workshop.encoder_training.encoder_graph import Projection, encoder_model
from leitmotif_services.workshop.encoder_training.quantisation import quantised
from leitmotif_services.workshop.encoder_training.statistics_graph import masking, statistics_size
from leitmotif_services.workshop.encoder_training.torch_network import EncoderNetwork, contrast

SETTINGS = FrontEndSettings()
STRIDES = ((2, 2), (2, 1), (1, 2))


@pytest.fixture(scope="module")
def network():
    """Untrained, with normalisation that differs from the identity."""
    torch.manual_seed(0)
    network = EncoderNetwork((8, 16, 16), STRIDES, mel_bands=64, dimension=12, kinds=3, attributes=2)
    for norm in [module for module in network.convolutions if isinstance(module, torch.nn.BatchNorm2d)]:
        norm.running_mean.uniform_(-0.5, 0.5)
        norm.running_var.uniform_(0.5, 2.0)
        torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        torch.nn.init.uniform_(norm.bias, -0.5, 0.5)
    network.band_mean.uniform_(-4.0, 0.0)
    return network.eval()


@pytest.fixture(scope="module")
def projection():
    size = statistics_size(SETTINGS)
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((size, 20)).astype(np.float32)
    return Projection(np.zeros(size, np.float32), np.ones(size, np.float32), matrix)


def frames(seed, length=200):
    rng = np.random.default_rng(seed)
    log_mel = rng.normal(-4.0, 2.0, (2, length, 64)).astype(np.float32)
    return log_mel, rng.uniform(size=(2, length // 4, 20)).astype(np.float32)


def run(model, log_mel, tonal):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run([EMBEDDING], {LOG_MEL: log_mel, TONAL: tonal})[0]


@pytest.mark.parametrize("length", [40, 200, 431])
def test_the_graph_computes_what_was_trained(network, projection, length):
    log_mel, tonal = frames(1, length)
    found = run(encoder_model(SETTINGS, projection, network.exported(), 1.0, ""), log_mel, tonal)
    loudness = torch.from_numpy(np.log(np.exp(log_mel) @ masking(SETTINGS)))
    with torch.no_grad():
        wanted = torch.nn.functional.normalize(network(loudness), dim=1).numpy()
    np.testing.assert_allclose(found[:, 20:], wanted, atol=1e-4)
    np.testing.assert_allclose(found[:, :20], 0.0, atol=1e-6)


def test_both_halves_have_their_share_of_the_squared_length(network, projection):
    found = run(encoder_model(SETTINGS, projection, network.exported(), 0.3, ""), *frames(2))
    np.testing.assert_allclose(np.square(found[:, :20]).sum(axis=1), 0.7, atol=1e-5)
    np.testing.assert_allclose(np.square(found[:, 20:]).sum(axis=1), 0.3, atol=1e-5)


def test_int8_changes_the_convolutions_alone(network, projection):
    plain = encoder_model(SETTINGS, projection, network.exported(), 0.5, '{"told": 1}')
    music = [frames(seed) for seed in range(4)]
    rounded = quantised(plain, [(log_mel[row], tonal[row]) for log_mel, tonal in music for row in range(2)])
    model = onnx.load_from_string(rounded)
    assert {entry.key: entry.value for entry in model.metadata_props}[METADATA_KEY] == '{"told": 1}'
    fed = {name for node in model.graph.node if node.op_type == "Conv" for name in node.input}
    assert fed <= {output for node in model.graph.node if node.op_type == "DequantizeLinear" for output in node.output}
    before, after = run(plain, *frames(9)), run(rounded, *frames(9))
    np.testing.assert_allclose(before[:, :20], after[:, :20], atol=1e-5)
    assert np.abs(before[:, 20:] - after[:, 20:]).max() > 1e-6
    assert np.sum(before * after, axis=1).min() > 0.99


def test_the_contrastive_loss_by_hand():
    rows = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    # Each row finds its like at cosine 1 beside two others at cosine 0.
    assert contrast(rows, rows, 1.0).item() == pytest.approx(np.log(np.e + 2.0) - 1.0, abs=1e-6)
