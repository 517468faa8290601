"""Evaluations of language models, which run as jobs."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from leitmotif.types.evaluation_results import JobResult
from leitmotif.types.evaluation_specs import JobSpec

if TYPE_CHECKING:
    from leitmotif.errors import LeitmotifError


class JobState(StrEnum):
    """Where a job stands."""

    UNKNOWN = "unknown"
    """A state that this release does not know."""
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """True when the job will not change any more."""
        return self in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


class JobKind(StrEnum):
    """What a job computes; a filter of `client.evaluations.list`."""

    PERPLEXITY = "perplexity"
    COMPARISON = "comparison"
    TOKEN_ANALYSIS = "token_analysis"
    DISTANCE = "distance"
    ADAPTATION = "adaptation"


class Priority(StrEnum):
    """How urgent a job is: those of a higher priority are taken up first."""

    LOW = "low"
    """When nothing else waits."""
    NORMAL = "normal"
    HIGH = "high"
    """Before all others."""


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How far a running job is."""

    tokens_done: int
    tokens_total: int
    """0 while unknown."""
    tokens_per_s: float
    running_perplexity: float
    """Perplexity of the tokens scored so far; 0 before the first, and in a phase that scores none."""
    phase: str = ""
    """What the job is at, such as "scoring the base model"; a job of several phases counts tokens anew in each."""
    phase_number: int = 0
    """From 1; 0 while unknown."""
    phase_count: int = 0
    """0 while unknown."""


@dataclass(frozen=True, slots=True)
class Job:
    """An evaluation job."""

    job_id: str
    state: JobState
    spec: JobSpec | None
    """None for a kind that this release does not know."""
    text_bytes: int
    progress: JobProgress
    result: JobResult | None = field(default=None)
    """Set when `state` is SUCCEEDED."""
    error: "LeitmotifError | None" = None
    """Set when `state` is FAILED."""
    created_at: datetime | None = None
    started_at: datetime | None = None
    """When a worker took it up, the last time if it was taken up again."""
    ended_at: datetime | None = None
    attempts: int = 0
    """How often a worker took it up."""
    priority: Priority = Priority.NORMAL
    dead_letter: bool = False
    """True when it failed because so many workers vanished while they were at it that it is the likely cause."""
