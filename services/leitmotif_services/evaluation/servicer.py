"""leitmotif.api.evaluation.v1.EvaluationService: checks requests, and keeps jobs in the store; computes nothing."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import grpc

from leitmotif.api.evaluation.v1 import evaluation_pb2 as pb
from leitmotif.api.evaluation.v1 import evaluation_pb2_grpc
from leitmotif_services.evaluation.convert import filter_from_pb, job_to_pb, priority_from_pb
from leitmotif_services.evaluation.jobs.job import Priority, new_job
from leitmotif_services.evaluation.jobs.job_inputs import JobInputs
from leitmotif_services.evaluation.jobs.job_kinds import JobSpec
from leitmotif_services.evaluation.jobs.job_report import job_report
from leitmotif_services.evaluation.jobs.job_store import JobStore, RequestKey
from leitmotif_services.evaluation.spec_convert import spec_from_pb
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.pagination import decode_page_token, encode_page_token, page_size_of
from leitmotif_services.runtime.request_context import tenant_of
from leitmotif_services.runtime.validation import checked_id

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 200
CHUNK_BYTES = 1 << 18
"""Of a report."""

Context = grpc.aio.ServicerContext[Any, Any]


class EvaluationServicer(evaluation_pb2_grpc.EvaluationServiceServicer):
    """Files are read on `admission`'s threads."""

    def __init__(self, store: JobStore, inputs: JobInputs, admission: Admission) -> None:
        self._store = store
        self._inputs = inputs
        self._admission = admission

    async def CreateJob(self, request: pb.CreateJobRequest, context: Context) -> pb.CreateJobResponse:
        tenant = _tenant(context)
        spec, texts = spec_from_pb(request.spec)
        priority = priority_from_pb(request.priority)
        if request.request_id:
            checked_id("request_id", request.request_id)
        text_bytes = await self._admission.run(lambda: self._inputs.check(spec, texts, tenant=tenant))
        job = new_job(spec, text_bytes=text_bytes, priority=priority, tenant=tenant)
        key = RequestKey(request.request_id, _digest(spec, texts, priority)) if request.request_id else None
        return pb.CreateJobResponse(job=job_to_pb(await self._store.create(job, texts, key)))

    async def GetJob(self, request: pb.GetJobRequest, context: Context) -> pb.GetJobResponse:
        job = await self._store.get(_tenant(context), checked_id("job_id", request.job_id))
        return pb.GetJobResponse(job=job_to_pb(job))

    async def ListJobs(self, request: pb.ListJobsRequest, context: Context) -> pb.ListJobsResponse:
        tenant = _tenant(context)
        size = page_size_of(request.page_size, default=DEFAULT_PAGE_SIZE, maximum=MAX_PAGE_SIZE)
        keep = filter_from_pb(request)
        query = ("ListJobs", tenant, keep)
        older_than = decode_page_token(request.page_token, *query)
        page = await self._store.page(tenant, limit=size, older_than=older_than, keep=keep)
        return pb.ListJobsResponse(
            jobs=[job_to_pb(job) for job in page.jobs],
            next_page_token=encode_page_token(page.older_than, *query) if page.older_than else "",
        )

    async def WatchJob(self, request: pb.WatchJobRequest, context: Context) -> AsyncIterator[pb.WatchJobResponse]:
        async for job in self._store.watch(_tenant(context), checked_id("job_id", request.job_id)):
            yield pb.WatchJobResponse(job=job_to_pb(job))

    async def CancelJob(self, request: pb.CancelJobRequest, context: Context) -> pb.CancelJobResponse:
        job = await self._store.cancel(_tenant(context), checked_id("job_id", request.job_id))
        return pb.CancelJobResponse(job=job_to_pb(job))

    async def DeleteJob(self, request: pb.DeleteJobRequest, context: Context) -> pb.DeleteJobResponse:
        existed = await self._store.delete(_tenant(context), checked_id("job_id", request.job_id))
        return pb.DeleteJobResponse(existed=existed)

    async def ReadReport(self, request: pb.ReadReportRequest, context: Context) -> AsyncIterator[pb.ReadReportResponse]:
        job = await self._store.get(_tenant(context), checked_id("job_id", request.job_id))
        if job.result is None:
            raise ServiceError(
                Reason.JOB_STATE, f"job {job.job_id!r} has no report: {job.state}", job_id=job.job_id, state=job.state.value
            )
        page = (await self._admission.run(job_report, job.job_id, job.spec, job.result)).encode()
        for start in range(0, len(page), CHUNK_BYTES):
            yield pb.ReadReportResponse(chunk=page[start : start + CHUNK_BYTES])


def _tenant(context: Context) -> str:
    return tenant_of(tuple(context.invocation_metadata() or ()))


def _digest(spec: JobSpec, texts: Mapping[str, str], priority: Priority) -> str:
    return hashlib.sha256(repr((spec, sorted(texts.items()), priority)).encode()).hexdigest()
