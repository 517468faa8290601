"""Perplexity of a causal language model on a text, every token scored exactly once."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from leitmotif_services.evaluation.inputs.text import count_bytes, count_words
from leitmotif_services.evaluation.models.language_model import LanguageModel
from leitmotif_services.evaluation.scoring.document_scoring import Progress, ScoredText, perplexity_of, score_text
from leitmotif_services.evaluation.scoring.scoring_settings import ScoringSettings


@dataclass(frozen=True)
class PerplexityResult:
    """Figures of a text under a model; logarithms are natural but for `bits_per_byte`."""

    nll_sum: float
    """Sum of the negative log likelihood of the scored tokens, in nats."""
    tokens: int
    """Tokens scored."""
    words: int
    bytes: int
    context: int
    stride: int
    bos_prepended: bool
    dtype: str
    tokens_per_s: float
    """Tokens scored a second, tokenization included and model loading left out."""
    model_sha256: str
    documents: int = 1
    """Documents that were scored."""

    @property
    def perplexity(self) -> float:
        """exp(nll_sum / tokens); infinite beyond the range of a double."""
        return perplexity_of(self.nll_sum, self.tokens)

    @property
    def word_perplexity(self) -> float:
        """exp(nll_sum / words); infinite beyond the range of a double, and for a text of white space alone."""
        return perplexity_of(self.nll_sum, self.words)

    @property
    def byte_perplexity(self) -> float:
        """exp(nll_sum / bytes)."""
        return perplexity_of(self.nll_sum, self.bytes)

    @property
    def bits_per_byte(self) -> float:
        """nll_sum / bytes / ln 2: comparable between models of different tokenizers."""
        return self.nll_sum / self.bytes / math.log(2)


def evaluate_perplexity(
    model: LanguageModel,
    text: str,
    settings: ScoringSettings,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> PerplexityResult:
    """The figures of `text` under `model`; progress and errors as of `score_text`."""
    return perplexity_result(model, score_text(model, text, settings, on_progress))


def perplexity_result(model: LanguageModel, scored: ScoredText) -> PerplexityResult:
    """The figures of what was scored; words and bytes are those of the documents."""
    return PerplexityResult(
        nll_sum=math.fsum(scored.scores.nll),
        tokens=len(scored.scores.nll),
        words=sum(map(count_words, scored.documents)),
        bytes=sum(map(count_bytes, scored.documents)),
        context=scored.context,
        stride=scored.stride,
        bos_prepended=scored.bos_prepended,
        dtype=model.dtype,
        tokens_per_s=scored.tokens_per_s,
        model_sha256=model.sha256,
        documents=len(scored.documents),
    )
