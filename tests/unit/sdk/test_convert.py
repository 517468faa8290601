"""Messages to types: no field is lost, no enum value unknown.

Every field of a message is set to a value of its own; the type must hold that very value under the same name.
"""

import dataclasses
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

import pytest
from google.protobuf.descriptor import FieldDescriptor
from hypothesis import given
from hypothesis import strategies as st

from leitmotif import types
from leitmotif._convert import (
    audio,
    catalogue,
    custody,
    evaluation,
    evaluation_specs,
    exclusions,
    models,
    presets,
    profiles,
    ranking,
)
from leitmotif._convert import texts as texts_convert
from leitmotif._convert.times import time_of, timestamp_of
from leitmotif.api.audio.v1 import audio_pb2
from leitmotif.api.common.v1 import vectors_pb2
from leitmotif.api.evaluation.v1 import evaluation_pb2, results_pb2, specs_pb2, texts_pb2
from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.profiles.v1 import exclusions_pb2, presets_pb2, profiles_pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2, models_pb2, prototypes_pb2
from leitmotif.errors import NotFoundError, Reason
from leitmotif.filters import F
from leitmotif_services.runtime.errors import Reason as ServiceReason
from leitmotif_services.runtime.errors import ServiceError
from leitmotif_services.runtime.status import status_of

ITEM = types.AudioItem("t", b"x")


def filled(message):
    """Set every scalar field of a message to a value that no other field has; returns the names and values."""
    values = {}
    for number, field in enumerate(message.DESCRIPTOR.fields, start=3):
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            kind = field.message_type.fields_by_name["value"].cpp_type
            made = {"k": number + 0.5 if kind == FieldDescriptor.CPPTYPE_DOUBLE else f"v{number}"}
            getattr(message, field.name).update(made)
            values[field.name] = made
            continue
        if field.type in (FieldDescriptor.TYPE_MESSAGE, FieldDescriptor.TYPE_ENUM):
            continue
        made = {
            FieldDescriptor.CPPTYPE_STRING: b"v%d" % number if field.type == FieldDescriptor.TYPE_BYTES else f"v{number}",
            FieldDescriptor.CPPTYPE_BOOL: True,
            FieldDescriptor.CPPTYPE_DOUBLE: number + 0.5,
            FieldDescriptor.CPPTYPE_FLOAT: number + 0.5,
            FieldDescriptor.CPPTYPE_INT32: number,
            FieldDescriptor.CPPTYPE_INT64: number,
        }[field.cpp_type]
        if field.is_repeated:
            getattr(message, field.name).extend([made, made])
            values[field.name] = (made, made)
        elif not (field.containing_oneof and message.WhichOneof(field.containing_oneof.name)):
            setattr(message, field.name, made)
            values[field.name] = made
    return values


SCALAR_CASES = {
    "Prototype": (prototypes_pb2.Prototype, catalogue.prototype_of),
    "Fidelity": (prototypes_pb2.Fidelity, lambda m: catalogue.prototype_of(prototypes_pb2.Prototype(fidelity=m)).fidelity),
    "Exemplar": (
        prototypes_pb2.Exemplar,
        lambda m: catalogue.prototype_of(prototypes_pb2.Prototype(exemplars=[m])).exemplars[0],
    ),
    "Track": (catalogue_pb2.Track, catalogue.track_of),
    "DescribedTrack": (catalogue_pb2.GetTrackResponse, catalogue.described_track_of),
    "ScoredTrack": (prototypes_pb2.ScoredTrack, ranking.scored_track_of),
    "Contribution": (
        prototypes_pb2.Contribution,
        lambda m: ranking.scored_track_of(prototypes_pb2.ScoredTrack(contributions=[m])).contributions[0],
    ),
    "Recommendations": (gateway_pb2.RecommendResponse, ranking.recommendations_of),
    "Explanation": (gateway_pb2.ExplainResponse, ranking.explanation_of),
    "LiftingEdit": (prototypes_pb2.LiftingEdit, ranking.lifting_edit_of),
    "RankingChange": (prototypes_pb2.RankingChange, ranking.ranking_change_of),
    "WhatIf": (gateway_pb2.WhatIfResponse, ranking.what_if_of),
    "SimilarTrack": (prototypes_pb2.SimilarTrack, ranking.similar_track_of),
    "SimilarTracks": (prototypes_pb2.FindSimilarTracksResponse, ranking.similar_tracks_of),
    "FoundPrototype": (prototypes_pb2.FoundPrototype, catalogue.found_prototype_of),
    "PrototypeSearch": (gateway_pb2.SearchPrototypesResponse, catalogue.prototype_search_of),
    "CreatedPrototype": (gateway_pb2.CreatePrototypeResponse, catalogue.created_prototype_of),
    "DeletedTracks": (catalogue_pb2.DeleteTracksResponse, catalogue.deleted_tracks_of),
    "ExpressedPrototype": (gateway_pb2.ExpressedPrototype, catalogue.expressed_prototype_of),
    "IngestedTrack": (gateway_pb2.IngestTrackResponse, catalogue.ingested_track_of),
    "Trial": (models_pb2.Trial, models.trial_of),
    "Model": (models_pb2.Model, models.model_of),
    "Profile": (profiles_pb2.Profile, profiles.profile_of),
    "DescribedProfile": (
        profiles_pb2.Profile,
        lambda m: profiles.described_profile_of(gateway_pb2.DescribeProfileResponse(profile=m)),
    ),
    "PrototypeWeight": (
        profiles_pb2.PrototypeWeight,
        lambda m: profiles.profile_of(profiles_pb2.Profile(weights=[m])).weights[0],
    ),
    "LabelledWeight": (
        gateway_pb2.LabelledWeight,
        lambda m: profiles.described_profile_of(gateway_pb2.DescribeProfileResponse(labelled_weights=[m])).weights[0],
    ),
    "ActivePreset": (profiles_pb2.ActivePreset, profiles.active_preset_of),
    "Preset": (presets_pb2.Preset, presets.preset_of),
    "PresetControl": (
        presets_pb2.PresetControl,
        lambda m: presets.preset_of(presets_pb2.Preset(controls=[m])).controls[0],
    ),
    "SavedPresets": (presets_pb2.ListPresetsResponse, presets.presets_of),
    "Exclusions": (exclusions_pb2.Exclusions, exclusions.exclusions_of),
    "ImportedProfile": (gateway_pb2.ImportProfileResponse, custody.imported_profile_of),
    "CarriedControl": (
        profiles_pb2.CarriedControl,
        lambda m: custody.imported_profile_of(gateway_pb2.ImportProfileResponse(carried=[m])).carried[0],
    ),
    "Erasure": (profiles_pb2.ErasureReceipt, lambda m: custody.erasure_of(profiles_pb2.DeleteProfileResponse(receipt=m))),
    "ControlsMoved": (profiles_pb2.ControlsMoved, profiles.controls_moved_of),
    "Event": (profiles_pb2.Event, profiles.event_of),
    "ControlChange": (profiles_pb2.ControlChange, profiles.change_of),
    "Edit": (profiles_pb2.Edit, profiles.edit_of),
    "ListeningReceipt": (gateway_pb2.RecordListeningResponse, profiles.receipt_of),
    "Encoder": (audio_pb2.Encoder, audio.encoder_of),
    "TextEncoder": (
        audio_pb2.TextEncoder,
        lambda m: audio.encoder_of(audio_pb2.Encoder(text_encoder=m)).text_encoder,
    ),
    "Segment": (
        audio_pb2.Segment,
        lambda m: audio.result_of(audio_pb2.EmbedTrackResult(track={"segments": [m]}), ITEM, "e").segments[0],
    ),
    "AudioDescriptors": (
        audio_pb2.AudioDescriptors,
        lambda m: audio.result_of(audio_pb2.EmbedTrackResult(track={"descriptors": m}), ITEM, "e").descriptors,
    ),
    "Job": (evaluation_pb2.Job, evaluation.job_of),
    "JobProgress": (evaluation_pb2.JobProgress, lambda m: evaluation.job_of(evaluation_pb2.Job(progress=m)).progress),
    "PerplexityResult": (results_pb2.PerplexityResult, lambda m: result_of(perplexity=m)),
    "ComparisonResult": (results_pb2.ComparisonResult, lambda m: result_of(comparison=m)),
    "Interval": (results_pb2.Interval, lambda m: result_of(comparison={"ratio_ci95": m}).ratio_ci95),
    "TokenAnalysisResult": (results_pb2.TokenAnalysisResult, lambda m: result_of(comparison={"tokens": m}).tokens),
    "TokenContribution": (
        results_pb2.TokenContribution,
        lambda m: result_of(token_analysis={"top_tokens": [m]}).top_tokens[0],
    ),
    "ClassContribution": (results_pb2.ClassContribution, lambda m: result_of(token_analysis={"classes": [m]}).classes[0]),
    "WithoutWorst": (results_pb2.WithoutWorst, lambda m: result_of(token_analysis={"without_worst": [m]}).without_worst[0]),
    "DomainTerm": (results_pb2.DomainTerm, lambda m: result_of(token_analysis={"domain_terms": [m]}).domain_terms[0]),
    "DistanceResult": (results_pb2.DistanceResult, lambda m: result_of(distance=m)),
    "DistanceMeasure": (results_pb2.DistanceMeasure, lambda m: result_of(distance={"measures": [m]}).measures[0]),
    "AdaptationResult": (results_pb2.AdaptationResult, lambda m: result_of(adaptation=m)),
    "PerplexitySpec": (lambda: specs_pb2.PerplexitySpec(text_id="f" * 64), lambda m: spec_of(perplexity=m)),
    "Scoring": (specs_pb2.Scoring, lambda m: spec_of(comparison={"scoring": m}).scoring),
    "ComparisonSpec": (specs_pb2.ComparisonSpec, lambda m: spec_of(comparison=m)),
    "TokenAnalysisSpec": (specs_pb2.TokenAnalysisSpec, lambda m: spec_of(token_analysis=m)),
    "DistanceSpec": (specs_pb2.DistanceSpec, lambda m: spec_of(distance=m)),
    "AdaptationSpec": (specs_pb2.AdaptationSpec, lambda m: spec_of(adaptation=m)),
    "UploadedText": (texts_pb2.Text, texts_convert.uploaded_text_of),
}


def result_of(**kind):
    return evaluation.job_of(evaluation_pb2.Job(result=kind)).result


def spec_of(**kind):
    return evaluation.job_of(evaluation_pb2.Job(spec=kind)).spec


@pytest.mark.parametrize("case", SCALAR_CASES)
def test_every_scalar_field_arrives_under_its_name(case):
    make, convert = SCALAR_CASES[case]
    message = make()
    expected = filled(message)
    converted = convert(message)
    assert {name: getattr(converted, name) for name in expected} == expected
    assert expected


def test_every_type_is_covered_above():
    elsewhere = {
        "AppliedEdit",
        "AudioItem",
        "ChangedExclusions",
        "ControlUpdate",
        "EmbedFailure",
        "Exploration",
        "JobResult",
        "JobSpec",
        "PcmItem",
        "RecommendationFailure",
        "RecommendationRequest",
        "SegmentEmbedding",
        "TextEmbedding",
        "TextFailure",
        "TextSource",
        "TimeRange",
        "TrackEmbedding",
        "TrackFailure",
        "TrackUpsert",
        "UpsertedTracks",
        "Vectors",
    }
    dataclass_names = {name for name in types.__all__ if dataclasses.is_dataclass(getattr(types, name))}
    assert dataclass_names - elsewhere <= set(SCALAR_CASES)


def test_a_track_embedding_holds_everything():
    message = audio_pb2.TrackEmbedding(
        embedding={"values": b"\0\0\x80\x3f\0\0\0\0", "dimension": 2}, segment_embeddings={"values": bytes(16), "dimension": 2}
    )
    expected = {**filled(message), "track_id": "t"}
    converted = audio.result_of(audio_pb2.EmbedTrackResult(track=message), ITEM, "e-1")
    assert {name: getattr(converted, name) for name in expected} == expected
    assert (converted.encoder_id, converted.embedding) == ("e-1", (1.0, 0.0))
    assert list(converted.segment_embeddings) == [(0.0, 0.0), (0.0, 0.0)]


def test_a_segment_of_a_stream_holds_everything():
    segment = {"segment": {"start_s": 5.0, "duration_s": 7.5}, "embedding": {"values": b"\0\0\x80\x3f\0\0\0\0", "dimension": 2}}
    converted = audio.streamed_of(audio_pb2.EmbedStreamResponse(segment=segment, encoder_id="e-1"), "t")
    assert converted == types.SegmentEmbedding("e-1", types.Segment(5.0, 7.5), (1.0, 0.0))
    track = audio.streamed_of(audio_pb2.EmbedStreamResponse(track={"duration_s": 12.5}, encoder_id="e-1"), "t")
    assert isinstance(track, types.TrackEmbedding)
    assert (track.track_id, track.encoder_id, track.duration_s) == ("t", "e-1", 12.5)


def test_a_phrase_holds_everything():
    text = audio_pb2.TextEmbedding(embedding={"values": b"\0\0\x80\x3f\0\0\0\0", "dimension": 2}, tokens=5)
    converted = audio.text_result_of(audio_pb2.EmbedTextResult(text=text), "calm piano", "e-1", "e-1-text")
    assert converted == types.TextEmbedding("calm piano", "e-1", "e-1-text", (1.0, 0.0), 5)


@pytest.mark.parametrize("result", [{}, {"text": {}}])
def test_a_phrase_without_content_reads_as_nothing_rather_than_failing(result):
    converted = audio.text_result_of(audio_pb2.EmbedTextResult(**result), "calm piano", "e", "e-text")
    assert converted.text == "calm piano"
    assert isinstance(converted, types.TextEmbedding if result else types.TextFailure)


def test_an_encoder_without_a_text_tower_has_none():
    assert audio.encoder_of(audio_pb2.Encoder(encoder_id="e")).text_encoder is None


def test_samples_go_as_samples():
    message = audio.item_message_of(types.PcmItem("t", bytes(16), 8_000, 2))
    assert message.WhichOneof("source") == "pcm"
    assert (message.track_id, message.pcm.samples, message.pcm.sample_rate_hz, message.pcm.channels) == ("t", bytes(16), 8_000, 2)


@pytest.mark.parametrize("channels", [1, 2, 3, 7])
def test_a_long_piece_is_sent_in_whole_frames(channels):
    piece = bytes(range(256)) * (3 * channels * 4096)
    messages = [message.samples for message in audio.sample_messages(piece, channels)]
    assert b"".join(messages) == piece
    assert all(len(samples) <= audio.MESSAGE_BYTES and len(samples) % (4 * channels) == 0 for samples in messages)


@pytest.mark.parametrize("result", [{}, {"track": {}}])
def test_a_result_without_content_reads_as_nothing_rather_than_failing(result):
    converted = audio.result_of(audio_pb2.EmbedTrackResult(**result), ITEM, "e")
    assert converted.track_id == "t"
    assert isinstance(converted, types.TrackEmbedding if result else types.EmbedFailure)


def test_a_refused_item_is_an_error_like_any_other():
    status = status_of(ServiceError(ServiceReason.ENCODER_NOT_FOUND, "no encoder"), "r-1")
    failure = audio.result_of(audio_pb2.EmbedTrackResult(status=status), ITEM, "e")
    assert isinstance(failure.error, NotFoundError)
    assert (failure.error.reason, failure.error.request_id) == (Reason.ENCODER_NOT_FOUND, "r-1")


def texts(max_size=8):
    return st.text(max_size=max_size)


TRACKS = st.builds(
    types.Track,
    track_id=texts(),
    title=texts(),
    artist=texts(),
    duration_s=st.floats(0.0, 1e5),
    tags=st.lists(texts(), max_size=3).map(tuple),
    year=st.none() | st.integers(-3000, 3000),
    texts=st.dictionaries(texts(), texts(), max_size=2),
    numbers=st.dictionaries(texts(), st.floats(allow_nan=False), max_size=2),
)


@given(TRACKS)
def test_tracks_go_there_and_come_back(track):
    assert catalogue.track_of(catalogue.track_message_of(track)) == track


def test_an_upsert_without_an_embedding_sends_none():
    assert catalogue.upsert_message_of(types.TrackUpsert(types.Track("t"))).embedding == b""
    assert catalogue.upsert_message_of(types.TrackUpsert(types.Track("t"), (1.0, 0.0))).embedding == b"\0\0\x80\x3f\0\0\0\0"


def test_every_option_of_a_request_has_a_field_of_its_own():
    request = types.RecommendationRequest(
        user_id="ada",
        count=7,
        filter=F.tag("jazz"),
        exclude=["a"],
        seeds=["s"],
        seed_weight=0.25,
        max_per_artist=2,
        diversity=0.5,
        exploration=types.Exploration(0.75, seed=9),
        include_heard=True,
        contributions=-1,
    )
    message = ranking.request_message_of(request, "token")
    expected = gateway_pb2.RecommendRequest(
        user_id="ada",
        count=7,
        include_heard=True,
        contribution_count=-1,
        page_token="token",
        options={
            "filter": {"field": {"field": "tags", "one_of": {"values": ["jazz"]}}},
            "excluded_track_ids": ["a"],
            "seed_track_ids": ["s"],
            "seed_weight": 0.25,
            "max_per_artist": 2,
            "diversity": 0.5,
            "exploration": {"strength": 0.75, "seed": 9},
        },
    )
    assert message == expected
    assert ranking.request_message_of(types.RecommendationRequest("ada")).options == prototypes_pb2.RankingOptions()


def test_an_answer_of_a_stream_is_a_list_or_a_failure():
    list_message = gateway_pb2.StreamRecommendationsResponse(recommended={"etag": "e", "arm": models_pb2.ARM_TRIAL})
    recommended = ranking.streamed_of(list_message, "ada")
    assert (recommended.user_id, recommended.etag, recommended.arm) == ("ada", "e", types.Arm.TRIAL)
    status = status_of(ServiceError(ServiceReason.PROFILE_NOT_FOUND, "no profile"), "r-1")
    failure = ranking.streamed_of(gateway_pb2.StreamRecommendationsResponse(refused=status), "bob")
    assert (failure.user_id, failure.error.reason) == ("bob", Reason.PROFILE_NOT_FOUND)


class Unknown(StrEnum):
    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN

ENUM_CASES = {
    "PrototypeSource": (
        prototypes_pb2.PrototypeSource,
        lambda number: catalogue.prototype_of(prototypes_pb2.Prototype(source=number)).source,
    ),
    "Likeness": (
        prototypes_pb2.Likeness,
        lambda number: {value: name for name, value in ranking.LIKENESSES.items()}.get(number, UNKNOWN),
    ),
    "EventType": (profiles_pb2.EventType, lambda number: profiles.event_of(profiles_pb2.Event(type=number)).type),
    "ControlAction": (
        profiles_pb2.ControlAction,
        lambda number: profiles.change_of(profiles_pb2.ControlChange(action=number)).action,
    ),
    "TokenClass": (
        results_pb2.TokenClass,
        lambda number: result_of(token_analysis={"classes": [{"token_class": number}]}).classes[0].token_class,
    ),
    "JobState": (evaluation_pb2.JobState, lambda number: evaluation.job_of(evaluation_pb2.Job(state=number)).state),
}


@pytest.mark.parametrize("case", ENUM_CASES)
def test_every_enum_value_has_a_name_and_a_newer_one_is_unknown(case):
    enum, convert = ENUM_CASES[case]
    named = {convert(value.number).name: value.name for value in enum.DESCRIPTOR.values if value.number}
    assert {name: value[-len(name) :] for name, value in named.items()} == {name: name for name in named}
    assert set(named) == {member.name for member in getattr(types, case)} - {"UNKNOWN"}
    assert convert(0).value == convert(77).value == "unknown"


def test_bos_policies_go_there_and_come_back():
    numbers = {evaluation_specs.bos_number_of(policy) for policy in types.BosPolicy}
    assert numbers == {value.number for value in specs_pb2.BosPolicy.DESCRIPTOR.values}
    for policy in types.BosPolicy:
        message = evaluation_pb2.Job(spec={"perplexity": {"bos": evaluation_specs.bos_number_of(policy), "text_path": "a.txt"}})
        spec = evaluation.job_of(message).spec
        assert (spec.bos, spec.text_path) == (policy, "a.txt")
    unknown = evaluation_pb2.Job(spec={"perplexity": {"bos": 9}})
    assert evaluation.job_of(unknown).spec.bos is types.BosPolicy.AUTO


def test_documents_go_there_and_come_back():
    for documents in types.Documents:
        source = types.TextSource(text_id="f" * 64, documents=documents)
        assert texts_convert.source_of(texts_convert.source_message_of(source)) == source
    numbers = {texts_convert.documents_number_of(documents) for documents in types.Documents}
    # WHOLE is left out: the M2D2 protocol wants it so.
    assert numbers == set(specs_pb2.Documents.values()) - {specs_pb2.DOCUMENTS_WHOLE}
    assert texts_convert.documents_of(specs_pb2.DOCUMENTS_WHOLE) is types.Documents.WHOLE
    assert texts_convert.documents_of(77) is types.Documents.WHOLE


@pytest.mark.parametrize("source", [{"text": "a"}, {"text_path": "a.txt"}, {"text_id": "f" * 64}])
def test_each_source_of_a_text_has_a_field_of_its_own(source):
    message = texts_convert.source_message_of(types.TextSource(**source))
    assert message == specs_pb2.TextSource(**source)
    assert texts_convert.source_of(message) == types.TextSource(**source)


def test_a_perplexity_job_names_its_text():
    given = spec_of(perplexity={"text_id": "f" * 64, "documents": specs_pb2.DOCUMENTS_LINES})
    assert (given.text_id, given.text_path, given.documents) == ("f" * 64, "", types.Documents.LINES)


def test_what_was_left_out_of_a_spec_is_told_from_nothing():
    assert spec_of(comparison={}).reference is None
    assert spec_of(token_analysis={"reference": {"text_path": "r.txt"}}).reference == types.TextSource(text_path="r.txt")
    left_out = spec_of(adaptation={})
    assert (left_out.weight_decay, left_out.warmup_share, left_out.held_out_share) == (None, None, None)
    nothing = spec_of(adaptation={"weight_decay": 0.0, "warmup_share": 0.0, "held_out_share": 0.0})
    assert (nothing.weight_decay, nothing.warmup_share, nothing.held_out_share) == (0.0, 0.0, 0.0)


def test_a_spec_without_a_kind_is_none():
    assert (spec_of(), result_of()) == (None, None)


def test_every_kind_of_job_is_read():
    for field in specs_pb2.JobSpec.DESCRIPTOR.fields:
        assert spec_of(**{field.name: {}}) is not None, field.name
    for field in results_pb2.JobResult.DESCRIPTOR.fields:
        assert result_of(**{field.name: {}}) is not None, field.name


def test_kinds_and_priorities_of_a_job():
    kinds = {evaluation.kind_number_of(kind) for kind in types.JobKind}
    assert kinds | {evaluation.kind_number_of(None)} == set(evaluation_pb2.JobKind.values())
    for priority in types.Priority:
        message = evaluation_pb2.Job(priority=evaluation.priority_number_of(priority))
        assert evaluation.job_of(message).priority is priority
    assert evaluation.job_of(evaluation_pb2.Job()).priority is types.Priority.NORMAL


def test_states_of_a_filter():
    assert evaluation.state_number_of(None) == evaluation_pb2.JOB_STATE_UNSPECIFIED
    for state in set(types.JobState) - {types.JobState.UNKNOWN}:
        assert evaluation.job_of(evaluation_pb2.Job(state=evaluation.state_number_of(state))).state is state


KNOWN_EVENTS = [kind for kind in types.EventType if kind is not types.EventType.UNKNOWN]


@given(
    st.builds(
        types.Event,
        track_id=st.text(max_size=10),
        type=st.sampled_from(KNOWN_EVENTS),
        share_heard=st.none() | st.floats(0.0, 1.0),
        occurred_at=st.none() | st.floats(0.0, 7e9).map(lambda second: datetime.fromtimestamp(second, UTC)),
        event_id=st.text(min_size=1, max_size=10),
    )
)
def test_events_go_there_and_come_back(event):
    assert profiles.event_of(profiles.event_message_of(event)) == event


@given(
    st.builds(
        types.ControlChange,
        prototype_id=st.text(max_size=10),
        action=st.sampled_from([action for action in types.ControlAction if action is not types.ControlAction.UNKNOWN]),
        amount=st.none() | st.floats(-4.0, 4.0),
    )
)
def test_changes_go_there_and_come_back(change):
    assert profiles.change_of(profiles.change_message_of(change)) == change


def test_an_event_without_an_id_gets_one_of_its_own():
    first, second = (profiles.event_message_of(types.Event("t")).event_id for _ in range(2))
    assert first
    assert second
    assert first != second


def test_times_are_utc_whatever_zone_they_come_in():
    moment = datetime(2024, 5, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    event = profiles_pb2.Event(occurred_at=timestamp_of(moment))
    assert time_of(event, "occurred_at") == moment
    assert time_of(event, "occurred_at").tzinfo is UTC
    assert time_of(profiles_pb2.Event(), "occurred_at") is None


def test_a_naive_time_is_refused():
    with pytest.raises(ValueError, match="aware"):
        timestamp_of(datetime(2024, 5, 1, tzinfo=UTC).replace(tzinfo=None))


def test_vectors_of_a_message():
    assert audio.vectors_of(vectors_pb2.FloatMatrix(values=bytes(8), dimension=1)) == types.Vectors(bytes(8), 1)


def test_new_values_are_masked_by_what_is_given():
    message = profiles.update_message_of(types.ControlUpdate("calm", edit=0.0, pinned=True))
    assert (message.control.prototype_id, message.control.edit, message.control.pinned) == ("calm", 0.0, True)
    assert list(message.update_mask.paths) == ["edit", "pinned"]


def test_the_preset_of_a_request():
    assert profiles.applied_preset_message_of(None, None) is None
    whole, half = profiles.applied_preset_message_of("focus", None), profiles.applied_preset_message_of("focus", 0.5)
    assert (whole.preset_id, whole.HasField("share"), half.share) == ("focus", False, 0.5)
    assert profiles.applied_preset_message_of("", None).preset_id == ""
    with pytest.raises(ValueError, match="needs a preset"):
        profiles.applied_preset_message_of(None, 0.5)


def test_exclusions_come_back_as_they_went():
    evening = types.TimeRange(datetime(2026, 1, 1, 20, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    private = types.TimeRange(start=datetime(2026, 5, 1, tzinfo=UTC))
    whole = types.Exclusions(("t1",), ("Ada",), ("t2",), ("Bix",), (evening, private))
    assert exclusions.exclusions_of(exclusions.exclusions_message_of(whole)) == whole
    with pytest.raises(ValueError, match="aware"):
        exclusions.exclusions_message_of(types.Exclusions(uncounted_ranges=(types.TimeRange(datetime(2026, 1, 1)),)))  # noqa: DTZ001


def test_the_controls_of_a_preset_as_edits_or_whole():
    by_edit = presets.control_messages_of({"calm": 1.5})
    assert [(each.prototype_id, each.edit, each.muted) for each in by_edit] == [("calm", 1.5, False)]
    (whole,) = presets.control_messages_of([types.PresetControl("loud", muted=True)])
    assert (whole.prototype_id, whole.edit, whole.muted) == ("loud", 0.0, True)
