"""A track that comes in pieces: its segments are embedded as soon as their audio is there, and only they are held."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from leitmotif_services.audio.descriptors import TrackMeasurement
from leitmotif_services.audio.embedding import EmbeddedTrack, Matrix, Segment, track_embedding
from leitmotif_services.audio.encoder_artifact import EncoderArtifact
from leitmotif_services.audio.front_end import FrontEndSettings, TrackFrames
from leitmotif_services.audio.pcm import PcmFormat
from leitmotif_services.audio.segmentation import QUIET_SEGMENT
from leitmotif_services.audio.soxr_resampler import MonoResampler
from leitmotif_services.audio.waveform import MINIMUM_DURATION_S, Samples, Waveform, checked_samples, silent, too_large, too_short
from leitmotif_services.runtime.errors import Reason, ServiceError

LONGEST_PIECE_BYTES = 4 << 20
"""Of one piece; it is resampled as a whole, so it bounds what is held beside a segment."""


class SegmentEmbedder(Protocol):
    """What embeds a waveform of one segment."""

    @property
    def encoder(self) -> EncoderArtifact: ...
    @property
    def decoded_rate_hz(self) -> int: ...
    @property
    def frame_settings(self) -> FrontEndSettings: ...
    def embed_waveform(self, waveform: Waveform) -> tuple[EmbeddedTrack, TrackFrames]: ...


@dataclass(frozen=True)
class StreamedSegment:
    """A segment of a stream, embedded at its own level."""

    segment: Segment
    embedding: Matrix
    """(D,) float32, unit length."""


class StreamedTrack:
    """Takes samples, gives segments, and the track at the end.

    Beside at most a segment and a piece of audio it keeps an embedding a segment and 8 bytes a frame. Not thread-safe.
    """

    def __init__(self, engine: SegmentEmbedder, audio_format: PcmFormat, max_duration_s: float) -> None:
        """`audio_format` has been checked."""
        self._engine = engine
        self._format = audio_format
        self._max_duration_s = max_duration_s
        self._rate_hz = engine.decoded_rate_hz
        self._segmentation = engine.encoder.segmentation
        self._resampler = MonoResampler(audio_format.sample_rate_hz, self._rate_hz)
        self._measurement = TrackMeasurement(engine.frame_settings)
        self._held: list[Samples] = []
        self._held_samples = 0
        self._held_from = 0
        """Index in the track of the first sample held."""
        self._source_frames = 0
        self._next = 0
        self._tail: tuple[Segment, ...] = ()
        """What is left once the end is known."""
        self._embeddings: list[Matrix] = []
        self._powers: list[float] = []

    @property
    def duration_s(self) -> float:
        """Of what has come, in seconds."""
        return self._source_frames / self._format.sample_rate_hz

    def add(self, samples: bytes) -> None:
        """The next piece: FIELD_INVALID, LIMIT_EXCEEDED, AUDIO_NOT_FINITE, or AUDIO_TOO_LARGE past the longest duration."""
        if len(samples) > LONGEST_PIECE_BYTES:
            raise ServiceError(
                Reason.LIMIT_EXCEEDED,
                f"a message has {len(samples)} bytes of samples; at most {LONGEST_PIECE_BYTES} are allowed",
                limit=LONGEST_PIECE_BYTES,
                actual=len(samples),
            )
        frames = self._format.frames(samples)
        self._source_frames += len(frames)
        if self.duration_s > self._max_duration_s:
            raise too_large("seconds", self._max_duration_s, round(self.duration_s, 3))
        self._hold(self._resampler.add(frames))

    def end(self) -> None:
        """No piece follows: what is left of the last segments can be embedded. AUDIO_EMPTY or AUDIO_TOO_SHORT."""
        if not self._source_frames:
            raise ServiceError(Reason.AUDIO_EMPTY, "the stream has no samples; send at least a second of them")
        if self.duration_s < MINIMUM_DURATION_S:
            raise too_short(self.duration_s)
        self._hold(self._resampler.end())
        segments = self._segmentation.cut(self.duration_s)[self._next :]
        self._tail = tuple(segment for segment in segments if segment.duration_s >= MINIMUM_DURATION_S)

    @property
    def has_segment(self) -> bool:
        """Whether `embed_next` has something to work on."""
        if self._tail:
            return True
        return self._held_from + self._held_samples >= self._first_sample(self._next) + self._segment_samples

    def embed_next(self) -> StreamedSegment | None:
        """The next segment; None when it is silent. Only while `has_segment`."""
        segment = Segment(self._next * self._segmentation.hop_s, self._segmentation.segment_s)
        if self._tail:
            segment, *rest = self._tail
            self._tail = tuple(rest)
        held = np.concatenate(self._held)
        first = self._first_sample(self._next)
        samples = held[first - self._held_from :][: round(segment.duration_s * self._rate_hz)]
        self._next += 1
        dropped = min(self._first_sample(self._next) - self._held_from, len(held))
        self._held, self._held_samples = [held[dropped:].copy()], len(held) - dropped
        self._held_from += dropped
        return self._embed(samples, segment)

    def finish(self) -> EmbeddedTrack:
        """The track without its segments, once all were embedded; AUDIO_SILENT when none had sound."""
        if not self._embeddings:
            raise silent()
        loudest = max(self._powers)
        heard = [row for row, power in zip(self._embeddings, self._powers, strict=True) if power >= loudest * QUIET_SEGMENT]
        return EmbeddedTrack(
            embedding=track_embedding(np.stack(heard)),
            segment_embeddings=np.empty((0, self._engine.encoder.dimension), np.float32),
            segments=(),
            duration_s=self.duration_s,
            source_sample_rate_hz=self._format.sample_rate_hz,
            source_channels=self._format.channels,
            descriptors=self._measurement.descriptors(),
            decode_s=0.0,
            compute_s=0.0,
        )

    def _embed(self, samples: Samples, segment: Segment) -> StreamedSegment | None:
        try:
            centred = checked_samples(samples)
        except ServiceError as error:
            if error.reason is not Reason.AUDIO_SILENT:
                raise
            self._measurement.add_silence(self._own_frames(segment))
            return None
        waveform = Waveform(centred, self._rate_hz, segment.duration_s, self._format.sample_rate_hz, self._format.channels)
        track, frames = self._engine.embed_waveform(waveform)
        self._measurement.add(frames, waveform.rms, min(self._own_frames(segment), len(frames.log_mel)))
        self._embeddings.append(track.embedding)
        self._powers.append(waveform.rms**2)
        return StreamedSegment(segment, track.embedding)

    def _own_frames(self, segment: Segment) -> int:
        """Frames up to the next segment's first; the last one's are all its own."""
        per_s = self._engine.frame_settings.frames_per_s
        is_last = segment.start_s + segment.duration_s >= self.duration_s and not self._tail
        end_s = segment.start_s + (segment.duration_s if is_last else self._segmentation.hop_s)
        return int(end_s * per_s + 1e-6) - int(segment.start_s * per_s + 1e-6)

    def _hold(self, samples: Samples) -> None:
        self._held.append(samples)
        self._held_samples += len(samples)

    @property
    def _segment_samples(self) -> int:
        return round(self._segmentation.segment_s * self._rate_hz)

    def _first_sample(self, segment: int) -> int:
        return round(segment * self._segmentation.hop_s * self._rate_hz)
