from google.protobuf import timestamp_pb2 as _timestamp_pb2
from leitmotif.api.common.v1 import vectors_pb2 as _vectors_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Arm(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ARM_UNSPECIFIED: _ClassVar[Arm]
    ARM_CONTROL: _ClassVar[Arm]
    ARM_TRIAL: _ClassVar[Arm]
ARM_UNSPECIFIED: Arm
ARM_CONTROL: Arm
ARM_TRIAL: Arm

class Model(_message.Message):
    __slots__ = ("model_version", "kind", "encoder_id", "prototype_count", "track_count", "created_at", "metrics", "active", "profile_version", "loaded", "catalogue_revision")
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
    PROFILE_VERSION_FIELD_NUMBER: _ClassVar[int]
    LOADED_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_REVISION_FIELD_NUMBER: _ClassVar[int]
    model_version: str
    kind: str
    encoder_id: str
    prototype_count: int
    track_count: int
    created_at: _timestamp_pb2.Timestamp
    metrics: _containers.ScalarMap[str, float]
    active: bool
    profile_version: str
    loaded: bool
    catalogue_revision: int
    def __init__(self, model_version: _Optional[str] = ..., kind: _Optional[str] = ..., encoder_id: _Optional[str] = ..., prototype_count: _Optional[int] = ..., track_count: _Optional[int] = ..., created_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., metrics: _Optional[_Mapping[str, float]] = ..., active: bool = ..., profile_version: _Optional[str] = ..., loaded: bool = ..., catalogue_revision: _Optional[int] = ...) -> None: ...

class Trial(_message.Message):
    __slots__ = ("model_version", "share", "name", "started_at")
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    model_version: str
    share: float
    name: str
    started_at: _timestamp_pb2.Timestamp
    def __init__(self, model_version: _Optional[str] = ..., share: _Optional[float] = ..., name: _Optional[str] = ..., started_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetModelRequest(_message.Message):
    __slots__ = ("user_id", "include_prototypes")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_PROTOTYPES_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    include_prototypes: bool
    def __init__(self, user_id: _Optional[str] = ..., include_prototypes: bool = ...) -> None: ...

class GetModelResponse(_message.Message):
    __slots__ = ("model", "prototype_ids", "arm", "labels", "directions")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PROTOTYPE_IDS_FIELD_NUMBER: _ClassVar[int]
    ARM_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    DIRECTIONS_FIELD_NUMBER: _ClassVar[int]
    model: Model
    prototype_ids: _containers.RepeatedScalarFieldContainer[str]
    arm: Arm
    labels: _containers.RepeatedScalarFieldContainer[str]
    directions: _vectors_pb2.FloatMatrix
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ..., prototype_ids: _Optional[_Iterable[str]] = ..., arm: _Optional[_Union[Arm, str]] = ..., labels: _Optional[_Iterable[str]] = ..., directions: _Optional[_Union[_vectors_pb2.FloatMatrix, _Mapping]] = ...) -> None: ...

class ListModelsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListModelsResponse(_message.Message):
    __slots__ = ("models", "trial")
    MODELS_FIELD_NUMBER: _ClassVar[int]
    TRIAL_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[Model]
    trial: Trial
    def __init__(self, models: _Optional[_Iterable[_Union[Model, _Mapping]]] = ..., trial: _Optional[_Union[Trial, _Mapping]] = ...) -> None: ...

class LoadModelRequest(_message.Message):
    __slots__ = ("model_version",)
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    model_version: str
    def __init__(self, model_version: _Optional[str] = ...) -> None: ...

class LoadModelResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: Model
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...

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

class RollBackModelRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RollBackModelResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: Model
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...

class StartTrialRequest(_message.Message):
    __slots__ = ("model_version", "share", "name")
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    model_version: str
    share: float
    name: str
    def __init__(self, model_version: _Optional[str] = ..., share: _Optional[float] = ..., name: _Optional[str] = ...) -> None: ...

class StartTrialResponse(_message.Message):
    __slots__ = ("trial",)
    TRIAL_FIELD_NUMBER: _ClassVar[int]
    trial: Trial
    def __init__(self, trial: _Optional[_Union[Trial, _Mapping]] = ...) -> None: ...

class EndTrialRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class EndTrialResponse(_message.Message):
    __slots__ = ("ended",)
    ENDED_FIELD_NUMBER: _ClassVar[int]
    ended: bool
    def __init__(self, ended: bool = ...) -> None: ...
