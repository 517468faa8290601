import math

import numpy as np
import numpy.typing as npt
import pytest

from leitmotif_services.evaluation.models.language_model import WindowBatch
from leitmotif_services.evaluation.scoring.document_scoring import Progress
from leitmotif_services.evaluation.scoring.perplexity import evaluate_perplexity
from leitmotif_services.evaluation.scoring.scoring_settings import BosPolicy, ScoringSettings
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.unit.evaluation.sample_language_models import UniformModel


def test_the_perplexity_of_a_uniform_model_is_the_size_of_its_vocabulary() -> None:
    text = "forty two tokens, and four words and more."
    result = evaluate_perplexity(UniformModel(64, bos_token_id=0), text, ScoringSettings())
    assert result.tokens == len(text) == 42
    assert result.perplexity == pytest.approx(64, rel=1e-12)
    assert result.nll_sum == pytest.approx(42 * math.log(64), rel=1e-12)
    assert result.bits_per_byte == pytest.approx(6, rel=1e-12)
    assert result.words == 8
    assert result.word_perplexity == pytest.approx(64 ** (42 / 8), rel=1e-12)
    assert result.byte_perplexity == pytest.approx(64, rel=1e-12)


def test_bytes_are_those_of_utf_8() -> None:
    result = evaluate_perplexity(UniformModel(16, bos_token_id=0), "é♪", ScoringSettings())
    assert (result.tokens, result.bytes) == (2, 5)
    assert result.bits_per_byte == pytest.approx(2 * 4 / 5, rel=1e-12)


@pytest.mark.parametrize(
    ("policy", "bos_token_id", "tokens"),
    [
        (BosPolicy.AUTO, 0, 5),
        (BosPolicy.AUTO, None, 4),
        (BosPolicy.ALWAYS, 0, 5),
        (BosPolicy.NEVER, 0, 4),
        (BosPolicy.NEVER, None, 4),
    ],
)
def test_the_first_token_is_scored_only_behind_a_bos_token(policy: BosPolicy, bos_token_id: int | None, tokens: int) -> None:
    model = UniformModel(bos_token_id=bos_token_id)
    result = evaluate_perplexity(model, "abcde", ScoringSettings(bos=policy))
    assert result.tokens == tokens
    assert result.bos_prepended == (tokens == 5)
    assert (model.batches[0].input_ids[0, 0] == 0) == result.bos_prepended


def test_bos_cannot_be_asked_of_a_tokenizer_without_one() -> None:
    with pytest.raises(ServiceError, match="no beginning-of-sequence token") as refused:
        evaluate_perplexity(UniformModel(), "abc", ScoringSettings(bos=BosPolicy.ALWAYS))
    assert refused.value.reason is Reason.FIELD_INVALID


@pytest.mark.parametrize(("text", "bos_token_id"), [("", 0), ("", None), ("a", None)])
def test_nothing_left_to_score_is_an_empty_text(text: str, bos_token_id: int | None) -> None:
    with pytest.raises(ServiceError) as refused:
        evaluate_perplexity(UniformModel(bos_token_id=bos_token_id), text, ScoringSettings())
    assert refused.value.reason is Reason.TEXT_EMPTY


def test_one_token_behind_bos_is_scored() -> None:
    assert evaluate_perplexity(UniformModel(bos_token_id=0), "a", ScoringSettings()).tokens == 1


@pytest.mark.parametrize(
    ("settings", "context_length"),
    [
        (ScoringSettings(context=9), 8),
        (ScoringSettings(context=4, stride=5), 8),
        (ScoringSettings(stride=9), 8),
        (ScoringSettings(), None),
    ],
)
def test_context_and_stride_must_fit_the_model(settings: ScoringSettings, context_length: int | None) -> None:
    with pytest.raises(ServiceError) as refused:
        evaluate_perplexity(UniformModel(context_length=context_length), "abcdefgh" * 4, settings)
    assert refused.value.reason is Reason.CONTEXT_INVALID


def test_defaults_are_the_models_length_and_disjoint_windows() -> None:
    result = evaluate_perplexity(UniformModel(context_length=8), "abcdefgh" * 4, ScoringSettings())
    assert (result.context, result.stride) == (8, 8)
    result = evaluate_perplexity(UniformModel(context_length=None), "abcdefgh" * 4, ScoringSettings(context=5))
    assert (result.context, result.stride) == (5, 5)


def test_progress_counts_up_to_the_total() -> None:
    reported: list[Progress] = []
    evaluate_perplexity(UniformModel(50), "a" * 21, ScoringSettings(), reported.append)
    assert [progress.tokens_done for progress in reported] == [0, 8, 16, 20]
    assert {progress.tokens_total for progress in reported} == {20}
    assert reported[0].running_perplexity == 0
    assert [progress.running_perplexity for progress in reported[1:]] == [pytest.approx(50)] * 3


def test_what_the_progress_callback_raises_ends_the_computation() -> None:
    model = UniformModel()

    def stop_after_one(progress: Progress) -> None:
        if progress.tokens_done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate_perplexity(model, "a" * 100, ScoringSettings(), stop_after_one)
    assert len(model.batches) == 1


def test_figures_beyond_a_double_are_infinite_rather_than_an_error() -> None:
    one_word = evaluate_perplexity(UniformModel(50), "a" * 1000, ScoringSettings())
    assert one_word.word_perplexity == math.inf
    no_word = evaluate_perplexity(UniformModel(50), "    ", ScoringSettings())
    assert (no_word.words, no_word.word_perplexity) == (0, math.inf)


def test_likelihoods_that_are_not_finite_are_the_models_fault() -> None:
    class Damaged(UniformModel):
        def token_nll(self, batch: WindowBatch) -> npt.NDArray[np.float64]:
            return super().token_nll(batch) * np.nan

    with pytest.raises(ServiceError) as refused:
        evaluate_perplexity(Damaged(), "abc", ScoringSettings())
    assert refused.value.reason is Reason.LANGUAGE_MODEL_REFUSED
