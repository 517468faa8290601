"""Evaluation jobs."""

from leitmotif._convert.evaluation_results import result_of
from leitmotif._convert.evaluation_specs import spec_of
from leitmotif._convert.status import error_of_status
from leitmotif._convert.times import time_of
from leitmotif.api.evaluation.v1 import evaluation_pb2 as pb2
from leitmotif.types import Job, JobKind, JobProgress, JobState, Priority

_STATES = {
    JobState.QUEUED: pb2.JOB_STATE_QUEUED,
    JobState.RUNNING: pb2.JOB_STATE_RUNNING,
    JobState.SUCCEEDED: pb2.JOB_STATE_SUCCEEDED,
    JobState.FAILED: pb2.JOB_STATE_FAILED,
    JobState.CANCELLED: pb2.JOB_STATE_CANCELLED,
}
_STATES_BACK = {number: name for name, number in _STATES.items()}

_KINDS = {
    JobKind.PERPLEXITY: pb2.JOB_KIND_PERPLEXITY,
    JobKind.COMPARISON: pb2.JOB_KIND_COMPARISON,
    JobKind.TOKEN_ANALYSIS: pb2.JOB_KIND_TOKEN_ANALYSIS,
    JobKind.DISTANCE: pb2.JOB_KIND_DISTANCE,
    JobKind.ADAPTATION: pb2.JOB_KIND_ADAPTATION,
}

_PRIORITIES = {
    Priority.LOW: pb2.PRIORITY_LOW,
    Priority.NORMAL: pb2.PRIORITY_NORMAL,
    Priority.HIGH: pb2.PRIORITY_HIGH,
}
_PRIORITIES_BACK = {number: name for name, number in _PRIORITIES.items()}


def state_number_of(state: JobState | None) -> pb2.JobState:
    """The wire's value for a filter; None stands for any."""
    return pb2.JOB_STATE_UNSPECIFIED if state is None else _STATES.get(state, pb2.JOB_STATE_UNSPECIFIED)


def kind_number_of(kind: JobKind | None) -> pb2.JobKind:
    """The wire's value for a filter; None stands for any."""
    return pb2.JOB_KIND_UNSPECIFIED if kind is None else _KINDS[kind]


def priority_number_of(priority: Priority) -> pb2.Priority:
    return _PRIORITIES[priority]


def job_of(message: pb2.Job) -> Job:
    progress = message.progress
    return Job(
        job_id=message.job_id,
        state=_STATES_BACK.get(message.state, JobState.UNKNOWN),
        spec=spec_of(message.spec),
        text_bytes=message.text_bytes,
        progress=JobProgress(
            tokens_done=progress.tokens_done,
            tokens_total=progress.tokens_total,
            tokens_per_s=progress.tokens_per_s,
            running_perplexity=progress.running_perplexity,
            phase=progress.phase,
            phase_number=progress.phase_number,
            phase_count=progress.phase_count,
        ),
        result=result_of(message.result),
        error=error_of_status(message.error) if message.HasField("error") else None,
        created_at=time_of(message, "created_at"),
        started_at=time_of(message, "started_at"),
        ended_at=time_of(message, "ended_at"),
        attempts=message.attempts,
        priority=_PRIORITIES_BACK.get(message.priority, Priority.NORMAL),
        dead_letter=message.dead_letter,
    )
