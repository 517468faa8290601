"""The public names. A name that goes, or comes, shows here and belongs into CHANGELOG.md."""

import leitmotif
from leitmotif import types

EXPORTS = """
    AlreadyExistsError AsyncClient AudioItem BosPolicy CallCancelledError Client ClientClosedError ConflictError
    ControlAction ControlChange ControlUpdate DataLossError DeadlineExceededError Documents Event EventType Exclusions
    Exploration F FieldViolation InternalError InvalidArgumentError JobCancelledError JobFailedError JobKind JobState
    LeitmotifError Likeness NotFoundError OverloadedError PcmItem PermissionDeniedError PreconditionError PresetControl
    Priority Reason RecommendationRequest RetryPolicy TextSource TimeRange Track TrackUpsert UnauthenticatedError
    UnavailableError UnimplementedError __version__
"""
TYPES = """
    ActivePreset AdaptationResult AdaptationSpec AppliedEdit Arm AudioDescriptors AudioItem BosPolicy CarriedControl
    ChangedExclusions ClassContribution ComparisonResult ComparisonSpec Contribution ControlAction ControlChange
    ControlUpdate ControlsMoved
    CreatedPrototype DeletedTracks DescribedTrack DistanceMeasure DistanceResult DistanceSpec Documents
    DomainTerm Edit EditOptions EmbedFailure Encoder Erasure Event EventType Exclusions Exemplar Explanation Exploration
    ExpressedPrototype Fidelity FoundPrototype ImportedProfile IngestedTrack Interval Job JobKind JobProgress JobResult
    JobSpec JobState LiftingEdit Likeness ListeningReceipt Model PcmItem PerplexityResult PerplexitySpec Preset
    PresetControl Priority Profile Prototype PrototypeSearch PrototypeSource PrototypeWeight RankingChange
    RankingOptions RecommendationFailure RecommendationRequest Recommendations SavedPresets ScoredTrack Scoring Segment
    SegmentEmbedding SimilarTrack SimilarTracks TextEmbedding TextEncoder TextFailure TextSource TimeRange
    TokenAnalysisResult TokenAnalysisSpec TokenClass TokenContribution Track TrackEmbedding TrackFailure TrackUpsert
    Trial UploadedText UpsertedTracks Vectors WhatIf WithoutWorst
"""
CLIENT = """
    address audio close evaluations explain listen models profiles prototypes recommend recommend_many recommend_pages
    texts tracks what_if
"""
PARTS = {
    "audio": "embed embed_stream embed_texts encoder encoders",
    "evaluations": "adapt analyse_tokens compare distance get list perplexity",
    "models": "activate active end_trial list load roll_back start_trial trial",
    "prototypes": "create_from_clip create_from_phrase create_from_tracks exemplar_audio get hide list rename search show",
    "texts": "delete get list upload",
    "tracks": "delete get ingest list similar upsert",
}
PROFILE = """
    actor boost delete edit edits events exclusions export get import_ mute pin presets redo reduce reset set undo unmute
    unpin user_id watch
"""
PRESETS = "activate deactivate delete list rename save save_present user_id"
EXCLUSIONS = "change count get hide keep_out unhide user_id"
EVALUATION = "cancel delete get job job_id report wait watch"


def public(thing):
    return sorted(name for name in dir(thing) if not name.startswith("_"))


def test_exports():
    assert sorted(leitmotif.__all__) == sorted(EXPORTS.split())
    assert sorted(types.__all__) == sorted(TYPES.split())


def test_every_export_can_be_had():
    for name in leitmotif.__all__:
        assert getattr(leitmotif, name) is not None
    assert set(leitmotif.__all__) <= set(dir(leitmotif))
    assert leitmotif.Event is types.Event


def test_what_is_not_exported_is_an_attribute_error():
    assert not hasattr(leitmotif, "Nonsense")


def test_the_client_and_its_parts():
    with leitmotif.Client() as client:
        assert public(client) == sorted(CLIENT.split())
        for part, names in PARTS.items():
            assert public(getattr(client, part)) == sorted(names.split())
        profile = client.profiles("ada")
        assert public(profile) == sorted(PROFILE.split())
        assert public(profile.presets) == sorted(PRESETS.split())
        assert public(profile.exclusions) == sorted(EXCLUSIONS.split())


def test_filters():
    from leitmotif import filters

    assert public(filters.F) == ["artist", "duration_s", "number", "tag", "text", "year"]


def test_the_evaluation_handle():
    from leitmotif._sync.evaluation import Evaluation

    assert public(Evaluation(None, None)) == sorted(EVALUATION.split())
