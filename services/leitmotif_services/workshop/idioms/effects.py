"""Pedals and boxes between an instrument and the mixing desk."""

from collections.abc import Callable

import numpy as np

from leitmotif_services.workshop.idioms.signals import (
    FRAME_BINS_HZ,
    FRAME_HOP,
    SAMPLE_RATE_HZ,
    Samples,
    frame_count,
    shape_frames,
)


def _tremolo(sound: Samples, habits: np.random.Generator) -> Samples:
    times = np.arange(len(sound), dtype=np.float32) / np.float32(SAMPLE_RATE_HZ)
    depth = habits.uniform(0.3, 0.8)
    return np.asarray(
        sound * (1.0 - np.float32(depth) * (0.5 + 0.5 * np.sin(times * np.float32(2 * np.pi * habits.uniform(3.5, 7.0))))),
        np.float32,
    )


def _echo(sound: Samples, habits: np.random.Generator) -> Samples:
    """A tape delay that feeds back."""
    delay = int(habits.uniform(0.18, 0.48) * SAMPLE_RATE_HZ)
    gain = habits.uniform(0.3, 0.6)
    out = sound.copy()
    for times in range(1, 5):
        if times * delay < len(out):
            out[times * delay :] += sound[: len(sound) - times * delay] * np.float32(gain**times)
    return out


def _chorus(sound: Samples, habits: np.random.Generator) -> Samples:
    times = np.arange(len(sound), dtype=np.float32)
    depth = np.float32(habits.uniform(20, 60))
    back = times - 180.0 - depth * np.sin(times * np.float32(2 * np.pi * habits.uniform(0.3, 1.2) / SAMPLE_RATE_HZ))
    return np.asarray(0.7 * sound + 0.6 * np.interp(back, times, sound), np.float32)


def _wah(sound: Samples, habits: np.random.Generator) -> Samples:
    """A resonance rocked between 400 Hz and 2 kHz, or following the level as an envelope filter does."""
    frames = frame_count(len(sound))
    times = np.arange(frames) * FRAME_HOP / SAMPLE_RATE_HZ
    if habits.random() < 0.5:
        place = 0.5 + 0.5 * np.sin(2 * np.pi * habits.uniform(1.0, 3.5) * times)
    else:
        blocks = np.zeros(frames * FRAME_HOP, np.float32)
        blocks[: len(sound)] = np.abs(sound)
        level = blocks.reshape(frames, FRAME_HOP).mean(axis=1)
        place = np.clip(level / (np.percentile(level, 95) + 1e-9), 0.0, 1.0)
    centre_hz = (400.0 * 5.0**place)[:, None]
    octaves = np.log2(np.maximum(FRAME_BINS_HZ, 30.0)[None, :] / centre_hz)
    return shape_frames(sound, np.asarray(0.15 + 1.6 * np.exp(-((octaves / 0.35) ** 2)), np.float32))


EFFECTS: dict[str, Callable[[Samples, np.random.Generator], Samples]] = {
    "tremolo": _tremolo,
    "echo": _echo,
    "chorus": _chorus,
    "wah": _wah,
}
"""Every effect by name; the generator fixes its knobs."""
