"""Drum sounds, synthesised once a piece."""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


def drum_kit(sample_rate_hz: int, noise: Samples, rng: np.random.Generator) -> dict[str, Samples]:
    """A stroke of each drum, peak at most 1; `noise` is white and at least half a second long."""
    return {
        "kick": _kick(sample_rate_hz, start_hz=float(rng.uniform(110, 160)), end_hz=float(rng.uniform(42, 55))),
        "snare": _snare(sample_rate_hz, noise, tone_hz=float(rng.uniform(165, 215))),
        "hat": _hat(sample_rate_hz, noise, decay_s=float(rng.uniform(0.02, 0.04))),
        "open hat": _hat(sample_rate_hz, noise[::-1], decay_s=0.12),
    }


def _times(length_s: float, sample_rate_hz: int) -> Samples:
    return np.arange(int(length_s * sample_rate_hz), dtype=np.float32) / np.float32(sample_rate_hz)


def _kick(sample_rate_hz: int, *, start_hz: float, end_hz: float) -> Samples:
    """A sine whose pitch falls fast, with a click."""
    t = _times(0.35, sample_rate_hz)
    fall_s = 0.03
    cycles = end_hz * t + (start_hz - end_hz) * fall_s * (1.0 - np.exp(-t / fall_s))
    click = 0.4 * np.exp(-t / 0.002) * np.sin(2 * np.pi * 1800 * t)
    return np.asarray(np.sin(2 * np.pi * cycles) * np.exp(-t / 0.11) + click, np.float32)


def _snare(sample_rate_hz: int, noise: Samples, *, tone_hz: float) -> Samples:
    """Two drumhead tones and rattling noise."""
    t = _times(0.25, sample_rate_hz)
    tone = np.sin(2 * np.pi * tone_hz * t) + 0.6 * np.sin(2 * np.pi * 1.78 * tone_hz * t)
    rattle = np.diff(noise[: len(t) + 1]) * np.exp(-t / 0.07)
    return np.asarray(0.5 * tone * np.exp(-t / 0.045) + 0.45 * rattle, np.float32)


def _hat(sample_rate_hz: int, noise: Samples, *, decay_s: float) -> Samples:
    """Noise, differentiated three times so that only the top is left."""
    t = _times(min(0.3, 6 * decay_s), sample_rate_hz)
    top = np.diff(noise[: len(t) + 3], n=3)
    return np.asarray(0.16 * top * np.exp(-t / decay_s), np.float32)
