"""Specs and results of every kind, on the wire and in the store."""

from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf.message import Message

from leitmotif.api.evaluation.v1 import evaluation_pb2, results_pb2
from leitmotif.api.evaluation.v1 import specs_pb2 as pb
from leitmotif_services.evaluation.inputs.documents import Documents
from leitmotif_services.evaluation.jobs.job import Job, JobState
from leitmotif_services.evaluation.jobs.job_kinds import KINDS, JobKind, kind_of, models_of, texts_of
from leitmotif_services.evaluation.jobs.job_specs import PerplexitySpec, TextSource
from leitmotif_services.evaluation.jobs.json_values import from_json, to_json
from leitmotif_services.evaluation.jobs.redis_job_record import decode_job, new_job_fields
from leitmotif_services.evaluation.result_convert import result_from_pb, result_to_pb
from leitmotif_services.evaluation.scoring.scoring_settings import BosPolicy, ScoringSettings
from leitmotif_services.evaluation.spec_convert import spec_from_pb, spec_to_pb
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.unit.evaluation.sample_jobs import RESULTS, SPECS

KINDS_OF_JOBS = list(JobKind)


def named(message: Message) -> set[str]:
    return {field.name for field, _ in message.ListFields()}


def fields_of(message: Message) -> set[str]:
    return {field.name for field in message.DESCRIPTOR.fields}


def test_the_kinds_are_those_of_the_api() -> None:
    names = {kind.value for kind in JobKind}
    assert names == fields_of(pb.JobSpec()) == fields_of(results_pb2.JobResult())
    assert {f"JOB_KIND_{kind.name}" for kind in JobKind} | {"JOB_KIND_UNSPECIFIED"} == set(evaluation_pb2.JobKind.keys())
    assert set(KINDS) == set(SPECS) == set(RESULTS) == set(JobKind)


@pytest.mark.parametrize("kind", KINDS_OF_JOBS)
def test_a_spec_survives_the_wire_and_the_store(kind: JobKind) -> None:
    spec = SPECS[kind]
    message = spec_to_pb(spec)
    assert (kind_of(spec), message.WhichOneof("kind")) == (kind, kind.value)
    assert spec_from_pb(message) == (spec, {})
    assert from_json(KINDS[kind].spec, to_json(spec)) == spec


@pytest.mark.parametrize("kind", KINDS_OF_JOBS)
def test_a_result_survives_the_wire_and_the_store(kind: JobKind) -> None:
    result = RESULTS[kind]
    message = result_to_pb(result)
    assert message.WhichOneof("kind") == kind.value
    assert result_from_pb(message) == result
    assert named(getattr(message, kind.value)) == fields_of(getattr(message, kind.value))
    assert from_json(KINDS[kind].result, to_json(result)) == result


def test_figures_that_follow_from_others() -> None:
    figures = result_to_pb(RESULTS[JobKind.PERPLEXITY]).perplexity
    assert figures.perplexity == pytest.approx(16)
    assert figures.word_perplexity == pytest.approx(2**16)
    assert figures.byte_perplexity == pytest.approx(4)
    assert figures.bits_per_byte == pytest.approx(2)


@pytest.mark.parametrize("kind", KINDS_OF_JOBS)
def test_a_record_is_read_as_it_was_written(kind: JobKind) -> None:
    job = Job("job-1", JobState.QUEUED, SPECS[kind], 4, datetime(2026, 1, 2, tzinfo=UTC), tenant="a")
    record = {name.encode(): value.encode() for name, value in (new_job_fields(job) | {"state": "QUEUED"}).items()}
    assert decode_job("job-1", record) == job


@pytest.mark.parametrize("damage", ["[]", "{", '{"model": 3}', '{"model": "m", "text": {}, "more": 1}', "null", '{"model": "m"}'])
def test_a_damaged_spec_is_told(damage: str) -> None:
    job = Job("job-1", JobState.QUEUED, SPECS[JobKind.PERPLEXITY], 4, datetime(2026, 1, 2, tzinfo=UTC))
    fields = new_job_fields(job) | {"state": "QUEUED", "spec": damage}
    with pytest.raises(ServiceError) as refused:
        decode_job("job-1", {name.encode(): value.encode() for name, value in fields.items()})
    assert refused.value.reason is Reason.STORED_VALUE_UNREADABLE


@pytest.mark.parametrize("kind", KINDS_OF_JOBS)
def test_texts_that_came_with_the_request_are_no_part_of_the_spec(kind: JobKind) -> None:
    message = spec_to_pb(SPECS[kind])
    asked: Any = getattr(message, kind.value)
    names = set(texts_of(SPECS[kind]))
    for name in names:
        if kind is JobKind.PERPLEXITY:
            asked.text = "text"
        else:
            getattr(asked, name).text = name
    spec, texts = spec_from_pb(message)
    assert texts == {name: name for name in names}
    assert all((source.path, source.text_id) == (None, None) for source in texts_of(spec).values())
    with pytest.raises(ServiceError) as refused:
        spec_from_pb(spec_to_pb(spec))
    assert "exactly one of text, text_path and text_id" in refused.value.message


def test_defaults_are_filled_in() -> None:
    text = pb.TextSource(text_path="t.txt")
    comparison, _ = spec_from_pb(pb.JobSpec(comparison=pb.ComparisonSpec(base_model="a", adapted_model="b", text=text)))
    assert spec_to_pb(comparison).comparison.bootstrap_samples == 2000
    assert models_of(comparison) == {"base_model": "a", "adapted_model": "b"}
    adaptation, _ = spec_from_pb(pb.JobSpec(adaptation=pb.AdaptationSpec(model="m", text=text)))
    echoed = spec_to_pb(adaptation).adaptation
    assert (echoed.epochs, echoed.learning_rate, echoed.weight_decay, echoed.held_out_share) == (1.0, 5e-5, 0.01, 0.05)
    distance, _ = spec_from_pb(pb.JobSpec(distance=pb.DistanceSpec(domain=text, reference=text)))
    assert (spec_to_pb(distance).distance.null_samples, models_of(distance)) == (200, {})


def test_m2d2_says_what_is_left_out() -> None:
    spec, _ = spec_from_pb(pb.JobSpec(perplexity=pb.PerplexitySpec(model="m", text_path="t", m2d2=True, batch_size=4)))
    assert spec == PerplexitySpec("m", TextSource("t"), ScoringSettings(batch_size=4), m2d2=True)
    assert spec_from_pb(spec_to_pb(spec)) == (spec, {})


TEXT = {"text_path": "t.txt"}
PAIR: dict[str, Any] = {"base_model": "a", "adapted_model": "b", "text": TEXT}


@pytest.mark.parametrize(
    ("kind", "asked", "field"),
    [
        ("perplexity", {"bos": 77, **TEXT}, "bos"),
        ("perplexity", {"documents": 77, **TEXT}, "documents"),
        ("perplexity", {"context": -1, **TEXT}, "context"),
        ("perplexity", {"batch_size": 257, **TEXT}, "batch_size"),
        ("perplexity", {"m2d2": True, "stride": 4, **TEXT}, "stride"),
        ("perplexity", {"m2d2": True, "documents": pb.DOCUMENTS_LINES, **TEXT}, "documents"),
        ("comparison", {**PAIR, "scoring": {"stride": -3}}, "scoring.stride"),
        ("comparison", {**PAIR, "bootstrap_samples": 99}, "bootstrap_samples"),
        ("comparison", {**PAIR, "permutations": 100_001}, "permutations"),
        ("comparison", {**PAIR, "seed": -1}, "seed"),
        ("comparison", {**PAIR, "reference": {}}, "reference"),
        ("comparison", {"base_model": "a", "adapted_model": "b"}, "text"),
        ("token_analysis", {**PAIR, "top_tokens": 1001}, "top_tokens"),
        ("distance", {"domain": TEXT}, "reference"),
        ("distance", {"domain": TEXT, "reference": TEXT, "passage_words": 15}, "passage_words"),
        ("distance", {"domain": TEXT, "reference": TEXT, "max_passages": 19}, "max_passages"),
        ("distance", {"domain": TEXT, "reference": TEXT, "null_samples": 10_001}, "null_samples"),
        ("adaptation", {"text": TEXT, "epochs": 101.0}, "epochs"),
        ("adaptation", {"text": TEXT, "epochs": float("nan")}, "epochs"),
        ("adaptation", {"text": TEXT, "learning_rate": -1.0}, "learning_rate"),
        ("adaptation", {"text": TEXT, "held_out_share": 0.6}, "held_out_share"),
        ("adaptation", {"text": TEXT, "batch_size": -1}, "batch_size"),
        ("adaptation", {"text": TEXT, "context": -1}, "context"),
    ],
    ids=str,
)
def test_a_number_out_of_its_range_is_told_by_name(kind: str, asked: dict[str, Any], field: str) -> None:
    with pytest.raises(ServiceError) as refused:
        spec_from_pb(pb.JobSpec(**{kind: asked}))  # type: ignore[arg-type]
    assert (refused.value.reason, refused.value.violations[0].field) == (Reason.FIELD_INVALID, f"spec.{kind}.{field}")


@pytest.mark.parametrize("policy", list(BosPolicy))
@pytest.mark.parametrize("division", list(Documents))
def test_every_policy_and_division_survives_the_wire(policy: BosPolicy, division: Documents) -> None:
    spec = PerplexitySpec("m", TextSource("t", documents=division), ScoringSettings(bos=policy))
    assert spec_from_pb(spec_to_pb(spec)) == (spec, {})


def test_a_request_without_a_kind() -> None:
    with pytest.raises(ServiceError):
        spec_from_pb(pb.JobSpec())
    with pytest.raises(ValueError, match="kind"):
        result_from_pb(results_pb2.JobResult())
