from google.rpc import status_pb2 as _status_pb2
from leitmotif.api.common.v1 import vectors_pb2 as _vectors_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Encoder(_message.Message):
    __slots__ = ("encoder_id", "sha256", "dimension", "sample_rate_hz", "segment_s", "hop_s", "license", "description", "text_encoder")
    ENCODER_ID_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    DIMENSION_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_S_FIELD_NUMBER: _ClassVar[int]
    HOP_S_FIELD_NUMBER: _ClassVar[int]
    LICENSE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    TEXT_ENCODER_FIELD_NUMBER: _ClassVar[int]
    encoder_id: str
    sha256: str
    dimension: int
    sample_rate_hz: int
    segment_s: float
    hop_s: float
    license: str
    description: str
    text_encoder: TextEncoder
    def __init__(self, encoder_id: _Optional[str] = ..., sha256: _Optional[str] = ..., dimension: _Optional[int] = ..., sample_rate_hz: _Optional[int] = ..., segment_s: _Optional[float] = ..., hop_s: _Optional[float] = ..., license: _Optional[str] = ..., description: _Optional[str] = ..., text_encoder: _Optional[_Union[TextEncoder, _Mapping]] = ...) -> None: ...

class TextEncoder(_message.Message):
    __slots__ = ("text_encoder_id", "sha256", "max_tokens", "license", "description")
    TEXT_ENCODER_ID_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    LICENSE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    text_encoder_id: str
    sha256: str
    max_tokens: int
    license: str
    description: str
    def __init__(self, text_encoder_id: _Optional[str] = ..., sha256: _Optional[str] = ..., max_tokens: _Optional[int] = ..., license: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class AudioItem(_message.Message):
    __slots__ = ("track_id", "content", "pcm")
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    PCM_FIELD_NUMBER: _ClassVar[int]
    track_id: str
    content: bytes
    pcm: PcmAudio
    def __init__(self, track_id: _Optional[str] = ..., content: _Optional[bytes] = ..., pcm: _Optional[_Union[PcmAudio, _Mapping]] = ...) -> None: ...

class PcmAudio(_message.Message):
    __slots__ = ("samples", "sample_rate_hz", "channels")
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    samples: bytes
    sample_rate_hz: int
    channels: int
    def __init__(self, samples: _Optional[bytes] = ..., sample_rate_hz: _Optional[int] = ..., channels: _Optional[int] = ...) -> None: ...

class Segment(_message.Message):
    __slots__ = ("start_s", "duration_s")
    START_S_FIELD_NUMBER: _ClassVar[int]
    DURATION_S_FIELD_NUMBER: _ClassVar[int]
    start_s: float
    duration_s: float
    def __init__(self, start_s: _Optional[float] = ..., duration_s: _Optional[float] = ...) -> None: ...

class AudioDescriptors(_message.Message):
    __slots__ = ("tempo_bpm", "pulse_clarity", "brightness_hz", "loudness_db", "dynamics_db", "percussiveness", "onset_rate_hz", "majorness")
    TEMPO_BPM_FIELD_NUMBER: _ClassVar[int]
    PULSE_CLARITY_FIELD_NUMBER: _ClassVar[int]
    BRIGHTNESS_HZ_FIELD_NUMBER: _ClassVar[int]
    LOUDNESS_DB_FIELD_NUMBER: _ClassVar[int]
    DYNAMICS_DB_FIELD_NUMBER: _ClassVar[int]
    PERCUSSIVENESS_FIELD_NUMBER: _ClassVar[int]
    ONSET_RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    MAJORNESS_FIELD_NUMBER: _ClassVar[int]
    tempo_bpm: float
    pulse_clarity: float
    brightness_hz: float
    loudness_db: float
    dynamics_db: float
    percussiveness: float
    onset_rate_hz: float
    majorness: float
    def __init__(self, tempo_bpm: _Optional[float] = ..., pulse_clarity: _Optional[float] = ..., brightness_hz: _Optional[float] = ..., loudness_db: _Optional[float] = ..., dynamics_db: _Optional[float] = ..., percussiveness: _Optional[float] = ..., onset_rate_hz: _Optional[float] = ..., majorness: _Optional[float] = ...) -> None: ...

class TrackEmbedding(_message.Message):
    __slots__ = ("track_id", "embedding", "segment_embeddings", "segments", "duration_s", "source_sample_rate_hz", "source_channels", "descriptors")
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    DURATION_S_FIELD_NUMBER: _ClassVar[int]
    SOURCE_SAMPLE_RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    SOURCE_CHANNELS_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTORS_FIELD_NUMBER: _ClassVar[int]
    track_id: str
    embedding: _vectors_pb2.FloatMatrix
    segment_embeddings: _vectors_pb2.FloatMatrix
    segments: _containers.RepeatedCompositeFieldContainer[Segment]
    duration_s: float
    source_sample_rate_hz: int
    source_channels: int
    descriptors: AudioDescriptors
    def __init__(self, track_id: _Optional[str] = ..., embedding: _Optional[_Union[_vectors_pb2.FloatMatrix, _Mapping]] = ..., segment_embeddings: _Optional[_Union[_vectors_pb2.FloatMatrix, _Mapping]] = ..., segments: _Optional[_Iterable[_Union[Segment, _Mapping]]] = ..., duration_s: _Optional[float] = ..., source_sample_rate_hz: _Optional[int] = ..., source_channels: _Optional[int] = ..., descriptors: _Optional[_Union[AudioDescriptors, _Mapping]] = ...) -> None: ...

class EmbedTrackResult(_message.Message):
    __slots__ = ("track", "status")
    TRACK_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    track: TrackEmbedding
    status: _status_pb2.Status
    def __init__(self, track: _Optional[_Union[TrackEmbedding, _Mapping]] = ..., status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class EmbedTimings(_message.Message):
    __slots__ = ("queue_s", "decode_s", "compute_s")
    QUEUE_S_FIELD_NUMBER: _ClassVar[int]
    DECODE_S_FIELD_NUMBER: _ClassVar[int]
    COMPUTE_S_FIELD_NUMBER: _ClassVar[int]
    queue_s: float
    decode_s: float
    compute_s: float
    def __init__(self, queue_s: _Optional[float] = ..., decode_s: _Optional[float] = ..., compute_s: _Optional[float] = ...) -> None: ...

class EmbedTracksRequest(_message.Message):
    __slots__ = ("items", "encoder_id")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ENCODER_ID_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[AudioItem]
    encoder_id: str
    def __init__(self, items: _Optional[_Iterable[_Union[AudioItem, _Mapping]]] = ..., encoder_id: _Optional[str] = ...) -> None: ...

class EmbedTracksResponse(_message.Message):
    __slots__ = ("results", "encoder_id", "timings")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    ENCODER_ID_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[EmbedTrackResult]
    encoder_id: str
    timings: EmbedTimings
    def __init__(self, results: _Optional[_Iterable[_Union[EmbedTrackResult, _Mapping]]] = ..., encoder_id: _Optional[str] = ..., timings: _Optional[_Union[EmbedTimings, _Mapping]] = ...) -> None: ...

class StreamStart(_message.Message):
    __slots__ = ("track_id", "encoder_id", "sample_rate_hz", "channels")
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    ENCODER_ID_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    track_id: str
    encoder_id: str
    sample_rate_hz: int
    channels: int
    def __init__(self, track_id: _Optional[str] = ..., encoder_id: _Optional[str] = ..., sample_rate_hz: _Optional[int] = ..., channels: _Optional[int] = ...) -> None: ...

class EmbedStreamRequest(_message.Message):
    __slots__ = ("start", "samples")
    START_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    start: StreamStart
    samples: bytes
    def __init__(self, start: _Optional[_Union[StreamStart, _Mapping]] = ..., samples: _Optional[bytes] = ...) -> None: ...

class SegmentEmbedding(_message.Message):
    __slots__ = ("segment", "embedding")
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    segment: Segment
    embedding: _vectors_pb2.FloatMatrix
    def __init__(self, segment: _Optional[_Union[Segment, _Mapping]] = ..., embedding: _Optional[_Union[_vectors_pb2.FloatMatrix, _Mapping]] = ...) -> None: ...

class EmbedStreamResponse(_message.Message):
    __slots__ = ("segment", "track", "encoder_id")
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    TRACK_FIELD_NUMBER: _ClassVar[int]
    ENCODER_ID_FIELD_NUMBER: _ClassVar[int]
    segment: SegmentEmbedding
    track: TrackEmbedding
    encoder_id: str
    def __init__(self, segment: _Optional[_Union[SegmentEmbedding, _Mapping]] = ..., track: _Optional[_Union[TrackEmbedding, _Mapping]] = ..., encoder_id: _Optional[str] = ...) -> None: ...

class EmbedTextsRequest(_message.Message):
    __slots__ = ("texts", "encoder_id")
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    ENCODER_ID_FIELD_NUMBER: _ClassVar[int]
    texts: _containers.RepeatedScalarFieldContainer[str]
    encoder_id: str
    def __init__(self, texts: _Optional[_Iterable[str]] = ..., encoder_id: _Optional[str] = ...) -> None: ...

class TextEmbedding(_message.Message):
    __slots__ = ("embedding", "tokens")
    EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    embedding: _vectors_pb2.FloatMatrix
    tokens: int
    def __init__(self, embedding: _Optional[_Union[_vectors_pb2.FloatMatrix, _Mapping]] = ..., tokens: _Optional[int] = ...) -> None: ...

class EmbedTextResult(_message.Message):
    __slots__ = ("text", "status")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    text: TextEmbedding
    status: _status_pb2.Status
    def __init__(self, text: _Optional[_Union[TextEmbedding, _Mapping]] = ..., status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class EmbedTextsResponse(_message.Message):
    __slots__ = ("results", "encoder_id", "text_encoder_id", "timings")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    ENCODER_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_ENCODER_ID_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[EmbedTextResult]
    encoder_id: str
    text_encoder_id: str
    timings: EmbedTimings
    def __init__(self, results: _Optional[_Iterable[_Union[EmbedTextResult, _Mapping]]] = ..., encoder_id: _Optional[str] = ..., text_encoder_id: _Optional[str] = ..., timings: _Optional[_Union[EmbedTimings, _Mapping]] = ...) -> None: ...

class ListEncodersRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListEncodersResponse(_message.Message):
    __slots__ = ("encoders",)
    ENCODERS_FIELD_NUMBER: _ClassVar[int]
    encoders: _containers.RepeatedCompositeFieldContainer[Encoder]
    def __init__(self, encoders: _Optional[_Iterable[_Union[Encoder, _Mapping]]] = ...) -> None: ...

class GetEncoderRequest(_message.Message):
    __slots__ = ("encoder_id",)
    ENCODER_ID_FIELD_NUMBER: _ClassVar[int]
    encoder_id: str
    def __init__(self, encoder_id: _Optional[str] = ...) -> None: ...

class GetEncoderResponse(_message.Message):
    __slots__ = ("encoder",)
    ENCODER_FIELD_NUMBER: _ClassVar[int]
    encoder: Encoder
    def __init__(self, encoder: _Optional[_Union[Encoder, _Mapping]] = ...) -> None: ...
