"""What evaluation jobs end with. Logarithms are natural: one nat is ln 2 bits."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias


class TokenClass(StrEnum):
    """What kind of text a token is."""

    UNKNOWN = "unknown"
    """A class that this release does not know."""
    NEWLINE = "newline"
    """Holds a line end, and white space alone."""
    WHITESPACE = "whitespace"
    """Other white space alone."""
    PUNCTUATION = "punctuation"
    """Punctuation and symbols alone."""
    DIGITS = "digits"
    FUNCTION_WORD = "function_word"
    """Such as "the"."""
    DOMAIN_TERM = "domain_term"
    """Part of a term of the domain."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of confidence."""

    low: float
    high: float


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
    documents: int = 0
    """Documents that were scored; those without a token to score are not among them."""


@dataclass(frozen=True, slots=True)
class TokenContribution:
    """What one token type adds to the change."""

    token_id: int
    text: str
    token_class: TokenClass
    count: int
    """How often it was scored."""
    contribution: float
    """To the change of the mean negative log likelihood, in nats a token of the text: above 0 where adapting made it worse."""
    mean_change: float
    """Of this token itself, in nats."""


@dataclass(frozen=True, slots=True)
class ClassContribution:
    """What all tokens of a class add to the change."""

    token_class: TokenClass
    count: int
    """How many were scored."""
    contribution: float
    """In nats a token of the text."""
    mean_change: float
    """Of one of them, in nats."""


@dataclass(frozen=True, slots=True)
class WithoutWorst:
    """Both perplexities without the token types that worsened most."""

    types: int
    """How many are left out."""
    share_of_worsening: float
    """Share of the summed worsening that they explain, 0 to 1."""
    base_perplexity: float
    adapted_perplexity: float


@dataclass(frozen=True, slots=True)
class DomainTerm:
    """A term of the domain, and how high each model ranks its tokens."""

    term: str
    weight: float
    """TF-IDF against the reference."""
    count: int
    base_mrr: float
    """Mean reciprocal rank of its tokens under the base model, 0 to 1."""
    adapted_mrr: float


@dataclass(frozen=True, slots=True)
class TokenAnalysisResult:
    """Which tokens the change between two models comes from."""

    mean_change: float
    """Of the negative log likelihood, adapted less base, in nats a token; all contributions sum to it."""
    tokens: int
    top_tokens: tuple[TokenContribution, ...]
    """The types that add most by magnitude."""
    classes: tuple[ClassContribution, ...]
    """All classes; they sum to `mean_change`."""
    without_worst: tuple[WithoutWorst, ...]
    """Without the 1, 5, 10, 20 and 50 types that worsened most."""
    domain_terms: tuple[DomainTerm, ...]
    """By falling weight, at most 50; empty without a reference, where the next four are 0."""
    base_mrr: float
    """Mean reciprocal rank over all tokens of domain terms."""
    adapted_mrr: float
    base_median_rank: float
    """Median rank over all tokens of domain terms."""
    adapted_median_rank: float
    change_edges: tuple[float, ...] = field(repr=False)
    """Histogram of the change of single tokens: edges of the bins, in nats, one more than counts."""
    change_counts: tuple[int, ...] = field(repr=False)
    """Tokens in each bin; the outermost hold all that lies beyond."""


@dataclass(frozen=True, slots=True)
class ComparisonResult:
    """A base and an adapted model on the very same tokens."""

    base: PerplexityResult
    adapted: PerplexityResult
    ratio: float
    """Adapted perplexity over base perplexity: below 1 where adapting helped."""
    ratio_ci95: Interval
    """By a bootstrap-t over `units`."""
    p_value: float
    """Two-sided, of a paired permutation test over `units`: how often chance alone gives a change as large."""
    units: str
    """What was drawn: "documents", or "blocks" of 256 tokens where there were too few."""
    unit_count: int
    tokens: TokenAnalysisResult
    """Which tokens the change comes from."""


@dataclass(frozen=True, slots=True)
class DistanceMeasure:
    """One measure of distance, beside its null: halves of the reference against each other."""

    name: str
    """"l2", "mmd2", "frechet" or "jsd"."""
    value: float
    """Domain against reference."""
    null_mean: float
    null_sd: float
    """Standard deviation."""
    z: float
    """(value - null_mean) / null_sd."""


@dataclass(frozen=True, slots=True)
class DistanceResult:
    """How far a domain is from a reference."""

    measures: tuple[DistanceMeasure, ...]
    """Those that could be computed."""
    domain_passages: int
    reference_passages: int
    dimension: int
    """Length of an embedding; 0 without a model."""
    model_sha256: str
    """What embedded; empty without a model."""


@dataclass(frozen=True, slots=True)
class AdaptationResult:
    """A model that was trained further."""

    model: str
    """Folder of the adapted model below the service's model root: what the other evaluations take as a model."""
    model_sha256: str
    """Over its weights and tokenizer."""
    steps: int
    tokens: int
    """Trained on, repeats included."""
    first_loss: float
    """Mean of the first tenth of the steps, in nats."""
    last_loss: float
    """Mean of the last tenth of the steps, in nats."""
    base_perplexity: float
    """Of the held-out text before; 0 where none was held out."""
    adapted_perplexity: float
    """Of the held-out text after."""
    tokens_per_s: float
    base_sha256: str
    """Over the weights and tokenizer of the model to begin with."""
    context: int
    """Tokens of a window."""
    resumed_from_step: int
    """Step that the last worker began at; 0 where none vanished."""


JobResult: TypeAlias = PerplexityResult | ComparisonResult | TokenAnalysisResult | DistanceResult | AdaptationResult
"""What a job can end with."""
