import math
from datetime import UTC, datetime

import pytest
from google.rpc import code_pb2, error_details_pb2

from leitmotif.api.evaluation.v1 import evaluation_pb2 as pb
from leitmotif.api.evaluation.v1 import results_pb2, specs_pb2
from leitmotif_services.evaluation.convert import (
    job_to_pb,
    perplexity_spec_from_pb,
    perplexity_spec_to_pb,
    result_from_pb,
    result_to_pb,
    state_filter_from_pb,
    state_to_pb,
)
from leitmotif_services.evaluation.jobs.job import Job, JobFailure, JobState, PerplexitySpec
from leitmotif_services.evaluation.scoring.document_scoring import Progress
from leitmotif_services.evaluation.scoring.perplexity import PerplexityResult
from leitmotif_services.evaluation.scoring.scoring_settings import BosPolicy, ScoringSettings
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
    spec=PerplexitySpec("m", "t.txt", ScoringSettings(64, 16, BosPolicy.NEVER, 4)),
    text_bytes=40,
    created_at=datetime(2026, 1, 2, 3, 4, 5, 678000, UTC),
    progress=Progress(20, 20, 123.5, 16.0),
    result=RESULT,
    started_at=datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC),
    ended_at=datetime(2026, 1, 2, 3, 4, 7, tzinfo=UTC),
    attempts=2,
)


@pytest.mark.parametrize("policy", list(BosPolicy))
@pytest.mark.parametrize("text_path", ["a/t.txt", None])
def test_a_spec_survives_the_wire(policy: BosPolicy, text_path: str | None) -> None:
    spec = PerplexitySpec("models/m", text_path, ScoringSettings(64, 16, policy, 4))
    assert perplexity_spec_from_pb(perplexity_spec_to_pb(spec)) == spec


def test_an_inline_text_is_no_part_of_the_spec() -> None:
    spec = perplexity_spec_from_pb(specs_pb2.PerplexitySpec(model="m", text="secret"))
    assert spec.text_path is None
    assert perplexity_spec_to_pb(spec).WhichOneof("text_source") is None


def test_zero_stands_for_a_batch_of_one() -> None:
    assert perplexity_spec_from_pb(specs_pb2.PerplexitySpec()).settings == ScoringSettings()


def test_an_unknown_policy_is_an_invalid_field() -> None:
    with pytest.raises(ServiceError) as refused:
        perplexity_spec_from_pb(specs_pb2.PerplexitySpec(bos=77))
    assert refused.value.violations[0].field == "spec.perplexity.bos"


@pytest.mark.parametrize("state", list(JobState))
def test_states_map_both_ways(state: JobState) -> None:
    number = state_to_pb(state)
    assert pb.JobState.Name(number) == f"JOB_STATE_{state.value}"
    assert state_filter_from_pb(number) is state


def test_no_filter_and_an_unknown_one() -> None:
    assert state_filter_from_pb(pb.JOB_STATE_UNSPECIFIED) is None
    with pytest.raises(ServiceError):
        state_filter_from_pb(99)


def test_every_state_and_policy_of_the_api_is_known() -> None:
    for number in pb.JobState.values():
        state_filter_from_pb(number)
    for number in specs_pb2.BosPolicy.values():
        perplexity_spec_from_pb(specs_pb2.PerplexitySpec(bos=number))


def test_a_result_survives_the_wire_with_derived_figures() -> None:
    message = result_to_pb(RESULT)
    assert result_from_pb(message) == RESULT
    assert message.perplexity.perplexity == pytest.approx(16)
    assert message.perplexity.word_perplexity == pytest.approx(2**16)
    assert message.perplexity.byte_perplexity == pytest.approx(4)
    assert message.perplexity.bits_per_byte == pytest.approx(2)
    named = {field.name for field, _ in message.perplexity.ListFields()}
    assert named == {field.name for field in results_pb2.PerplexityResult.DESCRIPTOR.fields}


def test_a_job_names_everything_that_is_known() -> None:
    message = job_to_pb(JOB)
    named = {field.name for field, _ in message.ListFields()}
    assert named == {field.name for field in pb.Job.DESCRIPTOR.fields} - {"error"}
    assert message.created_at.ToDatetime(UTC) == JOB.created_at
    assert message.started_at.ToDatetime(UTC) == JOB.started_at
    assert message.ended_at.ToDatetime(UTC) == JOB.ended_at
    assert perplexity_spec_from_pb(message.spec.perplexity) == JOB.spec


def test_a_failure_becomes_a_status_with_its_reason() -> None:
    failed = Job(
        "job-1", JobState.FAILED, JOB.spec, 1, JOB.created_at, failure=JobFailure(Reason.CONTEXT_INVALID, "why", {"limit": "8"})
    )
    status = job_to_pb(failed).error
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (status.code, status.message) == (code_pb2.INVALID_ARGUMENT, "why")
    assert (info.reason, dict(info.metadata)) == ("CONTEXT_INVALID", {"limit": "8"})
