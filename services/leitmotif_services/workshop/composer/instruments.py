"""Pitched instruments: evolving spectra, rendered through a wavetable whose rows are moments of the note."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

_FRAMES = 20
"""Moments of a note at which its spectrum is set; between two of them it is interpolated."""


@dataclass(frozen=True)
class Timbre:
    """Harmonic h sounds with amplitude h^-slope · parity · formant, falling by exp(-damping · h^damping_power · t)."""

    slope: float
    """Fall of the amplitudes with the harmonic's number; 1 is a sawtooth."""
    even: float = 1.0
    """Factor on even harmonics; 0 is hollow (square wave, closed pipe)."""
    attack_s: float = 0.005
    release_s: float = 0.06
    damping: float = 0.0
    """Decay of the first harmonic, a second."""
    damping_power: float = 1.0
    bloom_s: float = 0.0
    """Time in which the upper harmonics arrive (brass, bowed strings)."""
    formant_hz: float = 0.0
    """Centre of an emphasised band, an octave wide; 0 for none."""
    vibrato_hz: float = 0.0
    vibrato_depth: float = 0.0
    """Relative deviation of the pitch."""
    detune: float = 0.0
    """A second voice sharper by this share: chorus of many players."""
    noise: float = 0.0
    """Breath, bow or pick noise relative to the tone."""
    noise_decay_s: float = 0.0
    """Time constant of that noise; 0 when it lasts as long as the note."""
    stops: tuple[tuple[float, float], ...] = ()
    """Further pitches (factor of the fundamental, amplitude): organ pipes, bell partials."""
    drive: float = 0.0
    """Soft clipping: 0 none, 3 heavily distorted."""
    level: float = 1.0


TIMBRES: dict[str, Timbre] = {
    "piano": Timbre(
        1.45, attack_s=0.003, release_s=0.12, damping=0.9, damping_power=0.75, noise=0.12, noise_decay_s=0.015, detune=0.0006
    ),
    "guitar": Timbre(0.95, attack_s=0.002, release_s=0.1, damping=1.1, damping_power=1.1, noise=0.2, noise_decay_s=0.008),
    "distorted guitar": Timbre(
        0.9, attack_s=0.003, release_s=0.05, damping=0.4, damping_power=0.8, drive=3.0, detune=0.0015, level=0.6
    ),
    "strings": Timbre(
        1.15,
        attack_s=0.11,
        release_s=0.18,
        bloom_s=0.2,
        formant_hz=1400.0,
        vibrato_hz=5.6,
        vibrato_depth=0.0045,
        detune=0.004,
        noise=0.025,
    ),
    "pad": Timbre(1.6, attack_s=0.45, release_s=0.6, bloom_s=1.2, vibrato_hz=0.5, vibrato_depth=0.002, detune=0.007),
    "organ": Timbre(2.4, attack_s=0.025, release_s=0.07, stops=((2.0, 0.7), (3.0, 0.35), (4.0, 0.45), (8.0, 0.2)), level=0.6),
    "brass": Timbre(0.85, attack_s=0.035, release_s=0.07, bloom_s=0.09, formant_hz=1100.0, vibrato_hz=4.8, vibrato_depth=0.002),
    "flute": Timbre(2.3, even=0.6, attack_s=0.06, release_s=0.08, vibrato_hz=5.0, vibrato_depth=0.004, noise=0.16),
    "bells": Timbre(3.5, attack_s=0.001, release_s=0.5, damping=1.6, stops=((2.76, 0.6), (5.4, 0.35), (8.93, 0.16)), level=0.8),
    "synth": Timbre(1.0, attack_s=0.004, release_s=0.05, damping=1.5, damping_power=0.7, detune=0.008),
    "square": Timbre(1.0, even=0.0, attack_s=0.002, release_s=0.01, level=0.6),
    "bass": Timbre(
        1.5, attack_s=0.004, release_s=0.06, damping=0.9, damping_power=1.0, noise=0.05, noise_decay_s=0.01, level=1.2
    ),
    "synth bass": Timbre(1.1, attack_s=0.004, release_s=0.04, damping=1.8, damping_power=0.9, detune=0.003, level=1.1),
}
"""Every pitched instrument by name."""


def render_pitch(timbre: Timbre, frequency_hz: float, duration_s: float, sample_rate_hz: int, noise: Samples) -> Samples:
    """One note held for `duration_s`, peak about 1, without its release. `noise` holds at least as many samples."""
    count = int(duration_s * sample_rate_hz)
    frame_s = duration_s * (np.arange(_FRAMES) / (_FRAMES - 1)) ** 2
    sound = np.zeros(count, np.float32)
    for factor, amplitude in ((1.0, 1.0), *timbre.stops):
        pitch_hz = frequency_hz * factor
        if pitch_hz < 0.45 * sample_rate_hz:
            table = _wavetable(timbre, pitch_hz, frame_s, sample_rate_hz)
            voices = (1.0,) if timbre.detune == 0.0 else (1.0, 1.0 + timbre.detune)
            for voice in voices:
                cycles = _cycles(timbre, pitch_hz * voice, count, sample_rate_hz)
                sound += np.float32(amplitude / len(voices)) * _read(table, cycles, frame_s, sample_rate_hz)
    if timbre.drive:
        sound = np.tanh(np.float32(1.0 + 4.0 * timbre.drive) * sound)
    if timbre.noise:
        hiss = noise[:count] * np.float32(timbre.noise)
        if timbre.noise_decay_s:
            hiss = hiss * np.exp(-np.arange(count, dtype=np.float32) / np.float32(timbre.noise_decay_s * sample_rate_hz))
        sound += hiss
    rise = min(count, max(1, int(timbre.attack_s * sample_rate_hz)))
    sound[:rise] *= np.linspace(0.0, 1.0, rise, dtype=np.float32) ** 1.5
    return sound * np.float32(timbre.level)


def _wavetable(timbre: Timbre, pitch_hz: float, frame_s: NDArray[np.float64], sample_rate_hz: int) -> Samples:
    """(frames, samples of a cycle): the waveform at each moment, band-limited below half the sample rate."""
    harmonics = max(1, min(int(0.47 * sample_rate_hz / pitch_hz), 96))
    numbers = np.arange(1, harmonics + 1)
    spectrum = numbers**-timbre.slope
    spectrum[1::2] *= timbre.even
    if timbre.formant_hz:
        octaves = np.log2(numbers * pitch_hz / timbre.formant_hz)
        spectrum *= 1.0 + 2.0 * np.exp(-(octaves**2))
    decay = np.exp(-timbre.damping * frame_s[:, None] * numbers**timbre.damping_power)
    if timbre.bloom_s:
        decay *= 1.0 - np.exp(-(frame_s[:, None] + 0.02) / (timbre.bloom_s * numbers**0.5))
    phases = np.exp(2j * np.pi * ((numbers * 0.618034) ** 2 % 1.0))  # spread, so that peaks don't add up
    size = 256 if harmonics <= 40 else 512
    bins = np.zeros((len(frame_s), size // 2 + 1), np.complex64)
    bins[:, 1 : harmonics + 1] = spectrum * decay * phases * (0.5 * size / np.sqrt((spectrum**2).sum()) * 0.5)
    return np.fft.irfft(bins, n=size, axis=1).astype(np.float32)


def _cycles(timbre: Timbre, pitch_hz: float, count: int, sample_rate_hz: int) -> NDArray[np.float64]:
    """Phase of each sample, in cycles."""
    cycles = np.arange(count, dtype=np.float64) * (pitch_hz / sample_rate_hz)
    if timbre.vibrato_hz:
        rate = 2 * np.pi * timbre.vibrato_hz
        turn = np.sin(np.arange(count, dtype=np.float32) * np.float32(rate / sample_rate_hz))
        cycles += np.float64(pitch_hz * timbre.vibrato_depth / rate) * turn + 1.0
    return cycles


def _read(table: Samples, cycles: NDArray[np.float64], frame_s: NDArray[np.float64], sample_rate_hz: int) -> Samples:
    """The waveform along the phase, moving from row to row as time passes."""
    size = table.shape[1]
    column = (cycles * size).astype(np.int32) & (size - 1)
    out = np.empty(len(column), np.float32)
    edges = np.minimum((frame_s * sample_rate_hz).astype(int), len(column))
    edges[-1] = len(column)
    for row in range(len(edges) - 1):
        start, end = edges[row], edges[row + 1]
        if start < end:
            here = table[row].take(column[start:end])
            ahead = table[row + 1].take(column[start:end])
            share = np.linspace(0.0, 1.0, end - start, endpoint=False, dtype=np.float32)
            out[start:end] = here + share * (ahead - here)
    return out
