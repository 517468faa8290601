"""Between the messages of leitmotif.api.audio.v1 and the domain."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from google.rpc import status_pb2

from leitmotif.api.audio.v1 import audio_pb2 as pb
from leitmotif.api.common.v1 import vectors_pb2
from leitmotif_services.audio.batch_embedding import BatchOutcome
from leitmotif_services.audio.embedding import AudioDescriptors, EmbeddedTrack, Matrix, Segment
from leitmotif_services.audio.encoder_artifact import EncoderArtifact
from leitmotif_services.audio.pcm import AudioSource, PcmAudio, PcmFormat
from leitmotif_services.audio.streamed_track import StreamedSegment
from leitmotif_services.audio.text_embedding import EmbeddedPhrase, PhraseOutcomes
from leitmotif_services.audio.text_encoder_artifact import TextEncoderArtifact
from leitmotif_services.runtime.errors import invalid_field
from leitmotif_services.runtime.status import status_of


def response_of(track_ids: Sequence[str], batch: BatchOutcome, encoder_id: str, request_id: str) -> pb.EmbedTracksResponse:
    """The answer of EmbedTracks; failures become statuses that carry `request_id`."""
    results = []
    embedded = []
    for track_id, outcome in zip(track_ids, batch.outcomes, strict=True):
        if isinstance(outcome, EmbeddedTrack):
            embedded.append(outcome)
            results.append(pb.EmbedTrackResult(track=track_message(track_id, outcome)))
        else:
            status: status_pb2.Status = status_of(outcome, request_id)
            results.append(pb.EmbedTrackResult(status=status))
    timings = pb.EmbedTimings(
        queue_s=batch.queue_s,
        decode_s=sum(track.decode_s for track in embedded),
        compute_s=sum(track.compute_s for track in embedded),
    )
    return pb.EmbedTracksResponse(results=results, encoder_id=encoder_id, timings=timings)


def texts_response_of(
    batch: PhraseOutcomes, text_encoder: TextEncoderArtifact, encoder_id: str, request_id: str
) -> pb.EmbedTextsResponse:
    """The answer of EmbedTexts; failures become statuses that carry `request_id`."""
    results = []
    for outcome in batch.outcomes:
        if isinstance(outcome, EmbeddedPhrase):
            embedding = matrix_message(outcome.embedding[np.newaxis])
            results.append(pb.EmbedTextResult(text=pb.TextEmbedding(embedding=embedding, tokens=outcome.tokens)))
        else:
            status: status_pb2.Status = status_of(outcome, request_id)
            results.append(pb.EmbedTextResult(status=status))
    timings = pb.EmbedTimings(queue_s=batch.queue_s, decode_s=batch.tokenize_s, compute_s=batch.compute_s)
    return pb.EmbedTextsResponse(
        results=results, encoder_id=encoder_id, text_encoder_id=text_encoder.text_encoder_id, timings=timings
    )


def phrase_of(message: pb.TextEmbedding) -> EmbeddedPhrase:
    """What an embedding of EmbedTexts was made from. FIELD_INVALID where its matrix is malformed."""
    embedding = matrix_of("embedding", message.embedding)
    if len(embedding) != 1:
        raise invalid_field("embedding", f"must have one row, has {len(embedding)}")
    return EmbeddedPhrase(embedding[0], message.tokens)


def source_of(item: pb.AudioItem) -> AudioSource:
    """What an item asks to embed; no bytes where it says nothing."""
    if item.WhichOneof("source") == "pcm":
        return PcmAudio(PcmFormat(item.pcm.sample_rate_hz, item.pcm.channels), item.pcm.samples)
    return item.content


def streamed_message(track_id: str, part: StreamedSegment | EmbeddedTrack, encoder_id: str) -> pb.EmbedStreamResponse:
    """A message of EmbedStream's answer."""
    if isinstance(part, EmbeddedTrack):
        return pb.EmbedStreamResponse(track=track_message(track_id, part), encoder_id=encoder_id)
    segment = pb.SegmentEmbedding(
        segment=pb.Segment(start_s=part.segment.start_s, duration_s=part.segment.duration_s),
        embedding=matrix_message(part.embedding[np.newaxis]),
    )
    return pb.EmbedStreamResponse(segment=segment, encoder_id=encoder_id)


def track_message(track_id: str, track: EmbeddedTrack) -> pb.TrackEmbedding:
    """An embedded track under its caller's name; where the time went is told for the call as a whole."""
    return pb.TrackEmbedding(
        track_id=track_id,
        embedding=matrix_message(track.embedding[np.newaxis]),
        segment_embeddings=matrix_message(track.segment_embeddings),
        segments=[pb.Segment(start_s=segment.start_s, duration_s=segment.duration_s) for segment in track.segments],
        duration_s=track.duration_s,
        source_sample_rate_hz=track.source_sample_rate_hz,
        source_channels=track.source_channels,
        descriptors=pb.AudioDescriptors(**asdict(track.descriptors)),
    )


def track_of(message: pb.TrackEmbedding) -> EmbeddedTrack:
    """What `track_message` was made from, its times 0. FIELD_INVALID where a matrix is malformed."""
    descriptors = message.descriptors
    names = pb.AudioDescriptors.DESCRIPTOR.fields_by_name
    embedding = matrix_of("embedding", message.embedding)
    if len(embedding) != 1:
        raise invalid_field("embedding", f"must have one row, has {len(embedding)}")
    return EmbeddedTrack(
        embedding=embedding[0],
        segment_embeddings=matrix_of("segment_embeddings", message.segment_embeddings),
        segments=tuple(Segment(segment.start_s, segment.duration_s) for segment in message.segments),
        duration_s=message.duration_s,
        source_sample_rate_hz=message.source_sample_rate_hz,
        source_channels=message.source_channels,
        descriptors=AudioDescriptors(**{name: getattr(descriptors, name) for name in names}),
        decode_s=0.0,
        compute_s=0.0,
    )


def encoder_message(artifact: EncoderArtifact, text: TextEncoderArtifact | None = None) -> pb.Encoder:
    """What a caller is told of an encoder, and of its text tower where one is loaded."""
    return pb.Encoder(
        encoder_id=artifact.encoder_id,
        sha256=artifact.sha256,
        dimension=artifact.dimension,
        sample_rate_hz=artifact.front_end.sample_rate_hz,
        segment_s=artifact.segmentation.segment_s,
        hop_s=artifact.segmentation.hop_s,
        license=artifact.license,
        description=artifact.description,
        text_encoder=text_encoder_message(text) if text else None,
    )


def text_encoder_message(artifact: TextEncoderArtifact) -> pb.TextEncoder:
    """What a caller is told of a text tower."""
    return pb.TextEncoder(
        text_encoder_id=artifact.text_encoder_id,
        sha256=artifact.sha256,
        max_tokens=artifact.max_tokens,
        license=artifact.license,
        description=artifact.description,
    )


def matrix_message(rows: Matrix) -> vectors_pb2.FloatMatrix:
    """(n, D) float32."""
    return vectors_pb2.FloatMatrix(values=np.ascontiguousarray(rows, "<f4").tobytes(), dimension=rows.shape[1])


def matrix_of(field: str, message: vectors_pb2.FloatMatrix) -> Matrix:
    """(n, D) float32; FIELD_INVALID when the length of the bytes is no whole number of rows."""
    row_bytes = 4 * message.dimension
    if message.dimension < 1 or len(message.values) % row_bytes:
        raise invalid_field(field, f"{len(message.values)} bytes are no rows of {message.dimension} float32")
    return np.frombuffer(message.values, "<f4").reshape(-1, message.dimension).astype(np.float32)
