from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from leitmotif.api.common.v1 import vectors_pb2 as _vectors_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EventType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVENT_TYPE_UNSPECIFIED: _ClassVar[EventType]
    EVENT_TYPE_PLAY: _ClassVar[EventType]
    EVENT_TYPE_LIKE: _ClassVar[EventType]
    EVENT_TYPE_SAVE: _ClassVar[EventType]
    EVENT_TYPE_PLAYLIST_ADD: _ClassVar[EventType]
    EVENT_TYPE_SKIP: _ClassVar[EventType]
    EVENT_TYPE_DISLIKE: _ClassVar[EventType]

class ControlAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONTROL_ACTION_UNSPECIFIED: _ClassVar[ControlAction]
    CONTROL_ACTION_BOOST: _ClassVar[ControlAction]
    CONTROL_ACTION_REDUCE: _ClassVar[ControlAction]
    CONTROL_ACTION_SET: _ClassVar[ControlAction]
    CONTROL_ACTION_MUTE: _ClassVar[ControlAction]
    CONTROL_ACTION_UNMUTE: _ClassVar[ControlAction]
    CONTROL_ACTION_RESET: _ClassVar[ControlAction]
    CONTROL_ACTION_PIN: _ClassVar[ControlAction]
    CONTROL_ACTION_UNPIN: _ClassVar[ControlAction]
EVENT_TYPE_UNSPECIFIED: EventType
EVENT_TYPE_PLAY: EventType
EVENT_TYPE_LIKE: EventType
EVENT_TYPE_SAVE: EventType
EVENT_TYPE_PLAYLIST_ADD: EventType
EVENT_TYPE_SKIP: EventType
EVENT_TYPE_DISLIKE: EventType
CONTROL_ACTION_UNSPECIFIED: ControlAction
CONTROL_ACTION_BOOST: ControlAction
CONTROL_ACTION_REDUCE: ControlAction
CONTROL_ACTION_SET: ControlAction
CONTROL_ACTION_MUTE: ControlAction
CONTROL_ACTION_UNMUTE: ControlAction
CONTROL_ACTION_RESET: ControlAction
CONTROL_ACTION_PIN: ControlAction
CONTROL_ACTION_UNPIN: ControlAction

class Profile(_message.Message):
    __slots__ = ("user_id", "model_version", "weights", "event_count", "etag", "updated_at", "can_undo", "can_redo", "active_preset", "exclusion_count", "controls_moved")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    EVENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    CAN_UNDO_FIELD_NUMBER: _ClassVar[int]
    CAN_REDO_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_PRESET_FIELD_NUMBER: _ClassVar[int]
    EXCLUSION_COUNT_FIELD_NUMBER: _ClassVar[int]
    CONTROLS_MOVED_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    model_version: str
    weights: _containers.RepeatedCompositeFieldContainer[PrototypeWeight]
    event_count: int
    etag: str
    updated_at: _timestamp_pb2.Timestamp
    can_undo: bool
    can_redo: bool
    active_preset: ActivePreset
    exclusion_count: int
    controls_moved: ControlsMoved
    def __init__(self, user_id: _Optional[str] = ..., model_version: _Optional[str] = ..., weights: _Optional[_Iterable[_Union[PrototypeWeight, _Mapping]]] = ..., event_count: _Optional[int] = ..., etag: _Optional[str] = ..., updated_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., can_undo: bool = ..., can_redo: bool = ..., active_preset: _Optional[_Union[ActivePreset, _Mapping]] = ..., exclusion_count: _Optional[int] = ..., controls_moved: _Optional[_Union[ControlsMoved, _Mapping]] = ...) -> None: ...

class ControlsMoved(_message.Message):
    __slots__ = ("carried", "dropped_prototype_ids", "from_model_version")
    CARRIED_FIELD_NUMBER: _ClassVar[int]
    DROPPED_PROTOTYPE_IDS_FIELD_NUMBER: _ClassVar[int]
    FROM_MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    carried: _containers.RepeatedCompositeFieldContainer[CarriedControl]
    dropped_prototype_ids: _containers.RepeatedScalarFieldContainer[str]
    from_model_version: str
    def __init__(self, carried: _Optional[_Iterable[_Union[CarriedControl, _Mapping]]] = ..., dropped_prototype_ids: _Optional[_Iterable[str]] = ..., from_model_version: _Optional[str] = ...) -> None: ...

class ActivePreset(_message.Message):
    __slots__ = ("preset_id", "share", "expires_at")
    PRESET_ID_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    preset_id: str
    share: float
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, preset_id: _Optional[str] = ..., share: _Optional[float] = ..., expires_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class PrototypeWeight(_message.Message):
    __slots__ = ("prototype_id", "history", "edit", "muted", "weight", "label", "pinned_history", "overlay", "muted_by_preset")
    PROTOTYPE_ID_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    EDIT_FIELD_NUMBER: _ClassVar[int]
    MUTED_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PINNED_HISTORY_FIELD_NUMBER: _ClassVar[int]
    OVERLAY_FIELD_NUMBER: _ClassVar[int]
    MUTED_BY_PRESET_FIELD_NUMBER: _ClassVar[int]
    prototype_id: str
    history: float
    edit: float
    muted: bool
    weight: float
    label: str
    pinned_history: float
    overlay: float
    muted_by_preset: bool
    def __init__(self, prototype_id: _Optional[str] = ..., history: _Optional[float] = ..., edit: _Optional[float] = ..., muted: bool = ..., weight: _Optional[float] = ..., label: _Optional[str] = ..., pinned_history: _Optional[float] = ..., overlay: _Optional[float] = ..., muted_by_preset: bool = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("event_id", "track_id", "type", "share_heard", "occurred_at")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SHARE_HEARD_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    track_id: str
    type: EventType
    share_heard: float
    occurred_at: _timestamp_pb2.Timestamp
    def __init__(self, event_id: _Optional[str] = ..., track_id: _Optional[str] = ..., type: _Optional[_Union[EventType, str]] = ..., share_heard: _Optional[float] = ..., occurred_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ControlChange(_message.Message):
    __slots__ = ("prototype_id", "action", "amount")
    PROTOTYPE_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    prototype_id: str
    action: ControlAction
    amount: float
    def __init__(self, prototype_id: _Optional[str] = ..., action: _Optional[_Union[ControlAction, str]] = ..., amount: _Optional[float] = ...) -> None: ...

class Control(_message.Message):
    __slots__ = ("prototype_id", "edit", "muted", "pinned")
    PROTOTYPE_ID_FIELD_NUMBER: _ClassVar[int]
    EDIT_FIELD_NUMBER: _ClassVar[int]
    MUTED_FIELD_NUMBER: _ClassVar[int]
    PINNED_FIELD_NUMBER: _ClassVar[int]
    prototype_id: str
    edit: float
    muted: bool
    pinned: bool
    def __init__(self, prototype_id: _Optional[str] = ..., edit: _Optional[float] = ..., muted: bool = ..., pinned: bool = ...) -> None: ...

class ControlUpdate(_message.Message):
    __slots__ = ("control", "update_mask")
    CONTROL_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    control: Control
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, control: _Optional[_Union[Control, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class Edit(_message.Message):
    __slots__ = ("sequence", "changes", "actor", "reason", "made_at", "undone")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MADE_AT_FIELD_NUMBER: _ClassVar[int]
    UNDONE_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    changes: _containers.RepeatedCompositeFieldContainer[ControlChange]
    actor: str
    reason: str
    made_at: _timestamp_pb2.Timestamp
    undone: bool
    def __init__(self, sequence: _Optional[int] = ..., changes: _Optional[_Iterable[_Union[ControlChange, _Mapping]]] = ..., actor: _Optional[str] = ..., reason: _Optional[str] = ..., made_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., undone: bool = ...) -> None: ...

class RegisterPrototypeSpaceRequest(_message.Message):
    __slots__ = ("model_version", "prototype_ids", "labels", "directions", "encoder_id")
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    PROTOTYPE_IDS_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    DIRECTIONS_FIELD_NUMBER: _ClassVar[int]
    ENCODER_ID_FIELD_NUMBER: _ClassVar[int]
    model_version: str
    prototype_ids: _containers.RepeatedScalarFieldContainer[str]
    labels: _containers.RepeatedScalarFieldContainer[str]
    directions: _vectors_pb2.FloatMatrix
    encoder_id: str
    def __init__(self, model_version: _Optional[str] = ..., prototype_ids: _Optional[_Iterable[str]] = ..., labels: _Optional[_Iterable[str]] = ..., directions: _Optional[_Union[_vectors_pb2.FloatMatrix, _Mapping]] = ..., encoder_id: _Optional[str] = ...) -> None: ...

class RegisterPrototypeSpaceResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetProfileRequest(_message.Message):
    __slots__ = ("user_id", "top")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    TOP_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    top: int
    def __init__(self, user_id: _Optional[str] = ..., top: _Optional[int] = ...) -> None: ...

class GetProfileResponse(_message.Message):
    __slots__ = ("profile",)
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    profile: Profile
    def __init__(self, profile: _Optional[_Union[Profile, _Mapping]] = ...) -> None: ...

class GetProfileVectorRequest(_message.Message):
    __slots__ = ("user_id", "include_heard", "include_hidden", "preset")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_HEARD_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_HIDDEN_FIELD_NUMBER: _ClassVar[int]
    PRESET_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    include_heard: bool
    include_hidden: bool
    preset: AppliedPreset
    def __init__(self, user_id: _Optional[str] = ..., include_heard: bool = ..., include_hidden: bool = ..., preset: _Optional[_Union[AppliedPreset, _Mapping]] = ...) -> None: ...

class AppliedPreset(_message.Message):
    __slots__ = ("preset_id", "share")
    PRESET_ID_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    preset_id: str
    share: float
    def __init__(self, preset_id: _Optional[str] = ..., share: _Optional[float] = ...) -> None: ...

class GetProfileVectorResponse(_message.Message):
    __slots__ = ("vector", "heard_track_ids", "etag", "hidden_track_ids", "hidden_artists")
    VECTOR_FIELD_NUMBER: _ClassVar[int]
    HEARD_TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_ARTISTS_FIELD_NUMBER: _ClassVar[int]
    vector: _vectors_pb2.ProfileVector
    heard_track_ids: _containers.RepeatedScalarFieldContainer[str]
    etag: str
    hidden_track_ids: _containers.RepeatedScalarFieldContainer[str]
    hidden_artists: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, vector: _Optional[_Union[_vectors_pb2.ProfileVector, _Mapping]] = ..., heard_track_ids: _Optional[_Iterable[str]] = ..., etag: _Optional[str] = ..., hidden_track_ids: _Optional[_Iterable[str]] = ..., hidden_artists: _Optional[_Iterable[str]] = ...) -> None: ...

class RecordEventsRequest(_message.Message):
    __slots__ = ("user_id", "events", "affinities", "model_version", "artists")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    AFFINITIES_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    ARTISTS_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    events: _containers.RepeatedCompositeFieldContainer[Event]
    affinities: _vectors_pb2.FloatMatrix
    model_version: str
    artists: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, user_id: _Optional[str] = ..., events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ..., affinities: _Optional[_Union[_vectors_pb2.FloatMatrix, _Mapping]] = ..., model_version: _Optional[str] = ..., artists: _Optional[_Iterable[str]] = ...) -> None: ...

class RecordEventsResponse(_message.Message):
    __slots__ = ("recorded", "repeated_events", "etag", "uncounted_events")
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    REPEATED_EVENTS_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    UNCOUNTED_EVENTS_FIELD_NUMBER: _ClassVar[int]
    recorded: int
    repeated_events: int
    etag: str
    uncounted_events: int
    def __init__(self, recorded: _Optional[int] = ..., repeated_events: _Optional[int] = ..., etag: _Optional[str] = ..., uncounted_events: _Optional[int] = ...) -> None: ...

class EditProfileRequest(_message.Message):
    __slots__ = ("user_id", "changes", "etag", "request_id", "actor", "reason", "allow_missing", "updates", "model_version")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ALLOW_MISSING_FIELD_NUMBER: _ClassVar[int]
    UPDATES_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    changes: _containers.RepeatedCompositeFieldContainer[ControlChange]
    etag: str
    request_id: str
    actor: str
    reason: str
    allow_missing: bool
    updates: _containers.RepeatedCompositeFieldContainer[ControlUpdate]
    model_version: str
    def __init__(self, user_id: _Optional[str] = ..., changes: _Optional[_Iterable[_Union[ControlChange, _Mapping]]] = ..., etag: _Optional[str] = ..., request_id: _Optional[str] = ..., actor: _Optional[str] = ..., reason: _Optional[str] = ..., allow_missing: bool = ..., updates: _Optional[_Iterable[_Union[ControlUpdate, _Mapping]]] = ..., model_version: _Optional[str] = ...) -> None: ...

class EditProfileResponse(_message.Message):
    __slots__ = ("profile", "edit")
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    EDIT_FIELD_NUMBER: _ClassVar[int]
    profile: Profile
    edit: Edit
    def __init__(self, profile: _Optional[_Union[Profile, _Mapping]] = ..., edit: _Optional[_Union[Edit, _Mapping]] = ...) -> None: ...

class PreviewEditRequest(_message.Message):
    __slots__ = ("user_id", "changes", "allow_missing", "include_heard", "updates", "include_hidden", "preset")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    ALLOW_MISSING_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_HEARD_FIELD_NUMBER: _ClassVar[int]
    UPDATES_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_HIDDEN_FIELD_NUMBER: _ClassVar[int]
    PRESET_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    changes: _containers.RepeatedCompositeFieldContainer[ControlChange]
    allow_missing: bool
    include_heard: bool
    updates: _containers.RepeatedCompositeFieldContainer[ControlUpdate]
    include_hidden: bool
    preset: AppliedPreset
    def __init__(self, user_id: _Optional[str] = ..., changes: _Optional[_Iterable[_Union[ControlChange, _Mapping]]] = ..., allow_missing: bool = ..., include_heard: bool = ..., updates: _Optional[_Iterable[_Union[ControlUpdate, _Mapping]]] = ..., include_hidden: bool = ..., preset: _Optional[_Union[AppliedPreset, _Mapping]] = ...) -> None: ...

class PreviewEditResponse(_message.Message):
    __slots__ = ("before", "after", "weights", "heard_track_ids", "etag", "hidden_track_ids", "hidden_artists")
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    HEARD_TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_ARTISTS_FIELD_NUMBER: _ClassVar[int]
    before: _vectors_pb2.ProfileVector
    after: _vectors_pb2.ProfileVector
    weights: _containers.RepeatedCompositeFieldContainer[PrototypeWeight]
    heard_track_ids: _containers.RepeatedScalarFieldContainer[str]
    etag: str
    hidden_track_ids: _containers.RepeatedScalarFieldContainer[str]
    hidden_artists: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, before: _Optional[_Union[_vectors_pb2.ProfileVector, _Mapping]] = ..., after: _Optional[_Union[_vectors_pb2.ProfileVector, _Mapping]] = ..., weights: _Optional[_Iterable[_Union[PrototypeWeight, _Mapping]]] = ..., heard_track_ids: _Optional[_Iterable[str]] = ..., etag: _Optional[str] = ..., hidden_track_ids: _Optional[_Iterable[str]] = ..., hidden_artists: _Optional[_Iterable[str]] = ...) -> None: ...

class UndoEditRequest(_message.Message):
    __slots__ = ("user_id", "etag", "request_id", "sequence")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    etag: str
    request_id: str
    sequence: int
    def __init__(self, user_id: _Optional[str] = ..., etag: _Optional[str] = ..., request_id: _Optional[str] = ..., sequence: _Optional[int] = ...) -> None: ...

class UndoEditResponse(_message.Message):
    __slots__ = ("profile", "edit")
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    EDIT_FIELD_NUMBER: _ClassVar[int]
    profile: Profile
    edit: Edit
    def __init__(self, profile: _Optional[_Union[Profile, _Mapping]] = ..., edit: _Optional[_Union[Edit, _Mapping]] = ...) -> None: ...

class RedoEditRequest(_message.Message):
    __slots__ = ("user_id", "etag", "request_id", "sequence")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    etag: str
    request_id: str
    sequence: int
    def __init__(self, user_id: _Optional[str] = ..., etag: _Optional[str] = ..., request_id: _Optional[str] = ..., sequence: _Optional[int] = ...) -> None: ...

class RedoEditResponse(_message.Message):
    __slots__ = ("profile", "edit")
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    EDIT_FIELD_NUMBER: _ClassVar[int]
    profile: Profile
    edit: Edit
    def __init__(self, profile: _Optional[_Union[Profile, _Mapping]] = ..., edit: _Optional[_Union[Edit, _Mapping]] = ...) -> None: ...

class ListEditsRequest(_message.Message):
    __slots__ = ("user_id", "page_size", "page_token")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    page_size: int
    page_token: str
    def __init__(self, user_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListEditsResponse(_message.Message):
    __slots__ = ("edits", "next_page_token")
    EDITS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    edits: _containers.RepeatedCompositeFieldContainer[Edit]
    next_page_token: str
    def __init__(self, edits: _Optional[_Iterable[_Union[Edit, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListEventsRequest(_message.Message):
    __slots__ = ("user_id", "page_size", "page_token")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    page_size: int
    page_token: str
    def __init__(self, user_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListEventsResponse(_message.Message):
    __slots__ = ("events", "next_page_token")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[Event]
    next_page_token: str
    def __init__(self, events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RebuildProfileRequest(_message.Message):
    __slots__ = ("user_id", "model_version", "track_ids", "affinities", "artists", "etag")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    AFFINITIES_FIELD_NUMBER: _ClassVar[int]
    ARTISTS_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    model_version: str
    track_ids: _containers.RepeatedScalarFieldContainer[str]
    affinities: _vectors_pb2.FloatMatrix
    artists: _containers.RepeatedScalarFieldContainer[str]
    etag: str
    def __init__(self, user_id: _Optional[str] = ..., model_version: _Optional[str] = ..., track_ids: _Optional[_Iterable[str]] = ..., affinities: _Optional[_Union[_vectors_pb2.FloatMatrix, _Mapping]] = ..., artists: _Optional[_Iterable[str]] = ..., etag: _Optional[str] = ...) -> None: ...

class RebuildProfileResponse(_message.Message):
    __slots__ = ("profile", "counted_events", "dropped_prototype_ids", "carried")
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    COUNTED_EVENTS_FIELD_NUMBER: _ClassVar[int]
    DROPPED_PROTOTYPE_IDS_FIELD_NUMBER: _ClassVar[int]
    CARRIED_FIELD_NUMBER: _ClassVar[int]
    profile: Profile
    counted_events: int
    dropped_prototype_ids: _containers.RepeatedScalarFieldContainer[str]
    carried: _containers.RepeatedCompositeFieldContainer[CarriedControl]
    def __init__(self, profile: _Optional[_Union[Profile, _Mapping]] = ..., counted_events: _Optional[int] = ..., dropped_prototype_ids: _Optional[_Iterable[str]] = ..., carried: _Optional[_Iterable[_Union[CarriedControl, _Mapping]]] = ...) -> None: ...

class CarriedControl(_message.Message):
    __slots__ = ("from_prototype_id", "to_prototype_id", "similarity")
    FROM_PROTOTYPE_ID_FIELD_NUMBER: _ClassVar[int]
    TO_PROTOTYPE_ID_FIELD_NUMBER: _ClassVar[int]
    SIMILARITY_FIELD_NUMBER: _ClassVar[int]
    from_prototype_id: str
    to_prototype_id: str
    similarity: float
    def __init__(self, from_prototype_id: _Optional[str] = ..., to_prototype_id: _Optional[str] = ..., similarity: _Optional[float] = ...) -> None: ...

class ExportProfileRequest(_message.Message):
    __slots__ = ("user_id",)
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    def __init__(self, user_id: _Optional[str] = ...) -> None: ...

class ExportProfileResponse(_message.Message):
    __slots__ = ("json",)
    JSON_FIELD_NUMBER: _ClassVar[int]
    json: str
    def __init__(self, json: _Optional[str] = ...) -> None: ...

class ImportProfileRequest(_message.Message):
    __slots__ = ("user_id", "json", "replace", "etag")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    JSON_FIELD_NUMBER: _ClassVar[int]
    REPLACE_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    json: str
    replace: bool
    etag: str
    def __init__(self, user_id: _Optional[str] = ..., json: _Optional[str] = ..., replace: bool = ..., etag: _Optional[str] = ...) -> None: ...

class ImportProfileResponse(_message.Message):
    __slots__ = ("profile", "needs_rebuild", "dropped_prototype_ids")
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    NEEDS_REBUILD_FIELD_NUMBER: _ClassVar[int]
    DROPPED_PROTOTYPE_IDS_FIELD_NUMBER: _ClassVar[int]
    profile: Profile
    needs_rebuild: bool
    dropped_prototype_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, profile: _Optional[_Union[Profile, _Mapping]] = ..., needs_rebuild: bool = ..., dropped_prototype_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class DeleteProfileRequest(_message.Message):
    __slots__ = ("user_id", "verify")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    VERIFY_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    verify: bool
    def __init__(self, user_id: _Optional[str] = ..., verify: bool = ...) -> None: ...

class DeleteProfileResponse(_message.Message):
    __slots__ = ("existed", "receipt")
    EXISTED_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    existed: bool
    receipt: ErasureReceipt
    def __init__(self, existed: bool = ..., receipt: _Optional[_Union[ErasureReceipt, _Mapping]] = ...) -> None: ...

class ErasureReceipt(_message.Message):
    __slots__ = ("receipt_id", "user_id", "erased_at", "erased_keys", "scanned_keys", "remaining_keys")
    RECEIPT_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ERASED_AT_FIELD_NUMBER: _ClassVar[int]
    ERASED_KEYS_FIELD_NUMBER: _ClassVar[int]
    SCANNED_KEYS_FIELD_NUMBER: _ClassVar[int]
    REMAINING_KEYS_FIELD_NUMBER: _ClassVar[int]
    receipt_id: str
    user_id: str
    erased_at: _timestamp_pb2.Timestamp
    erased_keys: int
    scanned_keys: int
    remaining_keys: int
    def __init__(self, receipt_id: _Optional[str] = ..., user_id: _Optional[str] = ..., erased_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., erased_keys: _Optional[int] = ..., scanned_keys: _Optional[int] = ..., remaining_keys: _Optional[int] = ...) -> None: ...

class WatchProfileRequest(_message.Message):
    __slots__ = ("user_id", "etag")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    etag: str
    def __init__(self, user_id: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class WatchProfileResponse(_message.Message):
    __slots__ = ("profile", "deleted")
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    profile: Profile
    deleted: bool
    def __init__(self, profile: _Optional[_Union[Profile, _Mapping]] = ..., deleted: bool = ...) -> None: ...
