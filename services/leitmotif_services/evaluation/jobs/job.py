"""An evaluation job: what was asked for, where it stands, and which steps its states allow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from leitmotif_services.evaluation.scoring.document_scoring import Progress
from leitmotif_services.evaluation.scoring.perplexity import PerplexityResult
from leitmotif_services.evaluation.scoring.scoring_settings import ScoringSettings
from leitmotif_services.runtime.errors import Reason


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


@dataclass(frozen=True)
class PerplexitySpec:
    """Perplexity of one model on one text."""

    model: str
    """Folder relative to the model root."""
    text_path: str | None
    """File relative to the text root; None for a text that came with the request and is kept beside the job."""
    settings: ScoringSettings = field(default_factory=ScoringSettings)


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
    spec: PerplexitySpec
    text_bytes: int
    created_at: datetime
    progress: Progress = field(default_factory=Progress)
    result: PerplexityResult | None = None
    """Set when SUCCEEDED."""
    failure: JobFailure | None = None
    """Set when FAILED."""
    started_at: datetime | None = None
    """When a worker took it up, the last time if it was taken up again."""
    ended_at: datetime | None = None
    attempts: int = 0
    """How often a worker took it up."""
