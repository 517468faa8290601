"""Onsets, tempo and pulse clarity from log-mel frames."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Envelope = NDArray[np.float32]

SLOWEST_BPM, FASTEST_BPM = 30.0, 300.0

PREFERRED_BPM = 120.0
PREFERENCE_OCTAVES = 1.0
"""Width of the preference for tempi near 120, which listeners share (Ellis, "Beat Tracking by Dynamic Programming", 2007)."""

WINDOW_S, WINDOW_HOP_S = 8.0, 4.0
"""The pulse is looked for within windows, so that a tempo that drifts over minutes still shows."""

FASTER_IS_AS_CLEAR = 0.9
"""A pulse two or three times as fast wins when it is at least this share as clear: a true period has none within it."""

FAINTEST_PULSE = 0.13
"""Below this clarity no pulse was found; noise reaches 0.11."""

LEAST_ONSET = 0.005
"""Onsets that vary by less than this (standard deviation, nepers of power) cannot be heard."""


class Pulse(NamedTuple):
    """Tempo of a track."""

    tempo_bpm: float
    """0 when no pulse was found."""
    clarity: float
    """Autocorrelation of the onsets at the period of the tempo, 0 to 1."""


def onset_envelope(log_mel: NDArray[np.float32]) -> Envelope:
    """(T, bands) to (T − 1,): mean over the bands of how much each rises from frame to frame, in nepers of power."""
    return np.asarray(np.maximum(np.diff(log_mel, axis=0), 0.0).mean(axis=1))


def onset_rate_hz(envelope: Envelope, frames_per_s: float) -> float:
    """Onsets a second: peaks of the envelope over 140 ms that stand out of the second around them."""
    if len(envelope) < 3:
        return 0.0
    highest = envelope.copy()
    for shift in range(1, 4):
        highest[shift:] = np.maximum(highest[shift:], envelope[:-shift])
        highest[:-shift] = np.maximum(highest[:-shift], envelope[shift:])
    threshold = 1.5 * _moving_mean(envelope, round(frames_per_s / 2)) + 0.05
    return float(np.count_nonzero((envelope == highest) & (envelope > threshold)) * frames_per_s / len(envelope))


def pulse(envelope: Envelope, frames_per_s: float) -> Pulse:
    """Tempo by the autocorrelation of the onset envelope, refined at multiples of the period."""
    shortest, longest = int(60.0 * frames_per_s / FASTEST_BPM), int(np.ceil(60.0 * frames_per_s / SLOWEST_BPM))
    if len(envelope) < 2 * shortest:
        return Pulse(0.0, 0.0)
    correlation = _mean_autocorrelation(envelope, frames_per_s)
    longest = min(longest, len(correlation) - 2)
    lags = np.arange(shortest, longest + 1)
    if len(lags) < 1:
        return Pulse(0.0, 0.0)
    bpm = 60.0 * frames_per_s / lags
    peaks = (correlation[lags] >= correlation[lags - 1]) & (correlation[lags] >= correlation[lags + 1])
    preference = np.exp(-0.5 * (np.log2(bpm / PREFERRED_BPM) / PREFERENCE_OCTAVES) ** 2)
    score = np.where(peaks, correlation[lags] * preference, -1.0)
    lag = int(lags[int(np.argmax(score))])
    for divisor in (3, 2):
        faster = _peak_near(correlation, lag / divisor, 1)
        if faster >= shortest and correlation[round(faster)] >= FASTER_IS_AS_CLEAR * correlation[lag]:
            lag = round(faster)
            break
    clarity = float(np.clip(correlation[lag], 0.0, 1.0))
    if score.max() <= 0.0 or clarity < FAINTEST_PULSE:
        return Pulse(0.0, clarity)
    period = _peak_near(correlation, float(lag), 1)
    multiple = 2
    while multiple * period + 2 < len(correlation) and multiple <= 8:
        period = _peak_near(correlation, multiple * period, multiple // 2) / multiple
        multiple *= 2
    return Pulse(float(np.clip(60.0 * frames_per_s / period, SLOWEST_BPM, FASTEST_BPM)), clarity)


def _mean_autocorrelation(envelope: Envelope, frames_per_s: float) -> NDArray[np.float64]:
    """Normalised, unbiased autocorrelation by lag in frames, over the windows of a track; half a window long."""
    smooth = np.convolve(envelope, np.array([1, 2, 3, 2, 1]) / 9.0, mode="same")
    salient = smooth - _moving_mean(smooth, round(frames_per_s))
    length = min(round(WINDOW_S * frames_per_s), len(salient))
    hop = max(1, round(WINDOW_HOP_S * frames_per_s))
    windows = np.lib.stride_tricks.sliding_window_view(salient, length)[::hop]
    windows = windows - windows.mean(axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(windows, 2 * length, axis=1)) ** 2
    correlation = np.fft.irfft(power.sum(axis=0))[: max(3, length // 2)]
    if correlation[0] <= windows.size * LEAST_ONSET**2:
        return np.zeros_like(correlation)
    unbiased = length / (length - np.arange(len(correlation)))
    return np.asarray(correlation / correlation[0] * unbiased)


def _peak_near(correlation: NDArray[np.float64], lag: float, reach: int) -> float:
    """The highest lag within `reach` frames of `lag`, to a fraction of a frame by a parabola through its neighbours."""
    first = max(1, round(lag) - reach)
    last = min(len(correlation) - 2, round(lag) + reach)
    if last < first:
        return lag
    best = first + int(np.argmax(correlation[first : last + 1]))
    before, here, after = correlation[best - 1 : best + 2]
    curvature = before - 2.0 * here + after
    return best if curvature >= 0.0 else best + float(np.clip(0.5 * (before - after) / curvature, -0.5, 0.5))


def _moving_mean(values: NDArray[np.floating], reach: int) -> NDArray[np.float64]:
    """Mean over `reach` values to either side, of those that exist."""
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    positions = np.arange(len(values))
    first, last = np.maximum(positions - reach, 0), np.minimum(positions + reach + 1, len(values))
    return np.asarray((total[last] - total[first]) / (last - first))
