"""The ports behind which jobs are kept: one for the API, one for the workers."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Protocol

from leitmotif_services.evaluation.jobs.job import Job, JobFailure, JobProgress, JobState
from leitmotif_services.evaluation.jobs.job_kinds import JobKind, JobResult, kind_of

Outcome = JobResult | JobFailure | None
"""How a computation ended; None: it was interrupted."""


@dataclass(frozen=True)
class RequestKey:
    """Makes a creation idempotent: the caller's id of the request, and a digest of what it asked for."""

    request_id: str
    digest: str


@dataclass(frozen=True)
class JobFilter:
    """Which jobs to list; None keeps all."""

    state: JobState | None = None
    kind: JobKind | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    dead_letters: bool = False
    """Keep dead letters only."""

    def keeps(self, job: Job) -> bool:
        """Whether a job is one of them."""
        return (
            self.state in (None, job.state)
            and self.kind in (None, kind_of(job.spec))
            and (self.created_from is None or job.created_at >= self.created_from)
            and (self.created_before is None or job.created_at < self.created_before)
            and (job.dead_letter or not self.dead_letters)
        )


@dataclass(frozen=True)
class JobPage:
    """Some jobs of a list, newest first."""

    jobs: list[Job]
    """May be fewer than asked for, or none, though more follow: a search looks through a bounded number of jobs."""
    older_than: str
    """Where the next page begins; "" at the end."""


class JobStore(Protocol):
    """Jobs as the API sees them; those of another tenant do not exist for a caller.

    Every method raises STORE_UNAVAILABLE while the store does not answer.
    """

    async def create(self, job: Job, texts: Mapping[str, str], request: RequestKey | None) -> Job:
        """Queue a job of its tenant, with those of its texts that came with the request, by the names of the spec's fields.

        A repeat of a request returns the job of the first; REQUEST_ID_REUSED when it asked for something else. OVERLOADED
        when too many jobs wait, or too many of the tenant's wait or run.
        """

    async def get(self, tenant: str, job_id: str) -> Job:
        """The job; JOB_NOT_FOUND."""

    async def page(self, tenant: str, *, limit: int, older_than: str, keep: JobFilter) -> JobPage:
        """Jobs behind the job id `older_than` ("" for the start) that the filter keeps."""

    async def cancel(self, tenant: str, job_id: str) -> Job:
        """Cancel a queued job at once, ask for it where one runs; JOB_NOT_FOUND, JOB_STATE when it has ended."""

    async def delete(self, tenant: str, job_id: str) -> bool:
        """Forget a job that has ended; False when there is none. JOB_STATE while it waits or runs."""

    def watch(self, tenant: str, job_id: str) -> AsyncIterator[Job]:
        """The job now and whenever it changed, until it is final; changes in quick succession may come as one. JOB_NOT_FOUND."""

    async def close(self) -> None:
        """Give up connections."""


@dataclass(frozen=True)
class Lease:
    """A worker's hold on a job. It lapses when the worker falls silent, and another one may then take the job up."""

    job: Job
    entry_id: str
    """The job's entry in the queue."""
    owner: str
    """Names this hold: what is written under a lapsed one is refused."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """The texts that came with the request, by the names of the spec's fields."""


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
        """The next job, left behind by a worker that vanished or waiting; None when there is none for `wait_s` seconds.

        Of the waiting ones the most urgent, and of equals the oldest; but one that has waited for very long goes first.
        """

    async def report(self, lease: Lease, progress: JobProgress | None) -> Signal:
        """Keep the lease alive, and publish progress where there is some."""

    async def finish(self, lease: Lease, outcome: Outcome, progress: JobProgress | None = None) -> bool:
        """End the job: succeeded, failed, or cancelled (None), with its last progress where there was some.

        False when the lease has lapsed, and nothing is written.
        """

    async def hand_back(self, lease: Lease) -> bool:
        """Put the job back into the queue, for a worker that stops. False when the lease has lapsed."""

    async def close(self) -> None:
        """Give up connections."""
