"""The adapter, and perplexity as a whole, against a plain loop over windows that shares no code with either."""

import functools
import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer

from leitmotif_services.evaluation.inputs.documents import Documents
from leitmotif_services.evaluation.models.model_folder import inspect_model_folder
from leitmotif_services.evaluation.models.transformers_language_model import TransformersLanguageModel, load_language_model
from leitmotif_services.evaluation.scoring.perplexity import evaluate_perplexity
from leitmotif_services.evaluation.scoring.scoring_settings import BosPolicy, ScoringSettings
from leitmotif_services.evaluation.scoring.windows import window_batches
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.unit.evaluation.sample_language_models import TEXT, save_gemma2, save_gpt2, save_llama


def load(folder: Path, *, memory_limit_bytes: int = 1 << 30) -> TransformersLanguageModel:
    return load_language_model(inspect_model_folder(folder), threads=1, memory_limit_bytes=memory_limit_bytes)


def plain_nll(folder: Path, text: str, context: int, stride: int, *, bos: bool, full_last: bool = False) -> tuple[float, int]:
    """Sum of the NLL and number of tokens scored: one window after the other, full logits, one token after the other."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64)
    ids = AutoTokenizer.from_pretrained(folder)(text, add_special_tokens=False, verbose=False)["input_ids"]
    ids = [0, *ids] if bos else ids
    scored: dict[int, float] = {}
    for start in range(0, len(ids) - 1, stride):
        if full_last:
            start = min(start, max(0, len(ids) - 1 - context))
        window = ids[start : start + context]
        with torch.no_grad():
            log_probabilities = model(torch.tensor([window])).logits[0].log_softmax(-1)
        for offset in range(len(window)):
            target = start + offset + 1
            if target < len(ids) and target not in scored:
                scored[target] = -float(log_probabilities[offset, ids[target]])
    return math.fsum(scored.values()), len(scored)


@pytest.fixture(scope="module")
def llama_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_llama(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="module")
def gemma2_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_gemma2(tmp_path_factory.mktemp("gemma2"))


@pytest.fixture(scope="module")
def gpt2(gpt2_folder: Path) -> TransformersLanguageModel:
    return load(gpt2_folder)


@pytest.mark.parametrize("policy", [BosPolicy.ALWAYS, BosPolicy.NEVER])
@pytest.mark.parametrize(
    ("context", "stride", "characters"),
    [(64, 64, 2000), (64, 16, 1000), (32, 31, 1000), (7, 1, 200), (1, 1, 100), (64, 64, 20), (64, 8, 63)],
)
def test_equals_a_plain_loop(
    gpt2: TransformersLanguageModel, gpt2_folder: Path, policy: BosPolicy, context: int, stride: int, characters: int
) -> None:
    text = TEXT[:characters]
    expected, tokens = plain_nll(gpt2_folder, text, context, stride, bos=policy is BosPolicy.ALWAYS)
    result = evaluate_perplexity(gpt2, text, ScoringSettings(context, stride, policy))
    assert result.tokens == tokens == len(gpt2.tokenize(text)) - (policy is BosPolicy.NEVER)
    assert result.nll_sum == pytest.approx(expected, rel=1e-5)
    assert result.perplexity == pytest.approx(math.exp(expected / tokens), rel=1e-5)


@pytest.mark.parametrize(("context", "stride", "characters"), [(64, 64, 1000), (32, 12, 700), (64, 64, 20), (16, 16, 55)])
def test_a_full_last_window_equals_a_plain_loop_that_has_one(
    gpt2: TransformersLanguageModel, gpt2_folder: Path, context: int, stride: int, characters: int
) -> None:
    text = TEXT[:characters]
    expected, tokens = plain_nll(gpt2_folder, text, context, stride, bos=True, full_last=True)
    result = evaluate_perplexity(gpt2, text, ScoringSettings(context, stride, full_last_window=True))
    assert result.tokens == tokens == len(gpt2.tokenize(text))
    assert result.nll_sum == pytest.approx(expected, rel=1e-5)


def test_one_token_alone(gpt2: TransformersLanguageModel, gpt2_folder: Path) -> None:
    expected, _ = plain_nll(gpt2_folder, "a", 64, 64, bos=True)
    for full_last_window in (False, True):
        result = evaluate_perplexity(gpt2, "a", ScoringSettings(full_last_window=full_last_window))
        assert (result.tokens, result.bos_prepended) == (1, True)
        assert result.nll_sum == pytest.approx(expected, rel=1e-5)


LINES = ["", TEXT[:300].replace("\n", " "), "a", "", "  ", "The slow theme", TEXT[300:500].replace("\n", " "), ""]
PARAGRAPHS = ["\n", TEXT[:400].strip(), "\na\n", "\n \t\n", TEXT[400:700].strip(), "\n\n"]
DOCUMENTS = {
    Documents.LINES: ("\n".join(LINES), [LINES[1], LINES[2], LINES[5], LINES[6]]),
    Documents.PARAGRAPHS: ("\n".join(PARAGRAPHS), [PARAGRAPHS[1], "a", PARAGRAPHS[4]]),
}
"""A text, and the documents in it: empty ones are none."""


@pytest.mark.parametrize("batch_size", [1, 2, 3, 64])
@pytest.mark.parametrize("policy", [BosPolicy.ALWAYS, BosPolicy.NEVER])
@pytest.mark.parametrize(("context", "stride"), [(64, 64), (24, 10)])
@pytest.mark.parametrize("division", list(DOCUMENTS))
def test_several_documents_equal_a_plain_loop_over_each(
    gpt2: TransformersLanguageModel,
    gpt2_folder: Path,
    division: Documents,
    context: int,
    stride: int,
    policy: BosPolicy,
    batch_size: int,
) -> None:
    text, documents = DOCUMENTS[division]
    bos = policy is BosPolicy.ALWAYS
    alone = [plain_nll_once(gpt2_folder, document, context, stride, bos) for document in documents]
    result = evaluate_perplexity(gpt2, text, ScoringSettings(context, stride, policy, batch_size, division))
    assert result.tokens == sum(tokens for _, tokens in alone)
    assert result.documents == sum(tokens > 0 for _, tokens in alone)
    assert result.nll_sum == pytest.approx(math.fsum(nll for nll, _ in alone), rel=1e-5)


plain_nll_once = functools.cache(lambda folder, text, context, stride, bos: plain_nll(folder, text, context, stride, bos=bos))


@pytest.mark.parametrize("policy", [BosPolicy.ALWAYS, BosPolicy.NEVER])
@pytest.mark.parametrize("full_last_window", [False, True])
@pytest.mark.parametrize("stride", [64, 24, 1])
def test_the_batch_size_changes_nothing(
    gpt2: TransformersLanguageModel, stride: int, full_last_window: bool, policy: BosPolicy
) -> None:
    text = TEXT[: 30 * stride + 500]
    settings = ScoringSettings(stride=stride, bos=policy, full_last_window=full_last_window)
    alone = evaluate_perplexity(gpt2, text, settings)
    for batch_size in (2, 7, 64):
        together = evaluate_perplexity(gpt2, text, replace(settings, batch_size=batch_size))
        assert together.tokens == alone.tokens
        assert together.nll_sum == pytest.approx(alone.nll_sum, rel=1e-5)


def test_a_model_with_rotary_positions_and_an_output_layer_of_its_own(llama_folder: Path) -> None:
    model = load(llama_folder)
    assert model.logits_are_tiled
    assert model.context_length == 48
    expected, tokens = plain_nll(llama_folder, TEXT[:1500], 48, 20, bos=True)
    result = evaluate_perplexity(model, TEXT[:1500], ScoringSettings(stride=20, batch_size=3))
    assert (result.tokens, result.dtype) == (tokens, "float32")
    assert result.nll_sum == pytest.approx(expected, rel=1e-5)


def test_logits_that_pass_a_soft_cap_are_computed_in_full(gemma2_folder: Path) -> None:
    model = load(gemma2_folder)
    assert not model.logits_are_tiled
    expected, tokens = plain_nll(gemma2_folder, TEXT[:800], 32, 16, bos=True)
    result = evaluate_perplexity(model, TEXT[:800], ScoringSettings(stride=16, batch_size=3))
    assert result.tokens == tokens
    assert result.nll_sum == pytest.approx(expected, rel=1e-5)


def test_a_soft_cap_that_no_config_field_names_is_found_by_the_probe(llama_folder: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(llama_folder)
    tokenizer = AutoTokenizer.from_pretrained(llama_folder)
    plain_forward = model.forward

    def capped(*args: object, **kwargs: object) -> object:
        output = plain_forward(*args, **kwargs)
        output.logits = torch.tanh(output.logits)
        return output

    model.forward = capped
    adapted = TransformersLanguageModel(model.eval(), tokenizer, sha256="", memory_limit_bytes=1 << 30, weight_bytes=0)
    assert not adapted.logits_are_tiled


def test_the_memory_limit_is_held_before_weights_are_read(tmp_path: Path, gpt2_folder: Path) -> None:
    folder = shutil.copytree(gpt2_folder, tmp_path / "m")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"n_embd": 8192, "n_layer": 48}))
    (folder / "model.safetensors").write_bytes(b"were this read, the error would be another one")
    with pytest.raises(ServiceError) as refused:
        load(folder, memory_limit_bytes=8 << 30)
    assert refused.value.reason is Reason.LANGUAGE_MODEL_REFUSED
    assert int(refused.value.metadata["actual"]) > int(refused.value.metadata["limit"]) == 8 << 30


def test_windows_that_do_not_fit_beside_the_weights_are_refused(gpt2_folder: Path) -> None:
    model = load(gpt2_folder, memory_limit_bytes=1 << 20)
    evaluate_perplexity(model, TEXT[:500], ScoringSettings(batch_size=1))
    with pytest.raises(ServiceError) as refused:
        evaluate_perplexity(model, TEXT[:500], ScoringSettings(batch_size=256))
    assert refused.value.reason is Reason.LIMIT_EXCEEDED


def damage_weights(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])


def drop_a_layer(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"n_layer": 3}))


def widen(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"n_embd": 64}))


def unknown_architecture(folder: Path) -> None:
    code = {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}
    (folder / "config.json").write_text(json.dumps({"model_type": "evil", "auto_map": code}))
    (folder / "evil.py").write_text("raise SystemExit('code that comes with a model was executed')")


def damage_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}")


@pytest.mark.parametrize("damage", [damage_weights, drop_a_layer, widen, unknown_architecture, damage_tokenizer])
def test_a_folder_that_does_not_load_as_it_is_meant_is_refused(
    tmp_path: Path, gpt2_folder: Path, damage: Callable[[Path], None]
) -> None:
    folder = shutil.copytree(gpt2_folder, tmp_path / "m")
    damage(folder)
    with pytest.raises(ServiceError) as refused:
        load(folder)
    assert refused.value.reason is Reason.LANGUAGE_MODEL_REFUSED


def test_token_ids_beyond_the_vocabulary_are_refused(tmp_path: Path) -> None:
    model = load(save_gpt2(tmp_path, vocab_size=100))
    with pytest.raises(ServiceError, match="vocabulary") as refused:
        model.tokenize(TEXT)
    assert refused.value.reason is Reason.LANGUAGE_MODEL_REFUSED


def test_a_tokenizer_without_bos(tmp_path: Path) -> None:
    assert load(save_gpt2(tmp_path, bos=False)).bos_token_id is None


@pytest.mark.parametrize("save", [save_gpt2, save_llama, save_gemma2])
def test_ranks_are_those_of_the_full_logits(tmp_path: Path, save: Callable[[Path], Path]) -> None:
    folder = save(tmp_path)
    model = load(folder)
    sequence = model.tokenize(TEXT)[:81]
    (placed,) = window_batches([sequence[:17], sequence[40:57]], context=16, stride=16, batch_size=2)
    nll, ranks = model.token_nll_and_ranks(placed.windows)
    np.testing.assert_array_equal(nll, model.token_nll(placed.windows))
    reference = AutoModelForCausalLM.from_pretrained(folder)
    with torch.inference_mode():
        logits = reference(input_ids=torch.from_numpy(placed.windows.input_ids)).logits.double().flatten(0, 1).numpy()
    targets = placed.windows.target_ids.ravel()
    exact = 1 + (logits > logits[np.arange(len(targets)), targets][:, None]).sum(1)
    # Rounding may exchange logits that are equal to seven digits.
    assert np.mean(ranks == exact) > 0.9
    assert np.abs(ranks - exact).max() <= 2
    assert ranks.min() >= 1


def test_texts_of_tokens_make_up_the_text(gpt2_folder: Path) -> None:
    model = load(gpt2_folder)
    ascii_text = "The slow theme\nwas heard, 12 times."
    assert "".join(model.token_texts(model.tokenize(ascii_text))) == ascii_text


def test_two_folders_of_one_tokenizer_have_one_hash(tmp_path: Path, gpt2_folder: Path) -> None:
    def hash_of(folder: Path) -> str:
        return load(folder).tokenizer_sha256

    assert hash_of(save_llama(tmp_path / "llama")) == hash_of(gpt2_folder)
    other = save_gpt2(tmp_path / "other")
    tokenizer = json.loads((other / "tokenizer.json").read_text())
    tokenizer["model"]["merges"].reverse()
    (other / "tokenizer.json").write_text(json.dumps(tokenizer))
    assert hash_of(other) != hash_of(gpt2_folder)


def test_mean_states_do_not_depend_on_what_they_are_computed_with(gpt2_folder: Path) -> None:
    model = load(gpt2_folder)
    texts = ["The slow theme", "", TEXT, "a horn", "The slow theme", "was heard"]
    together = model.mean_states(texts)
    assert together.shape == (6, 32)
    assert not together[1].any()
    for text, mean in zip(texts, together, strict=True):
        np.testing.assert_allclose(model.mean_states([text])[0], mean, rtol=1e-5, atol=1e-6)
    reference = AutoModel.from_pretrained(gpt2_folder)
    with torch.inference_mode():
        states = reference(input_ids=torch.from_numpy(model.tokenize("a horn"))[None]).last_hidden_state[0]
    np.testing.assert_allclose(together[3], states.mean(0).numpy(), rtol=1e-4, atol=1e-5)
