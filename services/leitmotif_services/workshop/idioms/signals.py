"""What every instrument here is built from: oscillators, spectral shaping by frame, filters, levels."""

from typing import NamedTuple

import numpy as np
import scipy.fft
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 22_050
"""Rate that every piece is rendered at."""

FRAME_HOP = 256
"""Samples between two spectral envelopes: 11.6 ms, a plosive's burst."""

FRAME_BINS = FRAME_HOP + 1
"""Bins of a frame of twice the hop."""

Samples = NDArray[np.float32]

FRAME_BINS_HZ: Samples = np.linspace(0.0, SAMPLE_RATE_HZ / 2, FRAME_BINS, dtype=np.float32)
"""(FRAME_BINS,) centre of each bin."""

_WINDOW: Samples = np.sin(np.pi * (np.arange(2 * FRAME_HOP, dtype=np.float32) + np.float32(0.5)) / np.float32(2 * FRAME_HOP))


class Note(NamedTuple):
    """A pitched note; times in seconds from the excerpt's start (may lie before it), `pitch` a MIDI number, `velocity` 0 to 1."""

    start_s: float
    duration_s: float
    pitch: float
    velocity: float


def hertz(pitch: float) -> float:
    """Frequency of a MIDI number in equal temperament."""
    return float(440.0 * 2.0 ** ((pitch - 69.0) / 12.0))


def seconds(count_s: float) -> Samples:
    """Time of each sample of a sound of that length, in seconds."""
    return np.arange(int(count_s * SAMPLE_RATE_HZ), dtype=np.float32) / np.float32(SAMPLE_RATE_HZ)


def sawtooth(frequency_hz: Samples, phase: float = 0.0) -> Samples:
    """A sawtooth of ±1 along a frequency a sample, its jumps rounded by polynomials (PolyBLEP, Välimäki & Huovilainen 2007)."""
    step = frequency_hz * np.float32(1.0 / SAMPLE_RATE_HZ)
    cycles = np.cumsum(step, dtype=np.float64)
    cycles += phase
    cycles -= np.floor(cycles)
    place = cycles.astype(np.float32)
    after = 1.0 - np.minimum(place / step, np.float32(1.0))
    before = 1.0 - np.minimum((1.0 - place) / step, np.float32(1.0))
    return np.asarray(2.0 * place - 1.0 + after * after - before * before, np.float32)


def frame_count(samples: int) -> int:
    """Frames that `shape_frames` cuts a sound of that length into."""
    return samples // FRAME_HOP + 2


def shape_frames(sound: Samples, envelopes: NDArray[np.float32]) -> Samples:
    """Filter with a spectral envelope that moves: (frame_count, FRAME_BINS) gains, interpolated by the frames' overlap."""
    frames = envelopes.shape[0]
    padded = np.zeros((frames + 1) * FRAME_HOP, np.float32)
    padded[FRAME_HOP : FRAME_HOP + len(sound)] = sound
    cut = np.lib.stride_tricks.sliding_window_view(padded, 2 * FRAME_HOP)[::FRAME_HOP] * _WINDOW
    shaped = scipy.fft.irfft(scipy.fft.rfft(cut, axis=1) * envelopes, axis=1) * _WINDOW
    out = shaped[:-1, FRAME_HOP:] + shaped[1:, :FRAME_HOP]
    return np.asarray(out.reshape(-1)[: len(sound)], np.float32)


def to_samples(control: Samples, count: int) -> Samples:
    """(count,) from evenly spaced control values, by linear interpolation."""
    return np.interp(np.linspace(0.0, len(control) - 1, count), np.arange(len(control)), control).astype(np.float32)


def smooth(values: Samples, width: float) -> Samples:
    """Values averaged by a bell of that standard deviation, in places; the ends are held."""
    if width <= 0.2:
        return values
    reach = int(3 * width) + 1
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    held = np.pad(values, reach, mode="edge")
    return np.asarray(np.convolve(held, bell / bell.sum(), mode="valid"), np.float32)


def drift(count: int, places_apart: float, rng: np.random.Generator) -> Samples:
    """(count,) smooth random walk about 0 of standard deviation about 1, a new value every so many places."""
    knots = rng.standard_normal(int(count / places_apart) + 3)
    return np.interp(np.arange(count) / places_apart, np.arange(len(knots)), knots).astype(np.float32)


def filter_whole(sound: Samples, corners_hz: tuple[float, float], order: int = 2) -> Samples:
    """Band-pass of gentle flanks by one product of spectra: `order` poles a side, zero phase."""
    size = scipy.fft.next_fast_len(len(sound) + 2048, real=True)
    frequency_hz = np.linspace(0.0, SAMPLE_RATE_HZ / 2, size // 2 + 1, dtype=np.float32)
    gain = pass_band(frequency_hz, corners_hz, order)
    return np.asarray(scipy.fft.irfft(scipy.fft.rfft(sound, size) * gain, size)[: len(sound)], np.float32)


def pass_band(frequency_hz: Samples, corners_hz: tuple[float, float], order: int = 2) -> Samples:
    """Butterworth magnitude of a band-pass; a corner of 0 or above half the rate leaves that side open."""
    low_hz, high_hz = corners_hz
    gain = np.ones_like(frequency_hz)
    if low_hz > 0:
        gain /= np.sqrt(1.0 + (np.float32(low_hz) / np.maximum(frequency_hz, np.float32(1.0))) ** (2 * order))
    if high_hz < SAMPLE_RATE_HZ / 2:
        gain /= np.sqrt(1.0 + (frequency_hz / np.float32(high_hz)) ** (2 * order))
    return gain


def bell_gain(frequency_hz: Samples, centre_hz: float, octaves: float, gain_db: float) -> Samples:
    """Gain of a bell-shaped boost or cut on an axis of octaves."""
    away = np.log2(np.maximum(frequency_hz, np.float32(10.0)) / np.float32(centre_hz)) / np.float32(octaves)
    return np.asarray(np.exp(np.exp(-(away**2)) * np.float32(gain_db * np.log(10.0) / 20.0)), np.float32)


def add_at(out: Samples, sound: Samples, start: int, gain: float) -> None:
    """Mix a sound in at a sample, which may lie before the beginning: what sticks out at either end is cut."""
    head = max(0, -start)
    end = min(len(out), start + len(sound))
    if start + head < end:
        out[start + head : end] += sound[head : end - start] * np.float32(gain)


def to_loudness(sound: Samples, rms: float) -> Samples:
    """Scaled so that the parts that sound (within 26 dB of the loudest tenth of a second) have that root mean square."""
    block = SAMPLE_RATE_HZ // 10
    power = (
        np.square(sound[: len(sound) // block * block].reshape(-1, block)).mean(axis=1) if len(sound) >= block else sound[:1] ** 2
    )
    if power.max(initial=0.0) <= 1e-12:
        return sound
    heard = power[power > power.max() * 0.0025].mean()
    return np.asarray(sound * np.float32(rms / np.sqrt(heard)), np.float32)
