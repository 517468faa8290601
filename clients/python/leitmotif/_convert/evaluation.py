"""Evaluation jobs."""

from leitmotif._convert.status import error_of_status
from leitmotif._convert.times import time_of
from leitmotif.api.evaluation.v1 import evaluation_pb2 as pb2
from leitmotif.api.evaluation.v1 import results_pb2, specs_pb2
from leitmotif.types import BosPolicy, Job, JobProgress, JobState, PerplexityResult, PerplexitySpec

_STATES = {
    JobState.QUEUED: pb2.JOB_STATE_QUEUED,
    JobState.RUNNING: pb2.JOB_STATE_RUNNING,
    JobState.SUCCEEDED: pb2.JOB_STATE_SUCCEEDED,
    JobState.FAILED: pb2.JOB_STATE_FAILED,
    JobState.CANCELLED: pb2.JOB_STATE_CANCELLED,
}
_STATES_BACK = {number: name for name, number in _STATES.items()}

_BOS = {
    BosPolicy.AUTO: specs_pb2.BOS_POLICY_UNSPECIFIED,
    BosPolicy.ALWAYS: specs_pb2.BOS_POLICY_ALWAYS,
    BosPolicy.NEVER: specs_pb2.BOS_POLICY_NEVER,
}
_BOS_BACK = {number: name for name, number in _BOS.items()}


def state_number_of(state: JobState | None) -> pb2.JobState:
    """The wire's value for a filter; None stands for any."""
    return pb2.JOB_STATE_UNSPECIFIED if state is None else _STATES.get(state, pb2.JOB_STATE_UNSPECIFIED)


def bos_number_of(policy: BosPolicy) -> specs_pb2.BosPolicy:
    return _BOS[policy]


def job_of(message: pb2.Job) -> Job:
    progress = message.progress
    return Job(
        job_id=message.job_id,
        state=_STATES_BACK.get(message.state, JobState.UNKNOWN),
        spec=_perplexity_spec_of(message.spec.perplexity) if message.spec.WhichOneof("kind") == "perplexity" else None,
        text_bytes=message.text_bytes,
        progress=JobProgress(progress.tokens_done, progress.tokens_total, progress.tokens_per_s, progress.running_perplexity),
        result=_perplexity_of(message.result.perplexity) if message.result.WhichOneof("kind") == "perplexity" else None,
        error=error_of_status(message.error) if message.HasField("error") else None,
        created_at=time_of(message, "created_at"),
        started_at=time_of(message, "started_at"),
        ended_at=time_of(message, "ended_at"),
        attempts=message.attempts,
    )


def _perplexity_spec_of(message: specs_pb2.PerplexitySpec) -> PerplexitySpec:
    return PerplexitySpec(
        model=message.model,
        text_path=message.text_path,
        context=message.context,
        stride=message.stride,
        bos=_BOS_BACK.get(message.bos, BosPolicy.AUTO),
        batch_size=message.batch_size,
    )


def _perplexity_of(message: results_pb2.PerplexityResult) -> PerplexityResult:
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
    )
