from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.rpc import status_pb2 as _status_pb2
from leitmotif.api.common.v1 import vectors_pb2 as _vectors_pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2 as _catalogue_pb2
from leitmotif.api.prototypes.v1 import models_pb2 as _models_pb2
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
    PROTOTYPE_SOURCE_TRACKS: _ClassVar[PrototypeSource]
    PROTOTYPE_SOURCE_CLIP: _ClassVar[PrototypeSource]
    PROTOTYPE_SOURCE_PHRASE: _ClassVar[PrototypeSource]

class Likeness(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LIKENESS_UNSPECIFIED: _ClassVar[Likeness]
    LIKENESS_SOUND: _ClassVar[Likeness]
    LIKENESS_AFFINITY: _ClassVar[Likeness]
PROTOTYPE_SOURCE_UNSPECIFIED: PrototypeSource
PROTOTYPE_SOURCE_TAG: PrototypeSource
PROTOTYPE_SOURCE_DISCOVERED: PrototypeSource
PROTOTYPE_SOURCE_TRACKS: PrototypeSource
PROTOTYPE_SOURCE_CLIP: PrototypeSource
PROTOTYPE_SOURCE_PHRASE: PrototypeSource
LIKENESS_UNSPECIFIED: Likeness
LIKENESS_SOUND: Likeness
LIKENESS_AFFINITY: Likeness

class Prototype(_message.Message):
    __slots__ = ("prototype_id", "position", "label", "description", "source", "fidelity", "exemplars", "expressed_affinity", "expressed_tracks", "hidden")
    PROTOTYPE_ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    FIDELITY_FIELD_NUMBER: _ClassVar[int]
    EXEMPLARS_FIELD_NUMBER: _ClassVar[int]
    EXPRESSED_AFFINITY_FIELD_NUMBER: _ClassVar[int]
    EXPRESSED_TRACKS_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_FIELD_NUMBER: _ClassVar[int]
    prototype_id: str
    position: int
    label: str
    description: str
    source: PrototypeSource
    fidelity: Fidelity
    exemplars: _containers.RepeatedCompositeFieldContainer[Exemplar]
    expressed_affinity: float
    expressed_tracks: int
    hidden: bool
    def __init__(self, prototype_id: _Optional[str] = ..., position: _Optional[int] = ..., label: _Optional[str] = ..., description: _Optional[str] = ..., source: _Optional[_Union[PrototypeSource, str]] = ..., fidelity: _Optional[_Union[Fidelity, _Mapping]] = ..., exemplars: _Optional[_Iterable[_Union[Exemplar, _Mapping]]] = ..., expressed_affinity: _Optional[float] = ..., expressed_tracks: _Optional[int] = ..., hidden: bool = ...) -> None: ...

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
    track: _catalogue_pb2.Track
    rank: int
    score: float
    bias: float
    contributions: _containers.RepeatedCompositeFieldContainer[Contribution]
    other_contributions: float
    reason: str
    def __init__(self, track: _Optional[_Union[_catalogue_pb2.Track, _Mapping]] = ..., rank: _Optional[int] = ..., score: _Optional[float] = ..., bias: _Optional[float] = ..., contributions: _Optional[_Iterable[_Union[Contribution, _Mapping]]] = ..., other_contributions: _Optional[float] = ..., reason: _Optional[str] = ...) -> None: ...

class Exploration(_message.Message):
    __slots__ = ("strength", "seed")
    STRENGTH_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    strength: float
    seed: int
    def __init__(self, strength: _Optional[float] = ..., seed: _Optional[int] = ...) -> None: ...

class RankingOptions(_message.Message):
    __slots__ = ("filter", "excluded_track_ids", "seed_track_ids", "seed_weight", "max_per_artist", "diversity", "exploration")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    EXCLUDED_TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    SEED_TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    SEED_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    MAX_PER_ARTIST_FIELD_NUMBER: _ClassVar[int]
    DIVERSITY_FIELD_NUMBER: _ClassVar[int]
    EXPLORATION_FIELD_NUMBER: _ClassVar[int]
    filter: _catalogue_pb2.Filter
    excluded_track_ids: _containers.RepeatedScalarFieldContainer[str]
    seed_track_ids: _containers.RepeatedScalarFieldContainer[str]
    seed_weight: float
    max_per_artist: int
    diversity: float
    exploration: Exploration
    def __init__(self, filter: _Optional[_Union[_catalogue_pb2.Filter, _Mapping]] = ..., excluded_track_ids: _Optional[_Iterable[str]] = ..., seed_track_ids: _Optional[_Iterable[str]] = ..., seed_weight: _Optional[float] = ..., max_per_artist: _Optional[int] = ..., diversity: _Optional[float] = ..., exploration: _Optional[_Union[Exploration, _Mapping]] = ...) -> None: ...

class RecommendTracksRequest(_message.Message):
    __slots__ = ("profile", "count", "options", "contribution_count", "exact", "page_token", "user_id", "hidden_artists")
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    EXACT_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_ARTISTS_FIELD_NUMBER: _ClassVar[int]
    profile: _vectors_pb2.ProfileVector
    count: int
    options: RankingOptions
    contribution_count: int
    exact: bool
    page_token: str
    user_id: str
    hidden_artists: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, profile: _Optional[_Union[_vectors_pb2.ProfileVector, _Mapping]] = ..., count: _Optional[int] = ..., options: _Optional[_Union[RankingOptions, _Mapping]] = ..., contribution_count: _Optional[int] = ..., exact: bool = ..., page_token: _Optional[str] = ..., user_id: _Optional[str] = ..., hidden_artists: _Optional[_Iterable[str]] = ...) -> None: ...

class RecommendTracksResponse(_message.Message):
    __slots__ = ("tracks", "model_version", "next_page_token", "catalogue_revision", "arm", "partial")
    TRACKS_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_REVISION_FIELD_NUMBER: _ClassVar[int]
    ARM_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    tracks: _containers.RepeatedCompositeFieldContainer[ScoredTrack]
    model_version: str
    next_page_token: str
    catalogue_revision: int
    arm: _models_pb2.Arm
    partial: bool
    def __init__(self, tracks: _Optional[_Iterable[_Union[ScoredTrack, _Mapping]]] = ..., model_version: _Optional[str] = ..., next_page_token: _Optional[str] = ..., catalogue_revision: _Optional[int] = ..., arm: _Optional[_Union[_models_pb2.Arm, str]] = ..., partial: bool = ...) -> None: ...

class StreamRecommendationsResponse(_message.Message):
    __slots__ = ("index", "recommended", "refused")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    RECOMMENDED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    index: int
    recommended: RecommendTracksResponse
    refused: _status_pb2.Status
    def __init__(self, index: _Optional[int] = ..., recommended: _Optional[_Union[RecommendTracksResponse, _Mapping]] = ..., refused: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class CompareRankingsRequest(_message.Message):
    __slots__ = ("before", "after", "count", "options", "contribution_count", "user_id", "hidden_artists")
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_ARTISTS_FIELD_NUMBER: _ClassVar[int]
    before: _vectors_pb2.ProfileVector
    after: _vectors_pb2.ProfileVector
    count: int
    options: RankingOptions
    contribution_count: int
    user_id: str
    hidden_artists: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, before: _Optional[_Union[_vectors_pb2.ProfileVector, _Mapping]] = ..., after: _Optional[_Union[_vectors_pb2.ProfileVector, _Mapping]] = ..., count: _Optional[int] = ..., options: _Optional[_Union[RankingOptions, _Mapping]] = ..., contribution_count: _Optional[int] = ..., user_id: _Optional[str] = ..., hidden_artists: _Optional[_Iterable[str]] = ...) -> None: ...

class RankingChange(_message.Message):
    __slots__ = ("track", "rank_before", "rank_after", "reason")
    TRACK_FIELD_NUMBER: _ClassVar[int]
    RANK_BEFORE_FIELD_NUMBER: _ClassVar[int]
    RANK_AFTER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    track: ScoredTrack
    rank_before: int
    rank_after: int
    reason: str
    def __init__(self, track: _Optional[_Union[ScoredTrack, _Mapping]] = ..., rank_before: _Optional[int] = ..., rank_after: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class CompareRankingsResponse(_message.Message):
    __slots__ = ("before", "after", "entered", "left", "model_version", "catalogue_revision")
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    ENTERED_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_REVISION_FIELD_NUMBER: _ClassVar[int]
    before: _containers.RepeatedCompositeFieldContainer[ScoredTrack]
    after: _containers.RepeatedCompositeFieldContainer[ScoredTrack]
    entered: _containers.RepeatedCompositeFieldContainer[RankingChange]
    left: _containers.RepeatedCompositeFieldContainer[RankingChange]
    model_version: str
    catalogue_revision: int
    def __init__(self, before: _Optional[_Iterable[_Union[ScoredTrack, _Mapping]]] = ..., after: _Optional[_Iterable[_Union[ScoredTrack, _Mapping]]] = ..., entered: _Optional[_Iterable[_Union[RankingChange, _Mapping]]] = ..., left: _Optional[_Iterable[_Union[RankingChange, _Mapping]]] = ..., model_version: _Optional[str] = ..., catalogue_revision: _Optional[int] = ...) -> None: ...

class ExplainTrackRequest(_message.Message):
    __slots__ = ("profile", "track_id", "target_rank", "user_id")
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_RANK_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    profile: _vectors_pb2.ProfileVector
    track_id: str
    target_rank: int
    user_id: str
    def __init__(self, profile: _Optional[_Union[_vectors_pb2.ProfileVector, _Mapping]] = ..., track_id: _Optional[str] = ..., target_rank: _Optional[int] = ..., user_id: _Optional[str] = ...) -> None: ...

class LiftingEdit(_message.Message):
    __slots__ = ("prototype_id", "label", "amount", "rank")
    PROTOTYPE_ID_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    prototype_id: str
    label: str
    amount: float
    rank: int
    def __init__(self, prototype_id: _Optional[str] = ..., label: _Optional[str] = ..., amount: _Optional[float] = ..., rank: _Optional[int] = ...) -> None: ...

class ExplainTrackResponse(_message.Message):
    __slots__ = ("track", "removed_by", "model_version", "lifting_edits", "catalogue_revision")
    TRACK_FIELD_NUMBER: _ClassVar[int]
    REMOVED_BY_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    LIFTING_EDITS_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_REVISION_FIELD_NUMBER: _ClassVar[int]
    track: ScoredTrack
    removed_by: _containers.RepeatedScalarFieldContainer[str]
    model_version: str
    lifting_edits: _containers.RepeatedCompositeFieldContainer[LiftingEdit]
    catalogue_revision: int
    def __init__(self, track: _Optional[_Union[ScoredTrack, _Mapping]] = ..., removed_by: _Optional[_Iterable[str]] = ..., model_version: _Optional[str] = ..., lifting_edits: _Optional[_Iterable[_Union[LiftingEdit, _Mapping]]] = ..., catalogue_revision: _Optional[int] = ...) -> None: ...

class FindSimilarTracksRequest(_message.Message):
    __slots__ = ("track_id", "likeness", "count", "filter", "excluded_track_ids")
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    LIKENESS_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    EXCLUDED_TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    track_id: str
    likeness: Likeness
    count: int
    filter: _catalogue_pb2.Filter
    excluded_track_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, track_id: _Optional[str] = ..., likeness: _Optional[_Union[Likeness, str]] = ..., count: _Optional[int] = ..., filter: _Optional[_Union[_catalogue_pb2.Filter, _Mapping]] = ..., excluded_track_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class SimilarTrack(_message.Message):
    __slots__ = ("track", "similarity", "shared_labels")
    TRACK_FIELD_NUMBER: _ClassVar[int]
    SIMILARITY_FIELD_NUMBER: _ClassVar[int]
    SHARED_LABELS_FIELD_NUMBER: _ClassVar[int]
    track: _catalogue_pb2.Track
    similarity: float
    shared_labels: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, track: _Optional[_Union[_catalogue_pb2.Track, _Mapping]] = ..., similarity: _Optional[float] = ..., shared_labels: _Optional[_Iterable[str]] = ...) -> None: ...

class FindSimilarTracksResponse(_message.Message):
    __slots__ = ("tracks", "model_version", "catalogue_revision")
    TRACKS_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_REVISION_FIELD_NUMBER: _ClassVar[int]
    tracks: _containers.RepeatedCompositeFieldContainer[SimilarTrack]
    model_version: str
    catalogue_revision: int
    def __init__(self, tracks: _Optional[_Iterable[_Union[SimilarTrack, _Mapping]]] = ..., model_version: _Optional[str] = ..., catalogue_revision: _Optional[int] = ...) -> None: ...

class ListPrototypesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "show_hidden", "user_id")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SHOW_HIDDEN_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    show_hidden: bool
    user_id: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., show_hidden: bool = ..., user_id: _Optional[str] = ...) -> None: ...

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

class SearchPrototypesRequest(_message.Message):
    __slots__ = ("query", "phrase_embedding", "count", "show_hidden")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    PHRASE_EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    SHOW_HIDDEN_FIELD_NUMBER: _ClassVar[int]
    query: str
    phrase_embedding: bytes
    count: int
    show_hidden: bool
    def __init__(self, query: _Optional[str] = ..., phrase_embedding: _Optional[bytes] = ..., count: _Optional[int] = ..., show_hidden: bool = ...) -> None: ...

class FoundPrototype(_message.Message):
    __slots__ = ("prototype", "score")
    PROTOTYPE_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    prototype: Prototype
    score: float
    def __init__(self, prototype: _Optional[_Union[Prototype, _Mapping]] = ..., score: _Optional[float] = ...) -> None: ...

class SearchPrototypesResponse(_message.Message):
    __slots__ = ("found", "model_version")
    FOUND_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    found: _containers.RepeatedCompositeFieldContainer[FoundPrototype]
    model_version: str
    def __init__(self, found: _Optional[_Iterable[_Union[FoundPrototype, _Mapping]]] = ..., model_version: _Optional[str] = ...) -> None: ...

class TrackIds(_message.Message):
    __slots__ = ("track_ids",)
    TRACK_IDS_FIELD_NUMBER: _ClassVar[int]
    track_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, track_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class CreatePrototypeRequest(_message.Message):
    __slots__ = ("label", "description", "tracks", "clip_embedding", "phrase_embedding", "request_id")
    LABEL_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    TRACKS_FIELD_NUMBER: _ClassVar[int]
    CLIP_EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    PHRASE_EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    label: str
    description: str
    tracks: TrackIds
    clip_embedding: bytes
    phrase_embedding: bytes
    request_id: str
    def __init__(self, label: _Optional[str] = ..., description: _Optional[str] = ..., tracks: _Optional[_Union[TrackIds, _Mapping]] = ..., clip_embedding: _Optional[bytes] = ..., phrase_embedding: _Optional[bytes] = ..., request_id: _Optional[str] = ...) -> None: ...

class CreatePrototypeResponse(_message.Message):
    __slots__ = ("prototype", "model_version")
    PROTOTYPE_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    prototype: Prototype
    model_version: str
    def __init__(self, prototype: _Optional[_Union[Prototype, _Mapping]] = ..., model_version: _Optional[str] = ...) -> None: ...

class UpdatePrototypeRequest(_message.Message):
    __slots__ = ("prototype", "update_mask")
    PROTOTYPE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    prototype: Prototype
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, prototype: _Optional[_Union[Prototype, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdatePrototypeResponse(_message.Message):
    __slots__ = ("prototype", "model_version")
    PROTOTYPE_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    prototype: Prototype
    model_version: str
    def __init__(self, prototype: _Optional[_Union[Prototype, _Mapping]] = ..., model_version: _Optional[str] = ...) -> None: ...

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
