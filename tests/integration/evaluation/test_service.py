"""The service as a process with one worker, through gRPC: what a caller sees."""

import json
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from typer.testing import CliRunner

from leitmotif.api.evaluation.v1 import evaluation_pb2 as pb
from leitmotif.api.evaluation.v1 import evaluation_pb2_grpc, results_pb2, specs_pb2
from leitmotif_services.evaluation.commands import lm
from leitmotif_services.evaluation.models.model_folder import inspect_model_folder
from leitmotif_services.evaluation.models.transformers_language_model import load_language_model
from leitmotif_services.evaluation.scoring.perplexity import PerplexityResult, evaluate_perplexity
from leitmotif_services.evaluation.scoring.scoring_settings import ScoringSettings
from tests.integration.evaluation.service_process import create, ended, reason_of, service, settings, under_way, watch_until
from tests.unit.evaluation.sample_language_models import TEXT

Stub = evaluation_pb2_grpc.EvaluationServiceStub


@pytest.fixture(scope="module")
def stub(redis_url: str, evaluation_root: Path, key_prefix: str) -> Iterator[Stub]:
    with service(settings(redis_url, evaluation_root, key_prefix, MAX_TEXT_BYTES=60_000)) as running:
        yield running


def computed_here(root: Path, text: str, settings: ScoringSettings) -> PerplexityResult:
    model = load_language_model(inspect_model_folder(root / "models" / "gpt2"), threads=1, memory_limit_bytes=1 << 30)
    return evaluate_perplexity(model, text, settings)


def assert_same(figures: results_pb2.PerplexityResult, expected: PerplexityResult) -> None:
    assert figures.nll_sum == pytest.approx(expected.nll_sum, rel=1e-6)
    assert figures.perplexity == pytest.approx(expected.perplexity, rel=1e-6)
    assert (figures.tokens, figures.words, figures.bytes) == (expected.tokens, expected.words, expected.bytes)
    assert (figures.context, figures.stride, figures.bos_prepended) == (expected.context, expected.stride, expected.bos_prepended)
    assert (figures.dtype, figures.model_sha256) == ("float32", expected.model_sha256)
    assert figures.tokens_per_s > 0


def test_create_watch_result(stub: Stub, evaluation_root: Path) -> None:
    queued = create(stub, text_path="short.txt", stride=16, batch_size=4)
    assert queued.text_bytes == len(TEXT.encode())
    states = [response.job for response in stub.WatchJob(pb.WatchJobRequest(job_id=queued.job_id), timeout=60)]
    assert [job.job_id for job in states] == [queued.job_id] * len(states)
    assert ended(states[-1])
    assert not any(ended(job) for job in states[:-1])
    job = stub.GetJob(pb.GetJobRequest(job_id=queued.job_id), timeout=10).job
    assert job == states[-1]
    assert (job.state, job.attempts) == (pb.JOB_STATE_SUCCEEDED, 1)
    assert job.progress.tokens_done == job.progress.tokens_total == job.result.perplexity.tokens
    assert job.created_at.ToNanoseconds() <= job.started_at.ToNanoseconds() <= job.ended_at.ToNanoseconds()
    assert_same(job.result.perplexity, computed_here(evaluation_root, TEXT, ScoringSettings(stride=16)))


def test_an_inline_text_is_evaluated_and_not_echoed(stub: Stub, evaluation_root: Path) -> None:
    job = watch_until(stub, create(stub, text=TEXT[:500], bos=specs_pb2.BOS_POLICY_NEVER).job_id, ended)
    assert job.spec.perplexity.WhichOneof("text_source") is None
    assert job.text_bytes == len(TEXT[:500].encode())
    assert not job.result.perplexity.bos_prepended
    expected = computed_here(evaluation_root, TEXT[:500], ScoringSettings())
    assert job.result.perplexity.tokens == expected.tokens - 1


def test_a_running_job_is_cancelled_between_windows(stub: Stub) -> None:
    job_id = create(stub, text_path="long.txt", stride=1).job_id
    watch_until(stub, job_id, under_way)
    stub.CancelJob(pb.CancelJobRequest(job_id=job_id), timeout=10)
    job = watch_until(stub, job_id, ended)
    assert job.state == pb.JOB_STATE_CANCELLED
    assert job.progress.tokens_done < job.progress.tokens_total
    with pytest.raises(grpc.RpcError) as refused:
        stub.CancelJob(pb.CancelJobRequest(job_id=job_id), timeout=10)
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert refusal_of(refused.value) == "JOB_STATE"


def refusal_of(error: grpc.RpcError) -> str:
    status = rpc_status.from_call(error)
    assert status is not None
    return reason_of(status)


@pytest.mark.parametrize(
    ("spec", "code", "reason"),
    [
        ({"text": ""}, "INVALID_ARGUMENT", "TEXT_EMPTY"),
        ({"text_path": "empty.txt"}, "INVALID_ARGUMENT", "TEXT_EMPTY"),
        ({"text_path": "binary"}, "INVALID_ARGUMENT", "TEXT_NOT_UTF8"),
        ({"text": "a\0b"}, "INVALID_ARGUMENT", "TEXT_NOT_UTF8"),
        ({"text": "x" * ((1 << 20) + 1)}, "INVALID_ARGUMENT", "LIMIT_EXCEEDED"),
        ({"text_path": "missing.txt"}, "NOT_FOUND", "TEXT_NOT_FOUND"),
        ({"text_path": "link.txt"}, "NOT_FOUND", "TEXT_NOT_FOUND"),
        ({"text_path": "../outside.txt"}, "INVALID_ARGUMENT", "FIELD_INVALID"),
        ({"text_path": "/etc/hostname"}, "INVALID_ARGUMENT", "FIELD_INVALID"),
        ({}, "INVALID_ARGUMENT", "FIELD_INVALID"),
        ({"text": "x", "model": ""}, "INVALID_ARGUMENT", "FIELD_INVALID"),
        ({"text": "x", "model": "../models/gpt2"}, "INVALID_ARGUMENT", "FIELD_INVALID"),
        ({"text": "x", "model": "missing"}, "NOT_FOUND", "LANGUAGE_MODEL_NOT_FOUND"),
        ({"text": "x", "model": "pickled"}, "FAILED_PRECONDITION", "LANGUAGE_MODEL_REFUSED"),
        ({"text": "x", "context": -1}, "INVALID_ARGUMENT", "FIELD_INVALID"),
        ({"text": "x", "batch_size": 100_000}, "INVALID_ARGUMENT", "FIELD_INVALID"),
        ({"text": "x", "context": 8, "stride": 9}, "INVALID_ARGUMENT", "CONTEXT_INVALID"),
    ],
    ids=str,
)
def test_what_can_be_told_at_once_is_told_at_once(stub: Stub, spec: dict[str, object], code: str, reason: str) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        create(stub, **spec)
    assert (refused.value.code().name, refusal_of(refused.value)) == (code, reason)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [({"text": "some text", "context": 65}, "CONTEXT_INVALID"), ({"text": "a", "bos": specs_pb2.BOS_POLICY_NEVER}, "TEXT_EMPTY")],
)
def test_what_only_the_model_tells_fails_the_job_and_the_worker_goes_on(stub: Stub, spec: dict[str, object], reason: str) -> None:
    job = watch_until(stub, create(stub, **spec).job_id, ended)
    assert (job.state, reason_of(job.error)) == (pb.JOB_STATE_FAILED, reason)
    assert watch_until(stub, create(stub, text="goes on").job_id, ended).state == pb.JOB_STATE_SUCCEEDED


def test_a_request_without_a_kind_is_invalid(stub: Stub) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        stub.CreateJob(pb.CreateJobRequest(), timeout=10)
    assert refusal_of(refused.value) == "FIELD_INVALID"


@pytest.mark.parametrize("method", ["GetJob", "CancelJob", "WatchJob"])
def test_an_unknown_job(stub: Stub, method: str) -> None:
    request = getattr(pb, f"{method}Request")(job_id="job-unknown")
    with pytest.raises(grpc.RpcError) as refused:
        answer = getattr(stub, method)(request, timeout=10)
        list(answer)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    assert refusal_of(refused.value) == "JOB_NOT_FOUND"


def test_a_repeated_request_is_the_same_job_and_another_one_is_refused(stub: Stub) -> None:
    first = create(stub, "request-1", text="some text")
    assert create(stub, "request-1", text="some text").job_id == first.job_id
    for changed in ({"text": "other text"}, {"text": "some text", "stride": 4}):
        with pytest.raises(grpc.RpcError) as refused:
            create(stub, "request-1", **changed)
        assert refusal_of(refused.value) == "REQUEST_ID_REUSED"


def test_jobs_are_listed_newest_first_page_by_page(stub: Stub) -> None:
    made = [create(stub, text=f"text {number}").job_id for number in range(5)]
    for job_id in made:
        watch_until(stub, job_id, ended)
    seen: list[str] = []
    token = ""
    while len(seen) < 5:
        request = pb.ListJobsRequest(page_size=2, page_token=token, state=pb.JOB_STATE_SUCCEEDED)
        page = stub.ListJobs(request, timeout=10)
        assert len(page.jobs) == 2
        seen += [job.job_id for job in page.jobs]
        token = page.next_page_token
    assert seen[:5] == made[::-1]
    with pytest.raises(grpc.RpcError) as refused:
        stub.ListJobs(pb.ListJobsRequest(page_token=token, state=pb.JOB_STATE_FAILED), timeout=10)
    assert refusal_of(refused.value) == "PAGE_TOKEN_INVALID"
    with pytest.raises(grpc.RpcError) as refused:
        stub.ListJobs(pb.ListJobsRequest(page_size=-1), timeout=10)
    assert refusal_of(refused.value) == "FIELD_INVALID"


def test_the_last_page_has_no_token(stub: Stub) -> None:
    create(stub, text="at least one")
    page = stub.ListJobs(pb.ListJobsRequest(page_size=200), timeout=10)
    assert 1 <= len(page.jobs) <= 200
    assert page.next_page_token == ""


def test_too_large_a_file_is_told_with_the_limit(stub: Stub, evaluation_root: Path) -> None:
    (evaluation_root / "texts" / "large.txt").write_text("x" * 60_001)
    with pytest.raises(grpc.RpcError) as refused:
        create(stub, text_path="large.txt")
    status = rpc_status.from_call(refused.value)
    assert status is not None
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (info.reason, info.metadata["limit"], info.metadata["actual"]) == ("LIMIT_EXCEEDED", "60000", "60001")


# The command: the same figures without a server.


def run_command(*arguments: object) -> tuple[int, str]:
    outcome = CliRunner().invoke(lm, ["perplexity", *map(str, arguments)])
    return outcome.exit_code, outcome.stdout


def test_the_command_prints_one_json_object(evaluation_root: Path) -> None:
    model, text = evaluation_root / "models" / "gpt2", evaluation_root / "texts" / "short.txt"
    code, out = run_command("--model", model, "--text", text, "--stride", 16, "--batch", 3, "--threads", 1, "--json")
    assert code == 0
    figures = json.loads(out)
    expected = computed_here(evaluation_root, TEXT, ScoringSettings(stride=16))
    assert figures["perplexity"] == pytest.approx(expected.perplexity, rel=1e-5)
    assert figures["bits_per_byte"] == pytest.approx(expected.bits_per_byte, rel=1e-5)
    assert {name: figures[name] for name in ("tokens", "words", "bytes", "context", "stride", "bos_prepended")} == {
        "tokens": expected.tokens,
        "words": expected.words,
        "bytes": expected.bytes,
        "context": 64,
        "stride": 16,
        "bos_prepended": True,
    }
    assert figures["nll_sum"] > 0
    assert figures["tokens_per_s"] > 0


def test_the_m2d2_mode(evaluation_root: Path, tmp_path: Path) -> None:
    (tmp_path / "crlf.txt").write_bytes(TEXT.replace("\n", "\r\n").encode())
    model = evaluation_root / "models" / "gpt2"
    code, out = run_command("--model", model, "--text", tmp_path / "crlf.txt", "--mode", "m2d2", "--threads", 1, "--json")
    assert code == 0
    figures = json.loads(out)
    assert (figures["mode"], figures["stride"], figures["bos_prepended"]) == ("m2d2", 64, False)
    assert figures["bytes"] == len(TEXT.encode()) - 1
    assert run_command("--model", model, "--text", tmp_path / "crlf.txt", "--mode", "m2d2", "--stride", 3)[0] == 2


def test_failures_of_the_command(evaluation_root: Path) -> None:
    model, texts = evaluation_root / "models" / "gpt2", evaluation_root / "texts"
    assert run_command("--model", model, "--text", texts / "missing.txt") == (1, "")
    assert run_command("--model", model, "--text", texts / "binary") == (1, "")
    assert run_command("--model", texts, "--text", texts / "short.txt") == (1, "")
    assert run_command("--model", evaluation_root / "models" / "pickled", "--text", texts / "short.txt") == (1, "")
    assert run_command("--model", model, "--text", texts / "short.txt", "--context", 65)[0] == 1
    assert run_command("--model", model, "--text", texts / "short.txt", "--context", 8, "--stride", 9)[0] == 2
    assert run_command("--model", model)[0] == 2
