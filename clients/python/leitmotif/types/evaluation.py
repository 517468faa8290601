"""Evaluations of language models, which run as jobs."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

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


class BosPolicy(StrEnum):
    """Whether a beginning-of-sequence token is put before the text."""

    AUTO = "auto"
    """As ALWAYS when the tokenizer has such a token, else as NEVER."""
    ALWAYS = "always"
    """Prepend it, so that the first token of the text is scored too."""
    NEVER = "never"
    """The first token of the text is context only and not scored."""


@dataclass(frozen=True, slots=True)
class PerplexitySpec:
    """What a perplexity job was asked for. `text` is never echoed by the service."""

    model: str
    text_path: str
    """Empty when the text was given inline."""
    context: int
    stride: int
    bos: BosPolicy
    batch_size: int


@dataclass(frozen=True, slots=True)
class PerplexityResult:
    """Perplexity of a language model on a text. Logarithms are natural unless a name says otherwise."""

    perplexity: float
    """exp(nll_sum / tokens)."""
    nll_sum: float
    """Sum of the negative log likelihood of the scored tokens, in nats."""
    tokens: int
    """Tokens scored, each exactly once."""
    words: int
    """Separated by white space."""
    bytes: int
    """Of the text in UTF-8."""
    word_perplexity: float
    """exp(nll_sum / words)."""
    byte_perplexity: float
    """exp(nll_sum / bytes)."""
    bits_per_byte: float
    """nll_sum / bytes / ln 2."""
    context: int
    stride: int
    bos_prepended: bool
    dtype: str
    """Data type of the weights during the computation."""
    tokens_per_s: float
    """Model loading left out."""
    model_sha256: str
    """Over the model's weights and tokenizer."""


JobSpec: TypeAlias = PerplexitySpec
"""What can be asked for; a union once there are more kinds."""

JobResult: TypeAlias = PerplexityResult
"""What a job can end with; a union once there are more kinds."""


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How far a running job is."""

    tokens_done: int
    tokens_total: int
    """0 while unknown."""
    tokens_per_s: float
    running_perplexity: float
    """Perplexity of the tokens scored so far; 0 before the first."""


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
