"""Scores the documents of a text under a model, every token exactly once."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from leitmotif_services.evaluation.inputs.documents import documents_of
from leitmotif_services.evaluation.models.language_model import LanguageModel
from leitmotif_services.evaluation.scoring.scoring_settings import ScoringSettings, resolved_bos, resolved_context
from leitmotif_services.evaluation.scoring.token_scores import TokenScores
from leitmotif_services.evaluation.scoring.windows import window_batches
from leitmotif_services.runtime.errors import Reason, ServiceError


@dataclass(frozen=True)
class Progress:
    """How far a computation is."""

    tokens_done: int = 0
    tokens_total: int = 0
    tokens_per_s: float = 0.0
    running_perplexity: float = 0.0
    """Of the tokens scored so far; 0 before the first."""


@dataclass(frozen=True, eq=False)
class ScoredText:
    """What a model made of a text, and how it was computed."""

    scores: TokenScores
    documents: tuple[str, ...]
    """Those with a token to score; the numbers of `scores.documents` are their places."""
    context: int
    stride: int
    bos_prepended: bool
    tokens_per_s: float
    """Tokens scored a second, tokenization included and model loading left out."""


def score_text(
    model: LanguageModel,
    text: str,
    settings: ScoringSettings,
    on_progress: Callable[[Progress], None] = lambda _: None,
    *,
    ranks: bool = False,
) -> ScoredText:
    """Score `text` under `model`, with the rank of each token where `ranks` asks for it.

    `on_progress` is called before the first batch of windows and after each; what it raises ends the computation.
    Raises TEXT_EMPTY when no token is left to score, CONTEXT_INVALID when context or stride do not fit the model,
    FIELD_INVALID when BOS is asked for and the tokenizer has none, LANGUAGE_MODEL_REFUSED when the model's figures are not
    finite.
    """
    context, stride = resolved_context(settings, model.context_length)
    bos_token_id = resolved_bos(settings.bos, model.bos_token_id)
    started = time.perf_counter()
    before = [] if bos_token_id is None else [np.array([bos_token_id], np.int64)]
    tokenized = [(document, model.tokenize(document)) for document in documents_of(text, settings.documents)]
    # Without a BOS token, the first of a document is context only.
    scored = [(document, ids) for document, ids in tokenized if len(ids) + len(before) >= 2 and len(ids)]
    if not scored:
        found = sum(len(ids) for _, ids in tokenized)
        raise ServiceError(
            Reason.TEXT_EMPTY,
            f"no token is left to score: the text has {found}, and the first of a document is context only without a BOS token",
        )
    sequences = [np.concatenate([*before, ids]) for _, ids in scored]
    lengths = [len(sequence) - 1 for sequence in sequences]
    # A short text needs no more memory than its own length.
    model.require_memory(context=min(context, max(lengths)), batch_size=settings.batch_size)
    total = sum(lengths)
    nll = np.empty(total)
    found_ranks = np.empty(total, np.int64) if ranks else None
    nll_sum, done = 0.0, 0
    on_progress(Progress(tokens_total=total))
    for batch in window_batches(
        sequences, context=context, stride=stride, batch_size=settings.batch_size, full_last=settings.full_last_window
    ):
        if found_ranks is None:
            nll[batch.places] = batch_nll = model.token_nll(batch.windows)
        else:
            batch_nll, found_ranks[batch.places] = model.token_nll_and_ranks(batch.windows)
            nll[batch.places] = batch_nll
        nll_sum += float(batch_nll.sum())
        if not math.isfinite(nll_sum):
            raise ServiceError(Reason.LANGUAGE_MODEL_REFUSED, "the model's likelihoods are not finite: are its weights damaged?")
        done += len(batch_nll)
        on_progress(Progress(done, total, _rate(done, started), perplexity_of(nll_sum, done)))
    return ScoredText(
        TokenScores(
            token_ids=np.concatenate([sequence[1:] for sequence in sequences]),
            nll=nll,
            documents=np.repeat(np.arange(len(sequences)), lengths),
            ranks=found_ranks,
        ),
        documents=tuple(document for document, _ in scored),
        context=context,
        stride=stride,
        bos_prepended=bos_token_id is not None,
        tokens_per_s=_rate(done, started),
    )


def perplexity_of(nll_sum: float, count: int) -> float:
    """exp(nll_sum / count); infinite beyond the range of a double, and for nothing at all."""
    try:
        return math.exp(nll_sum / count)
    except (OverflowError, ZeroDivisionError):
        return math.inf


def _rate(tokens: int, started: float) -> float:
    return tokens / max(time.perf_counter() - started, 1e-9)
