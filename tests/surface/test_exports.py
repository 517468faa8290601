"""The public names. A name that goes, or comes, shows here and belongs into CHANGELOG.md."""

import leitmotif
from leitmotif import types

EXPORTS = """
    AlreadyExistsError AsyncClient AudioItem BosPolicy CallCancelledError Client ClientClosedError ConflictError
    ControlAction ControlChange DataLossError DeadlineExceededError Event EventType FieldViolation InternalError
    InvalidArgumentError JobCancelledError JobFailedError JobState LeitmotifError NotFoundError OverloadedError
    PcmItem PermissionDeniedError PreconditionError Reason RetryPolicy UnauthenticatedError UnavailableError UnimplementedError
    __version__
"""
TYPES = """
    AppliedEdit AudioDescriptors AudioItem BosPolicy Contribution ControlAction ControlChange DescribedTrack Edit
    EditOptions EmbedFailure Encoder Event EventType Exemplar Explanation Fidelity Job JobProgress JobResult JobSpec
    JobState ListeningReceipt Model PcmItem PerplexityResult PerplexitySpec Profile Prototype PrototypeSource PrototypeWeight
    Recommendations ScoredTrack Segment SegmentEmbedding TextEmbedding TextEncoder TextFailure Track TrackEmbedding Vectors
"""
CLIENT = """
    address audio close evaluations explain listen models profiles prototypes recommend tracks
"""
PARTS = {
    "audio": "embed embed_stream embed_texts encoder encoders",
    "evaluations": "get list perplexity",
    "models": "activate active list",
    "prototypes": "exemplar_audio get list",
    "tracks": "get list",
}
PROFILE = "actor boost delete edit edits events export get mute redo reduce reset set undo unmute user_id"
EVALUATION = "cancel get job job_id wait watch"


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
        assert public(client.profiles("ada")) == sorted(PROFILE.split())


def test_the_evaluation_handle():
    from leitmotif._sync.evaluations import Evaluation

    assert public(Evaluation(None, None)) == sorted(EVALUATION.split())
