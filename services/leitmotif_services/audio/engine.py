"""An encoder ready for use: file bytes in, embeddings and descriptors out. Needs no server."""

import time
from contextlib import AbstractContextManager, nullcontext
from importlib.resources import files
from pathlib import Path
from typing import Protocol

import numpy as np

from leitmotif_services.audio.analysed_track import AnalysedTrack
from leitmotif_services.audio.descriptors import describe
from leitmotif_services.audio.embedding import EmbeddedTrack, Matrix, Segment, track_embedding
from leitmotif_services.audio.encoder_artifact import EncoderArtifact, malformed
from leitmotif_services.audio.front_end import FrontEnd, FrontEndSettings, TrackFrames
from leitmotif_services.audio.onnxruntime_encoder import OnnxRuntimeEncoder
from leitmotif_services.audio.onnxruntime_graph import OpenGraph
from leitmotif_services.audio.pcm import AudioSource, PcmAudio
from leitmotif_services.audio.pcm_resampling import resample
from leitmotif_services.audio.segmentation import audible
from leitmotif_services.audio.soxr_resampler import resampled
from leitmotif_services.audio.waveform import AudioLimits, Waveform
from leitmotif_services.audio.waveform_input import WaveformInput

DEFAULT_ENCODER = Path(str(files("leitmotif_services.audio"))) / "encoders" / "leitmotif-music-1.onnx"
"""The encoder that comes with the package."""

FLOAT32_ENCODER = DEFAULT_ENCODER.with_name("leitmotif-music-1-float32.onnx")
"""The same before its convolutions were turned to int8: for machines that have no fast int8, and to compare with."""


class Decoders(Protocol):
    """What reads files elsewhere than in this process; `DecodingPool` says how."""

    def decode(self, content: bytes, sample_rate_hz: int, limits: AudioLimits) -> Waveform: ...
    def analyse(self, content: bytes, front_end: FrontEndSettings, limits: AudioLimits) -> AnalysedTrack: ...


class AudioEngine:
    """One encoder with its front end. Thread-safe; a new process loads its own."""

    def __init__(
        self,
        encoder: OnnxRuntimeEncoder,
        limits: AudioLimits | None = None,
        decoders: Decoders | None = None,
        computing: AbstractContextManager[object] | None = None,
    ) -> None:
        """Without `decoders`, files are decoded in this process, which a hostile one may crash.

        `computing` is entered by `embed` for all but decoding: a semaphore, where more files are decoded at once than there are
        cores to compute on.
        """
        self._encoder = encoder
        self._decoders = decoders
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
        own = self.encoder.front_end
        if self._decoders is None or isinstance(source, PcmAudio) or isinstance(own, WaveformInput):
            waveform = self._waveform(source)
            decode_s = time.perf_counter() - started
            with self._computing:
                return self.embed_waveform(waveform, decode_s)
        analysed = self._decoders.analyse(source, own, self._limits)
        decode_s = time.perf_counter() - started - analysed.analysis_s
        with self._computing:
            return self._embed(analysed, decode_s, None), analysed.frames

    def _waveform(self, source: AudioSource) -> Waveform:
        rate_hz = self.decoded_rate_hz
        if isinstance(source, PcmAudio):
            return resample(source, rate_hz, self._limits)
        if self._decoders is not None:
            return self._decoders.decode(source, rate_hz, self._limits)
        # Imported here alone: a service whose decoders are processes of their own does without them.
        from leitmotif_services.audio.audio_decoding import decode

        return decode(source, rate_hz, self._limits)

    def warm_up(self) -> None:
        """Run front end, descriptors and graph once on noise, so that the first caller does not pay for lazy initialisation."""
        rate_hz = self.decoded_rate_hz
        noise = np.random.default_rng(0).normal(0.0, 0.1, 12 * rate_hz).astype(np.float32)
        self.embed_waveform(Waveform(noise, rate_hz, 12.0, rate_hz, 1))

    def embed_waveform(self, waveform: Waveform, decode_s: float = 0.0) -> tuple[EmbeddedTrack, TrackFrames]:
        """Embed audio, best at `decoded_rate_hz`, at least MINIMUM_DURATION_S long; `decode_s` is passed on."""
        started = time.perf_counter()
        frames = self._front_end.analyse(resampled(waveform, self._front_end.settings.sample_rate_hz))
        analysed = AnalysedTrack(
            frames,
            waveform.rms,
            waveform.duration_s,
            waveform.source_sample_rate_hz,
            waveform.source_channels,
            analysis_s=time.perf_counter() - started,
        )
        return self._embed(analysed, decode_s, waveform), frames

    def _embed(self, analysed: AnalysedTrack, decode_s: float, waveform: Waveform | None) -> EmbeddedTrack:
        """`waveform` is needed where the graph reads it."""
        started = time.perf_counter()
        settings, frames = self._front_end.settings, analysed.frames
        segments = audible(self.encoder.segmentation.cut(analysed.duration_s), frames.frame_power, settings.grid)
        embeddings = self._encode(waveform, frames, segments)
        return EmbeddedTrack(
            embedding=track_embedding(embeddings),
            segment_embeddings=embeddings,
            segments=segments,
            duration_s=analysed.duration_s,
            source_sample_rate_hz=analysed.source_sample_rate_hz,
            source_channels=analysed.source_channels,
            descriptors=describe(frames, analysed.rms, settings),
            decode_s=decode_s,
            compute_s=analysed.analysis_s + time.perf_counter() - started,
        )

    def _encode(self, waveform: Waveform | None, frames: TrackFrames, segments: tuple[Segment, ...]) -> Matrix:
        """(S, D) from whichever of the two the graph takes."""
        own = self.encoder.front_end
        if isinstance(own, WaveformInput):
            assert waveform is not None
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
    decoders: Decoders | None = None,
    computing: AbstractContextManager[object] | None = None,
) -> AudioEngine:
    """Load an encoder file, the package's own by default; `threads` are used within one call of the graph, unless it is open.

    BUNDLE_CORRUPT or BUNDLE_SCHEMA_UNKNOWN, naming the file, where it cannot be used.
    """
    path = encoder_path or DEFAULT_ENCODER
    encoder = OnnxRuntimeEncoder(path, threads=threads)
    try:
        return AudioEngine(encoder, limits, decoders, computing)
    except ValueError as error:
        name = path.file if isinstance(path, OpenGraph) else path.name
        raise malformed(name, f"its front end is impossible: {error}") from error
