"""Singing, rapping, shouting and choirs: a glottal source, formants that move, and consonants of noise.

Formants and their bandwidths follow Klatt (1980); vowel targets are those of Peterson & Barney (1952).
The vocal tract is applied as the moving spectral envelope of a cascade of resonances.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leitmotif_services.workshop.idioms.pitch_lines import Phrasing, PitchLine, draw_line
from leitmotif_services.workshop.idioms.signals import (
    FRAME_BINS_HZ,
    FRAME_HOP,
    SAMPLE_RATE_HZ,
    Note,
    Samples,
    drift,
    frame_count,
    sawtooth,
    shape_frames,
    smooth,
    to_samples,
)

VOWELS: dict[str, tuple[float, float, float]] = {
    "i": (280, 2250, 2890), "I": (400, 1950, 2550), "e": (530, 1840, 2480), "ae": (660, 1720, 2410), "a": (730, 1090, 2440),
    "o": (570, 840, 2410), "U": (440, 1020, 2240), "u": (310, 870, 2250), "A": (640, 1190, 2390), "er": (490, 1350, 1690),
}  # fmt: skip
"""First three formants of a man's vowels, Hz."""

_SUNG = ("a", "a", "A", "o", "e", "ae", "i", "I", "u", "er")
_BANDWIDTHS_HZ = (80.0, 100.0, 140.0)

CONSONANTS: dict[str, tuple[float, float, float, float]] = {
    "s": (5200, 9500, 0.10, 0.55), "sh": (2400, 6000, 0.09, 0.5), "f": (1500, 9000, 0.08, 0.2), "h": (500, 3500, 0.07, 0.25),
    "t": (3000, 8000, 0.03, 0.7), "k": (1400, 3500, 0.035, 0.7), "p": (300, 2000, 0.025, 0.5), "z": (4500, 9000, 0.07, 0.3),
    "m": (0, 0, 0.07, 0), "n": (0, 0, 0.06, 0), "l": (0, 0, 0.05, 0), "r": (0, 0, 0.06, 0), "b": (200, 1500, 0.02, 0.25),
        "d": (2000, 5000, 0.02, 0.3),
}  # fmt: skip
"""Noise band in Hz, length in seconds and level against the vowel; those without a band are murmured."""


@dataclass(frozen=True)
class Singer:
    """One person's voice and manner."""

    tract: float
    """Factor on the formants: 1 a man, 1.17 a woman."""
    centre: float
    """MIDI number that melodies lie about."""
    breath: float
    tilt_db: float
    """Fall of the source above 1 kHz, dB an octave: from -12 (soft) to -3 (shouted, pressed)."""
    ring_db: float
    """The singer's formant near 3 kHz."""
    rough: float
    """0 clean to 1 growled."""
    phrasing: Phrasing
    sibilance: float
    vowels: tuple[str, ...]


def draw_singer(kind: str, habits: np.random.Generator) -> Singer:
    """A singer for "sung", "rap", "scream", "growl", "shout", "operatic" or "soft"."""
    female = habits.random() < {"rap": 0.15, "scream": 0.15, "growl": 0.05, "shout": 0.2, "soft": 0.55}.get(kind, 0.5)
    tract = float(habits.normal(1.17 if female else 1.0, 0.035))
    centre = float(habits.uniform(64, 71) if female else habits.uniform(52, 61))
    vowels = tuple(habits.choice(_SUNG, size=7))
    low, high = {"rap": (-8, -5), "scream": (-4, -1), "growl": (-6, -2), "shout": (-6, -3), "soft": (-12, -8)}.get(kind, (-9, -5))
    tilt_db = float(habits.uniform(low, high))
    breath = float(habits.uniform(0.02, 0.12) + (0.15 if kind == "soft" else 0.0))
    rough = {"scream": 0.8, "growl": 1.0, "shout": 0.35}.get(kind, float(habits.choice([0.0, 0.0, 0.1, 0.25])))
    ring_db = float(habits.uniform(8, 15) if kind == "operatic" else habits.uniform(0, 7))
    vibrato = float(habits.uniform(0.4, 0.8) if kind == "operatic" else habits.uniform(0.05, 0.4))
    if kind in ("rap", "scream", "growl", "shout"):
        vibrato = 0.0
    phrasing = Phrasing(
        portamento_s=float(habits.uniform(0.012, 0.035)), vibrato_hz=float(habits.uniform(4.8, 6.2)), vibrato=vibrato,
        vibrato_delay_s=float(habits.uniform(0.1, 0.35)), jitter=0.08 if kind != "rap" else 0.5,
            scoop=float(habits.uniform(0.0, 1.5)),
        attack_s=0.012 if kind == "rap" else 0.025, release_s=0.03, decay=0.6,
    )  # fmt: skip
    return Singer(
        tract,
        centre,
        breath,
        tilt_db,
        ring_db,
        rough,
        phrasing,
        float(habits.uniform(0.5, 1.3) * (1.5 if kind == "rap" else 1.0)),
        vowels,
    )


def sing(
    singer: Singer, notes: Sequence[Note], samples: int, rng: np.random.Generator, harmonies: Sequence[float] = ()
) -> Samples:
    """The line, a syllable a note. `harmonies` are backing voices on the same words, in semitones above the line."""
    line = draw_line(notes, singer.phrasing, samples, rng)
    formants_hz = _formant_tracks(singer, notes, frame_count(samples), rng)
    voiced, noise = _consonant_gains(singer, notes, samples, rng)
    source = _source(singer, line, samples, rng, harmonies)
    source *= line.loudness * voiced
    sound = shape_frames(source, _tract_envelopes(singer, formants_hz, line))
    sound += noise
    if singer.rough > 0.5:
        sound = np.tanh(np.float32(8.0) * sound).astype(np.float32) * np.float32(0.2)
    return sound


def choir(singers: Sequence[Singer], lines: Sequence[Sequence[Note]], samples: int, rng: np.random.Generator) -> Samples:
    """Several sections of a choir, a line each; every section's pitch wanders as many throats do together."""
    total = np.zeros(samples, np.float32)
    formants_hz = _formant_tracks(singers[0], lines[0], frame_count(samples), rng, glide=8.0)
    line = None
    for notes in lines:
        line = draw_line(notes, Phrasing(0.05, 5.2, 0.25, 0.1, 0.1, 0.0, 0.09, 0.14), samples, rng)
        for cents in (-11.0, 9.0):
            wide = line.frequency_hz(0.0, cents) * (1.0 + np.float32(0.006) * drift(samples, 700, rng))
            total += sawtooth(wide, rng.random()) * line.loudness * np.float32(0.3)
    if line is None:
        return total
    total += rng.standard_normal(samples, dtype=np.float32) * line.loudness * np.float32(0.06)
    return shape_frames(total, _tract_envelopes(singers[0], formants_hz, line))


def _source(singer: Singer, line: PitchLine, samples: int, rng: np.random.Generator, harmonies: Sequence[float]) -> Samples:
    frequency_hz = line.frequency_hz()
    shimmer = drift(samples, 180, rng)
    source = sawtooth(frequency_hz * (1.0 + np.float32(0.003 + 0.05 * singer.rough) * shimmer), rng.random())
    if singer.rough > 0.3:  # every other cycle weaker: the false folds
        source *= 1.0 + np.float32(0.6 * singer.rough) * np.sign(sawtooth(frequency_hz * np.float32(0.5)))
    for above in harmonies:
        wide = line.frequency_hz(above, rng.normal(0, 6)) * (1.0 + np.float32(0.004) * drift(samples, 900, rng))
        source = source + np.float32(0.4) * sawtooth(wide, rng.random())
    breath = np.float32(singer.breath + 0.7 * singer.rough**2)
    return np.asarray(
        source * np.float32(0.5) + rng.standard_normal(samples, dtype=np.float32) * breath * np.float32(0.5), np.float32
    )


def _formant_tracks(singer: Singer, notes: Sequence[Note], frames: int, rng: np.random.Generator, glide: float = 2.5) -> Samples:
    """(frames, 3) first three formants in Hz, smoothed as articulators move: about 30 ms."""
    tracks = np.tile(np.array(VOWELS["A"], np.float32), (frames, 1))
    for note in notes:
        first = max(0, int((note.start_s - 0.03) * SAMPLE_RATE_HZ / FRAME_HOP))
        vowel = np.array(VOWELS[singer.vowels[int(rng.integers(len(singer.vowels)))]], np.float32)
        if first < frames:
            tracks[first:] = vowel
            middle = first + int(0.6 * note.duration_s * SAMPLE_RATE_HZ / FRAME_HOP)
            if rng.random() < 0.35 and middle < frames:  # diphthong
                tracks[middle:] = vowel * 0.5 + 0.5 * np.array(VOWELS[str(rng.choice(("i", "u", "I")))], np.float32)
    return np.stack([smooth(tracks[:, place], glide) for place in range(3)], axis=1) * np.float32(singer.tract)


def _tract_envelopes(singer: Singer, formants_hz: Samples, line: PitchLine) -> Samples:
    """(frames, bins) gains of a tube's resonances in cascade, three of them moving, times the source's tilt."""
    frames = len(formants_hz)
    bins_hz = FRAME_BINS_HZ[None, :]
    powers = np.ones((frames, len(FRAME_BINS_HZ)), np.float32)
    fixed = np.ones_like(FRAME_BINS_HZ)
    for place in range(60):  # a tube has one every kilohertz for ever: cut short, the cascade would lose all treble
        centre_hz, width_hz = (3500.0 + 1000.0 * place) * singer.tract, 220.0 + 60.0 * min(place, 8)
        fixed *= _resonance(FRAME_BINS_HZ, np.float32(centre_hz), width_hz)
    pitch_hz = 440.0 * np.exp2((line.pitch - 69.0) / 12.0)
    first_hz = np.maximum(formants_hz[:, 0], pitch_hz)  # sopranos raise the first formant to the pitch
    for place, track in enumerate((first_hz, formants_hz[:, 1], formants_hz[:, 2])):
        powers *= _resonance(bins_hz, track[:, None].astype(np.float32), _BANDWIDTHS_HZ[place])
    octaves = np.maximum(np.log2(np.maximum(FRAME_BINS_HZ, 50.0) / 500.0), 0.0)
    tilt = np.exp(octaves * np.float32((singer.tilt_db + 7.0) * np.log(10) / 10))  # a sawtooth radiated falls by 6 dB already
    ring = 1.0 + np.float32(10 ** (singer.ring_db / 10) - 1.0) * np.exp(-(((FRAME_BINS_HZ - 2900.0 * singer.tract) / 500.0) ** 2))
    low = 1.0 / (1.0 + (90.0 / np.maximum(FRAME_BINS_HZ, 1.0)) ** 4)
    return np.asarray(np.sqrt(powers * (fixed * tilt * ring * low)[None, :]), np.float32)


def _resonance(bins_hz: Samples, centre_hz: Samples | np.float32, bandwidth_hz: float) -> Samples:
    """Power gain of a pole pair, 1 at 0 Hz (Klatt's resonator on the analogue axis)."""
    half = np.float32(bandwidth_hz / 2)
    square = centre_hz * centre_hz
    apart = bins_hz * bins_hz - square
    return np.asarray(square * square / (apart * apart + (2 * half * bins_hz) ** 2), np.float32)


def _consonant_gains(singer: Singer, notes: Sequence[Note], samples: int, rng: np.random.Generator) -> tuple[Samples, Samples]:
    """(samples,) factor on the voiced source, which closes for plosives and murmurs, and the consonants' noise."""
    voiced = np.ones(samples // 64 + 2, np.float32)
    frames = frame_count(samples)
    bands = np.zeros((frames, len(FRAME_BINS_HZ)), np.float32)
    names = tuple(CONSONANTS)
    for note in notes:
        if rng.random() < 0.15:
            continue
        low_hz, high_hz, length_s, level = CONSONANTS[names[int(rng.integers(len(names)))]]
        start_s = note.start_s - 0.6 * length_s
        first, last = int(start_s * SAMPLE_RATE_HZ / 64), int((start_s + length_s) * SAMPLE_RATE_HZ / 64)
        if start_s < 0 or last >= len(voiced):
            continue
        voiced[first : last + 1] = np.minimum(voiced[first : last + 1], 0.35 if level == 0.0 else 0.06)
        if level:
            frame = int(start_s * SAMPLE_RATE_HZ / FRAME_HOP) + 1
            held = max(1, int(length_s * SAMPLE_RATE_HZ / FRAME_HOP))
            shape = np.exp(-(((FRAME_BINS_HZ - 0.5 * (low_hz + high_hz)) / (0.5 * (high_hz - low_hz))) ** 2))
            bands[frame : frame + held] += shape * np.float32(level * singer.sibilance * note.velocity * 0.4)
    noise = shape_frames(rng.standard_normal(samples, dtype=np.float32), bands) if bands.any() else np.zeros(samples, np.float32)
    return to_samples(smooth(voiced, 2.0), samples), noise
