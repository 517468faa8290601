"""What the contract of the port does not tell: graphs that end in other ways, and graphs that are refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import helper
from transformers import AutoModelForCausalLM, GPT2Tokenizer

from leitmotif_services.evaluation.jobs.model_cache import loaded_bytes
from leitmotif_services.evaluation.models.model_folder import inspect_model_folder
from leitmotif_services.evaluation.models.onnx_graph_cutting import cut_graph
from leitmotif_services.evaluation.models.onnxruntime_language_model import OnnxLanguageModel, load_onnx_language_model
from leitmotif_services.evaluation.models.transformers_language_model import load_language_model
from leitmotif_services.evaluation.scoring.windows import window_batches
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.unit.evaluation.sample_language_models import TEXT, save_gpt2
from tests.unit.evaluation.sample_onnx_models import export_onnx


def load(folder: Path, *, memory_limit_bytes: int = 1 << 30) -> OnnxLanguageModel:
    return load_onnx_language_model(inspect_model_folder(folder), threads=1, memory_limit_bytes=memory_limit_bytes)


def refusal(folder: Path, *, memory_limit_bytes: int = 1 << 30) -> ServiceError:
    with pytest.raises(ServiceError) as refused:
        load(folder, memory_limit_bytes=memory_limit_bytes)
    assert refused.value.reason is Reason.LANGUAGE_MODEL_REFUSED
    return refused.value


@pytest.fixture(scope="module")
def exported(gpt2_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read only."""
    return export_onnx(gpt2_folder, tmp_path_factory.mktemp("exported"), external="model.onnx_data")


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    """To be damaged."""
    return shutil.copytree(exported, tmp_path / "m")


@pytest.mark.parametrize(
    ("bias", "soft_cap", "tiled"), [(0.0, 0.0, True), (5.0, 0.0, True), (0.0, 4.0, False), (5.0, 4.0, False)]
)
def test_what_lies_between_states_and_logits_is_computed(
    gpt2_folder: Path, tmp_path: Path, bias: float, soft_cap: float, tiled: bool
) -> None:
    model = load(export_onnx(gpt2_folder, tmp_path, bias=bias, soft_cap=soft_cap))
    assert model.logits_are_tiled is tiled
    ids = model.tokenize(TEXT)[:65]
    (placed,) = window_batches([ids[:33], ids[32:65]], context=32, stride=32, batch_size=2)
    nll, ranks = model.token_nll_and_ranks(placed.windows)
    reference = AutoModelForCausalLM.from_pretrained(gpt2_folder)
    with torch.inference_mode():
        logits = reference(input_ids=torch.from_numpy(placed.windows.input_ids)).logits.double().flatten(0, 1)
        logits += torch.linspace(0, bias, 400)
        logits = torch.tanh(logits / soft_cap) * soft_cap if soft_cap else logits
        states = reference.base_model(input_ids=torch.from_numpy(ids[None, :64])).last_hidden_state[0].mean(0).numpy()
    targets = torch.from_numpy(placed.windows.target_ids.ravel())
    own = logits.gather(1, targets[:, None])
    np.testing.assert_allclose(nll, (logits.logsumexp(1) - own[:, 0]).numpy(), rtol=1e-4, atol=1e-5)
    # Behind a cap, many logits are equal to seven digits.
    assert np.mean(np.abs(ranks - (1 + (logits > own).sum(1)).numpy()) <= 1) > 0.9
    np.testing.assert_allclose(model.mean_states([TEXT])[0], states, rtol=1e-4, atol=1e-5)


def test_an_output_layer_wider_than_a_tile(tmp_path: Path) -> None:
    source = save_gpt2(tmp_path / "source", vocab_size=5000)
    model = load(export_onnx(source, tmp_path / "onnx"))
    expected = load_language_model(inspect_model_folder(source), threads=1, memory_limit_bytes=1 << 30)
    ids = np.arange(17) * 307 % 5000
    (placed,) = window_batches([ids], context=16, stride=16, batch_size=1)
    for found, value in zip(model.token_nll_and_ranks(placed.windows), expected.token_nll_and_ranks(placed.windows), strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-4, atol=1)
    np.testing.assert_allclose(model.token_nll(placed.windows), expected.token_nll(placed.windows), atol=1e-4)


def test_kept_loaded_it_counts_with_the_copy_that_the_runtime_makes(exported: Path, gpt2_folder: Path) -> None:
    graph, tensors = inspect_model_folder(exported), inspect_model_folder(gpt2_folder)
    assert loaded_bytes(graph) == 2 * graph.weight_bytes
    assert loaded_bytes(tensors) == tensors.weight_bytes


def test_weights_written_twice_are_held_once(exported: Path) -> None:
    cut = cut_graph(inspect_model_folder(exported).weight_files, limit_bytes=1 << 30)
    assert cut.output_layer is not None
    assert any(weight is cut.output_layer.weight for weight in cut.weights.values())


def test_gpt2s_own_tokenizer_has_a_bos_that_no_file_names(folder: Path, gpt2_folder: Path, tmp_path: Path) -> None:
    source = shutil.copytree(gpt2_folder, tmp_path / "source")
    for path in (folder, source):
        GPT2Tokenizer.from_pretrained(source).save_pretrained(path)
    model = load(folder)
    expected = load_language_model(inspect_model_folder(source), threads=1, memory_limit_bytes=1 << 30)
    assert (model.bos_token_id, model.tokenizer_sha256) == (expected.bos_token_id, expected.tokenizer_sha256)
    np.testing.assert_array_equal(model.tokenize(TEXT), expected.tokenize(TEXT))
    (folder / "tokenizer_config.json").write_text('{"model_max_length": 1024}')
    assert load(folder).bos_token_id == 0


def test_a_tokenizer_without_bos(tmp_path: Path) -> None:
    source = save_gpt2(tmp_path / "source", bos=False)
    assert load(export_onnx(source, tmp_path / "onnx")).bos_token_id is None


def test_token_ids_beyond_the_vocabulary_are_refused(tmp_path: Path) -> None:
    model = load(export_onnx(save_gpt2(tmp_path / "source", vocab_size=100), tmp_path / "onnx"))
    with pytest.raises(ServiceError, match="vocabulary"):
        model.tokenize(TEXT)


def test_windows_beyond_the_positions_of_the_graph_are_refused(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"n_positions": 128}))
    with pytest.raises(ServiceError, match="cannot be computed for 1 windows of 100 tokens"):
        load(folder).mean_states(["a" * 100])


def test_a_graph_whose_tokens_see_later_ones_is_refused(gpt2_folder: Path, tmp_path: Path) -> None:
    assert "not causal" in refusal(export_onnx(gpt2_folder, tmp_path, causal=False)).message


def test_a_graph_of_one_length_is_refused(gpt2_folder: Path, tmp_path: Path) -> None:
    assert "cannot be computed" in refusal(export_onnx(gpt2_folder, tmp_path, free_shape=False)).message


def test_the_memory_limit_is_held_before_anything_is_read(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"were this read, the error would be another one")
    size = inspect_model_folder(folder).weight_bytes
    error = refusal(folder, memory_limit_bytes=size)
    assert int(error.metadata["actual"]) > int(error.metadata["limit"]) == size


def foreign_operator(model: onnx.ModelProto, _: Path) -> str:
    model.graph.node[0].domain = "com.example"
    return "com.example"


def own_function(model: onnx.ModelProto, _: Path) -> str:
    model.functions.append(helper.make_function("local", "f", ["x"], ["y"], [helper.make_node("Identity", ["x"], ["y"])], []))
    return "functions"


def endless_loop(model: onnx.ModelProto, _: Path) -> str:
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("Loop", ["", "more"], ["out"], body=body))
    return "control flow"


def past_states(model: onnx.ModelProto, _: Path) -> str:
    model.graph.input.append(helper.make_tensor_value_info("past_key_values.0.key", onnx.TensorProto.FLOAT, [1, 2, None, 16]))
    return "without past"


def no_logits(model: onnx.ModelProto, _: Path) -> str:
    model.graph.output[0].name = "prediction"
    return "no output 'logits'"


def weight_outside(model: onnx.ModelProto, folder: Path) -> str:
    (folder.parent / "outside").write_bytes(bytes(1 << 20))
    external(model).external_data[0].value = "../outside"
    return "'../outside'"


def weight_of_another_name(model: onnx.ModelProto, _: Path) -> str:
    external(model).external_data[0].value = "config.json"
    return "'config.json'"


def weight_beyond_the_file(model: onnx.ModelProto, _: Path) -> str:
    entry = next(entry for entry in external(model).external_data if entry.key == "offset")
    entry.value = str(1 << 40)
    return "too short"


def weight_of_another_length(model: onnx.ModelProto, _: Path) -> str:
    entry = next(entry for entry in external(model).external_data if entry.key == "length")
    entry.value = "4"
    return "damaged"


def weight_larger_than_memory(model: onnx.ModelProto, _: Path) -> str:
    external(model).dims[0] = 1 << 40
    return "allowed"


def weight_of_negative_length(model: onnx.ModelProto, _: Path) -> str:
    external(model).dims[0] = -(1 << 40)
    return "negative"


def damaged_graph(model: onnx.ModelProto, _: Path) -> str:
    del model.graph.node[len(model.graph.node) // 2]
    return "cannot be"


def no_onnx(model: onnx.ModelProto, _: Path) -> str:
    model.Clear()
    return "input_ids"


def external(model: onnx.ModelProto) -> onnx.TensorProto:
    return max(
        (tensor for tensor in model.graph.initializer if tensor.data_location == onnx.TensorProto.EXTERNAL),
        key=lambda tensor: len(tensor.name),
    )


@pytest.mark.parametrize(
    "damage",
    [
        foreign_operator, own_function, endless_loop, past_states, no_logits, weight_outside, weight_of_another_name,
        weight_beyond_the_file, weight_of_another_length, weight_larger_than_memory, weight_of_negative_length, damaged_graph,
        no_onnx,
    ],
)  # fmt: skip
def test_graphs_that_are_refused(folder: Path, damage: Callable[[onnx.ModelProto, Path], str]) -> None:
    model = onnx.load(folder / "model.onnx", load_external_data=False)
    told = damage(model, folder)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    assert told in refusal(folder).message


def test_a_folder_without_tokenizer_json_is_refused(folder: Path) -> None:
    (folder / "tokenizer.json").rename(folder / "vocab.json")
    assert "tokenizer.json" in refusal(folder).message
