"""What every adapter of the LanguageModel port promises, on the same weights, against full logits in double precision."""

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from leitmotif_services.evaluation.models.language_model import LanguageModel, WindowBatch
from leitmotif_services.evaluation.models.model_folder import inspect_model_folder
from leitmotif_services.evaluation.models.model_loading import load_any_language_model
from leitmotif_services.evaluation.models.onnxruntime_language_model import OnnxLanguageModel
from leitmotif_services.evaluation.models.transformers_language_model import TransformersLanguageModel
from leitmotif_services.evaluation.scoring.perplexity import evaluate_perplexity
from leitmotif_services.evaluation.scoring.scoring_settings import ScoringSettings
from leitmotif_services.evaluation.scoring.windows import window_batches
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.unit.evaluation.sample_language_models import TEXT, save_gpt2
from tests.unit.evaluation.sample_onnx_models import export_onnx


def load(folder: Path, *, memory_limit_bytes: int = 1 << 30) -> LanguageModel:
    return load_any_language_model(inspect_model_folder(folder), threads=1, memory_limit_bytes=memory_limit_bytes)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_gpt2(tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="module", params=["transformers", "onnx", "onnx with data beside it", "onnx whose states are an output"])
def folder(request: pytest.FixtureRequest, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model")
    if request.param == "transformers":
        return source
    if request.param == "onnx":
        return export_onnx(source, path)
    if request.param == "onnx with data beside it":
        return export_onnx(source, path, inputs=("input_ids", "attention_mask"), external="model.onnx_data")
    return export_onnx(source, path, inputs=("input_ids",), states=True)


@pytest.fixture(scope="module")
def model(folder: Path) -> LanguageModel:
    return load(folder)


@pytest.fixture(scope="module")
def windows(model: LanguageModel) -> WindowBatch:
    """Three windows of 24 tokens, of which the first is scored in part."""
    ids = model.tokenize(TEXT)[:73]
    batch = next(iter(window_batches([ids[:25], ids[24:49], ids[48:73]], context=24, stride=24, batch_size=3))).windows
    scored = batch.scored.copy()
    scored[0, :10] = False
    return WindowBatch(batch.input_ids, batch.target_ids, scored)


@pytest.fixture(scope="module")
def logits(source: Path, windows: WindowBatch) -> np.ndarray:
    """(n, V) float64, of the scored positions."""
    reference = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float64)
    with torch.inference_mode():
        found = reference(input_ids=torch.from_numpy(windows.input_ids)).logits.numpy()
    return found[windows.scored]


def test_the_folder_picks_the_adapter(folder: Path, model: LanguageModel) -> None:
    expected = OnnxLanguageModel if (folder / "model.onnx").exists() else TransformersLanguageModel
    assert type(model) is expected
    assert model.logits_are_tiled


def test_describes_itself(folder: Path, source: Path, model: LanguageModel) -> None:
    described = (model.context_length, model.bos_token_id, model.dtype)
    assert described == (64, 0, "float32")
    assert model.sha256 == inspect_model_folder(folder).sha256()
    assert model.tokenizer_sha256 == load(source).tokenizer_sha256


def test_likelihoods(model: LanguageModel, windows: WindowBatch, logits: np.ndarray) -> None:
    targets = windows.target_ids[windows.scored]
    expected = np.logaddexp.reduce(logits, axis=1) - logits[np.arange(len(targets)), targets]
    nll = model.token_nll(windows)
    assert nll.dtype == np.float64
    np.testing.assert_allclose(nll, expected, rtol=1e-4, atol=1e-5)


def test_ranks(model: LanguageModel, windows: WindowBatch, logits: np.ndarray) -> None:
    targets = windows.target_ids[windows.scored]
    exact = 1 + (logits > logits[np.arange(len(targets)), targets][:, None]).sum(1)
    nll, ranks = model.token_nll_and_ranks(windows)
    np.testing.assert_array_equal(nll, model.token_nll(windows))
    assert ranks.dtype == np.int64
    assert np.mean(ranks == exact) > 0.9
    assert np.abs(ranks - exact).max() <= 2  # rounding may exchange logits that are equal to seven digits


def test_windows_together_are_as_windows_alone(model: LanguageModel, windows: WindowBatch) -> None:
    rows = [WindowBatch(*(part[row : row + 1] for part in vars(windows).values())) for row in range(3)]
    alone = np.concatenate([model.token_nll(row) for row in rows])
    np.testing.assert_allclose(model.token_nll(windows), alone, rtol=1e-5, atol=1e-6)


def test_mean_states(source: Path, model: LanguageModel) -> None:
    texts = ["The slow theme", "", TEXT, "a horn", "The slow theme"]
    means = model.mean_states(texts)
    assert (means.shape, means.dtype) == ((5, 32), np.float32)
    assert not means[1].any()
    reference = AutoModelForCausalLM.from_pretrained(source).base_model
    for text, mean in zip(texts, means, strict=True):
        ids = torch.from_numpy(model.tokenize(text)[:64])
        if len(ids):
            with torch.inference_mode():
                states = reference(input_ids=ids[None]).last_hidden_state[0]
            np.testing.assert_allclose(mean, states.mean(0).numpy(), rtol=1e-4, atol=1e-5)


def test_texts_of_tokens(source: Path, model: LanguageModel) -> None:
    every = np.arange(400)
    assert model.token_texts(every) == load(source).token_texts(every)
    text = "The slow theme\nwas heard, 12 times."
    assert "".join(model.token_texts(model.tokenize(text))) == text


@pytest.mark.parametrize(("stride", "batch_size"), [(64, 1), (24, 5)])
def test_perplexity_as_a_whole(source: Path, model: LanguageModel, stride: int, batch_size: int) -> None:
    result = evaluate_perplexity(model, TEXT, ScoringSettings(stride=stride, batch_size=batch_size))
    expected = evaluate_perplexity(load(source), TEXT, ScoringSettings(stride=stride))
    assert (result.tokens, result.words, result.bytes) == (expected.tokens, expected.words, expected.bytes)
    assert result.nll_sum == pytest.approx(expected.nll_sum, rel=1e-5)
    assert math.isfinite(result.perplexity)


def test_windows_that_do_not_fit_beside_the_weights_are_refused(folder: Path) -> None:
    model = load(folder, memory_limit_bytes=2 << 20)
    model.require_memory(context=8, batch_size=1)
    with pytest.raises(ServiceError) as refused:
        model.require_memory(context=64, batch_size=256)
    assert refused.value.reason is Reason.LIMIT_EXCEEDED


def damage_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}")


def damage_weights(folder: Path) -> None:
    for file in folder.glob("model.*"):
        file.write_bytes(file.read_bytes()[:-1000])


@pytest.mark.parametrize("damage", [damage_tokenizer, damage_weights])
def test_damage_is_refused(folder: Path, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    copy = shutil.copytree(folder, tmp_path / "m")
    damage(copy)
    with pytest.raises(ServiceError) as refused:
        load(copy)
    assert refused.value.reason is Reason.LANGUAGE_MODEL_REFUSED
