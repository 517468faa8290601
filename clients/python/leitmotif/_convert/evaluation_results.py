"""What evaluation jobs end with."""

from leitmotif.api.evaluation.v1 import results_pb2 as pb2
from leitmotif.types import (
    AdaptationResult,
    ClassContribution,
    ComparisonResult,
    DistanceMeasure,
    DistanceResult,
    DomainTerm,
    Interval,
    JobResult,
    PerplexityResult,
    TokenAnalysisResult,
    TokenClass,
    TokenContribution,
    WithoutWorst,
)

_CLASSES = {
    pb2.TOKEN_CLASS_NEWLINE: TokenClass.NEWLINE,
    pb2.TOKEN_CLASS_WHITESPACE: TokenClass.WHITESPACE,
    pb2.TOKEN_CLASS_PUNCTUATION: TokenClass.PUNCTUATION,
    pb2.TOKEN_CLASS_DIGITS: TokenClass.DIGITS,
    pb2.TOKEN_CLASS_FUNCTION_WORD: TokenClass.FUNCTION_WORD,
    pb2.TOKEN_CLASS_DOMAIN_TERM: TokenClass.DOMAIN_TERM,
    pb2.TOKEN_CLASS_OTHER: TokenClass.OTHER,
}


def result_of(message: pb2.JobResult) -> JobResult | None:
    """None where there is none, and for a kind that this release does not know."""
    match message.WhichOneof("kind"):
        case "perplexity":
            return _perplexity_of(message.perplexity)
        case "comparison":
            return _comparison_of(message.comparison)
        case "token_analysis":
            return _token_analysis_of(message.token_analysis)
        case "distance":
            return _distance_of(message.distance)
        case "adaptation":
            return _adaptation_of(message.adaptation)
        case _:
            return None


def _perplexity_of(message: pb2.PerplexityResult) -> PerplexityResult:
    return PerplexityResult(
        perplexity=message.perplexity,
        nll_sum=message.nll_sum,
        tokens=message.tokens,
        words=message.words,
        bytes=message.bytes,
        word_perplexity=message.word_perplexity,
        byte_perplexity=message.byte_perplexity,
        bits_per_byte=message.bits_per_byte,
        context=message.context,
        stride=message.stride,
        bos_prepended=message.bos_prepended,
        dtype=message.dtype,
        tokens_per_s=message.tokens_per_s,
        model_sha256=message.model_sha256,
        documents=message.documents,
    )


def _comparison_of(message: pb2.ComparisonResult) -> ComparisonResult:
    return ComparisonResult(
        base=_perplexity_of(message.base),
        adapted=_perplexity_of(message.adapted),
        ratio=message.ratio,
        ratio_ci95=Interval(message.ratio_ci95.low, message.ratio_ci95.high),
        p_value=message.p_value,
        units=message.units,
        unit_count=message.unit_count,
        tokens=_token_analysis_of(message.tokens),
    )


def _token_analysis_of(message: pb2.TokenAnalysisResult) -> TokenAnalysisResult:
    return TokenAnalysisResult(
        mean_change=message.mean_change,
        tokens=message.tokens,
        top_tokens=tuple(map(_token_contribution_of, message.top_tokens)),
        classes=tuple(map(_class_contribution_of, message.classes)),
        without_worst=tuple(map(_without_worst_of, message.without_worst)),
        domain_terms=tuple(map(_domain_term_of, message.domain_terms)),
        base_mrr=message.base_mrr,
        adapted_mrr=message.adapted_mrr,
        base_median_rank=message.base_median_rank,
        adapted_median_rank=message.adapted_median_rank,
        change_edges=tuple(message.change_edges),
        change_counts=tuple(message.change_counts),
    )


def _token_contribution_of(message: pb2.TokenContribution) -> TokenContribution:
    return TokenContribution(
        token_id=message.token_id,
        text=message.text,
        token_class=_CLASSES.get(message.token_class, TokenClass.UNKNOWN),
        count=message.count,
        contribution=message.contribution,
        mean_change=message.mean_change,
    )


def _class_contribution_of(message: pb2.ClassContribution) -> ClassContribution:
    return ClassContribution(
        token_class=_CLASSES.get(message.token_class, TokenClass.UNKNOWN),
        count=message.count,
        contribution=message.contribution,
        mean_change=message.mean_change,
    )


def _without_worst_of(message: pb2.WithoutWorst) -> WithoutWorst:
    return WithoutWorst(
        types=message.types,
        share_of_worsening=message.share_of_worsening,
        base_perplexity=message.base_perplexity,
        adapted_perplexity=message.adapted_perplexity,
    )


def _domain_term_of(message: pb2.DomainTerm) -> DomainTerm:
    return DomainTerm(
        term=message.term,
        weight=message.weight,
        count=message.count,
        base_mrr=message.base_mrr,
        adapted_mrr=message.adapted_mrr,
    )


def _distance_of(message: pb2.DistanceResult) -> DistanceResult:
    return DistanceResult(
        measures=tuple(DistanceMeasure(each.name, each.value, each.null_mean, each.null_sd, each.z) for each in message.measures),
        domain_passages=message.domain_passages,
        reference_passages=message.reference_passages,
        dimension=message.dimension,
        model_sha256=message.model_sha256,
    )


def _adaptation_of(message: pb2.AdaptationResult) -> AdaptationResult:
    return AdaptationResult(
        model=message.model,
        model_sha256=message.model_sha256,
        steps=message.steps,
        tokens=message.tokens,
        first_loss=message.first_loss,
        last_loss=message.last_loss,
        base_perplexity=message.base_perplexity,
        adapted_perplexity=message.adapted_perplexity,
        tokens_per_s=message.tokens_per_s,
        base_sha256=message.base_sha256,
        context=message.context,
        resumed_from_step=message.resumed_from_step,
    )
