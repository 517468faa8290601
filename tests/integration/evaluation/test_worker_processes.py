"""Workers that are killed, stopped or orphaned lose no job; Redis may come and go."""

import asyncio
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from leitmotif.api.evaluation.v1 import evaluation_pb2 as pb
from leitmotif.api.evaluation.v1 import evaluation_pb2_grpc, results_pb2, specs_pb2
from leitmotif_services.embedded.redis_server import EmbeddedRedis
from leitmotif_services.evaluation.config import EvaluationConfig
from leitmotif_services.evaluation.jobs.supervisor import WorkerSupervisor
from tests.integration.evaluation.conftest import WEB_TEXT
from tests.integration.evaluation.service_process import (
    create,
    create_job,
    ended,
    eventually,
    interrupt,
    reason_of,
    service,
    settings,
    under_way,
    watch_until,
    worker,
)

Stub = evaluation_pb2_grpc.EvaluationServiceStub


@pytest.fixture(scope="module")
def environ(redis_url: str, evaluation_root: Path, key_prefix: str) -> dict[str, str]:
    return settings(redis_url, evaluation_root, key_prefix, WORKERS=0)


@pytest.fixture(scope="module")
def stub(environ: dict[str, str]) -> Iterator[Stub]:
    """The API alone: workers are the tests' own."""
    with service(environ) as running:
        yield running


def test_a_killed_or_stopped_worker_loses_no_job_and_changes_no_figure(stub: Stub, environ: dict[str, str]) -> None:
    spec = {"text_path": "long.txt", "stride": 6}
    job_id, undisturbed_id = create(stub, **spec).job_id, ""
    with worker(environ) as first:
        watch_until(stub, job_id, under_way)
        interrupt(first, signal.SIGKILL)
    assert stub.GetJob(pb.GetJobRequest(job_id=job_id)).job.state == pb.JOB_STATE_RUNNING

    with worker(environ) as second:
        watch_until(stub, job_id, lambda job: job.attempts == 2 and under_way(job))
        assert interrupt(second, signal.SIGTERM) == 0
    handed_back = stub.GetJob(pb.GetJobRequest(job_id=job_id)).job
    assert (handed_back.state, handed_back.progress.tokens_done) == (pb.JOB_STATE_QUEUED, 0)

    with worker(environ):
        job = watch_until(stub, job_id, ended)
        undisturbed_id = create(stub, **spec).job_id
        undisturbed = watch_until(stub, undisturbed_id, ended)
    assert (job.state, job.attempts, undisturbed.attempts) == (pb.JOB_STATE_SUCCEEDED, 3, 1)
    for result in (job.result.perplexity, undisturbed.result.perplexity):
        result.tokens_per_s = 0
    assert job.result == undisturbed.result


_LINES = {"text_path": "short.txt", "documents": specs_pb2.DOCUMENTS_LINES}
_PAIR: dict[str, Any] = {"base_model": "gpt2", "adapted_model": "gpt2-law", "text": {"text_path": "short.txt"}}


@pytest.mark.parametrize(
    ("spec", "phase_number"),
    [
        ({"comparison": {**_PAIR, "scoring": {"stride": 1}}}, 2),
        ({"token_analysis": {**_PAIR, "reference": {"text": WEB_TEXT}, "scoring": {"stride": 1}}}, 1),
        (
            {
                "distance": {
                    "domain": {"text_path": "short.txt"},
                    "reference": {"text": WEB_TEXT},
                    "model": "gpt2",
                    "passage_words": 16,
                    "null_samples": 3000,
                }
            },
            2,
        ),
        ({"adaptation": {"model": "gpt2", "text": _LINES, "epochs": 20.0, "batch_size": 2, "held_out_share": 0.1}}, 2),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else str(value),
)
def test_a_worker_killed_in_the_middle_of_each_kind_of_job_changes_no_figure(
    stub: Stub, environ: dict[str, str], spec: dict[str, Any], phase_number: int
) -> None:
    def in_the_middle(job: pb.Job) -> bool:
        progress = job.progress
        trained = not job.spec.HasField("adaptation") or 4 * progress.tokens_done > progress.tokens_total
        return under_way(job) and progress.phase_number == phase_number and trained

    environ = {**environ, "LEITMOTIF_EVALUATION_CHECKPOINT_S": "0"}
    job_id = create_job(stub, spec=spec).job_id
    with worker(environ) as first:
        told = watch_until(stub, job_id, in_the_middle).progress
        interrupt(first, signal.SIGKILL)
    assert 0 < told.tokens_done < told.tokens_total
    assert stub.GetJob(pb.GetJobRequest(job_id=job_id)).job.state == pb.JOB_STATE_RUNNING
    with worker(environ):
        job = watch_until(stub, job_id, ended)
        undisturbed = watch_until(stub, create_job(stub, spec=spec).job_id, ended)
    assert (job.state, job.attempts, undisturbed.attempts) == (pb.JOB_STATE_SUCCEEDED, 2, 1)
    if job.result.HasField("adaptation"):
        assert job.result.adaptation.resumed_from_step > 0
        assert undisturbed.result.adaptation.resumed_from_step == 0
    assert _figures(job.result) == _figures(undisturbed.result)


def _figures(result: results_pb2.JobResult) -> results_pb2.JobResult:
    """All but how fast they came about, and what the folder of a model is called."""
    for scored in (result.comparison.base, result.comparison.adapted) if result.HasField("comparison") else ():
        scored.tokens_per_s = 0
    if result.HasField("adaptation"):
        result.adaptation.tokens_per_s = result.adaptation.resumed_from_step = 0
        result.adaptation.model = ""
    return result


def test_a_job_that_kills_its_workers_becomes_a_dead_letter(stub: Stub, environ: dict[str, str]) -> None:
    environ = {**environ, "LEITMOTIF_EVALUATION_MAX_ATTEMPTS": "1"}
    job_id = create(stub, text_path="long.txt", stride=1).job_id
    with worker(environ) as first:
        watch_until(stub, job_id, under_way)
        interrupt(first, signal.SIGKILL)
    with worker(environ):
        job = watch_until(stub, job_id, ended)
    assert (job.state, job.dead_letter, reason_of(job.error)) == (pb.JOB_STATE_FAILED, True, "INTERNAL")
    assert "1 workers ended" in job.error.message
    listed = stub.ListJobs(pb.ListJobsRequest(dead_letters=True), timeout=10).jobs
    assert [each.job_id for each in listed] == [job_id]


async def test_the_supervisor_restarts_a_killed_worker_and_stops_them_all(environ: dict[str, str]) -> None:
    config = EvaluationConfig.from_environment({name: value for name, value in environ.items() if name.startswith("LEITMOTIF_")})
    supervisor = WorkerSupervisor(2, environment=config.worker_environment(), threads=1, grace_s=0)
    try:
        killed, kept = supervisor.pids
        os.kill(killed, signal.SIGKILL)
        async with asyncio.timeout(20):
            while killed in supervisor.pids:
                await asyncio.sleep(0.02)
        assert kept in supervisor.pids
    finally:
        pids = supervisor.pids
        await supervisor.stop()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_supervised_worker_ends_with_whoever_started_it(environ: dict[str, str]) -> None:
    command = [sys.executable, "-m", "leitmotif_services.evaluation.worker_main", "--supervised"]
    process = subprocess.Popen(command, env=environ, stdin=subprocess.PIPE)
    assert process.stdin is not None
    assert process.poll() is None
    process.stdin.close()
    assert process.wait(30) == 0


def test_redis_may_go_and_come_back(tmp_path: Path, evaluation_root: Path) -> None:
    redis = EmbeddedRedis(tmp_path / "redis", append_fsync="always")
    redis.start()
    url = redis.url
    redis.stop()
    environ = settings(url, evaluation_root, f"test-{uuid.uuid4().hex}", WORKERS=0)
    with service(environ) as stub, worker(environ):
        with pytest.raises(grpc.RpcError) as refused:
            create(stub, text="some text")
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        status = rpc_status.from_call(refused.value)
        assert status is not None
        retry = error_details_pb2.RetryInfo()
        assert any(detail.Unpack(retry) for detail in status.details)
        assert "STORE_UNAVAILABLE" in str(status)

        redis.start()
        assert redis.url == url
        try:
            job_id = create(stub, text_path="long.txt", stride=2).job_id
            watch_until(stub, job_id, under_way)
            redis.stop()  # in the middle of a job, whose worker waits for it

            def unavailable() -> bool:
                try:
                    stub.GetJob(pb.GetJobRequest(job_id=job_id), timeout=10)
                except grpc.RpcError as error:
                    return error.code() is grpc.StatusCode.UNAVAILABLE
                return False

            eventually(unavailable)
            redis.start()
            job = watch_until(stub, job_id, ended)
            assert (job.state, job.attempts) == (pb.JOB_STATE_SUCCEEDED, 1)
        finally:
            redis.stop()


def test_a_wrong_setting_is_told_by_name() -> None:
    for module in ("leitmotif_services.evaluation", "leitmotif_services.evaluation.worker_main"):
        environ = {**os.environ, "LEITMOTIF_EVALUATION_HEARTBEAT_S": "soon"}
        ran = subprocess.run([sys.executable, "-m", module], env=environ, capture_output=True, text=True, check=False, timeout=30)
        assert ran.returncode == 2
        assert "LEITMOTIF_EVALUATION_HEARTBEAT_S must be a number, is 'soon'" in ran.stderr


def test_serving_and_the_command_line_import_no_model_library() -> None:
    heavy = "{'torch', 'transformers'}"
    for module in ("app", "commands", "worker_main"):
        code = f"import sys, leitmotif_services.evaluation.{module}; assert not {heavy} & set(sys.modules)"
        subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
