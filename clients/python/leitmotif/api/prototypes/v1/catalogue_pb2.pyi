from google.rpc import status_pb2 as _status_pb2
from leitmotif.api.common.v1 import vectors_pb2 as _vectors_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Track(_message.Message):
    __slots__ = ("track_id", "title", "artist", "duration_s", "tags", "year", "texts", "numbers")
    class TextsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class NumbersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    ARTIST_FIELD_NUMBER: _ClassVar[int]
    DURATION_S_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    track_id: str
    title: str
    artist: str
    duration_s: float
    tags: _containers.RepeatedScalarFieldContainer[str]
    year: int
    texts: _containers.ScalarMap[str, str]
    numbers: _containers.ScalarMap[str, float]
    def __init__(self, track_id: _Optional[str] = ..., title: _Optional[str] = ..., artist: _Optional[str] = ..., duration_s: _Optional[float] = ..., tags: _Optional[_Iterable[str]] = ..., year: _Optional[int] = ..., texts: _Optional[_Mapping[str, str]] = ..., numbers: _Optional[_Mapping[str, float]] = ...) -> None: ...

class Filter(_message.Message):
    __slots__ = ("field", "all", "any")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    ALL_FIELD_NUMBER: _ClassVar[int]
    ANY_FIELD_NUMBER: _ClassVar[int]
    NOT_FIELD_NUMBER: _ClassVar[int]
    field: FieldCondition
    all: FilterList
    any: FilterList
    def __init__(self, field: _Optional[_Union[FieldCondition, _Mapping]] = ..., all: _Optional[_Union[FilterList, _Mapping]] = ..., any: _Optional[_Union[FilterList, _Mapping]] = ..., **kwargs) -> None: ...

class FilterList(_message.Message):
    __slots__ = ("filters",)
    FILTERS_FIELD_NUMBER: _ClassVar[int]
    filters: _containers.RepeatedCompositeFieldContainer[Filter]
    def __init__(self, filters: _Optional[_Iterable[_Union[Filter, _Mapping]]] = ...) -> None: ...

class FieldCondition(_message.Message):
    __slots__ = ("field", "one_of", "range")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    ONE_OF_FIELD_NUMBER: _ClassVar[int]
    RANGE_FIELD_NUMBER: _ClassVar[int]
    field: str
    one_of: TextValues
    range: NumberRange
    def __init__(self, field: _Optional[str] = ..., one_of: _Optional[_Union[TextValues, _Mapping]] = ..., range: _Optional[_Union[NumberRange, _Mapping]] = ...) -> None: ...

class TextValues(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, values: _Optional[_Iterable[str]] = ...) -> None: ...

class NumberRange(_message.Message):
    __slots__ = ("minimum", "maximum")
    MINIMUM_FIELD_NUMBER: _ClassVar[int]
    MAXIMUM_FIELD_NUMBER: _ClassVar[int]
    minimum: float
    maximum: float
    def __init__(self, minimum: _Optional[float] = ..., maximum: _Optional[float] = ...) -> None: ...

class TrackUpsert(_message.Message):
    __slots__ = ("track", "embedding")
    TRACK_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    track: Track
    embedding: bytes
    def __init__(self, track: _Optional[_Union[Track, _Mapping]] = ..., embedding: _Optional[bytes] = ...) -> None: ...

class UpsertTracksRequest(_message.Message):
    __slots__ = ("tracks", "encoder_id")
    TRACKS_FIELD_NUMBER: _ClassVar[int]
    ENCODER_ID_FIELD_NUMBER: _ClassVar[int]
    tracks: _containers.RepeatedCompositeFieldContainer[TrackUpsert]
    encoder_id: str
    def __init__(self, tracks: _Optional[_Iterable[_Union[TrackUpsert, _Mapping]]] = ..., encoder_id: _Optional[str] = ...) -> None: ...

class UpsertTracksResponse(_message.Message):
    __slots__ = ("statuses", "catalogue_revision", "model_version")
    STATUSES_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_REVISION_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    statuses: _containers.RepeatedCompositeFieldContainer[_status_pb2.Status]
    catalogue_revision: int
    model_version: str
    def __init__(self, statuses: _Optional[_Iterable[_Union[_status_pb2.Status, _Mapping]]] = ..., catalogue_revision: _Optional[int] = ..., model_version: _Optional[str] = ...) -> None: ...

class DeleteTracksRequest(_message.Message):
    __slots__ = ("track_ids",)
    TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    track_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, track_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class DeleteTracksResponse(_message.Message):
    __slots__ = ("deleted_track_ids", "unknown_track_ids", "catalogue_revision", "model_version")
    DELETED_TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_REVISION_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    deleted_track_ids: _containers.RepeatedScalarFieldContainer[str]
    unknown_track_ids: _containers.RepeatedScalarFieldContainer[str]
    catalogue_revision: int
    model_version: str
    def __init__(self, deleted_track_ids: _Optional[_Iterable[str]] = ..., unknown_track_ids: _Optional[_Iterable[str]] = ..., catalogue_revision: _Optional[int] = ..., model_version: _Optional[str] = ...) -> None: ...

class ListTracksRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "query", "filter")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    query: str
    filter: Filter
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., query: _Optional[str] = ..., filter: _Optional[_Union[Filter, _Mapping]] = ...) -> None: ...

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
    __slots__ = ("track", "affinities", "model_version", "expressed_positions")
    TRACK_FIELD_NUMBER: _ClassVar[int]
    AFFINITIES_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    EXPRESSED_POSITIONS_FIELD_NUMBER: _ClassVar[int]
    track: Track
    affinities: _containers.RepeatedScalarFieldContainer[float]
    model_version: str
    expressed_positions: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, track: _Optional[_Union[Track, _Mapping]] = ..., affinities: _Optional[_Iterable[float]] = ..., model_version: _Optional[str] = ..., expressed_positions: _Optional[_Iterable[int]] = ...) -> None: ...

class GetAffinitiesRequest(_message.Message):
    __slots__ = ("track_ids", "user_id")
    TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    track_ids: _containers.RepeatedScalarFieldContainer[str]
    user_id: str
    def __init__(self, track_ids: _Optional[_Iterable[str]] = ..., user_id: _Optional[str] = ...) -> None: ...

class GetAffinitiesResponse(_message.Message):
    __slots__ = ("affinities", "track_ids", "unknown_track_ids", "model_version", "artists")
    AFFINITIES_FIELD_NUMBER: _ClassVar[int]
    TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    ARTISTS_FIELD_NUMBER: _ClassVar[int]
    affinities: _vectors_pb2.FloatMatrix
    track_ids: _containers.RepeatedScalarFieldContainer[str]
    unknown_track_ids: _containers.RepeatedScalarFieldContainer[str]
    model_version: str
    artists: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, affinities: _Optional[_Union[_vectors_pb2.FloatMatrix, _Mapping]] = ..., track_ids: _Optional[_Iterable[str]] = ..., unknown_track_ids: _Optional[_Iterable[str]] = ..., model_version: _Optional[str] = ..., artists: _Optional[_Iterable[str]] = ...) -> None: ...
