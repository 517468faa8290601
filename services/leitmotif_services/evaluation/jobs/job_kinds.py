"""The kinds of jobs: what each is asked with, and what it gives."""

from enum import StrEnum
from typing import NamedTuple

from leitmotif_services.evaluation.comparison.model_comparison import ModelComparison
from leitmotif_services.evaluation.comparison.token_analysis import TokenAnalysis
from leitmotif_services.evaluation.distance.domain_distance import DomainDistance
from leitmotif_services.evaluation.jobs.adapted_models import AdaptedModel
from leitmotif_services.evaluation.jobs.job_specs import (
    AdaptationSpec,
    ComparisonSpec,
    DistanceSpec,
    PerplexitySpec,
    TextSource,
    TokenAnalysisSpec,
)
from leitmotif_services.evaluation.scoring.perplexity import PerplexityResult

JobSpec = PerplexitySpec | ComparisonSpec | TokenAnalysisSpec | DistanceSpec | AdaptationSpec
JobResult = PerplexityResult | ModelComparison | TokenAnalysis | DomainDistance | AdaptedModel


class JobKind(StrEnum):
    """What a job computes; the names of the fields of the API's JobSpec and JobResult."""

    PERPLEXITY = "perplexity"
    COMPARISON = "comparison"
    TOKEN_ANALYSIS = "token_analysis"
    DISTANCE = "distance"
    ADAPTATION = "adaptation"


class KindTypes(NamedTuple):
    """The dataclasses of a kind."""

    spec: type[JobSpec]
    result: type[JobResult]


KINDS: dict[JobKind, KindTypes] = {
    JobKind.PERPLEXITY: KindTypes(PerplexitySpec, PerplexityResult),
    JobKind.COMPARISON: KindTypes(ComparisonSpec, ModelComparison),
    JobKind.TOKEN_ANALYSIS: KindTypes(TokenAnalysisSpec, TokenAnalysis),
    JobKind.DISTANCE: KindTypes(DistanceSpec, DomainDistance),
    JobKind.ADAPTATION: KindTypes(AdaptationSpec, AdaptedModel),
}

_TEXT_NAMES = ("text", "domain", "reference")


def kind_of(spec: JobSpec) -> JobKind:
    """The kind of a spec."""
    return next(kind for kind, types in KINDS.items() if types.spec is type(spec))


def texts_of(spec: JobSpec) -> dict[str, TextSource]:
    """The texts of a spec by the names of its fields."""
    named = {name: getattr(spec, name, None) for name in _TEXT_NAMES}
    return {name: source for name, source in named.items() if source is not None}


def models_of(spec: JobSpec) -> dict[str, str]:
    """The models of a spec, folders relative to the model root, by the names of its fields."""
    named = {name: getattr(spec, name, None) for name in ("model", "base_model", "adapted_model")}
    return {name: folder for name, folder in named.items() if folder is not None}
