"""What evaluation jobs are asked for. A number of 0 stands for the service's default."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from leitmotif.types.texts import Documents, TextSource


class BosPolicy(StrEnum):
    """Whether a beginning-of-sequence token is put before each document."""

    AUTO = "auto"
    """As ALWAYS when the tokenizer has such a token, else as NEVER."""
    ALWAYS = "always"
    """Prepend it, so that the first token of the document is scored too."""
    NEVER = "never"
    """The first token of the document is context only and not scored."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """How texts are scored under a model."""

    context: int = 0
    """Tokens of context at most; 0 stands for the model's own length."""
    stride: int = 0
    """Tokens that each window moves on; 0 stands for `context`."""
    bos: BosPolicy = BosPolicy.AUTO
    batch_size: int = 0
    """Windows computed together. The result does not depend on it."""


@dataclass(frozen=True, slots=True)
class PerplexitySpec:
    """What a perplexity job was asked for. `text` is never echoed by the service."""

    model: str
    text_path: str
    """Empty when the text was given otherwise."""
    context: int
    stride: int
    bos: BosPolicy
    batch_size: int
    text_id: str = ""
    """Empty when the text was given otherwise."""
    documents: Documents = Documents.WHOLE
    m2d2: bool = False
    """By the M2D2 protocol (Reid et al. 2022)."""


@dataclass(frozen=True, slots=True)
class ComparisonSpec:
    """What a comparison was asked for."""

    base_model: str
    adapted_model: str
    text: TextSource
    scoring: Scoring
    reference: TextSource | None
    """What domain terms stand out against; None leaves them out."""
    bootstrap_samples: int
    permutations: int
    seed: int
    top_tokens: int


@dataclass(frozen=True, slots=True)
class TokenAnalysisSpec:
    """What a token analysis was asked for."""

    base_model: str
    adapted_model: str
    text: TextSource
    scoring: Scoring
    reference: TextSource | None
    """What domain terms stand out against; None leaves them out."""
    top_tokens: int


@dataclass(frozen=True, slots=True)
class DistanceSpec:
    """What a distance job was asked for."""

    domain: TextSource
    reference: TextSource
    model: str
    """Empty for the measure of words alone."""
    passage_words: int
    max_passages: int
    null_samples: int
    seed: int


@dataclass(frozen=True, slots=True)
class AdaptationSpec:
    """What an adaptation was asked for."""

    model: str
    text: TextSource
    output: str
    """Empty for the job's id."""
    epochs: float
    learning_rate: float
    weight_decay: float | None
    """None for the service's default, as in the other fields that may be None."""
    warmup_share: float | None
    max_grad_norm: float
    batch_size: int
    context: int
    seed: int
    held_out_share: float | None


JobSpec: TypeAlias = PerplexitySpec | ComparisonSpec | TokenAnalysisSpec | DistanceSpec | AdaptationSpec
"""What can be asked for."""
