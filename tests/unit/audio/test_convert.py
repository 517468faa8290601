from dataclasses import replace

import numpy as np
import pytest
from google.rpc import error_details_pb2

from leitmotif.api.audio.v1 import audio_pb2 as pb
from leitmotif.api.common.v1 import vectors_pb2
from leitmotif_services.audio.batch_embedding import BatchOutcome
from leitmotif_services.audio.convert import (
    encoder_message,
    matrix_message,
    matrix_of,
    response_of,
    source_of,
    streamed_message,
    track_message,
    track_of,
)
from leitmotif_services.audio.embedding import AudioDescriptors, EmbeddedTrack, Segment
from leitmotif_services.audio.encoder_artifact import EncoderArtifact
from leitmotif_services.audio.front_end import FrontEndSettings
from leitmotif_services.audio.pcm import PcmAudio, PcmFormat
from leitmotif_services.audio.segmentation import Segmentation
from leitmotif_services.audio.streamed_track import StreamedSegment
from leitmotif_services.runtime.errors import Reason, ServiceError

TRACK = EmbeddedTrack(
    embedding=np.array([0.6, 0.8], np.float32),
    segment_embeddings=np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]], np.float32),
    segments=(Segment(0.0, 10.0), Segment(5.0, 10.0), Segment(10.0, 7.25)),
    duration_s=17.25,
    source_sample_rate_hz=44_100,
    source_channels=2,
    descriptors=AudioDescriptors(120.0, 0.5, 2000.0, -14.0, 9.0, 0.25, 3.5, -0.125),
    decode_s=0.25,
    compute_s=0.5,
)


def same(a, b):
    return (
        np.array_equal(a.embedding, b.embedding)
        and np.array_equal(a.segment_embeddings, b.segment_embeddings)
        and replace(a, embedding=None, segment_embeddings=None) == replace(b, embedding=None, segment_embeddings=None)
    )


def test_a_track_there_and_back():
    message = track_message("t1", TRACK)
    assert message.track_id == "t1"
    assert same(track_of(type(message).FromString(message.SerializeToString())), replace(TRACK, decode_s=0.0, compute_s=0.0))


def test_every_descriptor_arrives_under_its_own_name():
    message = track_message("", TRACK).descriptors
    for name in AudioDescriptors.__dataclass_fields__:
        assert getattr(message, name) == getattr(TRACK.descriptors, name)


def test_outcomes_keep_their_order_and_times_add_up():
    refused = ServiceError(Reason.AUDIO_SILENT, "silent")
    response = response_of(["a", "b", "c"], BatchOutcome((TRACK, refused, TRACK), queue_s=0.125), "enc-1", "r1")
    assert [result.WhichOneof("outcome") for result in response.results] == ["track", "status", "track"]
    assert [result.track.track_id for result in response.results] == ["a", "", "c"]
    assert (response.timings.queue_s, response.timings.decode_s, response.timings.compute_s) == (0.125, 0.5, 1.0)
    assert response.encoder_id == "enc-1"
    info = error_details_pb2.ErrorInfo()
    assert response.results[1].status.details[0].Unpack(info)
    assert (info.reason, info.metadata["requestId"]) == ("AUDIO_SILENT", "r1")


def test_a_defect_is_told_without_its_text():
    response = response_of(["a"], BatchOutcome((RuntimeError("secret"),), queue_s=0.0), "enc-1", "r1")
    assert "secret" not in response.results[0].status.message
    assert response.results[0].status.code == 13


def test_encoder_fields():
    artifact = EncoderArtifact("e-1", 8, FrontEndSettings(), Segmentation(8.0, 4.0), "MIT", "About.", "ff")
    message = encoder_message(artifact)
    assert (message.encoder_id, message.dimension, message.sample_rate_hz) == ("e-1", 8, 22_050)
    assert (message.segment_s, message.hop_s, message.license, message.description, message.sha256) == (
        8.0,
        4.0,
        "MIT",
        "About.",
        "ff",
    )


def test_matrices_are_little_endian_rows():
    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    message = matrix_message(rows)
    assert message.values[4:8] == b"\x00\x00\x80\x3f"
    np.testing.assert_array_equal(matrix_of("m", message), rows)
    np.testing.assert_array_equal(matrix_of("m", matrix_message(rows.T)), rows.T)


@pytest.mark.parametrize(("values", "dimension"), [(b"12345", 1), (b"1234", 0), (b"1234", -1), (b"12345678", 3)])
def test_bytes_that_are_no_rows(values, dimension):
    with pytest.raises(ServiceError) as caught:
        matrix_of("embedding", vectors_pb2.FloatMatrix(values=values, dimension=dimension))
    assert caught.value.reason is Reason.FIELD_INVALID


def test_what_an_item_asks_to_embed():
    assert source_of(pb.AudioItem(content=b"file")) == b"file"
    assert source_of(pb.AudioItem()) == b""
    pcm = pb.PcmAudio(samples=bytes(8), sample_rate_hz=8_000, channels=2)
    assert source_of(pb.AudioItem(pcm=pcm)) == PcmAudio(PcmFormat(8_000, 2), bytes(8))


def test_parts_of_a_stream():
    segment = streamed_message("t", StreamedSegment(Segment(5.0, 10.0), np.array([0.6, 0.8], np.float32)), "e-1")
    assert (segment.WhichOneof("part"), segment.encoder_id) == ("segment", "e-1")
    assert (segment.segment.segment.start_s, segment.segment.segment.duration_s) == (5.0, 10.0)
    np.testing.assert_array_equal(matrix_of("e", segment.segment.embedding), np.array([[0.6, 0.8]], np.float32))
    track = streamed_message("t", TRACK, "e-1")
    assert (track.WhichOneof("part"), track.encoder_id) == ("track", "e-1")
    assert track.track == track_message("t", TRACK)
