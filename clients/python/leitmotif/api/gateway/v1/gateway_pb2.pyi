from google.rpc import status_pb2 as _status_pb2
from leitmotif.api.profiles.v1 import exclusions_pb2 as _exclusions_pb2
from leitmotif.api.profiles.v1 import profiles_pb2 as _profiles_pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2 as _catalogue_pb2
from leitmotif.api.prototypes.v1 import models_pb2 as _models_pb2
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
    __slots__ = ("user_id", "count", "include_heard", "contribution_count", "options", "page_token", "preset")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_HEARD_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PRESET_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    count: int
    include_heard: bool
    contribution_count: int
    options: _prototypes_pb2.RankingOptions
    page_token: str
    preset: _profiles_pb2.AppliedPreset
    def __init__(self, user_id: _Optional[str] = ..., count: _Optional[int] = ..., include_heard: bool = ..., contribution_count: _Optional[int] = ..., options: _Optional[_Union[_prototypes_pb2.RankingOptions, _Mapping]] = ..., page_token: _Optional[str] = ..., preset: _Optional[_Union[_profiles_pb2.AppliedPreset, _Mapping]] = ...) -> None: ...

class RecommendResponse(_message.Message):
    __slots__ = ("tracks", "model_version", "etag", "next_page_token", "catalogue_revision", "arm", "partial")
    TRACKS_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_REVISION_FIELD_NUMBER: _ClassVar[int]
    ARM_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    tracks: _containers.RepeatedCompositeFieldContainer[_prototypes_pb2.ScoredTrack]
    model_version: str
    etag: str
    next_page_token: str
    catalogue_revision: int
    arm: _models_pb2.Arm
    partial: bool
    def __init__(self, tracks: _Optional[_Iterable[_Union[_prototypes_pb2.ScoredTrack, _Mapping]]] = ..., model_version: _Optional[str] = ..., etag: _Optional[str] = ..., next_page_token: _Optional[str] = ..., catalogue_revision: _Optional[int] = ..., arm: _Optional[_Union[_models_pb2.Arm, str]] = ..., partial: bool = ...) -> None: ...

class StreamRecommendationsResponse(_message.Message):
    __slots__ = ("index", "recommended", "refused")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    RECOMMENDED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    index: int
    recommended: RecommendResponse
    refused: _status_pb2.Status
    def __init__(self, index: _Optional[int] = ..., recommended: _Optional[_Union[RecommendResponse, _Mapping]] = ..., refused: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class WhatIfRequest(_message.Message):
    __slots__ = ("user_id", "changes", "count", "options", "include_heard", "contribution_count", "allow_missing", "updates", "preset")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_HEARD_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    ALLOW_MISSING_FIELD_NUMBER: _ClassVar[int]
    UPDATES_FIELD_NUMBER: _ClassVar[int]
    PRESET_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    changes: _containers.RepeatedCompositeFieldContainer[_profiles_pb2.ControlChange]
    count: int
    options: _prototypes_pb2.RankingOptions
    include_heard: bool
    contribution_count: int
    allow_missing: bool
    updates: _containers.RepeatedCompositeFieldContainer[_profiles_pb2.ControlUpdate]
    preset: _profiles_pb2.AppliedPreset
    def __init__(self, user_id: _Optional[str] = ..., changes: _Optional[_Iterable[_Union[_profiles_pb2.ControlChange, _Mapping]]] = ..., count: _Optional[int] = ..., options: _Optional[_Union[_prototypes_pb2.RankingOptions, _Mapping]] = ..., include_heard: bool = ..., contribution_count: _Optional[int] = ..., allow_missing: bool = ..., updates: _Optional[_Iterable[_Union[_profiles_pb2.ControlUpdate, _Mapping]]] = ..., preset: _Optional[_Union[_profiles_pb2.AppliedPreset, _Mapping]] = ...) -> None: ...

class WhatIfResponse(_message.Message):
    __slots__ = ("before", "after", "entered", "left", "labelled_weights", "model_version", "etag", "catalogue_revision")
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    ENTERED_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    LABELLED_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_REVISION_FIELD_NUMBER: _ClassVar[int]
    before: _containers.RepeatedCompositeFieldContainer[_prototypes_pb2.ScoredTrack]
    after: _containers.RepeatedCompositeFieldContainer[_prototypes_pb2.ScoredTrack]
    entered: _containers.RepeatedCompositeFieldContainer[_prototypes_pb2.RankingChange]
    left: _containers.RepeatedCompositeFieldContainer[_prototypes_pb2.RankingChange]
    labelled_weights: _containers.RepeatedCompositeFieldContainer[LabelledWeight]
    model_version: str
    etag: str
    catalogue_revision: int
    def __init__(self, before: _Optional[_Iterable[_Union[_prototypes_pb2.ScoredTrack, _Mapping]]] = ..., after: _Optional[_Iterable[_Union[_prototypes_pb2.ScoredTrack, _Mapping]]] = ..., entered: _Optional[_Iterable[_Union[_prototypes_pb2.RankingChange, _Mapping]]] = ..., left: _Optional[_Iterable[_Union[_prototypes_pb2.RankingChange, _Mapping]]] = ..., labelled_weights: _Optional[_Iterable[_Union[LabelledWeight, _Mapping]]] = ..., model_version: _Optional[str] = ..., etag: _Optional[str] = ..., catalogue_revision: _Optional[int] = ...) -> None: ...

class ExplainRequest(_message.Message):
    __slots__ = ("user_id", "track_id", "target_rank", "preset")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_RANK_FIELD_NUMBER: _ClassVar[int]
    PRESET_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    track_id: str
    target_rank: int
    preset: _profiles_pb2.AppliedPreset
    def __init__(self, user_id: _Optional[str] = ..., track_id: _Optional[str] = ..., target_rank: _Optional[int] = ..., preset: _Optional[_Union[_profiles_pb2.AppliedPreset, _Mapping]] = ...) -> None: ...

class ExplainResponse(_message.Message):
    __slots__ = ("track", "removed_by", "model_version", "lifting_edits", "catalogue_revision")
    TRACK_FIELD_NUMBER: _ClassVar[int]
    REMOVED_BY_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    LIFTING_EDITS_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_REVISION_FIELD_NUMBER: _ClassVar[int]
    track: _prototypes_pb2.ScoredTrack
    removed_by: _containers.RepeatedScalarFieldContainer[str]
    model_version: str
    lifting_edits: _containers.RepeatedCompositeFieldContainer[_prototypes_pb2.LiftingEdit]
    catalogue_revision: int
    def __init__(self, track: _Optional[_Union[_prototypes_pb2.ScoredTrack, _Mapping]] = ..., removed_by: _Optional[_Iterable[str]] = ..., model_version: _Optional[str] = ..., lifting_edits: _Optional[_Iterable[_Union[_prototypes_pb2.LiftingEdit, _Mapping]]] = ..., catalogue_revision: _Optional[int] = ...) -> None: ...

class RecordListeningRequest(_message.Message):
    __slots__ = ("user_id", "events")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    events: _containers.RepeatedCompositeFieldContainer[_profiles_pb2.Event]
    def __init__(self, user_id: _Optional[str] = ..., events: _Optional[_Iterable[_Union[_profiles_pb2.Event, _Mapping]]] = ...) -> None: ...

class RecordListeningResponse(_message.Message):
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

class EditControlsRequest(_message.Message):
    __slots__ = ("user_id", "changes", "etag", "request_id", "actor", "reason", "allow_missing", "updates")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ALLOW_MISSING_FIELD_NUMBER: _ClassVar[int]
    UPDATES_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    changes: _containers.RepeatedCompositeFieldContainer[_profiles_pb2.ControlChange]
    etag: str
    request_id: str
    actor: str
    reason: str
    allow_missing: bool
    updates: _containers.RepeatedCompositeFieldContainer[_profiles_pb2.ControlUpdate]
    def __init__(self, user_id: _Optional[str] = ..., changes: _Optional[_Iterable[_Union[_profiles_pb2.ControlChange, _Mapping]]] = ..., etag: _Optional[str] = ..., request_id: _Optional[str] = ..., actor: _Optional[str] = ..., reason: _Optional[str] = ..., allow_missing: bool = ..., updates: _Optional[_Iterable[_Union[_profiles_pb2.ControlUpdate, _Mapping]]] = ...) -> None: ...

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

class ChangeExclusionsRequest(_message.Message):
    __slots__ = ("user_id", "add", "remove", "etag", "allow_missing")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ADD_FIELD_NUMBER: _ClassVar[int]
    REMOVE_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    ALLOW_MISSING_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    add: _exclusions_pb2.Exclusions
    remove: _exclusions_pb2.Exclusions
    etag: str
    allow_missing: bool
    def __init__(self, user_id: _Optional[str] = ..., add: _Optional[_Union[_exclusions_pb2.Exclusions, _Mapping]] = ..., remove: _Optional[_Union[_exclusions_pb2.Exclusions, _Mapping]] = ..., etag: _Optional[str] = ..., allow_missing: bool = ...) -> None: ...

class ChangeExclusionsResponse(_message.Message):
    __slots__ = ("exclusions", "profile")
    EXCLUSIONS_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    exclusions: _exclusions_pb2.Exclusions
    profile: _profiles_pb2.Profile
    def __init__(self, exclusions: _Optional[_Union[_exclusions_pb2.Exclusions, _Mapping]] = ..., profile: _Optional[_Union[_profiles_pb2.Profile, _Mapping]] = ...) -> None: ...

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
    __slots__ = ("profile", "dropped_prototype_ids", "carried")
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    DROPPED_PROTOTYPE_IDS_FIELD_NUMBER: _ClassVar[int]
    CARRIED_FIELD_NUMBER: _ClassVar[int]
    profile: _profiles_pb2.Profile
    dropped_prototype_ids: _containers.RepeatedScalarFieldContainer[str]
    carried: _containers.RepeatedCompositeFieldContainer[_profiles_pb2.CarriedControl]
    def __init__(self, profile: _Optional[_Union[_profiles_pb2.Profile, _Mapping]] = ..., dropped_prototype_ids: _Optional[_Iterable[str]] = ..., carried: _Optional[_Iterable[_Union[_profiles_pb2.CarriedControl, _Mapping]]] = ...) -> None: ...

class IngestStart(_message.Message):
    __slots__ = ("track", "file_bytes", "samples", "prototype_count")
    TRACK_FIELD_NUMBER: _ClassVar[int]
    FILE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    PROTOTYPE_COUNT_FIELD_NUMBER: _ClassVar[int]
    track: _catalogue_pb2.Track
    file_bytes: int
    samples: SampleFormat
    prototype_count: int
    def __init__(self, track: _Optional[_Union[_catalogue_pb2.Track, _Mapping]] = ..., file_bytes: _Optional[int] = ..., samples: _Optional[_Union[SampleFormat, _Mapping]] = ..., prototype_count: _Optional[int] = ...) -> None: ...

class SampleFormat(_message.Message):
    __slots__ = ("sample_rate_hz", "channels")
    SAMPLE_RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    sample_rate_hz: int
    channels: int
    def __init__(self, sample_rate_hz: _Optional[int] = ..., channels: _Optional[int] = ...) -> None: ...

class IngestTrackRequest(_message.Message):
    __slots__ = ("start", "chunk", "samples")
    START_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    start: IngestStart
    chunk: bytes
    samples: bytes
    def __init__(self, start: _Optional[_Union[IngestStart, _Mapping]] = ..., chunk: _Optional[bytes] = ..., samples: _Optional[bytes] = ...) -> None: ...

class ExpressedPrototype(_message.Message):
    __slots__ = ("prototype_id", "label", "affinity", "expressed")
    PROTOTYPE_ID_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    AFFINITY_FIELD_NUMBER: _ClassVar[int]
    EXPRESSED_FIELD_NUMBER: _ClassVar[int]
    prototype_id: str
    label: str
    affinity: float
    expressed: bool
    def __init__(self, prototype_id: _Optional[str] = ..., label: _Optional[str] = ..., affinity: _Optional[float] = ..., expressed: bool = ...) -> None: ...

class IngestTrackResponse(_message.Message):
    __slots__ = ("track", "prototypes", "catalogue_revision", "model_version")
    TRACK_FIELD_NUMBER: _ClassVar[int]
    PROTOTYPES_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_REVISION_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    track: _catalogue_pb2.Track
    prototypes: _containers.RepeatedCompositeFieldContainer[ExpressedPrototype]
    catalogue_revision: int
    model_version: str
    def __init__(self, track: _Optional[_Union[_catalogue_pb2.Track, _Mapping]] = ..., prototypes: _Optional[_Iterable[_Union[ExpressedPrototype, _Mapping]]] = ..., catalogue_revision: _Optional[int] = ..., model_version: _Optional[str] = ...) -> None: ...

class SearchPrototypesRequest(_message.Message):
    __slots__ = ("query", "count", "show_hidden")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    SHOW_HIDDEN_FIELD_NUMBER: _ClassVar[int]
    query: str
    count: int
    show_hidden: bool
    def __init__(self, query: _Optional[str] = ..., count: _Optional[int] = ..., show_hidden: bool = ...) -> None: ...

class SearchPrototypesResponse(_message.Message):
    __slots__ = ("found", "by_meaning", "model_version")
    FOUND_FIELD_NUMBER: _ClassVar[int]
    BY_MEANING_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    found: _containers.RepeatedCompositeFieldContainer[_prototypes_pb2.FoundPrototype]
    by_meaning: bool
    model_version: str
    def __init__(self, found: _Optional[_Iterable[_Union[_prototypes_pb2.FoundPrototype, _Mapping]]] = ..., by_meaning: bool = ..., model_version: _Optional[str] = ...) -> None: ...

class CreatePrototypeRequest(_message.Message):
    __slots__ = ("label", "description", "tracks", "clip", "phrase", "request_id")
    LABEL_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    TRACKS_FIELD_NUMBER: _ClassVar[int]
    CLIP_FIELD_NUMBER: _ClassVar[int]
    PHRASE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    label: str
    description: str
    tracks: _prototypes_pb2.TrackIds
    clip: bytes
    phrase: str
    request_id: str
    def __init__(self, label: _Optional[str] = ..., description: _Optional[str] = ..., tracks: _Optional[_Union[_prototypes_pb2.TrackIds, _Mapping]] = ..., clip: _Optional[bytes] = ..., phrase: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class CreatePrototypeResponse(_message.Message):
    __slots__ = ("prototype", "model_version")
    PROTOTYPE_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    prototype: _prototypes_pb2.Prototype
    model_version: str
    def __init__(self, prototype: _Optional[_Union[_prototypes_pb2.Prototype, _Mapping]] = ..., model_version: _Optional[str] = ...) -> None: ...
