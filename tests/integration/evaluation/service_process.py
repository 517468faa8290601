"""The evaluation service and its workers as processes of their own, as an operator starts them."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

from leitmotif.api.evaluation.v1 import evaluation_pb2 as pb
from leitmotif.api.evaluation.v1 import evaluation_pb2_grpc, specs_pb2
from leitmotif_services.runtime.request_context import TENANT_KEY

PREFIX = "LEITMOTIF_EVALUATION_"


def settings(redis_url: str, root: Path, key_prefix: str, **more: object) -> dict[str, str]:
    """Environment of a service and its workers: one thread, quick heartbeats."""
    values: dict[str, object] = {
        "LISTEN": "127.0.0.1:0",
        "REDIS_URL": redis_url,
        "MODEL_ROOT": root / "models",
        "TEXT_ROOT": root / "texts",
        "KEY_PREFIX": key_prefix,
        "TORCH_THREADS": 1,
        "HEARTBEAT_S": 0.3,
        "GRACE_S": 0.1,
        **more,
    }
    own = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return {**own, "OMP_NUM_THREADS": "1", **{PREFIX + name: str(value) for name, value in values.items()}}


@contextmanager
def service(environ: Mapping[str, str]) -> Iterator[evaluation_pb2_grpc.EvaluationServiceStub]:
    """A running service; its drain must end with exit code 0."""
    process = subprocess.Popen(
        [sys.executable, "-m", "leitmotif_services.evaluation"], env=dict(environ), stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("leitmotif evaluation ready on port "), line
        with grpc.insecure_channel(f"127.0.0.1:{line.split()[-1]}") as channel:
            yield evaluation_pb2_grpc.EvaluationServiceStub(channel)
    finally:
        process.terminate()
        assert process.wait(30) == 0
        assert process.stdout is not None
        process.stdout.close()


@contextmanager
def worker(environ: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker that a test may kill."""
    process = subprocess.Popen([sys.executable, "-m", "leitmotif_services.evaluation.worker_main"], env=dict(environ))
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            assert process.wait(30) == 0


def create(stub: evaluation_pb2_grpc.EvaluationServiceStub, request_id: str = "", **spec: object) -> pb.Job:
    """Create a perplexity job."""
    message = specs_pb2.PerplexitySpec(**{"model": "gpt2", **spec})  # type: ignore[arg-type]
    request = pb.CreateJobRequest(spec=specs_pb2.JobSpec(perplexity=message), request_id=request_id)
    return stub.CreateJob(request, timeout=20).job


def create_job(stub: evaluation_pb2_grpc.EvaluationServiceStub, tenant: str = "", **request: Any) -> pb.Job:
    """Create a job of any kind: `spec` is a dictionary of the message."""
    message = pb.CreateJobRequest(**request)
    return stub.CreateJob(message, timeout=20, metadata=of_tenant(tenant)).job


def of_tenant(tenant: str) -> tuple[tuple[str, str], ...]:
    """Metadata of a call that is made for a tenant."""
    return ((TENANT_KEY, tenant),) if tenant else ()


def watch_until(stub: evaluation_pb2_grpc.EvaluationServiceStub, job_id: str, met: Callable[[pb.Job], bool]) -> pb.Job:
    """The first state of the job that meets a condition."""
    for response in stub.WatchJob(pb.WatchJobRequest(job_id=job_id), timeout=60):
        if met(response.job):
            return response.job
    raise AssertionError("the watch ended early")


def ended(job: pb.Job) -> bool:
    """Whether nothing follows."""
    return job.state in (pb.JOB_STATE_SUCCEEDED, pb.JOB_STATE_FAILED, pb.JOB_STATE_CANCELLED)


def under_way(job: pb.Job) -> bool:
    """Whether a part of the tokens is scored."""
    assert not ended(job), job
    return job.progress.tokens_done > 0


def reason_of(status: status_pb2.Status) -> str:
    """Reason of a status."""
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return str(info.reason)


def interrupt(process: "subprocess.Popen[bytes]", number: signal.Signals) -> int:
    """Signal a process and wait for its end."""
    process.send_signal(number)
    return process.wait(30)


def eventually(met: Callable[[], bool], *, within_s: float = 30) -> None:
    """Wait for a condition that no event tells of."""
    pause = threading.Event()
    deadline = time.monotonic() + within_s
    while not met():
        assert time.monotonic() < deadline
        pause.wait(0.02)
