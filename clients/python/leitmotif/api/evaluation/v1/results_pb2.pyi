from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TokenClass(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TOKEN_CLASS_UNSPECIFIED: _ClassVar[TokenClass]
    TOKEN_CLASS_NEWLINE: _ClassVar[TokenClass]
    TOKEN_CLASS_WHITESPACE: _ClassVar[TokenClass]
    TOKEN_CLASS_PUNCTUATION: _ClassVar[TokenClass]
    TOKEN_CLASS_DIGITS: _ClassVar[TokenClass]
    TOKEN_CLASS_FUNCTION_WORD: _ClassVar[TokenClass]
    TOKEN_CLASS_DOMAIN_TERM: _ClassVar[TokenClass]
    TOKEN_CLASS_OTHER: _ClassVar[TokenClass]
TOKEN_CLASS_UNSPECIFIED: TokenClass
TOKEN_CLASS_NEWLINE: TokenClass
TOKEN_CLASS_WHITESPACE: TokenClass
TOKEN_CLASS_PUNCTUATION: TokenClass
TOKEN_CLASS_DIGITS: TokenClass
TOKEN_CLASS_FUNCTION_WORD: TokenClass
TOKEN_CLASS_DOMAIN_TERM: TokenClass
TOKEN_CLASS_OTHER: TokenClass

class JobResult(_message.Message):
    __slots__ = ("perplexity", "comparison", "token_analysis", "distance", "adaptation")
    PERPLEXITY_FIELD_NUMBER: _ClassVar[int]
    COMPARISON_FIELD_NUMBER: _ClassVar[int]
    TOKEN_ANALYSIS_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_FIELD_NUMBER: _ClassVar[int]
    ADAPTATION_FIELD_NUMBER: _ClassVar[int]
    perplexity: PerplexityResult
    comparison: ComparisonResult
    token_analysis: TokenAnalysisResult
    distance: DistanceResult
    adaptation: AdaptationResult
    def __init__(self, perplexity: _Optional[_Union[PerplexityResult, _Mapping]] = ..., comparison: _Optional[_Union[ComparisonResult, _Mapping]] = ..., token_analysis: _Optional[_Union[TokenAnalysisResult, _Mapping]] = ..., distance: _Optional[_Union[DistanceResult, _Mapping]] = ..., adaptation: _Optional[_Union[AdaptationResult, _Mapping]] = ...) -> None: ...

class Interval(_message.Message):
    __slots__ = ("low", "high")
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    low: float
    high: float
    def __init__(self, low: _Optional[float] = ..., high: _Optional[float] = ...) -> None: ...

class PerplexityResult(_message.Message):
    __slots__ = ("perplexity", "nll_sum", "tokens", "words", "bytes", "word_perplexity", "byte_perplexity", "bits_per_byte", "context", "stride", "bos_prepended", "dtype", "tokens_per_s", "model_sha256", "documents")
    PERPLEXITY_FIELD_NUMBER: _ClassVar[int]
    NLL_SUM_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    WORD_PERPLEXITY_FIELD_NUMBER: _ClassVar[int]
    BYTE_PERPLEXITY_FIELD_NUMBER: _ClassVar[int]
    BITS_PER_BYTE_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    BOS_PREPENDED_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    TOKENS_PER_S_FIELD_NUMBER: _ClassVar[int]
    MODEL_SHA256_FIELD_NUMBER: _ClassVar[int]
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    perplexity: float
    nll_sum: float
    tokens: int
    words: int
    bytes: int
    word_perplexity: float
    byte_perplexity: float
    bits_per_byte: float
    context: int
    stride: int
    bos_prepended: bool
    dtype: str
    tokens_per_s: float
    model_sha256: str
    documents: int
    def __init__(self, perplexity: _Optional[float] = ..., nll_sum: _Optional[float] = ..., tokens: _Optional[int] = ..., words: _Optional[int] = ..., bytes: _Optional[int] = ..., word_perplexity: _Optional[float] = ..., byte_perplexity: _Optional[float] = ..., bits_per_byte: _Optional[float] = ..., context: _Optional[int] = ..., stride: _Optional[int] = ..., bos_prepended: bool = ..., dtype: _Optional[str] = ..., tokens_per_s: _Optional[float] = ..., model_sha256: _Optional[str] = ..., documents: _Optional[int] = ...) -> None: ...

class ComparisonResult(_message.Message):
    __slots__ = ("base", "adapted", "ratio", "ratio_ci95", "p_value", "units", "unit_count", "tokens")
    BASE_FIELD_NUMBER: _ClassVar[int]
    ADAPTED_FIELD_NUMBER: _ClassVar[int]
    RATIO_FIELD_NUMBER: _ClassVar[int]
    RATIO_CI95_FIELD_NUMBER: _ClassVar[int]
    P_VALUE_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    UNIT_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    base: PerplexityResult
    adapted: PerplexityResult
    ratio: float
    ratio_ci95: Interval
    p_value: float
    units: str
    unit_count: int
    tokens: TokenAnalysisResult
    def __init__(self, base: _Optional[_Union[PerplexityResult, _Mapping]] = ..., adapted: _Optional[_Union[PerplexityResult, _Mapping]] = ..., ratio: _Optional[float] = ..., ratio_ci95: _Optional[_Union[Interval, _Mapping]] = ..., p_value: _Optional[float] = ..., units: _Optional[str] = ..., unit_count: _Optional[int] = ..., tokens: _Optional[_Union[TokenAnalysisResult, _Mapping]] = ...) -> None: ...

class TokenContribution(_message.Message):
    __slots__ = ("token_id", "text", "token_class", "count", "contribution", "mean_change")
    TOKEN_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    TOKEN_CLASS_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    MEAN_CHANGE_FIELD_NUMBER: _ClassVar[int]
    token_id: int
    text: str
    token_class: TokenClass
    count: int
    contribution: float
    mean_change: float
    def __init__(self, token_id: _Optional[int] = ..., text: _Optional[str] = ..., token_class: _Optional[_Union[TokenClass, str]] = ..., count: _Optional[int] = ..., contribution: _Optional[float] = ..., mean_change: _Optional[float] = ...) -> None: ...

class ClassContribution(_message.Message):
    __slots__ = ("token_class", "count", "contribution", "mean_change")
    TOKEN_CLASS_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    MEAN_CHANGE_FIELD_NUMBER: _ClassVar[int]
    token_class: TokenClass
    count: int
    contribution: float
    mean_change: float
    def __init__(self, token_class: _Optional[_Union[TokenClass, str]] = ..., count: _Optional[int] = ..., contribution: _Optional[float] = ..., mean_change: _Optional[float] = ...) -> None: ...

class WithoutWorst(_message.Message):
    __slots__ = ("types", "share_of_worsening", "base_perplexity", "adapted_perplexity")
    TYPES_FIELD_NUMBER: _ClassVar[int]
    SHARE_OF_WORSENING_FIELD_NUMBER: _ClassVar[int]
    BASE_PERPLEXITY_FIELD_NUMBER: _ClassVar[int]
    ADAPTED_PERPLEXITY_FIELD_NUMBER: _ClassVar[int]
    types: int
    share_of_worsening: float
    base_perplexity: float
    adapted_perplexity: float
    def __init__(self, types: _Optional[int] = ..., share_of_worsening: _Optional[float] = ..., base_perplexity: _Optional[float] = ..., adapted_perplexity: _Optional[float] = ...) -> None: ...

class DomainTerm(_message.Message):
    __slots__ = ("term", "weight", "count", "base_mrr", "adapted_mrr")
    TERM_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    BASE_MRR_FIELD_NUMBER: _ClassVar[int]
    ADAPTED_MRR_FIELD_NUMBER: _ClassVar[int]
    term: str
    weight: float
    count: int
    base_mrr: float
    adapted_mrr: float
    def __init__(self, term: _Optional[str] = ..., weight: _Optional[float] = ..., count: _Optional[int] = ..., base_mrr: _Optional[float] = ..., adapted_mrr: _Optional[float] = ...) -> None: ...

class TokenAnalysisResult(_message.Message):
    __slots__ = ("mean_change", "tokens", "top_tokens", "classes", "without_worst", "domain_terms", "base_mrr", "adapted_mrr", "base_median_rank", "adapted_median_rank", "change_edges", "change_counts")
    MEAN_CHANGE_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    TOP_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    WITHOUT_WORST_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_TERMS_FIELD_NUMBER: _ClassVar[int]
    BASE_MRR_FIELD_NUMBER: _ClassVar[int]
    ADAPTED_MRR_FIELD_NUMBER: _ClassVar[int]
    BASE_MEDIAN_RANK_FIELD_NUMBER: _ClassVar[int]
    ADAPTED_MEDIAN_RANK_FIELD_NUMBER: _ClassVar[int]
    CHANGE_EDGES_FIELD_NUMBER: _ClassVar[int]
    CHANGE_COUNTS_FIELD_NUMBER: _ClassVar[int]
    mean_change: float
    tokens: int
    top_tokens: _containers.RepeatedCompositeFieldContainer[TokenContribution]
    classes: _containers.RepeatedCompositeFieldContainer[ClassContribution]
    without_worst: _containers.RepeatedCompositeFieldContainer[WithoutWorst]
    domain_terms: _containers.RepeatedCompositeFieldContainer[DomainTerm]
    base_mrr: float
    adapted_mrr: float
    base_median_rank: float
    adapted_median_rank: float
    change_edges: _containers.RepeatedScalarFieldContainer[float]
    change_counts: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, mean_change: _Optional[float] = ..., tokens: _Optional[int] = ..., top_tokens: _Optional[_Iterable[_Union[TokenContribution, _Mapping]]] = ..., classes: _Optional[_Iterable[_Union[ClassContribution, _Mapping]]] = ..., without_worst: _Optional[_Iterable[_Union[WithoutWorst, _Mapping]]] = ..., domain_terms: _Optional[_Iterable[_Union[DomainTerm, _Mapping]]] = ..., base_mrr: _Optional[float] = ..., adapted_mrr: _Optional[float] = ..., base_median_rank: _Optional[float] = ..., adapted_median_rank: _Optional[float] = ..., change_edges: _Optional[_Iterable[float]] = ..., change_counts: _Optional[_Iterable[int]] = ...) -> None: ...

class DistanceMeasure(_message.Message):
    __slots__ = ("name", "value", "null_mean", "null_sd", "z")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    NULL_MEAN_FIELD_NUMBER: _ClassVar[int]
    NULL_SD_FIELD_NUMBER: _ClassVar[int]
    Z_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: float
    null_mean: float
    null_sd: float
    z: float
    def __init__(self, name: _Optional[str] = ..., value: _Optional[float] = ..., null_mean: _Optional[float] = ..., null_sd: _Optional[float] = ..., z: _Optional[float] = ...) -> None: ...

class DistanceResult(_message.Message):
    __slots__ = ("measures", "domain_passages", "reference_passages", "dimension", "model_sha256")
    MEASURES_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_PASSAGES_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_PASSAGES_FIELD_NUMBER: _ClassVar[int]
    DIMENSION_FIELD_NUMBER: _ClassVar[int]
    MODEL_SHA256_FIELD_NUMBER: _ClassVar[int]
    measures: _containers.RepeatedCompositeFieldContainer[DistanceMeasure]
    domain_passages: int
    reference_passages: int
    dimension: int
    model_sha256: str
    def __init__(self, measures: _Optional[_Iterable[_Union[DistanceMeasure, _Mapping]]] = ..., domain_passages: _Optional[int] = ..., reference_passages: _Optional[int] = ..., dimension: _Optional[int] = ..., model_sha256: _Optional[str] = ...) -> None: ...

class AdaptationResult(_message.Message):
    __slots__ = ("model", "model_sha256", "steps", "tokens", "first_loss", "last_loss", "base_perplexity", "adapted_perplexity", "tokens_per_s", "base_sha256", "context", "resumed_from_step")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_SHA256_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    FIRST_LOSS_FIELD_NUMBER: _ClassVar[int]
    LAST_LOSS_FIELD_NUMBER: _ClassVar[int]
    BASE_PERPLEXITY_FIELD_NUMBER: _ClassVar[int]
    ADAPTED_PERPLEXITY_FIELD_NUMBER: _ClassVar[int]
    TOKENS_PER_S_FIELD_NUMBER: _ClassVar[int]
    BASE_SHA256_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    RESUMED_FROM_STEP_FIELD_NUMBER: _ClassVar[int]
    model: str
    model_sha256: str
    steps: int
    tokens: int
    first_loss: float
    last_loss: float
    base_perplexity: float
    adapted_perplexity: float
    tokens_per_s: float
    base_sha256: str
    context: int
    resumed_from_step: int
    def __init__(self, model: _Optional[str] = ..., model_sha256: _Optional[str] = ..., steps: _Optional[int] = ..., tokens: _Optional[int] = ..., first_loss: _Optional[float] = ..., last_loss: _Optional[float] = ..., base_perplexity: _Optional[float] = ..., adapted_perplexity: _Optional[float] = ..., tokens_per_s: _Optional[float] = ..., base_sha256: _Optional[str] = ..., context: _Optional[int] = ..., resumed_from_step: _Optional[int] = ...) -> None: ...
