"""Between the specs of leitmotif.api.evaluation.v1 and the domain's; numbers are checked, and defaults filled in, on the way."""

from collections.abc import Mapping
from typing import Any, cast

from leitmotif.api.evaluation.v1 import specs_pb2 as pb
from leitmotif_services.evaluation.adaptation.adaptation_settings import AdaptationSettings, check_adaptation_settings
from leitmotif_services.evaluation.comparison.paired_comparison import Sampling
from leitmotif_services.evaluation.distance.distances import DistanceSettings
from leitmotif_services.evaluation.inputs.documents import Documents
from leitmotif_services.evaluation.jobs.job_kinds import JobSpec
from leitmotif_services.evaluation.jobs.job_specs import (
    AdaptationSpec,
    ComparisonSpec,
    DistanceSpec,
    PerplexitySpec,
    TextSource,
    TokenAnalysisSpec,
)
from leitmotif_services.evaluation.scoring.scoring_settings import BosPolicy, ScoringSettings, check_context_and_stride
from leitmotif_services.runtime.errors import ServiceError, invalid_field

MAX_CONTEXT_TOKENS = 1 << 20
MAX_BATCH_SIZE = 256

_BOS = {
    pb.BOS_POLICY_UNSPECIFIED: BosPolicy.AUTO,
    pb.BOS_POLICY_ALWAYS: BosPolicy.ALWAYS,
    pb.BOS_POLICY_NEVER: BosPolicy.NEVER,
}
_BOS_TO_PB = {policy: number for number, policy in _BOS.items()}

_DOCUMENTS = {
    pb.DOCUMENTS_UNSPECIFIED: Documents.WHOLE,
    pb.DOCUMENTS_WHOLE: Documents.WHOLE,
    pb.DOCUMENTS_LINES: Documents.LINES,
    pb.DOCUMENTS_PARAGRAPHS: Documents.PARAGRAPHS,
}
_DOCUMENTS_TO_PB = {division: number for number, division in _DOCUMENTS.items()}

_INLINE = "text"


def spec_from_pb(message: pb.JobSpec) -> tuple[JobSpec, dict[str, str]]:
    """The domain's spec, and the texts that came with it by the names of its fields, which are no part of it.

    FIELD_INVALID names the first field out of its range; CONTEXT_INVALID when the stride would skip tokens.
    """
    match message.WhichOneof("kind"):
        case "perplexity":
            return _perplexity(message.perplexity), _inline(perplexity=message.perplexity)
        case "comparison":
            comparison = message.comparison
            return _comparison(comparison), _inline(text=comparison.text, reference=comparison.reference)
        case "token_analysis":
            analysis = message.token_analysis
            return _token_analysis(analysis), _inline(text=analysis.text, reference=analysis.reference)
        case "distance":
            distance = message.distance
            return _distance(distance), _inline(domain=distance.domain, reference=distance.reference)
        case "adaptation":
            return _adaptation(message.adaptation), _inline(text=message.adaptation.text)
        case _:
            raise invalid_field("spec", "must name a kind of job")


def spec_to_pb(spec: JobSpec) -> pb.JobSpec:
    """The message; inline texts are left out."""
    match spec:
        case PerplexitySpec():
            return pb.JobSpec(perplexity=_perplexity_to_pb(spec))
        case ComparisonSpec():
            comparison = pb.ComparisonSpec(
                bootstrap_samples=spec.sampling.bootstrap_samples,
                permutations=spec.sampling.permutations,
                seed=spec.sampling.seed,
                **_pair_to_pb(spec),
            )
            return pb.JobSpec(comparison=comparison)
        case TokenAnalysisSpec():
            return pb.JobSpec(token_analysis=pb.TokenAnalysisSpec(**_pair_to_pb(spec)))
        case DistanceSpec():
            distance = pb.DistanceSpec(
                domain=_source_to_pb(spec.domain),
                reference=_source_to_pb(spec.reference),
                model=spec.model or "",
                passage_words=spec.settings.passage_words,
                max_passages=spec.settings.max_passages,
                null_samples=spec.settings.null_samples,
                seed=spec.settings.seed,
            )
            return pb.JobSpec(distance=distance)
        case AdaptationSpec():
            numbers: dict[str, Any] = {name: getattr(spec.settings, name) for name in _ADAPTATION_NUMBERS}
            adaptation = pb.AdaptationSpec(model=spec.model, text=_source_to_pb(spec.text), output=spec.output, **numbers)
            return pb.JobSpec(adaptation=adaptation)


def _perplexity(message: pb.PerplexitySpec) -> PerplexitySpec:
    field = "spec.perplexity"
    settings = _scoring(field, message)
    if message.m2d2:
        for name in ("context", "stride", "bos", "documents"):
            if getattr(message, name):
                raise invalid_field(f"{field}.{name}", "must be left out with m2d2, which says what it is")
    return PerplexitySpec(message.model, _source(field, message, "text_source"), settings, message.m2d2)


def _perplexity_to_pb(spec: PerplexitySpec) -> pb.PerplexitySpec:
    message = pb.PerplexitySpec(model=spec.model, m2d2=spec.m2d2, batch_size=spec.settings.batch_size)
    if not spec.m2d2:
        message.documents = _DOCUMENTS_TO_PB[spec.text.documents]
        message.context, message.stride = spec.settings.context, spec.settings.stride
        message.bos = _BOS_TO_PB[spec.settings.bos]
    _name_source(message, spec.text)
    return message


def _comparison(message: pb.ComparisonSpec) -> ComparisonSpec:
    field = "spec.comparison"
    sampling = Sampling(
        bootstrap_samples=_number(field, message, "bootstrap_samples", 2000, 100, 100_000),
        permutations=_number(field, message, "permutations", 2000, 100, 100_000),
        seed=_seed(field, message),
    )
    return ComparisonSpec(**_pair(field, message), sampling=sampling)


def _token_analysis(message: pb.TokenAnalysisSpec) -> TokenAnalysisSpec:
    return TokenAnalysisSpec(**_pair("spec.token_analysis", message))


def _distance(message: pb.DistanceSpec) -> DistanceSpec:
    field = "spec.distance"
    settings = DistanceSettings(
        passage_words=_number(field, message, "passage_words", 100, 16, 1024),
        max_passages=_number(field, message, "max_passages", 500, 20, 20_000),
        null_samples=_number(field, message, "null_samples", 200, 20, 10_000),
        seed=_seed(field, message),
    )
    return DistanceSpec(
        _source(f"{field}.domain", message.domain, "source"),
        _source(f"{field}.reference", message.reference, "source"),
        message.model or None,
        settings,
    )


_ADAPTATION_NUMBERS = (
    "epochs", "learning_rate", "weight_decay", "warmup_share", "max_grad_norm", "batch_size", "context", "seed", "held_out_share",
)  # fmt: skip
_ZERO_IS_ZERO = ("weight_decay", "warmup_share", "held_out_share")
"""Of the others, 0 stands for the default."""


def _adaptation(message: pb.AdaptationSpec) -> AdaptationSpec:
    field = "spec.adaptation"
    defaults = AdaptationSettings()
    numbers: dict[str, Any] = {}
    for name in _ADAPTATION_NUMBERS:
        present: bool = message.HasField(cast(Any, name)) if name in _ZERO_IS_ZERO else bool(getattr(message, name))
        numbers[name] = getattr(message if present else defaults, name)
    _number(field, message, "context", 0, 1, MAX_CONTEXT_TOKENS)
    _seed(field, message)
    settings = AdaptationSettings(**numbers)
    try:
        check_adaptation_settings(settings)
    except ServiceError as error:
        violation = error.violations[0]
        raise invalid_field(f"{field}.{violation.field}", violation.description) from None
    return AdaptationSpec(message.model, _source(f"{field}.text", message.text, "source"), message.output, settings)


def _pair(field: str, message: pb.ComparisonSpec | pb.TokenAnalysisSpec) -> dict[str, Any]:
    """What a comparison and a token analysis are both asked with."""
    return {
        "base_model": message.base_model,
        "adapted_model": message.adapted_model,
        "text": _source(f"{field}.text", message.text, "source"),
        "settings": _scoring(f"{field}.scoring", message.scoring),
        "reference": _source(f"{field}.reference", message.reference, "source") if message.HasField("reference") else None,
        "top_tokens": _number(field, message, "top_tokens", 20, 1, 1000),
    }


def _pair_to_pb(spec: ComparisonSpec | TokenAnalysisSpec) -> dict[str, Any]:
    settings = spec.settings
    scoring = pb.Scoring(
        context=settings.context, stride=settings.stride, bos=_BOS_TO_PB[settings.bos], batch_size=settings.batch_size
    )
    return {
        "base_model": spec.base_model,
        "adapted_model": spec.adapted_model,
        "text": _source_to_pb(spec.text),
        "scoring": scoring,
        "reference": None if spec.reference is None else _source_to_pb(spec.reference),
        "top_tokens": spec.top_tokens,
    }


def _scoring(field: str, message: pb.PerplexitySpec | pb.Scoring) -> ScoringSettings:
    """Documents are not among them: they are of the text."""
    if message.bos not in _BOS:
        raise invalid_field(f"{field}.bos", f"is no BosPolicy: {message.bos}")
    settings = ScoringSettings(
        context=_number(field, message, "context", 0, 0, MAX_CONTEXT_TOKENS),
        stride=_number(field, message, "stride", 0, 0, MAX_CONTEXT_TOKENS),
        bos=_BOS[message.bos],
        batch_size=_number(field, message, "batch_size", 1, 1, MAX_BATCH_SIZE),
    )
    check_context_and_stride(settings.context, settings.stride)
    return settings


def _source(field: str, message: pb.PerplexitySpec | pb.TextSource, oneof: str) -> TextSource:
    if message.documents not in _DOCUMENTS:
        raise invalid_field(f"{field}.documents", f"is no Documents: {message.documents}")
    documents = _DOCUMENTS[message.documents]
    match message.WhichOneof(oneof):
        case "text":
            return TextSource(documents=documents)
        case "text_path":
            return TextSource(path=message.text_path, documents=documents)
        case "text_id":
            return TextSource(text_id=message.text_id, documents=documents)
        case _:
            raise invalid_field(field, "exactly one of text, text_path and text_id is required")


def _source_to_pb(source: TextSource) -> pb.TextSource:
    message = pb.TextSource(documents=_DOCUMENTS_TO_PB[source.documents])
    _name_source(message, source)
    return message


def _name_source(message: pb.PerplexitySpec | pb.TextSource, source: TextSource) -> None:
    if source.path is not None:
        message.text_path = source.path
    if source.text_id is not None:
        message.text_id = source.text_id


def _inline(**sources: pb.PerplexitySpec | pb.TextSource) -> dict[str, str]:
    named: Mapping[str, pb.PerplexitySpec | pb.TextSource] = {
        _INLINE if isinstance(source, pb.PerplexitySpec) else name: source for name, source in sources.items()
    }
    return {name: source.text for name, source in named.items() if source.HasField(_INLINE)}


def _number(field: str, message: object, name: str, default: int, minimum: int, maximum: int) -> int:
    value: int = getattr(message, name)
    if value == 0:
        return default
    if not minimum <= value <= maximum:
        raise invalid_field(f"{field}.{name}", f"must be {minimum} to {maximum}, or 0 for {default}; is {value}")
    return value


def _seed(field: str, message: object) -> int:
    seed: int = getattr(message, "seed")  # noqa: B009
    if seed < 0:
        raise invalid_field(f"{field}.seed", f"must not be negative, is {seed}")
    return seed
