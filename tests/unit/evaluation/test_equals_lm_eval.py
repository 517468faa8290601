"""The figures of lm-evaluation-harness, where it is installed (`pip install 'lm_eval[hf]'`): same model, text and windows."""

import importlib
import warnings
from pathlib import Path
from typing import Any

import pytest

from leitmotif_services.evaluation.models.model_folder import inspect_model_folder
from leitmotif_services.evaluation.models.transformers_language_model import load_language_model
from leitmotif_services.evaluation.scoring.perplexity import evaluate_perplexity
from leitmotif_services.evaluation.scoring.scoring_settings import BosPolicy, ScoringSettings
from tests.unit.evaluation.sample_language_models import TEXT, save_llama

pytest.importorskip("lm_eval", reason="lm_eval is not installed; `leitmotif bench lm` makes the same comparison where it is")


def imported(name: str) -> Any:
    with warnings.catch_warnings():  # it warns of its own dependencies while it is imported
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


def rolling_figures(folder: Path, text: str, context: int) -> tuple[float, float, float]:
    """Word perplexity, byte perplexity and bits per byte, each as lm_eval's metric computes it."""
    instance, metrics = imported("lm_eval.api.instance"), imported("lm_eval.api.metrics")
    model = imported("lm_eval.models.huggingface").HFLM(
        pretrained=str(folder), device="cpu", dtype="float32", max_length=context, batch_size=1
    )
    [found] = model.loglikelihood_rolling([instance.Instance("loglikelihood_rolling", {}, (text,), 0)], disable_tqdm=True)
    words, octets = (found, len(text.split())), (found, len(text.encode()))
    return metrics.weighted_perplexity([words]), metrics.weighted_perplexity([octets]), metrics.bits_per_byte([octets])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("context", "characters"), [(64, 3001), (64, 100), (64, 1), (17, 900), (48, 2000)])
@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_word_and_byte_perplexity_and_bits_per_byte(
    tmp_path: Path, gpt2_folder: Path, architecture: str, context: int, characters: int
) -> None:
    folder = gpt2_folder if architecture == "gpt2" else save_llama(tmp_path)
    text = TEXT[:characters].strip()
    model = load_language_model(inspect_model_folder(folder), threads=1, memory_limit_bytes=1 << 30)
    context = min(context, model.context_length or context)
    settings = ScoringSettings(context, context, BosPolicy.ALWAYS, full_last_window=True)
    ours = evaluate_perplexity(model, text, settings)
    theirs = rolling_figures(folder, text, context)
    assert (ours.word_perplexity, ours.byte_perplexity, ours.bits_per_byte) == pytest.approx(theirs, rel=1e-4)
