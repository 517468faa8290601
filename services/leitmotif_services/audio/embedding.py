"""What the service says about a track: embeddings, the segments behind them, measured qualities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Segment:
    """A stretch of a track."""

    start_s: float
    duration_s: float


@dataclass(frozen=True)
class AudioDescriptors:
    """Measured qualities of a track; the proto message of the same name describes each."""

    tempo_bpm: float
    pulse_clarity: float
    brightness_hz: float
    loudness_db: float
    dynamics_db: float
    percussiveness: float
    onset_rate_hz: float
    majorness: float


@dataclass(frozen=True)
class EmbeddedTrack:
    """A track as one encoder hears it."""

    embedding: Matrix
    """(D,) float32, unit length: the mean of the segment embeddings, normalised."""
    segment_embeddings: Matrix
    """(S, D) float32, unit rows, in the order of `segments`."""
    segments: tuple[Segment, ...]
    duration_s: float
    """Length of the decoded audio, in seconds."""
    source_sample_rate_hz: int
    source_channels: int
    descriptors: AudioDescriptors
    decode_s: float
    """Wall-clock time of decoding and resampling, in seconds."""
    compute_s: float
    """Wall-clock time of the front end, the descriptors and the graph, in seconds."""


def track_embedding(segment_embeddings: Matrix) -> Matrix:
    """The unit-length mean of unit rows (S, D), S ≥ 1: the direction closest to all of them.

    Where they cancel out there is no such direction; the first segment then stands for the track.
    """
    mean = segment_embeddings.mean(axis=0, dtype=np.float64)
    length = float(np.linalg.norm(mean))
    if length < 1e-6:
        return np.array(segment_embeddings[0])
    return np.asarray(mean / length, np.float32)
