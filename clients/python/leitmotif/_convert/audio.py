"""Encoders and embeddings."""

from collections.abc import Iterator

from leitmotif._convert.status import error_of_status
from leitmotif.api.audio.v1 import audio_pb2 as pb2
from leitmotif.api.common.v1 import vectors_pb2
from leitmotif.types import (
    AudioDescriptors,
    AudioItem,
    EmbedFailure,
    Encoder,
    PcmItem,
    Segment,
    SegmentEmbedding,
    TextEmbedding,
    TextEncoder,
    TextFailure,
    TrackEmbedding,
    Vectors,
)

LONGEST_TRACK_ID = 128
"""The service refuses a whole call for a longer one."""

MESSAGE_BYTES = 1 << 20
"""Of samples in one message of a stream."""


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
        text_encoder=_text_encoder_of(message.text_encoder) if message.HasField("text_encoder") else None,
    )


def text_result_of(message: pb2.EmbedTextResult, text: str, encoder_id: str, text_encoder_id: str) -> TextEmbedding | TextFailure:
    """The result of `text`. A result with neither outcome is a defect of the service and reads as one."""
    if message.WhichOneof("outcome") != "text":
        return TextFailure(text, error_of_status(message.status))
    vectors = vectors_of(message.text.embedding)
    return TextEmbedding(text, encoder_id, text_encoder_id, vectors[0] if len(vectors) else (), message.text.tokens)


def item_message_of(item: AudioItem | PcmItem) -> pb2.AudioItem:
    """The item under `sent_id`; `result_of` gives its outcome the whole name again."""
    track_id = sent_id(item.track_id)
    if isinstance(item, PcmItem):
        pcm = pb2.PcmAudio(samples=item.samples, sample_rate_hz=item.sample_rate_hz, channels=item.channels)
        return pb2.AudioItem(track_id=track_id, pcm=pcm)
    return pb2.AudioItem(track_id=track_id, content=item.content)


def sent_id(track_id: str) -> str:
    """What stands for a name on the way: file names may be longer than an id, hold control characters or not be UTF-8.

    A name that may be an id stays as it is. Outcomes are matched by their order, so two names may share what is sent.
    """
    text = track_id[:LONGEST_TRACK_ID].encode("utf-8", "replace").decode("utf-8")
    return "".join("?" if ord(character) < 32 or ord(character) == 127 else character for character in text)


def vectors_of(message: vectors_pb2.FloatMatrix) -> Vectors:
    return Vectors(message.values, message.dimension)


def result_of(message: pb2.EmbedTrackResult, item: AudioItem | PcmItem, encoder_id: str) -> TrackEmbedding | EmbedFailure:
    """The result of `item`. A result with neither outcome is a defect of the service and reads as one."""
    if message.WhichOneof("outcome") == "track":
        return _embedding_of(message.track, item.track_id, encoder_id)
    return EmbedFailure(item.track_id, error_of_status(message.status))


def sample_messages(piece: bytes, channels: int) -> Iterator[pb2.EmbedStreamRequest]:
    """The messages of one piece of samples: whole frames, at most MESSAGE_BYTES each."""
    frame_bytes = 4 * max(1, channels)
    step = max(1, MESSAGE_BYTES // frame_bytes) * frame_bytes
    for start in range(0, len(piece), step):
        yield pb2.EmbedStreamRequest(samples=piece[start : start + step])


def streamed_of(message: pb2.EmbedStreamResponse, track_id: str) -> SegmentEmbedding | TrackEmbedding:
    """A segment, or the track that ends the stream."""
    if message.WhichOneof("part") == "track":
        return _embedding_of(message.track, track_id, message.encoder_id)
    segment = Segment(message.segment.segment.start_s, message.segment.segment.duration_s)
    vectors = vectors_of(message.segment.embedding)
    return SegmentEmbedding(message.encoder_id, segment, vectors[0] if len(vectors) else ())


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


def _text_encoder_of(message: pb2.TextEncoder) -> TextEncoder:
    return TextEncoder(
        text_encoder_id=message.text_encoder_id,
        sha256=message.sha256,
        max_tokens=message.max_tokens,
        license=message.license,
        description=message.description,
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
