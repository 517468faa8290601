"""An evaluation job: what was asked for, where it stands, and which steps its states allow."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from leitmotif_services.evaluation.jobs.job_kinds import JobResult, JobSpec
from leitmotif_services.runtime.errors import Reason

DEFAULT_TENANT = "default"
"""Whose jobs are those that name no tenant."""


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_final(self) -> bool:
        """Whether nothing follows it."""
        return not STEPS[self]


STEPS: Mapping[JobState, frozenset[JobState]] = {
    # RUNNING to RUNNING: taken up again after its worker vanished; RUNNING to QUEUED: handed back by a worker that stops.
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLED}),
    JobState.RUNNING: frozenset(JobState),
    JobState.SUCCEEDED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
}
"""The states that may follow each."""


class Priority(StrEnum):
    """How urgent a job is; the most urgent first."""

    HIGH = "HIGH"
    NORMAL = "NORMAL"
    LOW = "LOW"


@dataclass(frozen=True)
class JobProgress:
    """How far a job is."""

    tokens_done: int = 0
    """Of the phase; passages or measures in a phase that scores no token."""
    tokens_total: int = 0
    tokens_per_s: float = 0.0
    running_perplexity: float = 0.0
    """Of the tokens scored so far; 0 before the first, and in a phase that scores none."""
    phase: str = ""
    phase_number: int = 0
    """From 1; 0 while unknown."""
    phase_count: int = 0


@dataclass(frozen=True)
class JobFailure:
    """Why a job failed, in the terms of a ServiceError."""

    reason: Reason
    message: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """A job as it is kept. Times are UTC."""

    job_id: str
    state: JobState
    spec: JobSpec
    text_bytes: int
    """Of all its texts together."""
    created_at: datetime
    progress: JobProgress = field(default_factory=JobProgress)
    result: JobResult | None = None
    """Set when SUCCEEDED."""
    failure: JobFailure | None = None
    """Set when FAILED."""
    started_at: datetime | None = None
    """When a worker took it up, the last time if it was taken up again."""
    ended_at: datetime | None = None
    attempts: int = 0
    """How often a worker took it up."""
    priority: Priority = Priority.NORMAL
    tenant: str = DEFAULT_TENANT
    dead_letter: bool = False
    """It failed because so many workers vanished while they were at it."""


def new_job(
    spec: JobSpec,
    *,
    text_bytes: int,
    priority: Priority = Priority.NORMAL,
    tenant: str = DEFAULT_TENANT,
    now: datetime | None = None,
) -> Job:
    """A job to queue, created now. Its id begins with the time, so that ids sort by age: what lists are ordered by."""
    created_at = now or datetime.now(UTC)
    job_id = f"job-{round(created_at.timestamp() * 1e6):014x}-{secrets.token_hex(5)}"
    return Job(job_id, JobState.QUEUED, spec, text_bytes, created_at, priority=priority, tenant=tenant)
