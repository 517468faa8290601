"""Between the messages of leitmotif.api.evaluation.v1 and the domain."""

from datetime import datetime
from typing import Any

from google.protobuf import timestamp_pb2

from leitmotif.api.evaluation.v1 import evaluation_pb2 as pb
from leitmotif.api.evaluation.v1 import results_pb2, specs_pb2
from leitmotif_services.evaluation.jobs.job import Job, JobFailure, JobState, PerplexitySpec
from leitmotif_services.evaluation.scoring.document_scoring import Progress
from leitmotif_services.evaluation.scoring.perplexity import PerplexityResult
from leitmotif_services.evaluation.scoring.scoring_settings import BosPolicy, ScoringSettings
from leitmotif_services.runtime.errors import ServiceError, invalid_field
from leitmotif_services.runtime.status import status_of

_BOS = {
    specs_pb2.BOS_POLICY_UNSPECIFIED: BosPolicy.AUTO,
    specs_pb2.BOS_POLICY_ALWAYS: BosPolicy.ALWAYS,
    specs_pb2.BOS_POLICY_NEVER: BosPolicy.NEVER,
}
_BOS_TO_PB = {policy: number for number, policy in _BOS.items()}

_STATES = {
    pb.JOB_STATE_QUEUED: JobState.QUEUED,
    pb.JOB_STATE_RUNNING: JobState.RUNNING,
    pb.JOB_STATE_SUCCEEDED: JobState.SUCCEEDED,
    pb.JOB_STATE_FAILED: JobState.FAILED,
    pb.JOB_STATE_CANCELLED: JobState.CANCELLED,
}
_STATES_TO_PB = {state: number for number, state in _STATES.items()}


def perplexity_spec_from_pb(message: specs_pb2.PerplexitySpec) -> PerplexitySpec:
    """The domain's spec; an inline text is not part of it. FIELD_INVALID for an enum value that this release does not know."""
    if message.bos not in _BOS:
        raise invalid_field("spec.perplexity.bos", f"is no BosPolicy: {message.bos}")
    return PerplexitySpec(
        model=message.model,
        text_path=message.text_path if message.WhichOneof("text_source") == "text_path" else None,
        settings=ScoringSettings(
            context=message.context, stride=message.stride, bos=_BOS[message.bos], batch_size=message.batch_size or 1
        ),
    )


def perplexity_spec_to_pb(spec: PerplexitySpec) -> specs_pb2.PerplexitySpec:
    """The message; an inline text is left out."""
    message = specs_pb2.PerplexitySpec(
        model=spec.model,
        context=spec.settings.context,
        stride=spec.settings.stride,
        bos=_BOS_TO_PB[spec.settings.bos],
        batch_size=spec.settings.batch_size,
    )
    if spec.text_path is not None:
        message.text_path = spec.text_path
    return message


def state_filter_from_pb(number: int) -> JobState | None:
    """None for UNSPECIFIED, which keeps all."""
    if number == pb.JOB_STATE_UNSPECIFIED:
        return None
    for known, state in _STATES.items():
        if known == number:
            return state
    raise invalid_field("state", f"is no JobState: {number}")


def state_to_pb(state: JobState) -> pb.JobState:
    """The enum value of a state."""
    return _STATES_TO_PB[state]


def result_to_pb(result: PerplexityResult) -> results_pb2.JobResult:
    """The message, derived figures included."""
    return results_pb2.JobResult(
        perplexity=results_pb2.PerplexityResult(
            perplexity=result.perplexity,
            nll_sum=result.nll_sum,
            tokens=result.tokens,
            words=result.words,
            bytes=result.bytes,
            word_perplexity=result.word_perplexity,
            byte_perplexity=result.byte_perplexity,
            bits_per_byte=result.bits_per_byte,
            context=result.context,
            stride=result.stride,
            bos_prepended=result.bos_prepended,
            dtype=result.dtype,
            tokens_per_s=result.tokens_per_s,
            model_sha256=result.model_sha256,
        )
    )


def result_from_pb(message: results_pb2.JobResult) -> PerplexityResult:
    """The domain's result; derived figures are derived again."""
    figures = message.perplexity
    return PerplexityResult(
        nll_sum=figures.nll_sum,
        tokens=figures.tokens,
        words=figures.words,
        bytes=figures.bytes,
        context=figures.context,
        stride=figures.stride,
        bos_prepended=figures.bos_prepended,
        dtype=figures.dtype,
        tokens_per_s=figures.tokens_per_s,
        model_sha256=figures.model_sha256,
    )


def job_to_pb(job: Job) -> pb.Job:
    """The message of a job."""
    message = pb.Job(
        job_id=job.job_id,
        state=state_to_pb(job.state),
        spec=specs_pb2.JobSpec(perplexity=perplexity_spec_to_pb(job.spec)),
        text_bytes=job.text_bytes,
        progress=_progress_to_pb(job.progress),
        created_at=_timestamp(job.created_at),
        attempts=job.attempts,
    )
    if job.result is not None:
        message.result.CopyFrom(result_to_pb(job.result))
    if job.failure is not None:
        message.error.CopyFrom(status_of(_error(job.failure), ""))
    if job.started_at is not None:
        message.started_at.CopyFrom(_timestamp(job.started_at))
    if job.ended_at is not None:
        message.ended_at.CopyFrom(_timestamp(job.ended_at))
    return message


def _progress_to_pb(progress: Progress) -> pb.JobProgress:
    return pb.JobProgress(
        tokens_done=progress.tokens_done,
        tokens_total=progress.tokens_total,
        tokens_per_s=progress.tokens_per_s,
        running_perplexity=progress.running_perplexity,
    )


def _error(failure: JobFailure) -> ServiceError:
    metadata: dict[str, Any] = dict(failure.metadata)
    return ServiceError(failure.reason, failure.message, **metadata)


def _timestamp(time: datetime) -> timestamp_pb2.Timestamp:
    message = timestamp_pb2.Timestamp()
    message.FromDatetime(time)
    return message
