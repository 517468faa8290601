"""A base and an adapted model on the same text, from loading them to what the change comes from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from leitmotif_services.evaluation.comparison.domain_terms import WeightedTerm, domain_terms
from leitmotif_services.evaluation.comparison.paired_comparison import PairedComparison, Sampling, compare
from leitmotif_services.evaluation.comparison.token_analysis import TokenAnalysis, analyse
from leitmotif_services.evaluation.models.language_model import LanguageModel
from leitmotif_services.evaluation.scoring.document_scoring import Progress, ScoredText, score_text
from leitmotif_services.evaluation.scoring.perplexity import PerplexityResult, perplexity_result
from leitmotif_services.evaluation.scoring.scoring_settings import ScoringSettings
from leitmotif_services.runtime.errors import invalid_field

OnProgress = Callable[[str, Progress], None]
"""Told what is being done, and how far it is."""


@dataclass(frozen=True)
class ModelComparison:
    """Both models alone, how sure the change is, and where it comes from."""

    base: PerplexityResult
    adapted: PerplexityResult
    paired: PairedComparison
    tokens: TokenAnalysis


@dataclass(frozen=True, eq=False)
class _ScoredPair:
    """Both models' scores of the same tokens."""

    base: ScoredText
    adapted: ScoredText
    base_result: PerplexityResult
    adapted_result: PerplexityResult
    terms: list[WeightedTerm]
    texts: dict[int, str]
    """By token id."""

    def analysed(self, top: int) -> TokenAnalysis:
        return analyse(
            self.base.scores,
            self.adapted.scores,
            lambda token_ids: [self.texts[token_id] for token_id in token_ids.tolist()],
            terms=self.terms,
            top=top,
        )


def compare_models(
    load_base: Callable[[], LanguageModel],
    load_adapted: Callable[[], LanguageModel],
    text: str,
    settings: ScoringSettings,
    *,
    sampling: Sampling,
    reference: Sequence[str] = (),
    top: int = 20,
    on_progress: OnProgress = lambda _phase, _progress: None,
) -> ModelComparison:
    """Score `text` under one model after the other, only one of which is needed at a time, and compare token by token.

    The adapted model is given the context and stride that the base model came to. `reference`: passages that domain terms stand
    out against; without any, there are no terms and no ranks. FIELD_INVALID where the tokenizers differ; else errors as of
    `score_text`.
    """
    pair = _scored_pair(load_base, load_adapted, text, settings, reference, on_progress)
    return ModelComparison(
        base=pair.base_result,
        adapted=pair.adapted_result,
        paired=compare(pair.base.scores, pair.adapted.scores, sampling),
        tokens=pair.analysed(top),
    )


def analyse_models(
    load_base: Callable[[], LanguageModel],
    load_adapted: Callable[[], LanguageModel],
    text: str,
    settings: ScoringSettings,
    *,
    reference: Sequence[str] = (),
    top: int = 20,
    on_progress: OnProgress = lambda _phase, _progress: None,
) -> TokenAnalysis:
    """As `compare_models`, what the change comes from alone: nothing is drawn."""
    return _scored_pair(load_base, load_adapted, text, settings, reference, on_progress).analysed(top)


def _scored_pair(
    load_base: Callable[[], LanguageModel],
    load_adapted: Callable[[], LanguageModel],
    text: str,
    settings: ScoringSettings,
    reference: Sequence[str],
    on_progress: OnProgress,
) -> _ScoredPair:
    terms = domain_terms(text, reference) if reference else []
    ranks = bool(terms)
    base_model = load_base()
    base = score_text(base_model, text, settings, lambda progress: on_progress("scoring the base model", progress), ranks=ranks)
    base_result = perplexity_result(base_model, base)
    types = np.unique(base.scores.token_ids)
    texts = dict(zip(types.tolist(), base_model.token_texts(types), strict=True))
    tokenizer = base_model.tokenizer_sha256
    del base_model  # its memory may be needed for the next
    adapted_model = load_adapted()
    if adapted_model.tokenizer_sha256 != tokenizer:
        raise invalid_field("adapted_model", "has another tokenizer than the base model: tokens cannot be compared one by one")
    same = replace(settings, context=base.context, stride=base.stride)
    adapted = score_text(
        adapted_model, text, same, lambda progress: on_progress("scoring the adapted model", progress), ranks=ranks
    )
    return _ScoredPair(base, adapted, base_result, perplexity_result(adapted_model, adapted), terms, texts)
