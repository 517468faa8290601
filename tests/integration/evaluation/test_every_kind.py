"""Jobs of every kind through the service and a worker: figures, progress, reports, tenants, priorities."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from leitmotif.api.evaluation.v1 import evaluation_pb2 as pb
from leitmotif.api.evaluation.v1 import evaluation_pb2_grpc, specs_pb2
from leitmotif_services.evaluation.comparison.model_comparison import compare_models
from leitmotif_services.evaluation.comparison.paired_comparison import Sampling
from leitmotif_services.evaluation.distance.distances import DistanceSettings
from leitmotif_services.evaluation.distance.domain_distance import domain_distance
from leitmotif_services.evaluation.distance.passages import passages_of
from leitmotif_services.evaluation.inputs.documents import Documents
from leitmotif_services.evaluation.inputs.text import m2d2_text
from leitmotif_services.evaluation.models.language_model import LanguageModel
from leitmotif_services.evaluation.models.model_folder import inspect_model_folder
from leitmotif_services.evaluation.models.transformers_language_model import load_language_model
from leitmotif_services.evaluation.result_convert import result_to_pb
from leitmotif_services.evaluation.scoring.perplexity import evaluate_perplexity
from leitmotif_services.evaluation.scoring.scoring_settings import BosPolicy, ScoringSettings
from tests.integration.evaluation.conftest import WEB_TEXT
from tests.integration.evaluation.service_process import (
    create_job,
    ended,
    of_tenant,
    reason_of,
    service,
    settings,
    watch_until,
)
from tests.integration.evaluation.test_service import refusal_of
from tests.unit.evaluation.sample_language_models import TEXT

Stub = evaluation_pb2_grpc.EvaluationServiceStub

LINES = {"text_path": "short.txt", "documents": specs_pb2.DOCUMENTS_LINES}
PAIR: dict[str, Any] = {"base_model": "gpt2", "adapted_model": "gpt2-law", "text": LINES}
DISTANCE: dict[str, Any] = {"domain": {"text": TEXT}, "reference": {"text_path": "web.txt"}, "passage_words": 16, "seed": 3}


@pytest.fixture(scope="module")
def stub(redis_url: str, evaluation_root: Path, key_prefix: str) -> Iterator[Stub]:
    limits = {"MEMORY_LIMIT_BYTES": 64 << 20, "MAX_TENANT_JOBS": 4}
    with service(settings(redis_url, evaluation_root, key_prefix, **limits)) as running:
        yield running


def load(root: Path, name: str) -> LanguageModel:
    return load_language_model(inspect_model_folder(root / "models" / name), threads=1, memory_limit_bytes=1 << 30)


def done(stub: Stub, **spec: Any) -> pb.Job:
    job = watch_until(stub, create_job(stub, spec=spec).job_id, ended)
    assert job.state == pb.JOB_STATE_SUCCEEDED, job
    return job


def without_rates(result: Any) -> Any:
    for each in (result.comparison.base, result.comparison.adapted) if result.HasField("comparison") else ():
        each.tokens_per_s = 0
    return result


def report(stub: Stub, job_id: str) -> str:
    chunks = [each.chunk for each in stub.ReadReport(pb.ReadReportRequest(job_id=job_id), timeout=30)]
    assert all(chunks)
    return b"".join(chunks).decode()


def test_a_comparison_gives_what_the_computation_gives_here(stub: Stub, evaluation_root: Path) -> None:
    asked = {
        **PAIR,
        "reference": {"text": WEB_TEXT},
        "scoring": {"stride": 16},
        "bootstrap_samples": 200,
        "permutations": 300,
        "seed": 5,
    }
    job = done(stub, comparison=asked)
    expected = compare_models(
        lambda: load(evaluation_root, "gpt2"),
        lambda: load(evaluation_root, "gpt2-law"),
        TEXT,
        ScoringSettings(stride=16, documents=Documents.LINES),
        sampling=Sampling(200, 300, 5),
        reference=passages_of([WEB_TEXT], words=100),
    )
    assert without_rates(job.result) == without_rates(result_to_pb(expected))
    assert (job.progress.phase, job.progress.phase_number, job.progress.phase_count) == ("scoring the adapted model", 2, 2)
    assert job.progress.tokens_done == job.progress.tokens_total == job.result.comparison.adapted.tokens
    assert job.spec.comparison.reference.WhichOneof("source") is None
    assert job.text_bytes == len(TEXT.encode()) + len(WEB_TEXT.encode())
    assert "<!DOCTYPE html>" in report(stub, job.job_id)

    alone = done(
        stub, token_analysis={"base_model": "gpt2", "adapted_model": "gpt2-law", "text": LINES, "scoring": {"stride": 16}}
    )
    assert alone.result.token_analysis.top_tokens == job.result.comparison.tokens.top_tokens
    assert alone.result.token_analysis.mean_change == job.result.comparison.tokens.mean_change
    assert "<svg" in report(stub, alone.job_id)


def test_a_distance_gives_what_the_computation_gives_here(stub: Stub, evaluation_root: Path) -> None:
    distance_settings = DistanceSettings(16, 500, 50, 3)
    for model in ("", "gpt2"):
        job = done(stub, distance={**DISTANCE, "model": model, "null_samples": 50})
        loaded = load(evaluation_root, model) if model else None
        expected = domain_distance([TEXT], [WEB_TEXT], loaded, distance_settings)
        assert job.result == result_to_pb(expected)
        assert job.progress.phase == "drawing the null"
        assert job.progress.phase_number == job.progress.phase_count == (2 if model else 1)
        assert "<svg" in report(stub, job.job_id)


def test_an_adapted_model_can_be_used_by_the_next_job(stub: Stub, evaluation_root: Path) -> None:
    asked = {"model": "gpt2", "text": LINES, "output": "music", "epochs": 2.0, "learning_rate": 1e-3, "held_out_share": 0.2}
    job = done(stub, adaptation=asked)
    result = job.result.adaptation
    assert result.model == "adapted/music"
    assert result.adapted_perplexity < result.base_perplexity
    assert result.last_loss < result.first_loss
    assert (job.progress.phase_number, job.progress.phase_count) == (3, 3)
    assert result.model_sha256 == inspect_model_folder(evaluation_root / "models" / result.model).sha256()
    assert not list((evaluation_root / "models" / "adapted" / ".checkpoints").iterdir())
    compared = done(stub, comparison={**PAIR, "adapted_model": result.model})
    assert compared.result.comparison.adapted.model_sha256 == result.model_sha256
    assert compared.result.comparison.ratio < 1
    assert "<!DOCTYPE html>" in report(stub, job.job_id)
    with pytest.raises(grpc.RpcError) as refused:
        create_job(stub, spec={"adaptation": asked})
    assert refusal_of(refused.value) == "FIELD_INVALID"


def test_the_m2d2_protocol(stub: Stub, evaluation_root: Path) -> None:
    job = done(stub, perplexity={"model": "gpt2", "text": TEXT.replace("\n", "\r\n"), "m2d2": True})
    expected = evaluate_perplexity(load(evaluation_root, "gpt2"), m2d2_text(TEXT), ScoringSettings(bos=BosPolicy.NEVER))
    assert job.result.perplexity.nll_sum == pytest.approx(expected.nll_sum, rel=1e-9)
    assert job.result.perplexity.tokens == expected.tokens
    assert job.spec.perplexity.m2d2


OK: dict[str, Any] = {"perplexity": {"model": "gpt2", "text": "goes on"}}


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"comparison": {**PAIR, "adapted_model": "gpt2"}}, "FIELD_INVALID"),
        ({"comparison": {**PAIR, "adapted_model": "missing"}}, "LANGUAGE_MODEL_NOT_FOUND"),
        ({"comparison": {**PAIR, "base_model": "pickled"}}, "LANGUAGE_MODEL_REFUSED"),
        ({"comparison": {**PAIR, "reference": {"text_path": "../outside.txt"}}}, "FIELD_INVALID"),
        ({"comparison": {**PAIR, "scoring": {"context": 8, "stride": 9}}}, "CONTEXT_INVALID"),
        ({"token_analysis": {**PAIR, "text": {"text_path": "binary"}}}, "TEXT_NOT_UTF8"),
        ({"distance": {**DISTANCE, "domain": {"text": ""}}}, "TEXT_EMPTY"),
        ({"distance": {**DISTANCE, "reference": {"text_path": "link.txt"}}}, "TEXT_NOT_FOUND"),
        ({"distance": {**DISTANCE, "reference": {"text_id": "ab" * 32}}}, "TEXT_NOT_FOUND"),
        ({"distance": {**DISTANCE, "model": "../models/gpt2"}}, "FIELD_INVALID"),
        ({"adaptation": {"model": "gpt2", "text": {"text": TEXT}, "output": "../gpt2"}}, "FIELD_INVALID"),
        ({"adaptation": {"model": "gpt2", "text": {"text_path": "missing"}}}, "TEXT_NOT_FOUND"),
    ],
    ids=str,
)
def test_what_can_be_told_at_once_is_told_at_once(stub: Stub, spec: dict[str, Any], reason: str) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        create_job(stub, spec=spec)
    assert refusal_of(refused.value) == reason


def test_what_only_the_worker_tells_fails_the_job_and_the_worker_goes_on(stub: Stub) -> None:
    for spec, reason in (
        ({"comparison": {**PAIR, "adapted_model": "other-tokenizer"}}, "FIELD_INVALID"),
        ({"token_analysis": {**PAIR, "scoring": {"context": 65}}}, "CONTEXT_INVALID"),
        ({"comparison": {**PAIR, "adapted_model": "huge"}}, "LANGUAGE_MODEL_REFUSED"),
        ({"distance": {**DISTANCE, "domain": {"text": "too short"}}}, "TEXT_EMPTY"),
        ({"adaptation": {"model": "gpt2", "text": {"text": "too short"}}}, "TEXT_EMPTY"),
        ({"adaptation": {"model": "huge", "text": {"text": TEXT}}}, "LANGUAGE_MODEL_REFUSED"),
    ):
        job = watch_until(stub, create_job(stub, spec=spec).job_id, ended)
        assert (job.state, reason_of(job.error)) == (pb.JOB_STATE_FAILED, reason), spec
        assert not job.dead_letter
        with pytest.raises(grpc.RpcError) as refused:
            report(stub, job.job_id)
        assert refusal_of(refused.value) == "JOB_STATE"
    assert done(stub, **OK).attempts == 1


def test_tenants_are_apart(stub: Stub) -> None:
    job_id = create_job(stub, "a", spec=OK).job_id
    for method, request in (
        (stub.GetJob, pb.GetJobRequest(job_id=job_id)),
        (stub.CancelJob, pb.CancelJobRequest(job_id=job_id)),
        (stub.WatchJob, pb.WatchJobRequest(job_id=job_id)),
        (stub.ReadReport, pb.ReadReportRequest(job_id=job_id)),
    ):
        for tenant in ("", "b"):
            with pytest.raises(grpc.RpcError) as refused:
                answer = method(request, timeout=10, metadata=of_tenant(tenant))
                list(answer)
            assert refusal_of(refused.value) == "JOB_NOT_FOUND"
    deleted = stub.DeleteJob(pb.DeleteJobRequest(job_id=job_id), timeout=10)
    assert not deleted.existed
    listed = stub.ListJobs(pb.ListJobsRequest(), timeout=10, metadata=of_tenant("a")).jobs
    assert [job.job_id for job in listed] == [job_id]


def test_a_tenant_cannot_take_all_places(stub: Stub) -> None:
    long = {"perplexity": {"model": "gpt2", "text_path": "long.txt", "stride": 1}}
    made = [create_job(stub, "greedy", spec=long, priority=pb.PRIORITY_LOW) for _ in range(4)]
    try:
        with pytest.raises(grpc.RpcError) as refused:
            create_job(stub, "greedy", spec=long)
        assert (refused.value.code(), refusal_of(refused.value)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
        assert create_job(stub, "modest", spec=OK).priority == pb.PRIORITY_NORMAL
    finally:
        for job in made:
            stub.CancelJob(pb.CancelJobRequest(job_id=job.job_id), timeout=10, metadata=of_tenant("greedy"))


def test_filters_pages_and_deletion(stub: Stub) -> None:
    first = create_job(stub, "lister", spec=OK)
    second = create_job(stub, "lister", spec={"distance": {**DISTANCE, "null_samples": 20}})
    mine = of_tenant("lister")
    for job in (first, second):
        for response in stub.WatchJob(pb.WatchJobRequest(job_id=job.job_id), timeout=60, metadata=mine):
            last = response.job
        assert last.state == pb.JOB_STATE_SUCCEEDED

    def listed(**request: Any) -> list[str]:
        return [job.job_id for job in stub.ListJobs(pb.ListJobsRequest(**request), timeout=10, metadata=mine).jobs]

    assert listed() == [second.job_id, first.job_id]
    assert listed(kind=pb.JOB_KIND_DISTANCE) == [second.job_id]
    assert listed(created_before=second.created_at) == [first.job_id]
    assert listed(created_from=second.created_at) == [second.job_id]
    assert listed(dead_letters=True) == []
    page = stub.ListJobs(pb.ListJobsRequest(page_size=1), timeout=10, metadata=mine)
    assert listed(page_size=1, page_token=page.next_page_token) == [first.job_id]
    with pytest.raises(grpc.RpcError) as refused:
        listed(page_size=1, page_token=page.next_page_token, kind=pb.JOB_KIND_DISTANCE)
    assert refusal_of(refused.value) == "PAGE_TOKEN_INVALID"

    def delete() -> bool:
        return stub.DeleteJob(pb.DeleteJobRequest(job_id=first.job_id), timeout=10, metadata=mine).existed

    assert (delete(), delete()) == (True, False)
    assert listed() == [second.job_id]
