"""An encoder ready for use: file bytes in, embeddings and descriptors out. Needs no server."""

import io
import time
import wave
from importlib.resources import files
from pathlib import Path

import numpy as np

from leitmotif_services.audio.audio_decoding import decode
from leitmotif_services.audio.descriptors import describe
from leitmotif_services.audio.embedding import EmbeddedTrack, track_embedding
from leitmotif_services.audio.encoder_artifact import EncoderArtifact, malformed
from leitmotif_services.audio.front_end import FrontEnd, TrackFrames
from leitmotif_services.audio.onnxruntime_encoder import OnnxRuntimeEncoder
from leitmotif_services.audio.pcm import AudioSource
from leitmotif_services.audio.segmentation import audible
from leitmotif_services.audio.waveform import AudioLimits, Waveform

DEFAULT_ENCODER = Path(str(files("leitmotif_services.audio"))) / "encoders" / "leitmotif-descriptors-1.onnx"
"""The encoder that comes with the package."""


class AudioEngine:
    """One encoder with its front end. Thread-safe; a new process loads its own."""

    def __init__(self, encoder: OnnxRuntimeEncoder, limits: AudioLimits | None = None) -> None:
        self._encoder = encoder
        self._front_end = FrontEnd(encoder.artifact.front_end)
        self._limits = limits or AudioLimits()

    @property
    def encoder(self) -> EncoderArtifact:
        """What the encoder says of itself: id, SHA-256, dimension, front end, segmentation, licence."""
        return self._encoder.artifact

    def embed(self, source: AudioSource) -> EmbeddedTrack:
        """Embed one whole audio file, or samples; ServiceError as `audio_decoding.decode` says where they are refused."""
        return self.embed_with_frames(source)[0]

    def embed_with_frames(self, source: AudioSource) -> tuple[EmbeddedTrack, TrackFrames]:
        """As `embed`, with what the front end made of the track."""
        started = time.perf_counter()
        waveform = decode(source, self.encoder.front_end.sample_rate_hz, self._limits)
        return self.embed_waveform(waveform, decode_s=time.perf_counter() - started)

    def warm_up(self) -> None:
        """Run the whole path once on noise, so that the first caller does not pay for lazy initialisation."""
        noise = np.random.default_rng(0).integers(-8000, 8000, 22_050 * 12, dtype=np.int16)
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as writer:
            writer.setnchannels(1)
            writer.setsampwidth(2)
            writer.setframerate(44_100)
            writer.writeframes(noise.tobytes())
        # Under limits of its own: those of the service may be too tight for it.
        self.embed_waveform(decode(buffer.getvalue(), self.encoder.front_end.sample_rate_hz))

    def embed_waveform(self, waveform: Waveform, decode_s: float = 0.0) -> tuple[EmbeddedTrack, TrackFrames]:
        """Embed audio at the encoder's rate, at least MINIMUM_DURATION_S long; `decode_s` is passed on."""
        started = time.perf_counter()
        settings = self.encoder.front_end
        frames = self._front_end.analyse(waveform)
        segments = audible(self.encoder.segmentation.cut(waveform.duration_s), frames.frame_power, settings.grid)
        embeddings = self._encoder.encode(
            [frames.log_mel[part] for part in settings.grid.ranges(segments, len(frames.log_mel))],
            [frames.tonal[part] for part in settings.tonal_grid.ranges(segments, len(frames.tonal))],
        )
        track = EmbeddedTrack(
            embedding=track_embedding(embeddings),
            segment_embeddings=embeddings,
            segments=segments,
            duration_s=waveform.duration_s,
            source_sample_rate_hz=waveform.source_sample_rate_hz,
            source_channels=waveform.source_channels,
            descriptors=describe(frames, waveform.rms, settings),
            decode_s=decode_s,
            compute_s=time.perf_counter() - started,
        )
        return track, frames


def load_engine(encoder_path: Path | None = None, *, threads: int = 1, limits: AudioLimits | None = None) -> AudioEngine:
    """Load an encoder file, the package's own by default; `threads` are used within one call of the graph.

    BUNDLE_CORRUPT or BUNDLE_SCHEMA_UNKNOWN, naming the file, where it cannot be used.
    """
    path = encoder_path or DEFAULT_ENCODER
    encoder = OnnxRuntimeEncoder(path, threads=threads)
    try:
        return AudioEngine(encoder, limits)
    except ValueError as error:
        raise malformed(path.name, f"its front end is impossible: {error}") from error
