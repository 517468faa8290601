from google.protobuf import timestamp_pb2 as _timestamp_pb2
from leitmotif.api.common.v1 import vectors_pb2 as _vectors_pb2
from leitmotif.api.profiles.v1 import profiles_pb2 as _profiles_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Exclusions(_message.Message):
    __slots__ = ("hidden_track_ids", "hidden_artists", "uncounted_track_ids", "uncounted_artists", "uncounted_ranges")
    HIDDEN_TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_ARTISTS_FIELD_NUMBER: _ClassVar[int]
    UNCOUNTED_TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    UNCOUNTED_ARTISTS_FIELD_NUMBER: _ClassVar[int]
    UNCOUNTED_RANGES_FIELD_NUMBER: _ClassVar[int]
    hidden_track_ids: _containers.RepeatedScalarFieldContainer[str]
    hidden_artists: _containers.RepeatedScalarFieldContainer[str]
    uncounted_track_ids: _containers.RepeatedScalarFieldContainer[str]
    uncounted_artists: _containers.RepeatedScalarFieldContainer[str]
    uncounted_ranges: _containers.RepeatedCompositeFieldContainer[TimeRange]
    def __init__(self, hidden_track_ids: _Optional[_Iterable[str]] = ..., hidden_artists: _Optional[_Iterable[str]] = ..., uncounted_track_ids: _Optional[_Iterable[str]] = ..., uncounted_artists: _Optional[_Iterable[str]] = ..., uncounted_ranges: _Optional[_Iterable[_Union[TimeRange, _Mapping]]] = ...) -> None: ...

class TimeRange(_message.Message):
    __slots__ = ("start", "end")
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    start: _timestamp_pb2.Timestamp
    end: _timestamp_pb2.Timestamp
    def __init__(self, start: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., end: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class KnownTracks(_message.Message):
    __slots__ = ("track_ids", "affinities", "artists", "model_version")
    TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    AFFINITIES_FIELD_NUMBER: _ClassVar[int]
    ARTISTS_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    track_ids: _containers.RepeatedScalarFieldContainer[str]
    affinities: _vectors_pb2.FloatMatrix
    artists: _containers.RepeatedScalarFieldContainer[str]
    model_version: str
    def __init__(self, track_ids: _Optional[_Iterable[str]] = ..., affinities: _Optional[_Union[_vectors_pb2.FloatMatrix, _Mapping]] = ..., artists: _Optional[_Iterable[str]] = ..., model_version: _Optional[str] = ...) -> None: ...

class GetExclusionsRequest(_message.Message):
    __slots__ = ("user_id",)
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    def __init__(self, user_id: _Optional[str] = ...) -> None: ...

class GetExclusionsResponse(_message.Message):
    __slots__ = ("exclusions", "etag")
    EXCLUSIONS_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    exclusions: Exclusions
    etag: str
    def __init__(self, exclusions: _Optional[_Union[Exclusions, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class ChangeExclusionsRequest(_message.Message):
    __slots__ = ("user_id", "add", "remove", "known", "etag", "allow_missing", "model_version")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ADD_FIELD_NUMBER: _ClassVar[int]
    REMOVE_FIELD_NUMBER: _ClassVar[int]
    KNOWN_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    ALLOW_MISSING_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    add: Exclusions
    remove: Exclusions
    known: KnownTracks
    etag: str
    allow_missing: bool
    model_version: str
    def __init__(self, user_id: _Optional[str] = ..., add: _Optional[_Union[Exclusions, _Mapping]] = ..., remove: _Optional[_Union[Exclusions, _Mapping]] = ..., known: _Optional[_Union[KnownTracks, _Mapping]] = ..., etag: _Optional[str] = ..., allow_missing: bool = ..., model_version: _Optional[str] = ...) -> None: ...

class ChangeExclusionsResponse(_message.Message):
    __slots__ = ("exclusions", "profile")
    EXCLUSIONS_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    exclusions: Exclusions
    profile: _profiles_pb2.Profile
    def __init__(self, exclusions: _Optional[_Union[Exclusions, _Mapping]] = ..., profile: _Optional[_Union[_profiles_pb2.Profile, _Mapping]] = ...) -> None: ...
