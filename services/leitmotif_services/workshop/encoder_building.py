"""Builds the default encoder: fits the projection of the descriptor graph on composed music, from one seed.

Composed music is not recorded music, so what is fitted is kept to what carries over: the scale of each statistic, and which
directions tell pieces apart rather than moments, excerpts and productions of one piece. Every second piece is therefore
given an equaliser of its own, every third a noise floor, and each is also heard in short excerpts and through equalisers,
combs, noise, clipping, fades and lossy codecs. Directions are whitened by the scatter within pieces, with a ridge, and
weighted by the square root of the deviation between them.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.audio.encoder_artifact import LOG_MEL, TONAL, EncoderArtifact, metadata_of
from leitmotif_services.audio.front_end import FrontEnd, FrontEndSettings
from leitmotif_services.audio.segmentation import Segmentation, audible
from leitmotif_services.audio.waveform import Waveform, checked_samples
from leitmotif_services.workshop.composer import compose_track
from leitmotif_services.workshop.encoder_graph import Projection, encoder_graph, squashed, statistics_groups

ENCODER_ID = "leitmotif-descriptors-1"
DIMENSION = 128
TRACKS = 400
TRACK_S = 20.0
CODED_S = 10.0

RIDGE = 0.1
"""Added to the scatter within pieces, as a share of its mean: what composed music shows too little of is not blown up."""
BETWEEN_POWER = -0.25
"""Exponent of the scatter between pieces in each direction; -0.5 would make all directions equal, noise among them."""

Statistics = NDArray[np.float64]
Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Piece:
    """Statistics of one piece, a row a segment."""

    whole: Statistics
    """(S, F): the piece as it is."""
    varied: Statistics
    """(V, F): excerpts of it, and the piece through other productions."""


def build_encoder(
    path: Path, seed: int = 0, *, tracks: int = TRACKS, advance: Callable[[float], None] | None = None
) -> EncoderArtifact:
    """Compose `tracks` pieces, fit, and write the encoder to `path`; `advance(1)` is called after each piece.

    The same seed gives the same encoder on the same machine, to rounding. 400 pieces take about a minute.
    """
    settings = FrontEndSettings()
    listener = _Listener(settings)
    pieces = []
    for index in range(tracks):
        pieces.append(listener.piece(seed, index))
        if advance:
            advance(1)
    projection = fit_projection(pieces, settings)
    artifact = EncoderArtifact(
        encoder_id=ENCODER_ID,
        dimension=projection.matrix.shape[1],
        front_end=settings,
        segmentation=Segmentation(),
        license="Apache-2.0",
        description=(
            "Statistics of timbre, rhythm, harmony and noisiness of each segment, standardised and projected. The projection "
            f"was fitted on {tracks} pieces of {TRACK_S:g} s by this project's own composer, seed {seed}; no recording was used."
        ),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoder_graph(settings, projection, metadata_of(artifact)))
    return artifact


class _Listener:
    """Turns pieces into statistics with the very graph that the encoder will have."""

    def __init__(self, settings: FrontEndSettings) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(encoder_graph(settings, None), options, ["CPUExecutionProvider"])
        self._front_end = FrontEnd(settings)

    def piece(self, seed: int, index: int) -> Piece:
        rng = np.random.default_rng([seed, index, 9])
        samples = compose_track(seed * 1_000_003 + index, TRACK_S).waveform
        rate_hz = self._front_end.settings.sample_rate_hz
        if index % 2:
            samples = _equalised(samples, rate_hz, rng, step_db=5.0)
        if index % 3 == 0:
            samples = _with_noise(samples, rng, quietest_db=60.0, loudest_db=25.0)
        varied = [self._statistics(_excerpt(samples, rate_hz, rng)) for _ in range(3)]
        varied += [self._statistics(_produced(samples, rate_hz, rng))[:2] for _ in range(3)]
        varied.append(self._statistics(_coded(samples[: int(CODED_S * rate_hz)], rate_hz, rng)))
        return Piece(self._statistics(samples), np.concatenate(varied))

    def _statistics(self, samples: Samples) -> Statistics:
        """(S, F) of the segments that an engine would cut."""
        settings = self._front_end.settings
        rate_hz = settings.sample_rate_hz
        duration_s = len(samples) / rate_hz
        frames = self._front_end.analyse(Waveform(checked_samples(samples), rate_hz, duration_s, rate_hz, 1))
        segments = audible(Segmentation().cut(duration_s), frames.frame_power, settings.grid)
        mel_ranges = settings.grid.ranges(segments, len(frames.log_mel))
        tonal_ranges = settings.tonal_grid.ranges(segments, len(frames.tonal))
        rows = [
            self._session.run(None, {LOG_MEL: frames.log_mel[mel][np.newaxis], TONAL: frames.tonal[tonal][np.newaxis]})[0]
            for mel, tonal in zip(mel_ranges, tonal_ranges, strict=True)
        ]
        return np.concatenate(rows).astype(np.float64)


def fit_projection(pieces: list[Piece], settings: FrontEndSettings) -> Projection:
    """Scale, bend, weight by group, whiten by the scatter within pieces, keep the directions that part pieces most."""
    groups = statistics_groups(settings)
    group_of = np.repeat(np.arange(len(groups)), [group.size for group in groups])
    whole = np.concatenate([piece.whole for piece in pieces])
    mean, deviation = whole.mean(axis=0), whole.std(axis=0)
    # Composed music varies too little in some statistics; none is scaled up beyond its group.
    scale = np.array([max(deviation[i], np.sqrt(np.mean(deviation[group_of == group_of[i]] ** 2))) for i in range(len(mean))])
    weight = np.sqrt([groups[group].weight / groups[group].size for group in group_of])
    mean32, scale32 = mean.astype(np.float32), scale.astype(np.float32)

    def bent(statistics: Statistics) -> Statistics:
        return np.asarray(squashed(statistics, mean32, scale32) * weight)

    centres = np.array([bent(piece.whole).mean(axis=0) for piece in pieces])
    moments = np.concatenate([bent(piece.whole) - centre for piece, centre in zip(pieces, centres, strict=True)])
    versions = np.concatenate([bent(piece.varied) - centre for piece, centre in zip(pieces, centres, strict=True)])
    within = (moments.T @ moments / len(moments) + versions.T @ versions / len(versions)) / 2.0
    within += RIDGE * np.trace(within) / len(within) * np.eye(len(within))
    power, axes = np.linalg.eigh(within)
    whitening = axes @ np.diag(power**-0.5) @ axes.T
    between = (centres - centres.mean(axis=0)) @ whitening
    power, axes = np.linalg.eigh(between.T @ between / len(between))
    strongest = np.argsort(-power)[:DIMENSION]
    power, axes = np.maximum(power[strongest], 0.0), axes[:, strongest]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])  # an eigenvector's sign is arbitrary
    matrix = weight[:, np.newaxis] * whitening @ axes * (power + RIDGE * power.mean()) ** BETWEEN_POWER
    return Projection(mean32, scale32, matrix.astype(np.float32))


def _excerpt(samples: Samples, rate_hz: int, rng: np.random.Generator) -> Samples:
    """1.2 to 8 s that can be heard."""
    for _ in range(16):
        length = int(rate_hz * np.exp(rng.uniform(np.log(1.2), np.log(8.0))))
        start = int(rng.integers(0, len(samples) - length))
        excerpt = samples[start : start + length]
        if excerpt.std() > 0.01 * samples.std():
            return excerpt
    return samples


def _produced(samples: Samples, rate_hz: int, rng: np.random.Generator) -> Samples:
    """The same piece as another studio, room or player would give it out."""
    kind = int(rng.integers(5))
    if kind == 0:
        return _equalised(samples, rate_hz, rng, step_db=2.0)
    if kind == 1:  # a comb, as from two microphones
        delay = int(rng.integers(1, 8))
        combed = samples.copy()
        combed[delay:] += np.float32(0.7) * samples[:-delay]
        return combed
    if kind == 2:
        return _with_noise(samples, rng, quietest_db=55.0, loudest_db=35.0)
    if kind == 3:
        limit = np.float32(samples.std() * rng.uniform(1.5, 4.0))
        return np.asarray(np.tanh(samples / limit) * limit)
    fade = np.linspace(rng.uniform(0.4, 1.0), rng.uniform(0.4, 1.0), len(samples))
    return (samples * fade).astype(np.float32)


def _coded(samples: Samples, rate_hz: int, rng: np.random.Generator) -> Samples:
    """Through a lossy codec and back: Vorbis or MP3, from good to poor."""
    import soundfile

    container, subtype = ("OGG", "VORBIS") if rng.random() < 0.6 else ("MP3", "MPEG_LAYER_III")
    coarseness = float(rng.uniform(0.3, 0.9))
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", rate_hz, 1, subtype, format=container, compression_level=coarseness) as file:
        for start in range(0, len(samples), 4096):  # libsndfile's Vorbis writer overruns the stack with more
            file.write(samples[start : start + 4096])
    buffer.seek(0)
    decoded, _ = soundfile.read(buffer, dtype="float32")
    return np.asarray(decoded)


def _equalised(samples: Samples, rate_hz: int, rng: np.random.Generator, *, step_db: float) -> Samples:
    """Filtered by a gain that walks at random from octave to octave, `step_db` / 2 the deviation of a step."""
    frequency_hz = np.fft.rfftfreq(len(samples), 1.0 / rate_hz)
    octaves_hz = np.array([0.0, 60, 120, 250, 500, 1000, 2000, 4000, 8000, 12000])
    walk_db = rng.normal(0.0, step_db, len(octaves_hz)).cumsum() * 0.5
    gain_db = np.interp(np.log(frequency_hz + 30.0), np.log(octaves_hz + 30.0), walk_db)
    return np.fft.irfft(np.fft.rfft(samples) * 10.0 ** (gain_db / 20.0), len(samples)).astype(np.float32)


def _with_noise(samples: Samples, rng: np.random.Generator, *, quietest_db: float, loudest_db: float) -> Samples:
    """White noise from `quietest_db` to `loudest_db` below the music."""
    ratio = 10.0 ** (-rng.uniform(loudest_db, quietest_db) / 20.0)
    return samples + rng.standard_normal(len(samples), dtype=np.float32) * np.float32(samples.std() * ratio)
