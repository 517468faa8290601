"""The ports behind which jobs are kept: one for the API, one for the workers."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from leitmotif_services.evaluation.jobs.job import Job, JobFailure, JobState
from leitmotif_services.evaluation.scoring.document_scoring import Progress
from leitmotif_services.evaluation.scoring.perplexity import PerplexityResult


@dataclass(frozen=True)
class RequestKey:
    """Makes a creation idempotent: the caller's id of the request, and a digest of what it asked for."""

    request_id: str
    digest: str


class JobStore(Protocol):
    """Jobs as the API sees them. Every method raises STORE_UNAVAILABLE while the store does not answer."""

    async def create(self, job: Job, text: str | None, request: RequestKey | None) -> Job:
        """Queue a job, with its text where that came with the request.

        A repeat of a request returns the job of the first; REQUEST_ID_REUSED when it asked for something else. OVERLOADED
        when too many jobs are queued.
        """

    async def get(self, job_id: str) -> Job:
        """The job; JOB_NOT_FOUND."""

    async def page(self, *, limit: int, older_than: str, state: JobState | None) -> list[Job]:
        """Jobs, newest first, behind the job id `older_than` ("" for the start); those in `state` only, where one is given."""

    async def cancel(self, job_id: str) -> Job:
        """Cancel a queued job at once, ask for it where one runs; JOB_NOT_FOUND, JOB_STATE when it has ended."""

    def watch(self, job_id: str) -> AsyncIterator[Job]:
        """The job now and whenever it changed, until it is final; changes in quick succession may come as one. JOB_NOT_FOUND."""

    async def close(self) -> None:
        """Give up connections."""


@dataclass(frozen=True)
class Lease:
    """A worker's hold on a job. It lapses when the worker falls silent, and another one may then take the job up."""

    job: Job
    text: str | None
    """The text that came with the request; None where the spec names a file."""
    entry_id: str
    """The job's entry in the queue."""
    owner: str
    """Names this hold: what is written under a lapsed one is refused."""


class Signal(Enum):
    """What a worker learns when it reports."""

    GO_ON = auto()
    CANCEL = auto()
    """Somebody asked for the job to be cancelled."""
    LOST = auto()
    """The lease has lapsed: the job is somebody else's, or gone."""


class JobQueue(Protocol):
    """Jobs as a worker sees them. Every method raises STORE_UNAVAILABLE while the store does not answer."""

    async def take(self, *, wait_s: float) -> Lease | None:
        """The next job, waiting or left behind by a worker that vanished; None when there is none for `wait_s` seconds."""

    async def report(self, lease: Lease, progress: Progress | None) -> Signal:
        """Keep the lease alive, and publish progress where there is some."""

    async def finish(self, lease: Lease, outcome: PerplexityResult | JobFailure | None) -> bool:
        """End the job: succeeded, failed, or cancelled (None). False when the lease has lapsed, and nothing is written."""

    async def hand_back(self, lease: Lease) -> bool:
        """Put the job back into the queue, for a worker that stops. False when the lease has lapsed."""

    async def close(self) -> None:
        """Give up connections."""
