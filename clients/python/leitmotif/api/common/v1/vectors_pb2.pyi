from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class FloatMatrix(_message.Message):
    __slots__ = ("values", "dimension")
    VALUES_FIELD_NUMBER: _ClassVar[int]
    DIMENSION_FIELD_NUMBER: _ClassVar[int]
    values: bytes
    dimension: int
    def __init__(self, values: _Optional[bytes] = ..., dimension: _Optional[int] = ...) -> None: ...

class ProfileVector(_message.Message):
    __slots__ = ("model_version", "history", "edits", "muted")
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    EDITS_FIELD_NUMBER: _ClassVar[int]
    MUTED_FIELD_NUMBER: _ClassVar[int]
    model_version: str
    history: bytes
    edits: bytes
    muted: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, model_version: _Optional[str] = ..., history: _Optional[bytes] = ..., edits: _Optional[bytes] = ..., muted: _Optional[_Iterable[int]] = ...) -> None: ...
