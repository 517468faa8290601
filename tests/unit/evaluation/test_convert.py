import math
from datetime import UTC, datetime

import pytest
from google.rpc import code_pb2, error_details_pb2

from leitmotif.api.evaluation.v1 import evaluation_pb2 as pb
from leitmotif_services.evaluation.convert import filter_from_pb, job_to_pb, priority_from_pb, state_to_pb
from leitmotif_services.evaluation.jobs.job import Job, JobFailure, JobProgress, JobState, Priority
from leitmotif_services.evaluation.jobs.job_kinds import JobKind
from leitmotif_services.evaluation.jobs.job_specs import PerplexitySpec, TextSource
from leitmotif_services.evaluation.jobs.job_store import JobFilter
from leitmotif_services.evaluation.scoring.perplexity import PerplexityResult
from leitmotif_services.evaluation.scoring.scoring_settings import BosPolicy, ScoringSettings
from leitmotif_services.evaluation.spec_convert import spec_from_pb
from leitmotif_services.runtime.errors import Reason, ServiceError

RESULT = PerplexityResult(
    nll_sum=math.log(2) * 80,
    tokens=20,
    words=5,
    bytes=40,
    context=64,
    stride=16,
    bos_prepended=True,
    dtype="float32",
    tokens_per_s=123.5,
    model_sha256="ab" * 32,
)
JOB = Job(
    job_id="job-1",
    state=JobState.SUCCEEDED,
    spec=PerplexitySpec("m", TextSource("t.txt"), ScoringSettings(64, 16, BosPolicy.NEVER, 4)),
    text_bytes=40,
    created_at=datetime(2026, 1, 2, 3, 4, 5, 678000, UTC),
    progress=JobProgress(20, 20, 123.5, 16.0, "scoring", 1, 1),
    result=RESULT,
    started_at=datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC),
    ended_at=datetime(2026, 1, 2, 3, 4, 7, tzinfo=UTC),
    attempts=2,
    priority=Priority.HIGH,
    dead_letter=True,
)


@pytest.mark.parametrize("state", list(JobState))
def test_states_map_both_ways(state: JobState) -> None:
    number = state_to_pb(state)
    assert pb.JobState.Name(number) == f"JOB_STATE_{state.value}"
    assert filter_from_pb(pb.ListJobsRequest(state=number)) == JobFilter(state=state)


def test_every_number_of_the_api_is_known_and_no_other() -> None:
    for number in pb.JobState.values():
        filter_from_pb(pb.ListJobsRequest(state=number))
    kinds = {filter_from_pb(pb.ListJobsRequest(kind=number)).kind for number in pb.JobKind.values()}
    assert kinds == {None, *JobKind}
    assert {priority_from_pb(number) for number in pb.Priority.values()} == set(Priority)
    assert priority_from_pb(pb.PRIORITY_UNSPECIFIED) is Priority.NORMAL
    for call in (
        lambda: filter_from_pb(pb.ListJobsRequest(state=99)),  # type: ignore[arg-type]
        lambda: filter_from_pb(pb.ListJobsRequest(kind=99)),  # type: ignore[arg-type]
        lambda: priority_from_pb(99),
    ):
        with pytest.raises(ServiceError) as refused:
            call()
        assert refused.value.reason is Reason.FIELD_INVALID


def test_a_filter_of_times() -> None:
    request = pb.ListJobsRequest(dead_letters=True)
    request.created_from.FromDatetime(JOB.created_at)
    request.created_before.FromDatetime(datetime(2026, 2, 1, tzinfo=UTC))
    assert filter_from_pb(request) == JobFilter(
        created_from=JOB.created_at, created_before=datetime(2026, 2, 1, tzinfo=UTC), dead_letters=True
    )
    request.created_from.seconds = 1 << 60
    with pytest.raises(ServiceError) as refused:
        filter_from_pb(request)
    assert refused.value.violations[0].field == "created_from"


def test_a_job_names_everything_that_is_known() -> None:
    message = job_to_pb(JOB)
    named = {field.name for field, _ in message.ListFields()}
    assert named == {field.name for field in pb.Job.DESCRIPTOR.fields} - {"error"}
    told = {field.name for field, _ in message.progress.ListFields()}
    assert told == {field.name for field in pb.JobProgress.DESCRIPTOR.fields}
    assert message.created_at.ToDatetime(UTC) == JOB.created_at
    assert message.started_at.ToDatetime(UTC) == JOB.started_at
    assert message.ended_at.ToDatetime(UTC) == JOB.ended_at
    assert message.priority == pb.PRIORITY_HIGH
    assert spec_from_pb(message.spec) == (JOB.spec, {})


def test_a_failure_becomes_a_status_with_its_reason() -> None:
    failed = Job(
        "job-1", JobState.FAILED, JOB.spec, 1, JOB.created_at, failure=JobFailure(Reason.CONTEXT_INVALID, "why", {"limit": "8"})
    )
    status = job_to_pb(failed).error
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (status.code, status.message) == (code_pb2.INVALID_ARGUMENT, "why")
    assert (info.reason, dict(info.metadata)) == ("CONTEXT_INVALID", {"limit": "8"})
