"""What turning the encoder's convolutions to int8 gains in speed, and what it costs: nearest neighbours that change."""

import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from leitmotif_services.audio.audio_decoding import decode
from leitmotif_services.audio.engine import DEFAULT_ENCODER, FLOAT32_ENCODER
from leitmotif_services.audio.front_end import Frames, FrontEnd, FrontEndSettings
from leitmotif_services.audio.onnxruntime_encoder import OnnxRuntimeEncoder
from leitmotif_services.audio.waveform import Waveform, checked_samples
from leitmotif_services.workshop.composer import compose_track
from leitmotif_services.workshop.idioms import IDIOMS, compose_idiom

PIECES = 136
"""Composed for the comparison of neighbours: as many in styles as in idioms."""

PIECE_S = 10.0

TrackSegments = tuple[list[Frames], list[Frames]]
"""Log-mel and tonal frames of each segment of a track."""


@dataclass(frozen=True)
class Int8Report:
    """Both graphs on the same segments, on one thread."""

    tracks: int
    segments: int
    float32_ms: float
    """Median time of one segment."""
    int8_ms: float
    speedup: float
    """Median over the rounds of float32's time over int8's in the same round."""
    agreement: float
    """Share of the tracks whose nearest other track is the same under both graphs."""

    def as_json(self) -> dict[str, object]:
        return {
            "speedup": round(self.speedup, 3),
            "agreement": round(self.agreement, 4),
            "float32_ms": round(self.float32_ms, 3),
            "int8_ms": round(self.int8_ms, 3),
            "tracks": self.tracks,
            "segments": self.segments,
        }


def measure_int8(clips: Sequence[bytes] | None, *, threads: int, rounds: int) -> Int8Report:
    """Compare on audio files, or on PIECES composed pieces where there are none; two tracks at least."""
    float32, int8 = OnnxRuntimeEncoder(FLOAT32_ENCODER), OnnxRuntimeEncoder(DEFAULT_ENCODER)
    settings = int8.artifact.front_end
    assert isinstance(settings, FrontEndSettings)
    front_end = FrontEnd(settings)

    def frames_of(waveform: Waveform) -> TrackSegments:
        frames = front_end.analyse(waveform)
        segments = int8.artifact.segmentation.cut(waveform.duration_s)
        return (
            [frames.log_mel[part] for part in settings.grid.ranges(segments, len(frames.log_mel))],
            [frames.tonal[part] for part in settings.tonal_grid.ranges(segments, len(frames.tonal))],
        )

    with ThreadPoolExecutor(threads) as pool:
        if clips is None:
            tracks = list(pool.map(lambda index: frames_of(_composed(index, settings.sample_rate_hz)), range(PIECES)))
        else:
            tracks = list(pool.map(lambda clip: frames_of(decode(clip, settings.sample_rate_hz)), clips))
    segments = sum(len(mel) for mel, _ in tracks)
    seconds: dict[str, list[float]] = {"float32": [], "int8": []}
    nearest = {}
    for _ in range(rounds):
        for name, encoder in (("float32", float32), ("int8", int8)):
            begun = time.perf_counter()
            embeddings = [encoder.encode(*track).mean(axis=0) for track in tracks]
            seconds[name].append(time.perf_counter() - begun)
            nearest[name] = _nearest(np.stack(embeddings))
    return Int8Report(
        tracks=len(tracks),
        segments=segments,
        float32_ms=1e3 * statistics.median(seconds["float32"]) / segments,
        int8_ms=1e3 * statistics.median(seconds["int8"]) / segments,
        speedup=statistics.median(slow / fast for slow, fast in zip(seconds["float32"], seconds["int8"], strict=True)),
        agreement=float(np.mean(nearest["float32"] == nearest["int8"])),
    )


def _composed(index: int, rate_hz: int) -> Waveform:
    """Pieces in styles and in idioms in turn, the same on every machine; both composers play at the encoder's rate."""
    if index % 2:
        samples = compose_idiom(IDIOMS[index // 2 % len(IDIOMS)], 90_000 + index, PIECE_S).waveform
    else:
        samples = compose_track(90_000 + index, PIECE_S).waveform
    return Waveform(checked_samples(samples), rate_hz, len(samples) / rate_hz, rate_hz, 1)


def _nearest(rows: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, -np.inf)
    return np.asarray(cosine.argmax(axis=1))
