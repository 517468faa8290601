"""Encoders and embeddings."""

from leitmotif._convert.status import error_of_status
from leitmotif.api.audio.v1 import audio_pb2 as pb2
from leitmotif.api.common.v1 import vectors_pb2
from leitmotif.types import AudioDescriptors, AudioItem, EmbedFailure, Encoder, Segment, TrackEmbedding, Vectors


def encoder_of(message: pb2.Encoder) -> Encoder:
    return Encoder(
        encoder_id=message.encoder_id,
        sha256=message.sha256,
        dimension=message.dimension,
        sample_rate_hz=message.sample_rate_hz,
        segment_s=message.segment_s,
        hop_s=message.hop_s,
        license=message.license,
        description=message.description,
    )


def item_message_of(item: AudioItem) -> pb2.AudioItem:
    return pb2.AudioItem(track_id=item.track_id, content=item.content)


def vectors_of(message: vectors_pb2.FloatMatrix) -> Vectors:
    return Vectors(message.values, message.dimension)


def result_of(message: pb2.EmbedTrackResult, item: AudioItem, encoder_id: str) -> TrackEmbedding | EmbedFailure:
    """The result of `item`. A result with neither outcome is a defect of the service and reads as one."""
    if message.WhichOneof("outcome") == "track":
        return _embedding_of(message.track, item.track_id, encoder_id)
    return EmbedFailure(item.track_id, error_of_status(message.status))


def _embedding_of(message: pb2.TrackEmbedding, track_id: str, encoder_id: str) -> TrackEmbedding:
    vectors = vectors_of(message.embedding)
    return TrackEmbedding(
        track_id=track_id,
        encoder_id=encoder_id,
        embedding=vectors[0] if len(vectors) else (),
        segment_embeddings=vectors_of(message.segment_embeddings),
        segments=tuple(Segment(segment.start_s, segment.duration_s) for segment in message.segments),
        duration_s=message.duration_s,
        source_sample_rate_hz=message.source_sample_rate_hz,
        source_channels=message.source_channels,
        descriptors=_descriptors_of(message.descriptors),
    )


def _descriptors_of(message: pb2.AudioDescriptors) -> AudioDescriptors:
    return AudioDescriptors(
        tempo_bpm=message.tempo_bpm,
        pulse_clarity=message.pulse_clarity,
        brightness_hz=message.brightness_hz,
        loudness_db=message.loudness_db,
        dynamics_db=message.dynamics_db,
        percussiveness=message.percussiveness,
        onset_rate_hz=message.onset_rate_hz,
        majorness=message.majorness,
    )
