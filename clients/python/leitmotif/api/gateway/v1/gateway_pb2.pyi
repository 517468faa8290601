from leitmotif.api.profiles.v1 import profiles_pb2 as _profiles_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2 as _prototypes_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LabelledWeight(_message.Message):
    __slots__ = ("weight", "label", "weak")
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    WEAK_FIELD_NUMBER: _ClassVar[int]
    weight: _profiles_pb2.PrototypeWeight
    label: str
    weak: bool
    def __init__(self, weight: _Optional[_Union[_profiles_pb2.PrototypeWeight, _Mapping]] = ..., label: _Optional[str] = ..., weak: bool = ...) -> None: ...

class RecommendRequest(_message.Message):
    __slots__ = ("user_id", "count", "excluded_track_ids", "include_heard", "contribution_count")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    EXCLUDED_TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_HEARD_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    count: int
    excluded_track_ids: _containers.RepeatedScalarFieldContainer[str]
    include_heard: bool
    contribution_count: int
    def __init__(self, user_id: _Optional[str] = ..., count: _Optional[int] = ..., excluded_track_ids: _Optional[_Iterable[str]] = ..., include_heard: bool = ..., contribution_count: _Optional[int] = ...) -> None: ...

class RecommendResponse(_message.Message):
    __slots__ = ("tracks", "model_version", "etag")
    TRACKS_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    tracks: _containers.RepeatedCompositeFieldContainer[_prototypes_pb2.ScoredTrack]
    model_version: str
    etag: str
    def __init__(self, tracks: _Optional[_Iterable[_Union[_prototypes_pb2.ScoredTrack, _Mapping]]] = ..., model_version: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class ExplainRequest(_message.Message):
    __slots__ = ("user_id", "track_id")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    track_id: str
    def __init__(self, user_id: _Optional[str] = ..., track_id: _Optional[str] = ...) -> None: ...

class ExplainResponse(_message.Message):
    __slots__ = ("track", "removed_by", "model_version")
    TRACK_FIELD_NUMBER: _ClassVar[int]
    REMOVED_BY_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    track: _prototypes_pb2.ScoredTrack
    removed_by: _containers.RepeatedScalarFieldContainer[str]
    model_version: str
    def __init__(self, track: _Optional[_Union[_prototypes_pb2.ScoredTrack, _Mapping]] = ..., removed_by: _Optional[_Iterable[str]] = ..., model_version: _Optional[str] = ...) -> None: ...

class RecordListeningRequest(_message.Message):
    __slots__ = ("user_id", "events")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    events: _containers.RepeatedCompositeFieldContainer[_profiles_pb2.Event]
    def __init__(self, user_id: _Optional[str] = ..., events: _Optional[_Iterable[_Union[_profiles_pb2.Event, _Mapping]]] = ...) -> None: ...

class RecordListeningResponse(_message.Message):
    __slots__ = ("recorded", "repeated_events", "etag")
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    REPEATED_EVENTS_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    recorded: int
    repeated_events: int
    etag: str
    def __init__(self, recorded: _Optional[int] = ..., repeated_events: _Optional[int] = ..., etag: _Optional[str] = ...) -> None: ...

class EditControlsRequest(_message.Message):
    __slots__ = ("user_id", "changes", "etag", "request_id", "actor", "reason", "allow_missing")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ALLOW_MISSING_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    changes: _containers.RepeatedCompositeFieldContainer[_profiles_pb2.ControlChange]
    etag: str
    request_id: str
    actor: str
    reason: str
    allow_missing: bool
    def __init__(self, user_id: _Optional[str] = ..., changes: _Optional[_Iterable[_Union[_profiles_pb2.ControlChange, _Mapping]]] = ..., etag: _Optional[str] = ..., request_id: _Optional[str] = ..., actor: _Optional[str] = ..., reason: _Optional[str] = ..., allow_missing: bool = ...) -> None: ...

class EditControlsResponse(_message.Message):
    __slots__ = ("profile", "edit")
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    EDIT_FIELD_NUMBER: _ClassVar[int]
    profile: _profiles_pb2.Profile
    edit: _profiles_pb2.Edit
    def __init__(self, profile: _Optional[_Union[_profiles_pb2.Profile, _Mapping]] = ..., edit: _Optional[_Union[_profiles_pb2.Edit, _Mapping]] = ...) -> None: ...

class DescribeProfileRequest(_message.Message):
    __slots__ = ("user_id", "top")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    TOP_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    top: int
    def __init__(self, user_id: _Optional[str] = ..., top: _Optional[int] = ...) -> None: ...

class DescribeProfileResponse(_message.Message):
    __slots__ = ("profile", "labelled_weights")
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    LABELLED_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    profile: _profiles_pb2.Profile
    labelled_weights: _containers.RepeatedCompositeFieldContainer[LabelledWeight]
    def __init__(self, profile: _Optional[_Union[_profiles_pb2.Profile, _Mapping]] = ..., labelled_weights: _Optional[_Iterable[_Union[LabelledWeight, _Mapping]]] = ...) -> None: ...
