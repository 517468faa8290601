"""One evaluation of a language model: a job, which outlives the client."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Generic, TypeVar, cast

from leitmotif._async.transport import AsyncTransport
from leitmotif._convert.evaluation import job_of
from leitmotif.api.evaluation.v1 import evaluation_pb2 as pb2
from leitmotif.errors import JobCancelledError, JobFailedError, LeitmotifError
from leitmotif.types import Job, JobProgress, JobState

Result = TypeVar("Result")


class AsyncEvaluation(Generic[Result]):
    """One job: what the methods of `client.evaluations` return."""

    def __init__(self, transport: AsyncTransport, job: Job) -> None:
        self._transport = transport
        self.job = job
        """The job as it was when last read."""

    @property
    def job_id(self) -> str:
        """With it, `client.evaluations.get` finds the job again, from any process."""
        return self.job.job_id

    async def get(self, *, timeout_s: float | None = None) -> Job:
        """Read the job as it is now."""
        method = self._transport.stubs.evaluation.GetJob
        request = pb2.GetJobRequest(job_id=self.job_id)
        response = await self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)
        self.job = job_of(response.job)
        return self.job

    async def watch(self, *, timeout_s: float | None = None) -> AsyncGenerator[Job, None]:
        """The job now and whenever it changes, until it has ended; survives restarts of the server.

        DeadlineExceededError after `timeout_s`, by default never; the job itself goes on.
        """
        method = self._transport.stubs.evaluation.WatchJob
        last: Job | None = None
        watch = self._transport.watch(method, lambda: pb2.WatchJobRequest(job_id=self.job_id), timeout_s=timeout_s)
        async with aclosing(watch) as responses:
            async for response in responses:
                self.job = job_of(response.job)
                if self.job != last:
                    last = self.job
                    yield self.job
                if self.job.state.final:
                    return

    async def wait(self, on_progress: Callable[[JobProgress], object] | None = None, *, timeout_s: float | None = None) -> Result:
        """Wait for the result. JobFailedError or JobCancelledError when there will be none.

        `on_progress` is called whenever the job moves. DeadlineExceededError after `timeout_s`, by default never; the job
        itself goes on.
        """
        async with aclosing(self.watch(timeout_s=timeout_s)) as states:
            async for job in states:
                if on_progress is not None:
                    on_progress(job.progress)
        job = self.job
        if job.state is JobState.CANCELLED:
            raise JobCancelledError(job)
        if job.error is not None or job.result is None:
            raise JobFailedError(job, job.error or LeitmotifError("no result and no reason"))
        return cast(Result, job.result)

    async def cancel(self, *, timeout_s: float | None = None) -> Job:
        """Ask for the job to stop. PreconditionError (JOB_STATE) when it has ended already."""
        method = self._transport.stubs.evaluation.CancelJob
        request = pb2.CancelJobRequest(job_id=self.job_id)
        response = await self._transport.call(method, request, timeout_s=timeout_s, repeatable=False)
        self.job = job_of(response.job)
        return self.job

    async def report(self, *, timeout_s: float | None = None) -> bytes:
        """The report of a job that has succeeded: one HTML page in UTF-8 with its pictures in it, which refers to nothing else.

        PreconditionError (JOB_STATE) unless the job has succeeded.
        """
        method = self._transport.stubs.evaluation.ReadReport
        request = pb2.ReadReportRequest(job_id=self.job_id)
        responses = await self._transport.collect(method, request, timeout_s=timeout_s)
        return b"".join(response.chunk for response in responses)

    async def delete(self, *, timeout_s: float | None = None) -> bool:
        """Delete the job with its result and report; False when there was none.

        PreconditionError (JOB_STATE) while it waits or runs.
        """
        method = self._transport.stubs.evaluation.DeleteJob
        request = pb2.DeleteJobRequest(job_id=self.job_id)
        response = await self._transport.call(method, request, timeout_s=timeout_s, repeatable=False)
        return response.existed
