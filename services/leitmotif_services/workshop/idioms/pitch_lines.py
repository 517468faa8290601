"""Pitch and loudness of one player or singer through time, from the notes of a line."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leitmotif_services.workshop.idioms.signals import (
    FRAME_HOP,
    SAMPLE_RATE_HZ,
    Note,
    Samples,
    drift,
    frame_count,
    smooth,
    to_samples,
)

_CONTROL_S = FRAME_HOP / SAMPLE_RATE_HZ


@dataclass(frozen=True)
class Phrasing:
    """How notes are joined. Times in seconds, pitch in semitones."""

    portamento_s: float = 0.02
    vibrato_hz: float = 5.5
    vibrato: float = 0.2
    vibrato_delay_s: float = 0.2
    jitter: float = 0.04
    """Slow wander of the pitch."""
    scoop: float = 0.0
    """Notes begin so much too low (bends, slides, scooped attacks)."""
    attack_s: float = 0.02
    release_s: float = 0.04
    decay: float = 0.0
    """Fall of the loudness within a note, nepers a second."""
    accent: float = 0.0
    """A stronger first twentieth of a second (plectrum, tongue)."""


@dataclass(frozen=True)
class PitchLine:
    """A line at the frame rate (FRAME_HOP samples), and its loudness also a sample."""

    pitch: Samples
    """(frames,) MIDI numbers."""
    loudness_frames: Samples
    loudness: Samples
    """(samples,) 0 to 1."""

    def frequency_hz(self, transpose: float = 0.0, cents: float = 0.0) -> Samples:
        """(samples,) the frequency to oscillate at."""
        away = np.float32(transpose + 0.01 * cents - 69.0)
        return to_samples(np.asarray(440.0 * np.exp2((self.pitch + away) / np.float32(12.0)), np.float32), len(self.loudness))


def draw_line(notes: Sequence[Note], phrasing: Phrasing, samples: int, rng: np.random.Generator) -> PitchLine:
    """A line of notes that follow each other; a note that begins before another ends takes over from it."""
    frames = frame_count(samples)
    pitch = np.full(frames, notes[0].pitch if notes else 60.0, np.float32)
    age_s = np.full(frames, 10.0, np.float32)
    fine = np.zeros(4 * frames, np.float32)  # loudness at a quarter of the hop: 3 ms
    for note in sorted(notes):
        first = max(0, round(note.start_s / _CONTROL_S))
        if first >= frames or note.start_s + note.duration_s <= 0.0:
            continue
        pitch[first:] = note.pitch
        if phrasing.scoop:
            bend = min(frames - first, int(0.12 / _CONTROL_S))
            pitch[first : first + bend] -= np.float32(phrasing.scoop * rng.uniform(0.2, 1.0)) * np.linspace(
                1.0, 0.0, bend, dtype=np.float32
            )
        age_s[first:] = np.arange(frames - first, dtype=np.float32) * np.float32(_CONTROL_S)
        start = max(0, round(4 * note.start_s / _CONTROL_S))
        end = min(len(fine), max(start + 1, round(4 * (note.start_s + note.duration_s) / _CONTROL_S)))
        within_s = np.arange(end - start, dtype=np.float32) * np.float32(_CONTROL_S / 4)
        fine[start:end] = np.float32(note.velocity) * np.exp(-np.float32(phrasing.decay) * within_s)
        if phrasing.accent:
            fine[start:end] *= 1.0 + np.float32(phrasing.accent) * np.exp(within_s / np.float32(-0.05))
        dip = min(end - start, 5)
        fine[start : start + dip] *= np.float32(0.5)
    pitch = smooth(pitch, phrasing.portamento_s / _CONTROL_S)
    swing = np.clip((age_s - np.float32(phrasing.vibrato_delay_s)) / np.float32(0.25), 0.0, 1.0) * np.float32(phrasing.vibrato)
    speed = np.float32(2 * np.pi * phrasing.vibrato_hz * _CONTROL_S) * (1.0 + np.float32(0.06) * drift(frames, 30, rng))
    pitch = pitch + swing * np.sin(np.cumsum(speed)).astype(np.float32) + np.float32(phrasing.jitter) * drift(frames, 6, rng)
    fine = np.minimum(smooth(fine, 4 * phrasing.attack_s / _CONTROL_S * 0.5), np.float32(1.5))
    if phrasing.release_s > phrasing.attack_s:
        late = smooth(fine, 4 * phrasing.release_s / _CONTROL_S * 0.5)
        fine = np.maximum(fine, np.minimum(late, np.float32(0.7)))
    return PitchLine(pitch.astype(np.float32), fine[::4].copy(), to_samples(fine, samples))
