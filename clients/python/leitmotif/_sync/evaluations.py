# Generated from leitmotif/_async/evaluations.py by clients/python/generate_sync.py; edit that file instead.
"""Evaluations of language models, which run as jobs and outlive the client."""

import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any, Generic, TypeVar, cast

from leitmotif._convert.evaluation import bos_number_of, job_of, state_number_of
from leitmotif._sync.transport import Transport
from leitmotif.api.evaluation.v1 import evaluation_pb2 as pb2
from leitmotif.api.evaluation.v1 import specs_pb2
from leitmotif.errors import JobCancelledError, JobFailedError, LeitmotifError
from leitmotif.types import BosPolicy, Job, JobProgress, JobState, PerplexityResult

Result = TypeVar("Result")


class Evaluation(Generic[Result]):
    """One job: what `client.evaluations.perplexity(...)` and `.get(...)` return."""

    def __init__(self, transport: Transport, job: Job) -> None:
        self._transport = transport
        self.job = job
        """The job as it was when last read."""

    @property
    def job_id(self) -> str:
        """With it, `client.evaluations.get` finds the job again, from any process."""
        return self.job.job_id

    def get(self, *, timeout_s: float | None = None) -> Job:
        """Read the job as it is now."""
        method = self._transport.stubs.evaluation.GetJob
        request = pb2.GetJobRequest(job_id=self.job_id)
        response = self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)
        self.job = job_of(response.job)
        return self.job

    def watch(self, *, timeout_s: float | None = None) -> Generator[Job, None, None]:
        """The job now and whenever it changes, until it has ended; survives restarts of the server.

        DeadlineExceededError after `timeout_s`, by default never; the job itself goes on.
        """
        method = self._transport.stubs.evaluation.WatchJob
        last: Job | None = None
        watch = self._transport.watch(method, lambda: pb2.WatchJobRequest(job_id=self.job_id), timeout_s=timeout_s)
        with closing(watch) as responses:
            for response in responses:
                self.job = job_of(response.job)
                if self.job != last:
                    last = self.job
                    yield self.job
                if self.job.state.final:
                    return

    def wait(self, on_progress: Callable[[JobProgress], object] | None = None, *, timeout_s: float | None = None) -> Result:
        """Wait for the result. JobFailedError or JobCancelledError when there will be none.

        `on_progress` is called whenever the job moves. DeadlineExceededError after `timeout_s`, by default never; the job
        itself goes on.
        """
        with closing(self.watch(timeout_s=timeout_s)) as states:
            for job in states:
                if on_progress is not None:
                    on_progress(job.progress)
        job = self.job
        if job.state is JobState.CANCELLED:
            raise JobCancelledError(job)
        if job.error is not None or job.result is None:
            raise JobFailedError(job, job.error or LeitmotifError("no result and no reason"))
        return cast(Result, job.result)

    def cancel(self, *, timeout_s: float | None = None) -> Job:
        """Ask for the job to stop. PreconditionError (JOB_STATE) when it has ended already."""
        method = self._transport.stubs.evaluation.CancelJob
        request = pb2.CancelJobRequest(job_id=self.job_id)
        response = self._transport.call(method, request, timeout_s=timeout_s, repeatable=False)
        self.job = job_of(response.job)
        return self.job


class Evaluations:
    """The evaluation service: `client.evaluations`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def perplexity(
        self,
        model: str,
        *,
        text: str | None = None,
        text_path: str | None = None,
        context: int = 0,
        stride: int = 0,
        bos: BosPolicy = BosPolicy.AUTO,
        batch_size: int = 0,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> Evaluation[PerplexityResult]:
        """Start a job: the perplexity of a causal language model on a text.

        `model` is a folder below the service's model root; the text is `text` itself (at most 1 MiB) or the file `text_path`
        below its text root. `context` 0 stands for the model's own length, `stride` 0 for the context. `request_id` makes a
        repeat within 24 hours return the first job; it is made when not given.
        """
        if (text is None) == (text_path is None):
            raise ValueError("give either text or text_path")
        spec = specs_pb2.PerplexitySpec(
            model=model,
            text=text,
            text_path=text_path,
            context=context,
            stride=stride,
            bos=bos_number_of(bos),
            batch_size=batch_size,
        )
        request = pb2.CreateJobRequest(spec=specs_pb2.JobSpec(perplexity=spec), request_id=request_id or uuid.uuid4().hex)
        method = self._transport.stubs.evaluation.CreateJob
        response = self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)
        return Evaluation(self._transport, job_of(response.job))

    def get(self, job_id: str, *, timeout_s: float | None = None) -> Evaluation[Any]:
        """A job by its id. NotFoundError (JOB_NOT_FOUND) when there is none."""
        method = self._transport.stubs.evaluation.GetJob
        request = pb2.GetJobRequest(job_id=job_id)
        response = self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)
        return Evaluation(self._transport, job_of(response.job))

    def list(self, state: JobState | None = None, *, page_size: int = 0, timeout_s: float | None = None) -> Iterator[Job]:
        """Every job, newest first; with `state`, those in it. Pages are fetched as they are needed."""
        method = self._transport.stubs.evaluation.ListJobs
        for response in self._transport.pages(
            lambda page_token: self._transport.call(
                method,
                pb2.ListJobsRequest(state=state_number_of(state), page_size=page_size, page_token=page_token),
                timeout_s=timeout_s,
                repeatable=True,
            )
        ):
            for job in response.jobs:
                yield job_of(job)
