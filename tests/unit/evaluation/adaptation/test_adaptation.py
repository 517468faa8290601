import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from leitmotif_services.evaluation.adaptation.adaptation import AdaptationResult, adapt
from leitmotif_services.evaluation.adaptation.adaptation_settings import AdaptationSettings
from leitmotif_services.evaluation.adaptation.output_folder import named_output
from leitmotif_services.evaluation.adaptation.schedule import learning_rate_share
from leitmotif_services.evaluation.adaptation.torch_adaptation import TorchTraining, load_trainable_model
from leitmotif_services.evaluation.adaptation.trainable_model import Optimization
from leitmotif_services.evaluation.adaptation.training_windows import TrainingOrder, training_windows
from leitmotif_services.evaluation.models.model_folder import ModelFolder, inspect_model_folder
from leitmotif_services.evaluation.models.transformers_language_model import load_language_model
from leitmotif_services.evaluation.scoring.perplexity import evaluate_perplexity
from leitmotif_services.evaluation.scoring.scoring_settings import ScoringSettings
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.unit.evaluation.sample_language_models import TEXT, save_gemma2, save_gpt2, save_llama

LIMIT_BYTES = 1 << 30
SETTINGS = AdaptationSettings(epochs=4, learning_rate=3e-3, context=32, held_out_share=0.1)
NO_DROPOUT = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}


class StoppedError(Exception):
    pass


def stop_at(step: int, batch_tokens: int) -> Callable[..., None]:
    def on_progress(phase: str, progress) -> None:
        if phase == "training" and progress.tokens_done >= step * batch_tokens:
            raise StoppedError

    return on_progress


def load(folder: ModelFolder):
    return load_trainable_model(folder, threads=1, memory_limit_bytes=LIMIT_BYTES)


def adapted(model: Path, tmp_path: Path, settings: AdaptationSettings = SETTINGS, text: str = TEXT, **more) -> AdaptationResult:
    places = {"output": tmp_path / "out", "checkpoint_folder": tmp_path / "out.partial"} | more
    return adapt(load, inspect_model_folder(model), text, settings, **places)


@pytest.fixture(scope="module")
def unbroken(gpt2_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, AdaptationResult]:
    """Read only: the folder that holds the output, and its figures."""
    place = tmp_path_factory.mktemp("unbroken")
    return place, adapted(gpt2_folder, place)


def test_perplexity_of_the_held_out_text_falls(unbroken: tuple[Path, AdaptationResult]) -> None:
    _, result = unbroken
    assert result.adapted_perplexity < 0.5 * result.base_perplexity
    assert result.last_loss < result.first_loss - 0.5


def test_the_figures_are_those_of_the_folders(gpt2_folder: Path, unbroken: tuple[Path, AdaptationResult]) -> None:
    place, result = unbroken
    held_out = TEXT[TEXT.index(" ", round(0.9 * len(TEXT))) + 1 :]
    assert TEXT.endswith(held_out)
    for folder, perplexity, sha256 in (
        (gpt2_folder, result.base_perplexity, result.base_sha256),
        (place / "out", result.adapted_perplexity, result.model_sha256),
    ):
        model = load_language_model(inspect_model_folder(folder), threads=1, memory_limit_bytes=LIMIT_BYTES)
        scored = evaluate_perplexity(model, held_out, ScoringSettings(context=32))
        assert scored.perplexity == pytest.approx(perplexity, rel=1e-6)
        assert scored.model_sha256 == sha256
    assert result.tokens == sum(result_tokens(place))


def result_tokens(place: Path) -> list[int]:
    """Tokens of each window of the run, counted from the tokenizer alone."""
    model = load_language_model(inspect_model_folder(place / "out"), threads=1, memory_limit_bytes=LIMIT_BYTES)
    trained = TEXT[: TEXT.index(" ", round(0.9 * len(TEXT))) + 1]
    windows = training_windows(np.concatenate([[0], model.tokenize(trained)]), context=32)
    return [len(window) - 1 for window in windows] * 4


def test_the_output_is_a_folder_like_any_other(gpt2_folder: Path, unbroken: tuple[Path, AdaptationResult]) -> None:
    place, result = unbroken
    assert [each.name for each in place.iterdir()] == ["out"]
    output = place / "out"
    for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        assert (output / name).read_bytes() == (gpt2_folder / name).read_bytes()
    base, made = (json.loads((folder / "config.json").read_bytes()) for folder in (gpt2_folder, output))
    assert made == base
    weights = load_file(output / "model.safetensors")
    assert weights.keys() == load_file(gpt2_folder / "model.safetensors").keys()
    assert {tensor.dtype for tensor in weights.values()} == {torch.float32}
    notes = json.loads((output / "adaptation.json").read_bytes())
    assert notes["settings"]["learning_rate"] == SETTINGS.learning_rate
    assert AdaptationResult(**notes["figures"]) == result
    base_side, made_side = (
        load_language_model(inspect_model_folder(folder), threads=1, memory_limit_bytes=LIMIT_BYTES)
        for folder in (gpt2_folder, output)
    )
    assert base_side.tokenizer_sha256 == made_side.tokenizer_sha256


def test_a_run_that_was_stopped_goes_on_to_the_same_model(gpt2_folder: Path, tmp_path: Path, unbroken) -> None:
    place, result = unbroken
    for step in (1, 3):
        with pytest.raises(StoppedError):
            adapted(gpt2_folder, tmp_path, on_progress=stop_at(step, 8 * 32))
    resumed = adapted(gpt2_folder, tmp_path)
    assert resumed.resumed_from_step == 3
    assert resumed.model_sha256 == result.model_sha256
    assert (resumed.first_loss, resumed.last_loss) == (result.first_loss, result.last_loss)
    assert (tmp_path / "out/model.safetensors").read_bytes() == (place / "out/model.safetensors").read_bytes()


def test_a_run_that_was_stopped_behind_its_last_step_does_not_train_again(gpt2_folder: Path, tmp_path: Path, unbroken) -> None:
    def on_progress(phase: str, progress) -> None:
        if phase == "scoring the held-out text again":
            raise StoppedError

    with pytest.raises(StoppedError):
        adapted(gpt2_folder, tmp_path, on_progress=on_progress)
    resumed = adapted(gpt2_folder, tmp_path)
    assert resumed.resumed_from_step == resumed.steps
    assert resumed.model_sha256 == unbroken[1].model_sha256


def test_a_checkpoint_of_other_settings_is_not_gone_on_from(gpt2_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        adapted(gpt2_folder, tmp_path, on_progress=stop_at(1, 8 * 32))
    with pytest.raises(ServiceError, match="another model, text or settings"):
        adapted(gpt2_folder, tmp_path, replace(SETTINGS, seed=1))


def test_a_damaged_checkpoint_is_told(gpt2_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        adapted(gpt2_folder, tmp_path, on_progress=stop_at(1, 8 * 32))
    (tmp_path / "out.partial/step-1/optimizer.safetensors").write_bytes(b"\x80\x04 no tensors")
    with pytest.raises(ServiceError) as raised:
        adapted(gpt2_folder, tmp_path)
    assert raised.value.reason is Reason.STORED_VALUE_UNREADABLE


def test_progress_counts_tokens_and_ends_at_all_of_them(gpt2_folder: Path, tmp_path: Path) -> None:
    told = []
    result = adapted(gpt2_folder, tmp_path, on_progress=lambda phase, progress: told.append((phase, progress)))
    assert list(dict.fromkeys(phase for phase, _ in told)) == [
        "scoring the held-out text",
        "training",
        "scoring the held-out text again",
    ]
    training = [progress for phase, progress in told if phase == "training"]
    assert len(training) == result.steps + 1
    assert [each.tokens_done for each in training] == sorted({each.tokens_done for each in training})
    assert training[-1].tokens_done == training[-1].tokens_total == result.tokens
    assert training[0].running_perplexity == 0
    assert training[1].running_perplexity > training[-1].running_perplexity > 1


def assert_same_weights(made: torch.nn.Module, expected: torch.nn.Module) -> None:
    """But for the biases of keys: their gradient is 0 but for rounding, which Adam magnifies to the learning rate's size."""
    for name, parameter in made.named_parameters():
        parts, expected_parts = (each.detach() for each in (parameter, expected.get_parameter(name)))
        if name.endswith("c_attn.bias"):
            third = len(parts) // 3
            parts, expected_parts = (torch.cat([each[:third], each[2 * third :]]) for each in (parts, expected_parts))
        torch.testing.assert_close(parts, expected_parts, rtol=1e-4, atol=5e-5, msg=name)


@pytest.mark.parametrize("save", [save_gpt2, save_llama, save_gemma2])
def test_weights_equal_those_of_a_plain_loop(save: Callable[..., Path], tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    save(folder, **(NO_DROPOUT if save is save_gpt2 else {}))
    settings = replace(SETTINGS, epochs=1, held_out_share=0.0, weight_decay=0.1, warmup_share=0.3, batch_size=5)
    result = adapted(folder, tmp_path, settings)

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).train()
    ids = load_language_model(inspect_model_folder(folder), threads=1, memory_limit_bytes=LIMIT_BYTES).tokenize(TEXT)
    windows = training_windows(np.concatenate([[0], ids]), context=32)
    matrices, vectors = ([each for each in model.parameters() if (each.ndim > 1) is of_two] for of_two in (True, False))
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}])
    order = TrainingOrder(len(windows), 5, 1, 0)
    assert result.steps == order.steps
    losses = []
    for step in range(order.steps):
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * learning_rate_share(step, steps=order.steps, warmup_share=0.3)
        rows = [torch.from_numpy(windows[number]) for number in order.windows_of_step(step)]
        each = [torch.nn.functional.cross_entropy(model(row[None, :-1]).logits[0], row[1:], reduction="sum") for row in rows]
        loss = sum(each) / sum(len(row) - 1 for row in rows)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
    assert result.first_loss == pytest.approx(losses[0], rel=1e-5)
    made = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert_same_weights(made, model)


def test_the_step_is_the_same_however_many_windows_are_computed_together(tmp_path: Path) -> None:
    windows = [np.arange(start, start + 33) for start in range(6)] + [np.arange(20)]
    results = []
    for together in (1, 4, 100):
        folder = tmp_path / str(together)
        folder.mkdir()
        save_gpt2(folder, **NO_DROPOUT)
        base, module = (load(inspect_model_folder(folder)).language_model.module for _ in range(2))
        training = TorchTraining(module, Optimization(0.1, 1.0, 0), together=together, split_head=together > 1)
        loss = training.step(0, windows, 1e-2)
        results.append((loss, module))
    for loss, module in results[1:]:
        assert loss == pytest.approx(results[0][0], rel=1e-6)
        assert_same_weights(module, results[0][1])
        assert float((module.lm_head.weight - base.lm_head.weight).detach().abs().max()) > 5e-3


def test_dropout_is_drawn_from_the_seed_and_leaves_the_generator_alone(gpt2_folder: Path) -> None:
    def loss(seed: int, step: int) -> float:
        module = load(inspect_model_folder(gpt2_folder)).language_model.module
        training = TorchTraining(module, Optimization(0.0, 1.0, seed), together=4, split_head=True)
        return training.step(step, [np.arange(33)], 1e-3)

    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    first = torch.rand(1)
    assert loss(1, 0) == loss(1, 0) != loss(2, 0) != loss(2, 1)
    assert torch.equal(torch.cat([first, torch.rand(1)]), expected)


def test_an_output_that_exists_is_refused(gpt2_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(ServiceError, match="exists already") as raised:
        adapted(gpt2_folder, tmp_path)
    assert raised.value.reason is Reason.FIELD_INVALID
    assert list((tmp_path / "out").iterdir()) == []


def test_an_output_that_comes_to_exist_meanwhile_is_left_alone(gpt2_folder: Path, tmp_path: Path) -> None:
    def on_progress(phase: str, progress) -> None:
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "out" / "mine").touch()

    with pytest.raises(ServiceError, match="exists already"):
        adapted(gpt2_folder, tmp_path, on_progress=on_progress)
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["mine"]
    assert not [each.name for each in tmp_path.iterdir() if each.name.endswith(".writing")]


def test_a_run_that_finished_before_gets_its_own_result_again(gpt2_folder: Path, tmp_path: Path) -> None:
    first = adapted(gpt2_folder, tmp_path, run_id="job-1")
    assert adapted(gpt2_folder, tmp_path, run_id="job-1") == first
    for other in ("job-2", ""):
        with pytest.raises(ServiceError, match="exists already"):
            adapted(gpt2_folder, tmp_path, run_id=other)


def test_a_text_shorter_than_half_a_window_is_refused(gpt2_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="half a window") as raised:
        adapted(gpt2_folder, tmp_path, replace(SETTINGS, held_out_share=0.0), text="A theme.")
    assert raised.value.reason is Reason.TEXT_EMPTY
    assert not (tmp_path / "out").exists()


def test_nothing_is_scored_where_nothing_is_held_out(gpt2_folder: Path, tmp_path: Path) -> None:
    result = adapted(gpt2_folder, tmp_path, replace(SETTINGS, epochs=0.2, held_out_share=0.0))
    assert (result.base_perplexity, result.adapted_perplexity) == (0, 0)


def test_a_loss_that_is_not_finite_is_told_with_its_step(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    save_gpt2(folder)
    weights = load_file(folder / "model.safetensors")
    weights["transformer.ln_f.weight"][3] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ServiceError) as raised:
        adapted(folder, tmp_path, replace(SETTINGS, held_out_share=0.0))
    assert raised.value.reason is Reason.LANGUAGE_MODEL_REFUSED
    assert raised.value.metadata["step"] == "0"
    assert not (tmp_path / "out").exists()


def test_training_that_does_not_fit_into_memory_is_refused(gpt2_folder: Path, tmp_path: Path) -> None:
    folder = inspect_model_folder(gpt2_folder)

    def load_small(folder: ModelFolder):
        return load_trainable_model(folder, threads=1, memory_limit_bytes=folder.weight_bytes * 2)

    with pytest.raises(ServiceError) as raised:
        adapt(load_small, folder, TEXT, SETTINGS, output=tmp_path / "out", checkpoint_folder=tmp_path / "partial")
    assert raised.value.reason is Reason.LIMIT_EXCEEDED


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", ".hidden", "a" * 129, "a\n"])
def test_names_of_outputs_stay_below_their_root(name: str, tmp_path: Path) -> None:
    with pytest.raises(ServiceError) as raised:
        named_output(tmp_path, name)
    assert raised.value.reason is Reason.FIELD_INVALID
    assert named_output(tmp_path, "law-1.0_b") == tmp_path / "law-1.0_b"
