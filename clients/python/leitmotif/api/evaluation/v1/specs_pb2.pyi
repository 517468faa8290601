from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BosPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BOS_POLICY_UNSPECIFIED: _ClassVar[BosPolicy]
    BOS_POLICY_ALWAYS: _ClassVar[BosPolicy]
    BOS_POLICY_NEVER: _ClassVar[BosPolicy]

class Documents(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DOCUMENTS_UNSPECIFIED: _ClassVar[Documents]
    DOCUMENTS_WHOLE: _ClassVar[Documents]
    DOCUMENTS_LINES: _ClassVar[Documents]
    DOCUMENTS_PARAGRAPHS: _ClassVar[Documents]
BOS_POLICY_UNSPECIFIED: BosPolicy
BOS_POLICY_ALWAYS: BosPolicy
BOS_POLICY_NEVER: BosPolicy
DOCUMENTS_UNSPECIFIED: Documents
DOCUMENTS_WHOLE: Documents
DOCUMENTS_LINES: Documents
DOCUMENTS_PARAGRAPHS: Documents

class JobSpec(_message.Message):
    __slots__ = ("perplexity", "comparison", "token_analysis", "distance", "adaptation")
    PERPLEXITY_FIELD_NUMBER: _ClassVar[int]
    COMPARISON_FIELD_NUMBER: _ClassVar[int]
    TOKEN_ANALYSIS_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_FIELD_NUMBER: _ClassVar[int]
    ADAPTATION_FIELD_NUMBER: _ClassVar[int]
    perplexity: PerplexitySpec
    comparison: ComparisonSpec
    token_analysis: TokenAnalysisSpec
    distance: DistanceSpec
    adaptation: AdaptationSpec
    def __init__(self, perplexity: _Optional[_Union[PerplexitySpec, _Mapping]] = ..., comparison: _Optional[_Union[ComparisonSpec, _Mapping]] = ..., token_analysis: _Optional[_Union[TokenAnalysisSpec, _Mapping]] = ..., distance: _Optional[_Union[DistanceSpec, _Mapping]] = ..., adaptation: _Optional[_Union[AdaptationSpec, _Mapping]] = ...) -> None: ...

class TextSource(_message.Message):
    __slots__ = ("text", "text_path", "text_id", "documents")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    TEXT_PATH_FIELD_NUMBER: _ClassVar[int]
    TEXT_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    text: str
    text_path: str
    text_id: str
    documents: Documents
    def __init__(self, text: _Optional[str] = ..., text_path: _Optional[str] = ..., text_id: _Optional[str] = ..., documents: _Optional[_Union[Documents, str]] = ...) -> None: ...

class Scoring(_message.Message):
    __slots__ = ("context", "stride", "bos", "batch_size")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    BOS_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    context: int
    stride: int
    bos: BosPolicy
    batch_size: int
    def __init__(self, context: _Optional[int] = ..., stride: _Optional[int] = ..., bos: _Optional[_Union[BosPolicy, str]] = ..., batch_size: _Optional[int] = ...) -> None: ...

class PerplexitySpec(_message.Message):
    __slots__ = ("model", "text", "text_path", "text_id", "context", "stride", "bos", "batch_size", "documents", "m2d2")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    TEXT_PATH_FIELD_NUMBER: _ClassVar[int]
    TEXT_ID_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    BOS_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    M2D2_FIELD_NUMBER: _ClassVar[int]
    model: str
    text: str
    text_path: str
    text_id: str
    context: int
    stride: int
    bos: BosPolicy
    batch_size: int
    documents: Documents
    m2d2: bool
    def __init__(self, model: _Optional[str] = ..., text: _Optional[str] = ..., text_path: _Optional[str] = ..., text_id: _Optional[str] = ..., context: _Optional[int] = ..., stride: _Optional[int] = ..., bos: _Optional[_Union[BosPolicy, str]] = ..., batch_size: _Optional[int] = ..., documents: _Optional[_Union[Documents, str]] = ..., m2d2: bool = ...) -> None: ...

class ComparisonSpec(_message.Message):
    __slots__ = ("base_model", "adapted_model", "text", "scoring", "reference", "bootstrap_samples", "permutations", "seed", "top_tokens")
    BASE_MODEL_FIELD_NUMBER: _ClassVar[int]
    ADAPTED_MODEL_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SCORING_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    BOOTSTRAP_SAMPLES_FIELD_NUMBER: _ClassVar[int]
    PERMUTATIONS_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    TOP_TOKENS_FIELD_NUMBER: _ClassVar[int]
    base_model: str
    adapted_model: str
    text: TextSource
    scoring: Scoring
    reference: TextSource
    bootstrap_samples: int
    permutations: int
    seed: int
    top_tokens: int
    def __init__(self, base_model: _Optional[str] = ..., adapted_model: _Optional[str] = ..., text: _Optional[_Union[TextSource, _Mapping]] = ..., scoring: _Optional[_Union[Scoring, _Mapping]] = ..., reference: _Optional[_Union[TextSource, _Mapping]] = ..., bootstrap_samples: _Optional[int] = ..., permutations: _Optional[int] = ..., seed: _Optional[int] = ..., top_tokens: _Optional[int] = ...) -> None: ...

class TokenAnalysisSpec(_message.Message):
    __slots__ = ("base_model", "adapted_model", "text", "scoring", "reference", "top_tokens")
    BASE_MODEL_FIELD_NUMBER: _ClassVar[int]
    ADAPTED_MODEL_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SCORING_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    TOP_TOKENS_FIELD_NUMBER: _ClassVar[int]
    base_model: str
    adapted_model: str
    text: TextSource
    scoring: Scoring
    reference: TextSource
    top_tokens: int
    def __init__(self, base_model: _Optional[str] = ..., adapted_model: _Optional[str] = ..., text: _Optional[_Union[TextSource, _Mapping]] = ..., scoring: _Optional[_Union[Scoring, _Mapping]] = ..., reference: _Optional[_Union[TextSource, _Mapping]] = ..., top_tokens: _Optional[int] = ...) -> None: ...

class DistanceSpec(_message.Message):
    __slots__ = ("domain", "reference", "model", "passage_words", "max_passages", "null_samples", "seed")
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PASSAGE_WORDS_FIELD_NUMBER: _ClassVar[int]
    MAX_PASSAGES_FIELD_NUMBER: _ClassVar[int]
    NULL_SAMPLES_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    domain: TextSource
    reference: TextSource
    model: str
    passage_words: int
    max_passages: int
    null_samples: int
    seed: int
    def __init__(self, domain: _Optional[_Union[TextSource, _Mapping]] = ..., reference: _Optional[_Union[TextSource, _Mapping]] = ..., model: _Optional[str] = ..., passage_words: _Optional[int] = ..., max_passages: _Optional[int] = ..., null_samples: _Optional[int] = ..., seed: _Optional[int] = ...) -> None: ...

class AdaptationSpec(_message.Message):
    __slots__ = ("model", "text", "output", "epochs", "learning_rate", "weight_decay", "warmup_share", "max_grad_norm", "batch_size", "context", "seed", "held_out_share")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    EPOCHS_FIELD_NUMBER: _ClassVar[int]
    LEARNING_RATE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_DECAY_FIELD_NUMBER: _ClassVar[int]
    WARMUP_SHARE_FIELD_NUMBER: _ClassVar[int]
    MAX_GRAD_NORM_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    HELD_OUT_SHARE_FIELD_NUMBER: _ClassVar[int]
    model: str
    text: TextSource
    output: str
    epochs: float
    learning_rate: float
    weight_decay: float
    warmup_share: float
    max_grad_norm: float
    batch_size: int
    context: int
    seed: int
    held_out_share: float
    def __init__(self, model: _Optional[str] = ..., text: _Optional[_Union[TextSource, _Mapping]] = ..., output: _Optional[str] = ..., epochs: _Optional[float] = ..., learning_rate: _Optional[float] = ..., weight_decay: _Optional[float] = ..., warmup_share: _Optional[float] = ..., max_grad_norm: _Optional[float] = ..., batch_size: _Optional[int] = ..., context: _Optional[int] = ..., seed: _Optional[int] = ..., held_out_share: _Optional[float] = ...) -> None: ...
