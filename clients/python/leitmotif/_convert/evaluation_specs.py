"""What evaluation jobs are asked for."""

from leitmotif._convert.texts import documents_of, source_of
from leitmotif.api.evaluation.v1 import specs_pb2 as pb2
from leitmotif.types import (
    AdaptationSpec,
    BosPolicy,
    ComparisonSpec,
    DistanceSpec,
    JobSpec,
    PerplexitySpec,
    Scoring,
    TokenAnalysisSpec,
)

_BOS = {
    BosPolicy.AUTO: pb2.BOS_POLICY_UNSPECIFIED,
    BosPolicy.ALWAYS: pb2.BOS_POLICY_ALWAYS,
    BosPolicy.NEVER: pb2.BOS_POLICY_NEVER,
}
_BOS_BACK = {number: name for name, number in _BOS.items()}


def bos_number_of(policy: BosPolicy) -> pb2.BosPolicy:
    return _BOS[policy]


def scoring_message_of(context: int, stride: int, bos: BosPolicy, batch_size: int) -> pb2.Scoring:
    return pb2.Scoring(context=context, stride=stride, bos=bos_number_of(bos), batch_size=batch_size)


def perplexity_message_of(model: str, source: pb2.TextSource, scoring: pb2.Scoring, *, m2d2: bool) -> pb2.PerplexitySpec:
    """The message, which holds the fields of source and scoring as its own."""
    message = pb2.PerplexitySpec(
        model=model,
        context=scoring.context,
        stride=scoring.stride,
        bos=scoring.bos,
        batch_size=scoring.batch_size,
        documents=source.documents,
        m2d2=m2d2,
    )
    given = source.WhichOneof("source")
    if given is not None:
        setattr(message, given, getattr(source, given))
    return message


def scoring_of(message: pb2.Scoring) -> Scoring:
    return Scoring(message.context, message.stride, _BOS_BACK.get(message.bos, BosPolicy.AUTO), message.batch_size)


def spec_of(message: pb2.JobSpec) -> JobSpec | None:
    """None for a kind that this release does not know."""
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


def _perplexity_of(message: pb2.PerplexitySpec) -> PerplexitySpec:
    return PerplexitySpec(
        model=message.model,
        text_path=message.text_path,
        context=message.context,
        stride=message.stride,
        bos=_BOS_BACK.get(message.bos, BosPolicy.AUTO),
        batch_size=message.batch_size,
        text_id=message.text_id,
        documents=documents_of(message.documents),
        m2d2=message.m2d2,
    )


def _comparison_of(message: pb2.ComparisonSpec) -> ComparisonSpec:
    return ComparisonSpec(
        base_model=message.base_model,
        adapted_model=message.adapted_model,
        text=source_of(message.text),
        scoring=scoring_of(message.scoring),
        reference=source_of(message.reference) if message.HasField("reference") else None,
        bootstrap_samples=message.bootstrap_samples,
        permutations=message.permutations,
        seed=message.seed,
        top_tokens=message.top_tokens,
    )


def _token_analysis_of(message: pb2.TokenAnalysisSpec) -> TokenAnalysisSpec:
    return TokenAnalysisSpec(
        base_model=message.base_model,
        adapted_model=message.adapted_model,
        text=source_of(message.text),
        scoring=scoring_of(message.scoring),
        reference=source_of(message.reference) if message.HasField("reference") else None,
        top_tokens=message.top_tokens,
    )


def _distance_of(message: pb2.DistanceSpec) -> DistanceSpec:
    return DistanceSpec(
        domain=source_of(message.domain),
        reference=source_of(message.reference),
        model=message.model,
        passage_words=message.passage_words,
        max_passages=message.max_passages,
        null_samples=message.null_samples,
        seed=message.seed,
    )


def _adaptation_of(message: pb2.AdaptationSpec) -> AdaptationSpec:
    return AdaptationSpec(
        model=message.model,
        text=source_of(message.text),
        output=message.output,
        epochs=message.epochs,
        learning_rate=message.learning_rate,
        weight_decay=message.weight_decay if message.HasField("weight_decay") else None,
        warmup_share=message.warmup_share if message.HasField("warmup_share") else None,
        max_grad_norm=message.max_grad_norm,
        batch_size=message.batch_size,
        context=message.context,
        seed=message.seed,
        held_out_share=message.held_out_share if message.HasField("held_out_share") else None,
    )
