"""An encoder ready for use: file bytes in, embeddings and descriptors out. Needs no server."""

import io
import time
import wave
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib.resources import files
from pathlib import Path

import numpy as np

from leitmotif_services.audio.descriptors import describe
from leitmotif_services.audio.embedding import EmbeddedTrack, Matrix, Segment, track_embedding
from leitmotif_services.audio.encoder_artifact import EncoderArtifact, malformed
from leitmotif_services.audio.front_end import FrontEnd, FrontEndSettings, TrackFrames
from leitmotif_services.audio.onnxruntime_encoder import OnnxRuntimeEncoder
from leitmotif_services.audio.onnxruntime_graph import OpenGraph
from leitmotif_services.audio.pcm import AudioSource
from leitmotif_services.audio.segmentation import audible
from leitmotif_services.audio.soxr_resampler import resampled
from leitmotif_services.audio.waveform import AudioLimits, Waveform
from leitmotif_services.audio.waveform_input import WaveformInput

DEFAULT_ENCODER = Path(str(files("leitmotif_services.audio"))) / "encoders" / "leitmotif-music-1.onnx"
"""The encoder that comes with the package."""

FLOAT32_ENCODER = DEFAULT_ENCODER.with_name("leitmotif-music-1-float32.onnx")
"""The same before its convolutions were turned to int8: for machines that have no fast int8, and to compare with."""


Decode = Callable[[AudioSource, int, AudioLimits], Waveform]
"""A decoder to the given rate; `audio_decoding.decode` says what it refuses."""


class AudioEngine:
    """One encoder with its front end. Thread-safe; a new process loads its own."""

    def __init__(
        self,
        encoder: OnnxRuntimeEncoder,
        limits: AudioLimits | None = None,
        decode: Decode | None = None,
        computing: AbstractContextManager[object] | None = None,
    ) -> None:
        """`decode` decodes in this process by default, which a hostile file may crash: see `DecodingPool`.

        `computing` is entered by `embed` for all but decoding: a semaphore, where more files are decoded at once than there are
        cores to compute on.
        """
        self._encoder = encoder
        self._decode = decode or _decode_here
        self._computing = computing or nullcontext()
        own = encoder.artifact.front_end
        # What describes a track is measured alike under every encoder, whatever that encoder reads.
        self._front_end = FrontEnd(FrontEndSettings() if isinstance(own, WaveformInput) else own)
        self._limits = limits or AudioLimits()

    @property
    def encoder(self) -> EncoderArtifact:
        """What the encoder says of itself: id, SHA-256, dimension, front end, segmentation, licence."""
        return self._encoder.artifact

    @property
    def decoded_rate_hz(self) -> int:
        """The rate to decode at: the highest that the encoder or the descriptors want."""
        return max(self.encoder.front_end.sample_rate_hz, self._front_end.settings.sample_rate_hz)

    @property
    def frame_settings(self) -> FrontEndSettings:
        """Settings of the frames that `embed_with_frames` gives."""
        return self._front_end.settings

    def embed(self, source: AudioSource) -> EmbeddedTrack:
        """Embed one whole audio file, or samples; ServiceError as `audio_decoding.decode` says where they are refused."""
        return self.embed_with_frames(source)[0]

    def embed_with_frames(self, source: AudioSource) -> tuple[EmbeddedTrack, TrackFrames]:
        """As `embed`, with what the front end made of the track."""
        started = time.perf_counter()
        waveform = self._decode(source, self.decoded_rate_hz, self._limits)
        decode_s = time.perf_counter() - started
        with self._computing:
            return self.embed_waveform(waveform, decode_s)

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
        self.embed_waveform(self._decode(buffer.getvalue(), self.decoded_rate_hz, AudioLimits(max_duration_s=30.0)))

    def embed_waveform(self, waveform: Waveform, decode_s: float = 0.0) -> tuple[EmbeddedTrack, TrackFrames]:
        """Embed audio, best at `decoded_rate_hz`, at least MINIMUM_DURATION_S long; `decode_s` is passed on."""
        started = time.perf_counter()
        settings = self._front_end.settings
        frames = self._front_end.analyse(resampled(waveform, settings.sample_rate_hz))
        segments = audible(self.encoder.segmentation.cut(waveform.duration_s), frames.frame_power, settings.grid)
        embeddings = self._encode(waveform, frames, segments)
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

    def _encode(self, waveform: Waveform, frames: TrackFrames, segments: tuple[Segment, ...]) -> Matrix:
        """(S, D) from whichever of the two the graph takes."""
        own = self.encoder.front_end
        if isinstance(own, WaveformInput):
            samples = resampled(waveform, own.sample_rate_hz).samples
            return self._encoder.encode_waveforms(own.cut(samples, segments))
        return self._encoder.encode(
            [frames.log_mel[part] for part in own.grid.ranges(segments, len(frames.log_mel))],
            [frames.tonal[part] for part in own.tonal_grid.ranges(segments, len(frames.tonal))],
        )


def load_engine(
    encoder_path: Path | OpenGraph | None = None,
    *,
    threads: int = 1,
    limits: AudioLimits | None = None,
    decode: Decode | None = None,
    computing: AbstractContextManager[object] | None = None,
) -> AudioEngine:
    """Load an encoder file, the package's own by default; `threads` are used within one call of the graph, unless it is open.

    BUNDLE_CORRUPT or BUNDLE_SCHEMA_UNKNOWN, naming the file, where it cannot be used.
    """
    path = encoder_path or DEFAULT_ENCODER
    encoder = OnnxRuntimeEncoder(path, threads=threads)
    try:
        return AudioEngine(encoder, limits, decode, computing)
    except ValueError as error:
        name = path.file if isinstance(path, OpenGraph) else path.name
        raise malformed(name, f"its front end is impossible: {error}") from error


def _decode_here(source: AudioSource, sample_rate_hz: int, limits: AudioLimits) -> Waveform:
    # Imported here alone: a service whose decoders are processes of their own does without them.
    from leitmotif_services.audio.audio_decoding import decode

    return decode(source, sample_rate_hz, limits)
