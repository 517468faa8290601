"""Statistics of a segment, as ONNX operators.

The statistics are those that carry genre and mood in the literature on music similarity: timbre as mean, deviation,
change and correlation of mel cepstra; rhythm as fluctuation patterns, the modulation spectrum of onsets per band; harmony
as what is left of the pitch classes when the key is taken out; noisiness per band.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from leitmotif_services.audio.encoder_artifact import LOG_MEL, TONAL
from leitmotif_services.audio.filter_bank import mel_centres_hz
from leitmotif_services.audio.front_end import SEMITONES, FrontEndSettings
from leitmotif_services.workshop.encoder_training.graph_writing import END, GraphWriter

STATISTICS = "statistics"
"""Name of what `write_statistics` gives."""

CEPSTRA = 24
"""Mel cepstra kept; the first is the level."""
CORRELATED = 10
"""Cepstra, from the second on, whose correlations with each other describe how the timbre moves."""
CHANGE_FRAMES = 4
"""Timbre is compared with that so many frames before: 93 ms."""
ONSET_BANDS = 6
MODULATION_HZ = np.geomspace(0.5, 10.5, 13)
"""Edges of the bands of modulation: 30 to 630 beats per minute."""
MODULATION_STEP_HZ = 0.1
"""The resolution of a segment of 10 s."""
AUDIBLE_NEPERS = 8.0
"""Frames so far below the loudest (35 dB) count by half, louder ones fully, silent ones not at all."""
MASKING_OFFSET_DB = 23.0
MASKING_UP_DB = 10.0
MASKING_DOWN_DB = 25.0
"""What is so far below a louder sound, plus so much a Bark above or below its frequency, is not heard (Schroeder, Atal and
Hall, 1979, in round numbers). Lossy codecs leave it out; without masking it would count as a change of timbre."""
F32 = NDArray[np.float32]


@dataclass(frozen=True)
class StatisticsGroup:
    """Statistics of one kind."""

    name: str
    size: int


def statistics_groups(settings: FrontEndSettings) -> tuple[StatisticsGroup, ...]:
    """The groups in the order of the graph's STATISTICS."""
    bands = len(MODULATION_HZ) - 1
    flatness = settings.tonal_columns - SEMITONES - 1
    return (
        StatisticsGroup("cepstra_mean", CEPSTRA),
        StatisticsGroup("cepstra_deviation", CEPSTRA),
        StatisticsGroup("cepstra_change", CEPSTRA),
        StatisticsGroup("cepstra_correlation", CORRELATED * (CORRELATED - 1) // 2),
        StatisticsGroup("onset_strength", 2 * ONSET_BANDS),
        StatisticsGroup("fluctuation", ONSET_BANDS * bands),
        StatisticsGroup("pitch_classes", SEMITONES // 2 + 3),
        StatisticsGroup("flatness", 2 * flatness),
    )


def statistics_size(settings: FrontEndSettings) -> int:
    """F: how many statistics there are."""
    return sum(group.size for group in statistics_groups(settings))


def write_loudness(writer: GraphWriter, settings: FrontEndSettings) -> str:
    """(B, T, mel bands): LOG_MEL whose valleys are filled up to what louder bands beside them mask."""
    power = writer.op("MatMul", writer.op("Exp", LOG_MEL), writer.constant(masking(settings)))
    return writer.op("Log", power)


def write_statistics(writer: GraphWriter, settings: FrontEndSettings, loudness: str) -> str:
    """STATISTICS (B, F) from the loudness and the graph's input TONAL."""
    parts = [*_timbre(writer, settings, loudness), *_rhythm(writer, settings, loudness), *_harmony(writer, settings)]
    return writer.op("Concat", *parts, name=STATISTICS, axis=1)


def _timbre(writer: GraphWriter, settings: FrontEndSettings, loudness: str) -> list[str]:
    """Cepstra of the audible frames: mean, deviation, change, and correlation with each other."""
    weights = audibility(writer, writer.op("ReduceMax", loudness, axes=[2], keepdims=1))
    cepstra = writer.op("MatMul", loudness, writer.constant(_cosine_transform(settings.mel_bands, CEPSTRA)))
    change = writer.op("Abs", writer.change(cepstra, CHANGE_FRAMES))
    shape = writer.part(cepstra, 2, 1, 1 + CORRELATED)
    centred = writer.op("Sub", shape, writer.weighted_mean(shape, weights, keep=True))
    power = writer.weighted_mean(writer.op("Mul", centred, centred), weights, keep=True)
    standard = writer.op("Div", centred, writer.op("Sqrt", writer.op("Add", power, writer.scalar(1e-4))))
    product = writer.op("MatMul", writer.op("Transpose", writer.op("Mul", standard, weights), perm=[0, 2, 1]), standard)
    total = writer.op("ReduceSum", weights, writer.constant([1]), keepdims=1)
    correlation = writer.op("Reshape", writer.op("Div", product, total), writer.constant([-1, CORRELATED**2]))
    upper = np.flatnonzero(np.triu(np.ones((CORRELATED, CORRELATED)), 1))
    return [
        writer.weighted_mean(cepstra, weights),
        writer.log(writer.weighted_deviation(cepstra, weights), 0.05),
        writer.log(writer.weighted_mean(change, _both_ends(writer, weights, CHANGE_FRAMES)), 0.05),
        writer.op("Gather", correlation, writer.constant([int(index) for index in upper]), axis=1),
    ]


def _rhythm(writer: GraphWriter, settings: FrontEndSettings, loudness: str) -> list[str]:
    """Onset strength per band, and the share of its variance that each band of modulation explains."""
    onsets = writer.op("MatMul", writer.op("Relu", writer.change(loudness, 1)), writer.constant(_band_means(settings.mel_bands)))
    weights = writer.part(audibility(writer, writer.op("ReduceMax", loudness, axes=[2], keepdims=1)), 1, 1, END)
    strength = writer.op("Concat", writer.weighted_mean(onsets, weights), writer.weighted_deviation(onsets, weights), axis=1)
    count = writer.op("Squeeze", writer.part(writer.op("Shape", onsets), 0, 1, 2))
    position = writer.op("Range", writer.constant(np.array(0, np.int64)), count, writer.constant(np.array(1, np.int64)))
    position = writer.op("Unsqueeze", writer.op("Cast", position, to=TensorProto.FLOAT), writer.constant([1]))
    length = writer.op("Cast", count, to=TensorProto.FLOAT)
    turn = writer.op("Div", writer.op("Add", position, writer.scalar(0.5)), length)
    window = writer.op("Sin", writer.op("Mul", turn, writer.scalar(np.pi)))  # squared below: a Hann window
    centred = writer.op("Sub", onsets, writer.mean(onsets, 1, keep=True))
    tapered = writer.op("Mul", centred, writer.op("Mul", window, window))
    fine_hz = np.arange(MODULATION_HZ[0], MODULATION_HZ[-1], MODULATION_STEP_HZ)
    radians = (2.0 * np.pi * fine_hz / settings.frames_per_s).astype(np.float32)[np.newaxis]
    angle = writer.op("Mul", position, writer.constant(radians))
    by_band = writer.op("Transpose", tapered, perm=[0, 2, 1])
    cosine = writer.op("MatMul", by_band, writer.op("Cos", angle))
    sine = writer.op("MatMul", by_band, writer.op("Sin", angle))
    power = writer.op("Add", writer.op("Mul", cosine, cosine), writer.op("Mul", sine, sine))
    energy = writer.op("ReduceSum", writer.op("Mul", tapered, tapered), writer.constant([1]), keepdims=0)
    energy = writer.op("Unsqueeze", writer.op("Mul", energy, length), writer.constant([2]))
    share = writer.op("Div", power, writer.op("Add", energy, writer.scalar(1e-3)))
    pooled = writer.op("MatMul", share, writer.constant(_pooling(fine_hz)))
    bands = len(MODULATION_HZ) - 1
    flat = writer.op("Reshape", pooled, writer.constant([-1, ONSET_BANDS * bands]))
    return [writer.log(strength, 0.02), writer.log(flat, 0.02)]


def _harmony(writer: GraphWriter, settings: FrontEndSettings) -> list[str]:
    """What is left of the pitch classes when the key is taken out, and how noisy each band is."""
    weights = audibility(writer, writer.part(TONAL, 2, settings.tonal_columns - 1, settings.tonal_columns))
    classes = writer.part(TONAL, 2, 0, SEMITONES)
    flatness = writer.log(writer.part(TONAL, 2, SEMITONES, settings.tonal_columns - 1), 0.02)
    mean = writer.weighted_mean(classes, weights)
    order = np.arange(1, SEMITONES // 2 + 1)
    angle = 2.0 * np.pi * np.outer(np.arange(SEMITONES), order) / SEMITONES
    cosine = writer.op("MatMul", mean, writer.constant(np.cos(angle).astype(np.float32)))
    sine = writer.op("MatMul", mean, writer.constant(np.sin(angle).astype(np.float32)))
    circular = writer.op("Sqrt", writer.op("Add", writer.op("Mul", cosine, cosine), writer.op("Mul", sine, sine)))
    change = writer.weighted_mean(writer.op("Abs", writer.change(classes, 1)), _both_ends(writer, weights, 1))
    spread = writer.weighted_deviation(classes, weights)
    over_classes = [writer.op("ReduceMean", value, axes=[1], keepdims=1) for value in (mean, spread, change)]
    noisiness = [writer.weighted_mean(flatness, weights), writer.weighted_deviation(flatness, weights)]
    return [writer.op("Concat", circular, *over_classes, axis=1), writer.op("Concat", *noisiness, axis=1)]


def audibility(writer: GraphWriter, level: str) -> str:
    """(B, T, 1) weights: 1 for frames near the loudest, 0 for silent ones, which have no timbre; `level` is (B, T, 1)."""
    loudest = writer.op("ReduceMax", level, axes=[1], keepdims=1)
    return writer.op("Sigmoid", writer.op("Add", writer.op("Sub", level, loudest), writer.scalar(AUDIBLE_NEPERS)))


def _both_ends(writer: GraphWriter, weights: str, frames: int) -> str:
    """Weights of a change over so many frames: those of its two ends multiplied."""
    return writer.op("Mul", writer.part(weights, 1, frames, END), writer.part(weights, 1, 0, -frames))


def masking(settings: FrontEndSettings) -> F32:
    """(mel bands, mel bands): how much power of each band (row) is to be counted in each (column)."""
    bark = np.array([_bark(hz) for hz in mel_centres_hz(settings.mel_bands, settings.mel_low_hz, settings.mel_high_hz)[1:-1]])
    distance = bark[np.newaxis] - bark[:, np.newaxis]
    fall_db = np.where(distance > 0, MASKING_UP_DB * distance, -MASKING_DOWN_DB * distance)
    spread = 10.0 ** (-(MASKING_OFFSET_DB + fall_db) / 10.0)
    np.fill_diagonal(spread, 1.0)
    return np.asarray(spread, np.float32)


def _bark(hz: float) -> float:
    """Critical-band rate (Traunmüller, "Analytical expressions for the tonotopic sensory scale", 1990)."""
    return 26.81 * hz / (1960.0 + hz) - 0.53


def _cosine_transform(inputs: int, outputs: int) -> F32:
    """(inputs, outputs): the first rows of the orthonormal DCT-II, as columns."""
    angle = np.pi * np.outer(np.arange(inputs) + 0.5, np.arange(outputs)) / inputs
    matrix = np.cos(angle) * np.sqrt(2.0 / inputs)
    matrix[:, 0] /= np.sqrt(2.0)
    return np.asarray(matrix, np.float32)


def _band_means(mel_bands: int) -> F32:
    """(mel_bands, ONSET_BANDS): the mean of each of ONSET_BANDS equal parts of the mel scale."""
    group = np.arange(mel_bands) * ONSET_BANDS // mel_bands
    member = np.equal.outer(group, np.arange(ONSET_BANDS)).astype(np.float32)
    return np.asarray(member / member.sum(axis=0))


def _pooling(fine_hz: NDArray[np.float64]) -> F32:
    """(fine, bands): sum over the fine frequencies within each band of modulation."""
    band = np.digitize(fine_hz + 1e-9, MODULATION_HZ) - 1
    return np.equal.outer(band, np.arange(len(MODULATION_HZ) - 1)).astype(np.float32)
