"""From the domain's results to those of leitmotif.api.evaluation.v1, figures that follow from others included, and back."""

from typing import Any

from leitmotif.api.evaluation.v1 import results_pb2 as pb
from leitmotif_services.evaluation.adaptation.adaptation import AdaptationResult
from leitmotif_services.evaluation.comparison.model_comparison import ModelComparison
from leitmotif_services.evaluation.comparison.paired_comparison import PairedComparison
from leitmotif_services.evaluation.comparison.token_analysis import (
    ClassContribution,
    TermRanks,
    TokenAnalysis,
    TokenContribution,
    WithoutWorst,
)
from leitmotif_services.evaluation.comparison.token_classes import TokenClass
from leitmotif_services.evaluation.distance.distances import Distance
from leitmotif_services.evaluation.distance.domain_distance import DomainDistance
from leitmotif_services.evaluation.jobs.adapted_models import AdaptedModel
from leitmotif_services.evaluation.jobs.job_kinds import JobResult
from leitmotif_services.evaluation.scoring.perplexity import PerplexityResult

_CLASSES: dict[TokenClass, Any] = {each: pb.TokenClass.Value(f"TOKEN_CLASS_{each.name}") for each in TokenClass}
_CLASSES_FROM_PB = {number: each for each, number in _CLASSES.items()}


def result_to_pb(result: JobResult) -> pb.JobResult:
    """The message of a result."""
    match result:
        case PerplexityResult():
            return pb.JobResult(perplexity=_perplexity_to_pb(result))
        case ModelComparison():
            return pb.JobResult(comparison=_comparison_to_pb(result))
        case TokenAnalysis():
            return pb.JobResult(token_analysis=_tokens_to_pb(result))
        case DomainDistance():
            return pb.JobResult(distance=_distance_to_pb(result))
        case AdaptedModel():
            return pb.JobResult(adaptation=pb.AdaptationResult(model=result.model, **_fields(result.adaptation, *_ADAPTATION)))


def result_from_pb(message: pb.JobResult) -> JobResult:
    """The domain's result; ValueError for one of no kind."""
    match message.WhichOneof("kind"):
        case "perplexity":
            return _perplexity(message.perplexity)
        case "comparison":
            return _comparison(message.comparison)
        case "token_analysis":
            return _tokens(message.token_analysis)
        case "distance":
            return _distance(message.distance)
        case "adaptation":
            return AdaptedModel(message.adaptation.model, AdaptationResult(**_fields(message.adaptation, *_ADAPTATION)))
        case other:
            raise ValueError(f"a result of kind {other}")


_PERPLEXITY = (
    "nll_sum", "tokens", "words", "bytes", "context", "stride", "bos_prepended", "dtype", "tokens_per_s", "model_sha256",
    "documents",
)  # fmt: skip
_DERIVED = ("perplexity", "word_perplexity", "byte_perplexity", "bits_per_byte")


def _perplexity_to_pb(result: PerplexityResult) -> pb.PerplexityResult:
    return pb.PerplexityResult(**_fields(result, *_PERPLEXITY, *_DERIVED))


def _perplexity(message: pb.PerplexityResult) -> PerplexityResult:
    return PerplexityResult(**_fields(message, *_PERPLEXITY))


def _comparison_to_pb(result: ModelComparison) -> pb.ComparisonResult:
    low, high = result.paired.ratio_ci95
    return pb.ComparisonResult(
        base=_perplexity_to_pb(result.base),
        adapted=_perplexity_to_pb(result.adapted),
        ratio_ci95=pb.Interval(low=low, high=high),
        tokens=_tokens_to_pb(result.tokens),
        **_fields(result.paired, "ratio", "p_value", "units", "unit_count"),
    )


def _comparison(message: pb.ComparisonResult) -> ModelComparison:
    return ModelComparison(
        base=_perplexity(message.base),
        adapted=_perplexity(message.adapted),
        paired=PairedComparison(
            ratio_ci95=(message.ratio_ci95.low, message.ratio_ci95.high),
            **_fields(message, "ratio", "p_value", "units", "unit_count"),
        ),
        tokens=_tokens(message.tokens),
    )


_CONTRIBUTION = ("count", "contribution", "mean_change")
_WITHOUT_WORST = ("types", "share_of_worsening", "base_perplexity", "adapted_perplexity")
_TERM = ("term", "weight", "count", "base_mrr", "adapted_mrr")
_TOKENS = ("mean_change", "tokens", "base_mrr", "adapted_mrr", "base_median_rank", "adapted_median_rank")


def _tokens_to_pb(result: TokenAnalysis) -> pb.TokenAnalysisResult:
    return pb.TokenAnalysisResult(
        top_tokens=[
            pb.TokenContribution(token_class=_CLASSES[each.token_class], **_fields(each, "token_id", "text", *_CONTRIBUTION))
            for each in result.top_tokens
        ],
        classes=[
            pb.ClassContribution(token_class=_CLASSES[each.token_class], **_fields(each, *_CONTRIBUTION))
            for each in result.classes
        ],
        without_worst=[pb.WithoutWorst(**_fields(each, *_WITHOUT_WORST)) for each in result.without_worst],
        domain_terms=[pb.DomainTerm(**_fields(each, *_TERM)) for each in result.domain_terms],
        change_edges=result.change_edges,
        change_counts=result.change_counts,
        **_fields(result, *_TOKENS),
    )


def _tokens(message: pb.TokenAnalysisResult) -> TokenAnalysis:
    return TokenAnalysis(
        top_tokens=tuple(
            TokenContribution(token_class=_CLASSES_FROM_PB[each.token_class], **_fields(each, "token_id", "text", *_CONTRIBUTION))
            for each in message.top_tokens
        ),
        classes=tuple(
            ClassContribution(token_class=_CLASSES_FROM_PB[each.token_class], **_fields(each, *_CONTRIBUTION))
            for each in message.classes
        ),
        without_worst=tuple(WithoutWorst(**_fields(each, *_WITHOUT_WORST)) for each in message.without_worst),
        domain_terms=tuple(TermRanks(**_fields(each, *_TERM)) for each in message.domain_terms),
        change_edges=tuple(message.change_edges),
        change_counts=tuple(message.change_counts),
        **_fields(message, *_TOKENS),
    )


_MEASURE = ("name", "value", "null_mean", "null_sd", "z")
_DISTANCE = ("domain_passages", "reference_passages", "dimension", "model_sha256")


def _distance_to_pb(result: DomainDistance) -> pb.DistanceResult:
    measures = [pb.DistanceMeasure(**_fields(each, *_MEASURE)) for each in result.measures]
    return pb.DistanceResult(measures=measures, **_fields(result, *_DISTANCE))


def _distance(message: pb.DistanceResult) -> DomainDistance:
    measures = tuple(Distance(**_fields(each, *_MEASURE)) for each in message.measures)
    return DomainDistance(measures, **_fields(message, *_DISTANCE))


_ADAPTATION = (
    "model_sha256", "base_sha256", "steps", "tokens", "first_loss", "last_loss", "base_perplexity", "adapted_perplexity",
    "tokens_per_s", "context", "resumed_from_step",
)  # fmt: skip


def _fields(source: object, *names: str) -> dict[str, Any]:
    """Fields that are called the same on both sides."""
    return {name: getattr(source, name) for name in names}
