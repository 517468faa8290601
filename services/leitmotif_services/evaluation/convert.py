"""Between the jobs of leitmotif.api.evaluation.v1 and the domain's."""

from datetime import UTC, datetime
from typing import Any

from google.protobuf import timestamp_pb2

from leitmotif.api.evaluation.v1 import evaluation_pb2 as pb
from leitmotif_services.evaluation.jobs.job import Job, JobFailure, JobProgress, JobState, Priority
from leitmotif_services.evaluation.jobs.job_kinds import JobKind
from leitmotif_services.evaluation.jobs.job_store import JobFilter
from leitmotif_services.evaluation.result_convert import result_to_pb
from leitmotif_services.evaluation.spec_convert import spec_to_pb
from leitmotif_services.runtime.errors import ServiceError, invalid_field
from leitmotif_services.runtime.status import status_of

_STATES: dict[JobState, Any] = {state: pb.JobState.Value(f"JOB_STATE_{state.value}") for state in JobState}
_STATES_FROM_PB: dict[int, JobState | None] = {number: state for state, number in _STATES.items()} | {
    pb.JOB_STATE_UNSPECIFIED: None
}
_KINDS_FROM_PB: dict[int, JobKind | None] = {pb.JobKind.Value(f"JOB_KIND_{kind.name}"): kind for kind in JobKind} | {
    pb.JOB_KIND_UNSPECIFIED: None
}
_PRIORITIES: dict[Priority, Any] = {priority: pb.Priority.Value(f"PRIORITY_{priority.value}") for priority in Priority}
_PRIORITIES_FROM_PB: dict[int, Priority] = {number: priority for priority, number in _PRIORITIES.items()} | {
    pb.PRIORITY_UNSPECIFIED: Priority.NORMAL
}
_YEARS = range(1970, 10_000)


def priority_from_pb(number: int) -> Priority:
    """NORMAL for UNSPECIFIED; FIELD_INVALID for a number that this release does not know."""
    if number not in _PRIORITIES_FROM_PB:
        raise invalid_field("priority", f"is no Priority: {number}")
    return _PRIORITIES_FROM_PB[number]


def state_to_pb(state: JobState) -> pb.JobState:
    """The enum value of a state."""
    number: pb.JobState = _STATES[state]
    return number


def filter_from_pb(request: pb.ListJobsRequest) -> JobFilter:
    """What a list is to keep; FIELD_INVALID for numbers that this release does not know, and for times that are none."""
    if request.state not in _STATES_FROM_PB:
        raise invalid_field("state", f"is no JobState: {request.state}")
    if request.kind not in _KINDS_FROM_PB:
        raise invalid_field("kind", f"is no JobKind: {request.kind}")
    return JobFilter(
        state=_STATES_FROM_PB[request.state],
        kind=_KINDS_FROM_PB[request.kind],
        created_from=_time("created_from", request.created_from) if request.HasField("created_from") else None,
        created_before=_time("created_before", request.created_before) if request.HasField("created_before") else None,
        dead_letters=request.dead_letters,
    )


def job_to_pb(job: Job) -> pb.Job:
    """The message of a job."""
    message = pb.Job(
        job_id=job.job_id,
        state=state_to_pb(job.state),
        spec=spec_to_pb(job.spec),
        text_bytes=job.text_bytes,
        progress=_progress_to_pb(job.progress),
        created_at=_timestamp(job.created_at),
        attempts=job.attempts,
        priority=_PRIORITIES[job.priority],
        dead_letter=job.dead_letter,
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


def _progress_to_pb(progress: JobProgress) -> pb.JobProgress:
    return pb.JobProgress(
        tokens_done=progress.tokens_done,
        tokens_total=progress.tokens_total,
        tokens_per_s=progress.tokens_per_s,
        running_perplexity=progress.running_perplexity,
        phase=progress.phase,
        phase_number=progress.phase_number,
        phase_count=progress.phase_count,
    )


def _error(failure: JobFailure) -> ServiceError:
    metadata: dict[str, Any] = dict(failure.metadata)
    return ServiceError(failure.reason, failure.message, **metadata)


def _time(field: str, message: timestamp_pb2.Timestamp) -> datetime:
    try:
        time = message.ToDatetime(UTC)
    except (ValueError, OverflowError):
        time = None
    if time is None or time.year not in _YEARS:
        raise invalid_field(field, "must be a time from 1970 on")
    return time


def _timestamp(time: datetime) -> timestamp_pb2.Timestamp:
    message = timestamp_pb2.Timestamp()
    message.FromDatetime(time)
    return message
