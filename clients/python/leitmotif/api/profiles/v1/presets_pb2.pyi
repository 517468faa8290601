from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from leitmotif.api.profiles.v1 import profiles_pb2 as _profiles_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Preset(_message.Message):
    __slots__ = ("preset_id", "label", "controls", "updated_at")
    PRESET_ID_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    CONTROLS_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    preset_id: str
    label: str
    controls: _containers.RepeatedCompositeFieldContainer[PresetControl]
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, preset_id: _Optional[str] = ..., label: _Optional[str] = ..., controls: _Optional[_Iterable[_Union[PresetControl, _Mapping]]] = ..., updated_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class PresetControl(_message.Message):
    __slots__ = ("prototype_id", "edit", "muted")
    PROTOTYPE_ID_FIELD_NUMBER: _ClassVar[int]
    EDIT_FIELD_NUMBER: _ClassVar[int]
    MUTED_FIELD_NUMBER: _ClassVar[int]
    prototype_id: str
    edit: float
    muted: bool
    def __init__(self, prototype_id: _Optional[str] = ..., edit: _Optional[float] = ..., muted: bool = ...) -> None: ...

class SavePresetRequest(_message.Message):
    __slots__ = ("user_id", "preset", "update_mask", "from_present_controls", "etag")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    PRESET_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    FROM_PRESENT_CONTROLS_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    preset: Preset
    update_mask: _field_mask_pb2.FieldMask
    from_present_controls: bool
    etag: str
    def __init__(self, user_id: _Optional[str] = ..., preset: _Optional[_Union[Preset, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., from_present_controls: bool = ..., etag: _Optional[str] = ...) -> None: ...

class SavePresetResponse(_message.Message):
    __slots__ = ("preset", "etag")
    PRESET_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    preset: Preset
    etag: str
    def __init__(self, preset: _Optional[_Union[Preset, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class ListPresetsRequest(_message.Message):
    __slots__ = ("user_id",)
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    def __init__(self, user_id: _Optional[str] = ...) -> None: ...

class ListPresetsResponse(_message.Message):
    __slots__ = ("presets", "active", "etag")
    PRESETS_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    presets: _containers.RepeatedCompositeFieldContainer[Preset]
    active: _profiles_pb2.ActivePreset
    etag: str
    def __init__(self, presets: _Optional[_Iterable[_Union[Preset, _Mapping]]] = ..., active: _Optional[_Union[_profiles_pb2.ActivePreset, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class DeletePresetRequest(_message.Message):
    __slots__ = ("user_id", "preset_id", "etag")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    PRESET_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    preset_id: str
    etag: str
    def __init__(self, user_id: _Optional[str] = ..., preset_id: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class DeletePresetResponse(_message.Message):
    __slots__ = ("etag",)
    ETAG_FIELD_NUMBER: _ClassVar[int]
    etag: str
    def __init__(self, etag: _Optional[str] = ...) -> None: ...

class ActivatePresetRequest(_message.Message):
    __slots__ = ("user_id", "preset_id", "share", "duration", "etag")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    PRESET_ID_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    preset_id: str
    share: float
    duration: _duration_pb2.Duration
    etag: str
    def __init__(self, user_id: _Optional[str] = ..., preset_id: _Optional[str] = ..., share: _Optional[float] = ..., duration: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class ActivatePresetResponse(_message.Message):
    __slots__ = ("profile",)
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    profile: _profiles_pb2.Profile
    def __init__(self, profile: _Optional[_Union[_profiles_pb2.Profile, _Mapping]] = ...) -> None: ...

class DeactivatePresetRequest(_message.Message):
    __slots__ = ("user_id", "etag")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    etag: str
    def __init__(self, user_id: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class DeactivatePresetResponse(_message.Message):
    __slots__ = ("profile",)
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    profile: _profiles_pb2.Profile
    def __init__(self, profile: _Optional[_Union[_profiles_pb2.Profile, _Mapping]] = ...) -> None: ...
