"""leitmotif.api.evaluation.v1.EvaluationService: checks requests, and keeps jobs in the store; computes nothing."""

import hashlib
import secrets
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import grpc

from leitmotif.api.evaluation.v1 import evaluation_pb2 as pb
from leitmotif.api.evaluation.v1 import evaluation_pb2_grpc, specs_pb2
from leitmotif_services.evaluation.convert import job_to_pb, perplexity_spec_from_pb, state_filter_from_pb
from leitmotif_services.evaluation.inputs.text import check_inline_text, count_bytes
from leitmotif_services.evaluation.jobs.job import Job, JobState, PerplexitySpec
from leitmotif_services.evaluation.jobs.job_store import JobStore, RequestKey
from leitmotif_services.evaluation.jobs.perplexity_job import JobFolders
from leitmotif_services.evaluation.scoring.scoring_settings import check_context_and_stride
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import invalid_field
from leitmotif_services.runtime.pagination import decode_page_token, encode_page_token, page_size_of
from leitmotif_services.runtime.validation import checked_id

MAX_INLINE_TEXT_BYTES = 1 << 20
MAX_CONTEXT_TOKENS = 1 << 20
MAX_BATCH_SIZE = 256
DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 200

Context = grpc.aio.ServicerContext[Any, Any]


class EvaluationServicer(evaluation_pb2_grpc.EvaluationServiceServicer):
    """Files are read on `admission`'s threads."""

    def __init__(self, store: JobStore, folders: JobFolders, admission: Admission) -> None:
        self._store = store
        self._folders = folders
        self._admission = admission

    async def CreateJob(self, request: pb.CreateJobRequest, context: Context) -> pb.CreateJobResponse:
        del context
        if request.spec.WhichOneof("kind") != "perplexity":
            raise invalid_field("spec", "must name a kind of job")
        message = request.spec.perplexity
        _check_numbers(message)
        spec = perplexity_spec_from_pb(message)
        if request.request_id:
            checked_id("request_id", request.request_id)
        text = message.text if message.WhichOneof("text_source") == "text" else None
        if text is None and spec.text_path is None:
            raise invalid_field("spec.perplexity.text_source", "exactly one of text and text_path is required")
        text_bytes = await self._admission.run(self._check_inputs, spec, text)
        job = Job(job_id=_new_job_id(), state=JobState.QUEUED, spec=spec, text_bytes=text_bytes, created_at=datetime.now(UTC))
        key = RequestKey(request.request_id, _digest(spec, text)) if request.request_id else None
        return pb.CreateJobResponse(job=job_to_pb(await self._store.create(job, text, key)))

    async def GetJob(self, request: pb.GetJobRequest, context: Context) -> pb.GetJobResponse:
        del context
        return pb.GetJobResponse(job=job_to_pb(await self._store.get(checked_id("job_id", request.job_id))))

    async def ListJobs(self, request: pb.ListJobsRequest, context: Context) -> pb.ListJobsResponse:
        del context
        size = page_size_of(request.page_size, default=DEFAULT_PAGE_SIZE, maximum=MAX_PAGE_SIZE)
        state = state_filter_from_pb(request.state)
        query = ("ListJobs", request.state)
        jobs = await self._store.page(limit=size + 1, older_than=decode_page_token(request.page_token, *query), state=state)
        more = len(jobs) > size
        return pb.ListJobsResponse(
            jobs=[job_to_pb(job) for job in jobs[:size]],
            next_page_token=encode_page_token(jobs[size - 1].job_id, *query) if more else "",
        )

    async def WatchJob(self, request: pb.WatchJobRequest, context: Context) -> AsyncIterator[pb.WatchJobResponse]:
        del context
        async for job in self._store.watch(checked_id("job_id", request.job_id)):
            yield pb.WatchJobResponse(job=job_to_pb(job))

    async def CancelJob(self, request: pb.CancelJobRequest, context: Context) -> pb.CancelJobResponse:
        del context
        return pb.CancelJobResponse(job=job_to_pb(await self._store.cancel(checked_id("job_id", request.job_id))))

    def _check_inputs(self, spec: PerplexitySpec, text: str | None) -> int:
        """Everything that a listing and the text itself tell; returns the size of the text in bytes."""
        if text is not None:
            check_inline_text(text, limit_bytes=MAX_INLINE_TEXT_BYTES)
        self._folders.model(spec.model)
        return count_bytes(text if text is not None else self._folders.text(spec.text_path or ""))


def _check_numbers(message: specs_pb2.PerplexitySpec) -> None:
    for name, maximum in (("context", MAX_CONTEXT_TOKENS), ("stride", MAX_CONTEXT_TOKENS), ("batch_size", MAX_BATCH_SIZE)):
        value = getattr(message, name)
        if not 0 <= value <= maximum:
            raise invalid_field(f"spec.perplexity.{name}", f"must be 0 to {maximum}, is {value}")
    check_context_and_stride(message.context, message.stride)


def _new_job_id() -> str:
    """Begins with the time, so that ids sort by age: what lists are ordered by."""
    return f"job-{time.time_ns() // 1000:014x}-{secrets.token_hex(5)}"


def _digest(spec: PerplexitySpec, text: str | None) -> str:
    return hashlib.sha256(f"{spec!r}\0{'' if text is None else text}".encode()).hexdigest()
