from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class JobState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOB_STATE_UNSPECIFIED: _ClassVar[JobState]
    JOB_STATE_QUEUED: _ClassVar[JobState]
    JOB_STATE_RUNNING: _ClassVar[JobState]
    JOB_STATE_SUCCEEDED: _ClassVar[JobState]
    JOB_STATE_FAILED: _ClassVar[JobState]
    JOB_STATE_CANCELLED: _ClassVar[JobState]

class BosPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BOS_POLICY_UNSPECIFIED: _ClassVar[BosPolicy]
    BOS_POLICY_ALWAYS: _ClassVar[BosPolicy]
    BOS_POLICY_NEVER: _ClassVar[BosPolicy]
JOB_STATE_UNSPECIFIED: JobState
JOB_STATE_QUEUED: JobState
JOB_STATE_RUNNING: JobState
JOB_STATE_SUCCEEDED: JobState
JOB_STATE_FAILED: JobState
JOB_STATE_CANCELLED: JobState
BOS_POLICY_UNSPECIFIED: BosPolicy
BOS_POLICY_ALWAYS: BosPolicy
BOS_POLICY_NEVER: BosPolicy

class JobSpec(_message.Message):
    __slots__ = ("perplexity",)
    PERPLEXITY_FIELD_NUMBER: _ClassVar[int]
    perplexity: PerplexitySpec
    def __init__(self, perplexity: _Optional[_Union[PerplexitySpec, _Mapping]] = ...) -> None: ...

class PerplexitySpec(_message.Message):
    __slots__ = ("model", "text", "text_path", "context", "stride", "bos", "batch_size")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    TEXT_PATH_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    STRIDE_FIELD_NUMBER: _ClassVar[int]
    BOS_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    model: str
    text: str
    text_path: str
    context: int
    stride: int
    bos: BosPolicy
    batch_size: int
    def __init__(self, model: _Optional[str] = ..., text: _Optional[str] = ..., text_path: _Optional[str] = ..., context: _Optional[int] = ..., stride: _Optional[int] = ..., bos: _Optional[_Union[BosPolicy, str]] = ..., batch_size: _Optional[int] = ...) -> None: ...

class PerplexityResult(_message.Message):
    __slots__ = ("perplexity", "nll_sum", "tokens", "words", "bytes", "word_perplexity", "byte_perplexity", "bits_per_byte", "context", "stride", "bos_prepended", "dtype", "tokens_per_s", "model_sha256")
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
    def __init__(self, perplexity: _Optional[float] = ..., nll_sum: _Optional[float] = ..., tokens: _Optional[int] = ..., words: _Optional[int] = ..., bytes: _Optional[int] = ..., word_perplexity: _Optional[float] = ..., byte_perplexity: _Optional[float] = ..., bits_per_byte: _Optional[float] = ..., context: _Optional[int] = ..., stride: _Optional[int] = ..., bos_prepended: bool = ..., dtype: _Optional[str] = ..., tokens_per_s: _Optional[float] = ..., model_sha256: _Optional[str] = ...) -> None: ...

class JobResult(_message.Message):
    __slots__ = ("perplexity",)
    PERPLEXITY_FIELD_NUMBER: _ClassVar[int]
    perplexity: PerplexityResult
    def __init__(self, perplexity: _Optional[_Union[PerplexityResult, _Mapping]] = ...) -> None: ...

class JobProgress(_message.Message):
    __slots__ = ("tokens_done", "tokens_total", "tokens_per_s", "running_perplexity")
    TOKENS_DONE_FIELD_NUMBER: _ClassVar[int]
    TOKENS_TOTAL_FIELD_NUMBER: _ClassVar[int]
    TOKENS_PER_S_FIELD_NUMBER: _ClassVar[int]
    RUNNING_PERPLEXITY_FIELD_NUMBER: _ClassVar[int]
    tokens_done: int
    tokens_total: int
    tokens_per_s: float
    running_perplexity: float
    def __init__(self, tokens_done: _Optional[int] = ..., tokens_total: _Optional[int] = ..., tokens_per_s: _Optional[float] = ..., running_perplexity: _Optional[float] = ...) -> None: ...

class Job(_message.Message):
    __slots__ = ("job_id", "state", "spec", "text_bytes", "progress", "result", "error", "created_at", "started_at", "ended_at", "attempts")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    TEXT_BYTES_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    state: JobState
    spec: JobSpec
    text_bytes: int
    progress: JobProgress
    result: JobResult
    error: _status_pb2.Status
    created_at: _timestamp_pb2.Timestamp
    started_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    attempts: int
    def __init__(self, job_id: _Optional[str] = ..., state: _Optional[_Union[JobState, str]] = ..., spec: _Optional[_Union[JobSpec, _Mapping]] = ..., text_bytes: _Optional[int] = ..., progress: _Optional[_Union[JobProgress, _Mapping]] = ..., result: _Optional[_Union[JobResult, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., created_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., started_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., attempts: _Optional[int] = ...) -> None: ...

class CreateJobRequest(_message.Message):
    __slots__ = ("spec", "request_id")
    SPEC_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    spec: JobSpec
    request_id: str
    def __init__(self, spec: _Optional[_Union[JobSpec, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class CreateJobResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: Job
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ...) -> None: ...

class GetJobRequest(_message.Message):
    __slots__ = ("job_id",)
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    def __init__(self, job_id: _Optional[str] = ...) -> None: ...

class GetJobResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: Job
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ...) -> None: ...

class ListJobsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "state")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    state: JobState
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., state: _Optional[_Union[JobState, str]] = ...) -> None: ...

class ListJobsResponse(_message.Message):
    __slots__ = ("jobs", "next_page_token")
    JOBS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    jobs: _containers.RepeatedCompositeFieldContainer[Job]
    next_page_token: str
    def __init__(self, jobs: _Optional[_Iterable[_Union[Job, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchJobRequest(_message.Message):
    __slots__ = ("job_id",)
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    def __init__(self, job_id: _Optional[str] = ...) -> None: ...

class WatchJobResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: Job
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ...) -> None: ...

class CancelJobRequest(_message.Message):
    __slots__ = ("job_id",)
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    def __init__(self, job_id: _Optional[str] = ...) -> None: ...

class CancelJobResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: Job
    def __init__(self, job: _Optional[_Union[Job, _Mapping]] = ...) -> None: ...
