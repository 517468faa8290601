from google.protobuf import timestamp_pb2 as _timestamp_pb2
from leitmotif.api.common.v1 import vectors_pb2 as _vectors_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PrototypeSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROTOTYPE_SOURCE_UNSPECIFIED: _ClassVar[PrototypeSource]
    PROTOTYPE_SOURCE_TAG: _ClassVar[PrototypeSource]
    PROTOTYPE_SOURCE_DISCOVERED: _ClassVar[PrototypeSource]
PROTOTYPE_SOURCE_UNSPECIFIED: PrototypeSource
PROTOTYPE_SOURCE_TAG: PrototypeSource
PROTOTYPE_SOURCE_DISCOVERED: PrototypeSource

class Prototype(_message.Message):
    __slots__ = ("prototype_id", "position", "label", "description", "source", "fidelity", "exemplars", "expressed_affinity", "expressed_tracks")
    PROTOTYPE_ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    FIDELITY_FIELD_NUMBER: _ClassVar[int]
    EXEMPLARS_FIELD_NUMBER: _ClassVar[int]
    EXPRESSED_AFFINITY_FIELD_NUMBER: _ClassVar[int]
    EXPRESSED_TRACKS_FIELD_NUMBER: _ClassVar[int]
    prototype_id: str
    position: int
    label: str
    description: str
    source: PrototypeSource
    fidelity: Fidelity
    exemplars: _containers.RepeatedCompositeFieldContainer[Exemplar]
    expressed_affinity: float
    expressed_tracks: int
    def __init__(self, prototype_id: _Optional[str] = ..., position: _Optional[int] = ..., label: _Optional[str] = ..., description: _Optional[str] = ..., source: _Optional[_Union[PrototypeSource, str]] = ..., fidelity: _Optional[_Union[Fidelity, _Mapping]] = ..., exemplars: _Optional[_Iterable[_Union[Exemplar, _Mapping]]] = ..., expressed_affinity: _Optional[float] = ..., expressed_tracks: _Optional[int] = ...) -> None: ...

class Fidelity(_message.Message):
    __slots__ = ("roc_auc", "average_precision", "positives", "weak")
    ROC_AUC_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_PRECISION_FIELD_NUMBER: _ClassVar[int]
    POSITIVES_FIELD_NUMBER: _ClassVar[int]
    WEAK_FIELD_NUMBER: _ClassVar[int]
    roc_auc: float
    average_precision: float
    positives: int
    weak: bool
    def __init__(self, roc_auc: _Optional[float] = ..., average_precision: _Optional[float] = ..., positives: _Optional[int] = ..., weak: bool = ...) -> None: ...

class Exemplar(_message.Message):
    __slots__ = ("track_id", "title", "artist", "start_s", "duration_s", "affinity", "mime_type")
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    ARTIST_FIELD_NUMBER: _ClassVar[int]
    START_S_FIELD_NUMBER: _ClassVar[int]
    DURATION_S_FIELD_NUMBER: _ClassVar[int]
    AFFINITY_FIELD_NUMBER: _ClassVar[int]
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    track_id: str
    title: str
    artist: str
    start_s: float
    duration_s: float
    affinity: float
    mime_type: str
    def __init__(self, track_id: _Optional[str] = ..., title: _Optional[str] = ..., artist: _Optional[str] = ..., start_s: _Optional[float] = ..., duration_s: _Optional[float] = ..., affinity: _Optional[float] = ..., mime_type: _Optional[str] = ...) -> None: ...

class Track(_message.Message):
    __slots__ = ("track_id", "title", "artist", "duration_s", "tags")
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    ARTIST_FIELD_NUMBER: _ClassVar[int]
    DURATION_S_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    track_id: str
    title: str
    artist: str
    duration_s: float
    tags: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, track_id: _Optional[str] = ..., title: _Optional[str] = ..., artist: _Optional[str] = ..., duration_s: _Optional[float] = ..., tags: _Optional[_Iterable[str]] = ...) -> None: ...

class Contribution(_message.Message):
    __slots__ = ("prototype_id", "label", "contribution", "edit_contribution", "affinity")
    PROTOTYPE_ID_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    EDIT_CONTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    AFFINITY_FIELD_NUMBER: _ClassVar[int]
    prototype_id: str
    label: str
    contribution: float
    edit_contribution: float
    affinity: float
    def __init__(self, prototype_id: _Optional[str] = ..., label: _Optional[str] = ..., contribution: _Optional[float] = ..., edit_contribution: _Optional[float] = ..., affinity: _Optional[float] = ...) -> None: ...

class ScoredTrack(_message.Message):
    __slots__ = ("track", "rank", "score", "bias", "contributions", "other_contributions", "reason")
    TRACK_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    BIAS_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTIONS_FIELD_NUMBER: _ClassVar[int]
    OTHER_CONTRIBUTIONS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    track: Track
    rank: int
    score: float
    bias: float
    contributions: _containers.RepeatedCompositeFieldContainer[Contribution]
    other_contributions: float
    reason: str
    def __init__(self, track: _Optional[_Union[Track, _Mapping]] = ..., rank: _Optional[int] = ..., score: _Optional[float] = ..., bias: _Optional[float] = ..., contributions: _Optional[_Iterable[_Union[Contribution, _Mapping]]] = ..., other_contributions: _Optional[float] = ..., reason: _Optional[str] = ...) -> None: ...

class Model(_message.Message):
    __slots__ = ("model_version", "kind", "encoder_id", "prototype_count", "track_count", "created_at", "metrics", "active")
    class MetricsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ENCODER_ID_FIELD_NUMBER: _ClassVar[int]
    PROTOTYPE_COUNT_FIELD_NUMBER: _ClassVar[int]
    TRACK_COUNT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_FIELD_NUMBER: _ClassVar[int]
    model_version: str
    kind: str
    encoder_id: str
    prototype_count: int
    track_count: int
    created_at: _timestamp_pb2.Timestamp
    metrics: _containers.ScalarMap[str, float]
    active: bool
    def __init__(self, model_version: _Optional[str] = ..., kind: _Optional[str] = ..., encoder_id: _Optional[str] = ..., prototype_count: _Optional[int] = ..., track_count: _Optional[int] = ..., created_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., metrics: _Optional[_Mapping[str, float]] = ..., active: bool = ...) -> None: ...

class RecommendTracksRequest(_message.Message):
    __slots__ = ("profile", "count", "excluded_track_ids", "contribution_count", "exact")
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    EXCLUDED_TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    EXACT_FIELD_NUMBER: _ClassVar[int]
    profile: _vectors_pb2.ProfileVector
    count: int
    excluded_track_ids: _containers.RepeatedScalarFieldContainer[str]
    contribution_count: int
    exact: bool
    def __init__(self, profile: _Optional[_Union[_vectors_pb2.ProfileVector, _Mapping]] = ..., count: _Optional[int] = ..., excluded_track_ids: _Optional[_Iterable[str]] = ..., contribution_count: _Optional[int] = ..., exact: bool = ...) -> None: ...

class RecommendTracksResponse(_message.Message):
    __slots__ = ("tracks", "model_version")
    TRACKS_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    tracks: _containers.RepeatedCompositeFieldContainer[ScoredTrack]
    model_version: str
    def __init__(self, tracks: _Optional[_Iterable[_Union[ScoredTrack, _Mapping]]] = ..., model_version: _Optional[str] = ...) -> None: ...

class ExplainTrackRequest(_message.Message):
    __slots__ = ("profile", "track_id")
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    profile: _vectors_pb2.ProfileVector
    track_id: str
    def __init__(self, profile: _Optional[_Union[_vectors_pb2.ProfileVector, _Mapping]] = ..., track_id: _Optional[str] = ...) -> None: ...

class ExplainTrackResponse(_message.Message):
    __slots__ = ("track", "removed_by", "model_version")
    TRACK_FIELD_NUMBER: _ClassVar[int]
    REMOVED_BY_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    track: ScoredTrack
    removed_by: _containers.RepeatedScalarFieldContainer[str]
    model_version: str
    def __init__(self, track: _Optional[_Union[ScoredTrack, _Mapping]] = ..., removed_by: _Optional[_Iterable[str]] = ..., model_version: _Optional[str] = ...) -> None: ...

class GetAffinitiesRequest(_message.Message):
    __slots__ = ("track_ids",)
    TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    track_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, track_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class GetAffinitiesResponse(_message.Message):
    __slots__ = ("affinities", "track_ids", "unknown_track_ids", "model_version")
    AFFINITIES_FIELD_NUMBER: _ClassVar[int]
    TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    affinities: _vectors_pb2.FloatMatrix
    track_ids: _containers.RepeatedScalarFieldContainer[str]
    unknown_track_ids: _containers.RepeatedScalarFieldContainer[str]
    model_version: str
    def __init__(self, affinities: _Optional[_Union[_vectors_pb2.FloatMatrix, _Mapping]] = ..., track_ids: _Optional[_Iterable[str]] = ..., unknown_track_ids: _Optional[_Iterable[str]] = ..., model_version: _Optional[str] = ...) -> None: ...

class ListPrototypesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPrototypesResponse(_message.Message):
    __slots__ = ("prototypes", "next_page_token", "total_size", "model_version")
    PROTOTYPES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    prototypes: _containers.RepeatedCompositeFieldContainer[Prototype]
    next_page_token: str
    total_size: int
    model_version: str
    def __init__(self, prototypes: _Optional[_Iterable[_Union[Prototype, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_size: _Optional[int] = ..., model_version: _Optional[str] = ...) -> None: ...

class GetPrototypeRequest(_message.Message):
    __slots__ = ("prototype_id",)
    PROTOTYPE_ID_FIELD_NUMBER: _ClassVar[int]
    prototype_id: str
    def __init__(self, prototype_id: _Optional[str] = ...) -> None: ...

class GetPrototypeResponse(_message.Message):
    __slots__ = ("prototype", "model_version")
    PROTOTYPE_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    prototype: Prototype
    model_version: str
    def __init__(self, prototype: _Optional[_Union[Prototype, _Mapping]] = ..., model_version: _Optional[str] = ...) -> None: ...

class ReadExemplarRequest(_message.Message):
    __slots__ = ("prototype_id", "exemplar_index")
    PROTOTYPE_ID_FIELD_NUMBER: _ClassVar[int]
    EXEMPLAR_INDEX_FIELD_NUMBER: _ClassVar[int]
    prototype_id: str
    exemplar_index: int
    def __init__(self, prototype_id: _Optional[str] = ..., exemplar_index: _Optional[int] = ...) -> None: ...

class ReadExemplarResponse(_message.Message):
    __slots__ = ("mime_type", "chunk")
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    mime_type: str
    chunk: bytes
    def __init__(self, mime_type: _Optional[str] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class ListTracksRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "query")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    query: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., query: _Optional[str] = ...) -> None: ...

class ListTracksResponse(_message.Message):
    __slots__ = ("tracks", "next_page_token", "total_size", "model_version")
    TRACKS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    tracks: _containers.RepeatedCompositeFieldContainer[Track]
    next_page_token: str
    total_size: int
    model_version: str
    def __init__(self, tracks: _Optional[_Iterable[_Union[Track, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_size: _Optional[int] = ..., model_version: _Optional[str] = ...) -> None: ...

class GetTrackRequest(_message.Message):
    __slots__ = ("track_id",)
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    track_id: str
    def __init__(self, track_id: _Optional[str] = ...) -> None: ...

class GetTrackResponse(_message.Message):
    __slots__ = ("track", "affinities", "model_version")
    TRACK_FIELD_NUMBER: _ClassVar[int]
    AFFINITIES_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    track: Track
    affinities: _containers.RepeatedScalarFieldContainer[float]
    model_version: str
    def __init__(self, track: _Optional[_Union[Track, _Mapping]] = ..., affinities: _Optional[_Iterable[float]] = ..., model_version: _Optional[str] = ...) -> None: ...

class GetModelRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetModelResponse(_message.Message):
    __slots__ = ("model", "prototype_ids")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PROTOTYPE_IDS_FIELD_NUMBER: _ClassVar[int]
    model: Model
    prototype_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ..., prototype_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class ListModelsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListModelsResponse(_message.Message):
    __slots__ = ("models",)
    MODELS_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[Model]
    def __init__(self, models: _Optional[_Iterable[_Union[Model, _Mapping]]] = ...) -> None: ...

class ActivateModelRequest(_message.Message):
    __slots__ = ("model_version",)
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    model_version: str
    def __init__(self, model_version: _Optional[str] = ...) -> None: ...

class ActivateModelResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: Model
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...
