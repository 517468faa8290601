"""Perplexity of a causal language model on a text, every token scored exactly once."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from leitmotif_services.evaluation.inputs.text import count_bytes, count_words
from leitmotif_services.evaluation.models.language_model import LanguageModel, TokenIds
from leitmotif_services.evaluation.scoring.windows import window_batches
from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field


class BosPolicy(StrEnum):
    """Whether a beginning-of-sequence token is put before the text, so that its first token is scored too."""

    AUTO = "auto"
    """As ALWAYS where the tokenizer has such a token, else as NEVER."""
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True)
class PerplexitySettings:
    """How to cut and compute the windows; see `windows` for what context and stride mean."""

    context: int = 0
    """Tokens that a window reads at most; 0 stands for the model's own length."""
    stride: int = 0
    """Tokens that each window moves on; 0 stands for `context`."""
    bos: BosPolicy = BosPolicy.AUTO
    batch_size: int = 1
    """Windows computed together. The result does not depend on it."""


@dataclass(frozen=True)
class Progress:
    """How far a computation is."""

    tokens_done: int = 0
    tokens_total: int = 0
    tokens_per_s: float = 0.0
    running_perplexity: float = 0.0
    """Of the tokens scored so far; 0 before the first."""


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

    @property
    def perplexity(self) -> float:
        """exp(nll_sum / tokens); infinite beyond the range of a double."""
        return _exp(self.nll_sum, self.tokens)

    @property
    def word_perplexity(self) -> float:
        """exp(nll_sum / words); infinite beyond the range of a double, and for a text of white space alone."""
        return _exp(self.nll_sum, self.words)

    @property
    def byte_perplexity(self) -> float:
        """exp(nll_sum / bytes)."""
        return _exp(self.nll_sum, self.bytes)

    @property
    def bits_per_byte(self) -> float:
        """nll_sum / bytes / ln 2: comparable between models of different tokenizers."""
        return self.nll_sum / self.bytes / math.log(2)


def evaluate_perplexity(
    model: LanguageModel,
    text: str,
    settings: PerplexitySettings,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> PerplexityResult:
    """Score `text` under `model`.

    `on_progress` is called before the first batch of windows and after each; what it raises ends the computation.
    Raises TEXT_EMPTY when no token is left to score, CONTEXT_INVALID when context or stride do not fit the model,
    FIELD_INVALID when BOS is asked for and the tokenizer has none, LANGUAGE_MODEL_REFUSED when the model's figures are not
    finite.
    """
    context, stride = _resolved_context(settings, model.context_length)
    bos_token_id = _resolved_bos(settings.bos, model.bos_token_id)
    started = time.perf_counter()
    sequence = _sequence(model.tokenize(text), bos_token_id)
    # A short text needs no more memory than its own length.
    model.require_memory(context=min(context, len(sequence) - 1), batch_size=settings.batch_size)
    total = len(sequence) - 1
    nll_sum, done = 0.0, 0
    on_progress(Progress(tokens_total=total))
    for batch in window_batches(sequence, context=context, stride=stride, batch_size=settings.batch_size):
        nll = model.token_nll(batch)
        nll_sum += float(np.sum(nll, dtype=np.float64))
        if not math.isfinite(nll_sum):
            raise ServiceError(Reason.LANGUAGE_MODEL_REFUSED, "the model's likelihoods are not finite: are its weights damaged?")
        done += len(nll)
        on_progress(Progress(done, total, _rate(done, started), _exp(nll_sum, done)))
    return PerplexityResult(
        nll_sum=nll_sum,
        tokens=done,
        words=count_words(text),
        bytes=count_bytes(text),
        context=context,
        stride=stride,
        bos_prepended=bos_token_id is not None,
        dtype=model.dtype,
        tokens_per_s=_rate(done, started),
        model_sha256=model.sha256,
    )


def check_context_and_stride(context: int, stride: int) -> None:
    """What can be checked of both before a model is at hand; CONTEXT_INVALID when the stride would skip tokens."""
    if context and stride > context:
        raise ServiceError(
            Reason.CONTEXT_INVALID,
            f"stride must be at most the context of {context} tokens, or tokens would be skipped; is {stride}",
            limit=context,
            actual=stride,
        )


def _resolved_context(settings: PerplexitySettings, longest: int | None) -> tuple[int, int]:
    if longest is None and not settings.context:
        raise ServiceError(Reason.CONTEXT_INVALID, "the model names no context length of its own: give one")
    if longest is not None and settings.context > longest:
        raise ServiceError(
            Reason.CONTEXT_INVALID,
            f"the model reads at most {longest} tokens, a context of {settings.context} was asked for",
            limit=longest,
            actual=settings.context,
        )
    context = settings.context or longest or 0
    check_context_and_stride(context, settings.stride)
    return context, settings.stride or context


def _resolved_bos(policy: BosPolicy, bos_token_id: int | None) -> int | None:
    if policy is BosPolicy.ALWAYS and bos_token_id is None:
        raise invalid_field("bos", "the tokenizer has no beginning-of-sequence token")
    return None if policy is BosPolicy.NEVER else bos_token_id


def _sequence(token_ids: TokenIds, bos_token_id: int | None) -> TokenIds:
    sequence = token_ids if bos_token_id is None or not len(token_ids) else np.concatenate(([bos_token_id], token_ids))
    if len(sequence) < 2:
        raise ServiceError(
            Reason.TEXT_EMPTY,
            f"no token is left to score: the text has {len(token_ids)}, and the first is context only without a BOS token",
        )
    return sequence


def _exp(nll_sum: float, count: int) -> float:
    try:
        return math.exp(nll_sum / count)
    except (OverflowError, ZeroDivisionError):
        return math.inf


def _rate(tokens: int, started: float) -> float:
    return tokens / max(time.perf_counter() - started, 1e-9)
