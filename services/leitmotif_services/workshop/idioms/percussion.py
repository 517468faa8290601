"""Drums and hand percussion: shells that glide in pitch, snares' rattle, and cymbals as dense lines of a random spectrum.

A kit is a maker's habits; a stroke comes in three takes, so that no two in a row are alike.
"""

from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import scipy.fft

from leitmotif_services.workshop.idioms.signals import SAMPLE_RATE_HZ, Samples, pass_band, seconds

_TAKES = 3


@dataclass(frozen=True)
class KitModel:
    """Ranges that a kit is drawn from; frequencies in Hz, decays as time constants in seconds."""

    kick_hz: tuple[float, float]
    kick_decay_s: tuple[float, float]
    kick_click: tuple[float, float]
    snare_hz: tuple[float, float]
    snare_decay_s: tuple[float, float]
    rattle: tuple[float, float]
    """Noise of the snare against its tone."""
    cymbal_decay_s: tuple[float, float]
    cymbal_low_hz: float = 3000.0
    room: tuple[float, float] = (0.05, 0.25)
    machine: bool = False
    """Every stroke the same."""
    grit: float = 0.0
    """Drive of the whole kit: sampled through a coarse converter, or pushed into tape."""


KITS: dict[str, KitModel] = {
    "rock": KitModel((50, 66), (0.07, 0.14), (0.3, 0.8), (170, 230), (0.08, 0.16), (0.8, 1.6), (0.5, 1.1), room=(0.1, 0.5)),
    "arena": KitModel((48, 60), (0.1, 0.2), (0.4, 0.9), (150, 200), (0.16, 0.3), (1.0, 2.0), (0.6, 1.2), room=(0.4, 0.9)),
    "dry": KitModel((55, 72), (0.06, 0.1), (0.2, 0.6), (180, 260), (0.05, 0.1), (0.7, 1.4), (0.3, 0.7), room=(0.0, 0.1)),
    "jazz": KitModel((62, 85), (0.09, 0.2), (0.05, 0.2), (200, 300), (0.07, 0.13), (0.9, 1.8), (0.6, 1.4), 2600, (0.1, 0.35)),
    "metal": KitModel((48, 62), (0.04, 0.08), (1.0, 2.2), (170, 240), (0.08, 0.15), (0.9, 1.6), (0.5, 1.0), room=(0.1, 0.4)),
    "808": KitModel((42, 56), (0.2, 0.5), (0.1, 0.4), (170, 220), (0.06, 0.12), (0.7, 1.6), (0.1, 0.3), 5500, (0.0, 0.1), True),
    "909": KitModel((48, 58), (0.1, 0.2), (0.5, 1.2), (180, 230), (0.07, 0.13), (1.2, 2.2), (0.15, 0.4), 5000, (0.0, 0.15),
        True),
    "boom bap": KitModel((52, 68), (0.07, 0.15), (0.3, 0.8), (180, 260), (0.07, 0.14), (0.9, 1.8), (0.2, 0.5), 3500, (0.0,
        0.2), True, 0.6),
    "eighties": KitModel((48, 60), (0.08, 0.15), (0.5, 1.2), (150, 200), (0.15, 0.28), (1.0, 1.8), (0.4, 0.8), room=(0.3,
        0.7), machine=True),
    "roots": KitModel((55, 70), (0.08, 0.14), (0.1, 0.4), (220, 330), (0.05, 0.1), (0.3, 0.9), (0.3, 0.7), room=(0.05, 0.3)),
}  # fmt: skip
"""Every kit by name."""

Kit = dict[str, tuple[Samples, ...]]
"""The takes of each stroke."""


def build_kit(kind: str, strokes: set[str], habits: np.random.Generator) -> tuple[Kit, KitModel, float]:
    """The takes of the strokes asked for, peak about 1; the model; and how much of the room is heard, 0 to 1."""
    model = KITS[kind]

    def within(bounds: tuple[float, float]) -> float:
        return float(habits.uniform(*bounds))

    tune = {
        name: within(getattr(model, name))
        for name in ("kick_hz", "kick_decay_s", "kick_click", "snare_hz", "snare_decay_s", "rattle", "cymbal_decay_s")
    }
    bright_hz = float(habits.uniform(0.7, 1.3)) * model.cymbal_low_hz
    decay_s = tune["cymbal_decay_s"]
    recipes: dict[str, Callable[[np.random.Generator], Samples]] = {
        "kick": lambda rng: _kick(tune["kick_hz"], tune["kick_decay_s"], tune["kick_click"], rng),
        "snare": lambda rng: _snare(tune["snare_hz"], tune["snare_decay_s"], tune["rattle"], rng),
        "brush": lambda rng: _noise(0.25, 0.09, (700, 6500), 0.25, rng, rise_s=0.04),
        "sweep": lambda rng: _noise(0.5, 0.2, (900, 7000), 0.12, rng, rise_s=0.15),
        "rim": lambda rng: _tones(((1700, 0.6, 0.012), (460, 0.6, 0.018), (2900, 0.3, 0.008)), 0.12, 0.15, rng),
        "clap": lambda rng: _clap(tune["snare_decay_s"], rng),
        "hat": lambda rng: _cymbal(0.18, 0.022 + 0.02 * decay_s, bright_hz * 1.5, 0.55, rng),
        "open": lambda rng: _cymbal(0.6, 0.1 + 0.15 * decay_s, bright_hz * 1.4, 0.5, rng),
        "pedal": lambda rng: _cymbal(0.12, 0.018, bright_hz, 0.3, rng),
        "ride": lambda rng: _cymbal(1.1, 0.35 * decay_s + 0.08, bright_hz, 0.3, rng, ping=0.25),
        "bell": lambda rng: _cymbal(1.0, 0.3 * decay_s + 0.05, bright_hz, 0.25, rng, ping=0.9),
        "crash": lambda rng: _cymbal(2.2, 0.6 * decay_s + 0.2, 0.6 * bright_hz, 0.7, rng),
        "china": lambda rng: _cymbal(1.3, 0.3 * decay_s + 0.1, 0.4 * bright_hz, 0.7, rng),
        "tom1": lambda rng: _tom(165, 0.16, rng),
        "tom2": lambda rng: _tom(115, 0.2, rng),
        "tom3": lambda rng: _tom(82, 0.24, rng),
        "shaker": lambda rng: _noise(0.1, 0.025, (4500, 10_500), 0.3, rng, rise_s=0.02),
        "tambourine": lambda rng: _cymbal(0.25, 0.06, 5500, 0.4, rng),
        "conga": lambda rng: _tones(((215, 0.9, 0.09), (420, 0.25, 0.04)), 0.3, 0.2, rng),
        "tumba": lambda rng: _tones(((150, 0.9, 0.12), (300, 0.2, 0.05)), 0.35, 0.15, rng),
        "slap": lambda rng: _tones(((330, 0.4, 0.03), (950, 0.4, 0.015)), 0.12, 0.7, rng),
        "cowbell": lambda rng: _tones(((560, 0.6, 0.06), (845, 0.6, 0.05), (1690, 0.3, 0.03)), 0.25, 0.05, rng),
        "clave": lambda rng: _tones(((2450, 0.9, 0.02),), 0.1, 0.02, rng),
        "guiro": lambda rng: _noise(0.22, 0.12, (2500, 7000), 0.3, rng, rise_s=0.02, rattle_hz=70),
        "timpani": lambda rng: _tones(((98, 0.9, 0.5), (147, 0.5, 0.3), (196, 0.3, 0.25)), 1.2, 0.1, rng),
        "snap": lambda rng: _tones(((1400, 0.4, 0.01), (2300, 0.4, 0.012)), 0.15, 0.5, rng),
        "stomp": lambda rng: _tones(((70, 0.9, 0.06), (140, 0.3, 0.03)), 0.25, 0.3, rng),
    }  # fmt: skip
    room = within(model.room)
    maker = int(habits.integers(2**31))
    kit: Kit = {}
    for name in sorted(strokes):
        own = np.random.default_rng([maker, crc32(name.encode())])
        kit[name] = tuple(recipes[name](own) for _ in range(1 if model.machine else _TAKES))
    return kit, model, room


def _kick(end_hz: float, decay_s: float, click: float, rng: np.random.Generator) -> Samples:
    t = seconds(min(1.2, 6 * decay_s))
    fall_s = 0.018 * float(rng.uniform(0.9, 1.1))
    cycles = end_hz * t + 2.2 * end_hz * fall_s * (1.0 - np.exp(-t / fall_s))
    beater = rng.standard_normal(len(t), dtype=np.float32) * np.exp(-t / 0.004) * 0.25 + np.sin(2 * np.pi * 3200 * t) * np.exp(
        -t / 0.003
    )
    body = np.sin(2 * np.pi * cycles) * np.exp(-t / decay_s) + 0.3 * np.sin(2 * np.pi * 2.4 * cycles) * np.exp(-t / 0.03)
    return np.asarray(body + 0.35 * click * beater, np.float32)


def _snare(tone_hz: float, decay_s: float, rattle: float, rng: np.random.Generator) -> Samples:
    t = seconds(min(0.9, 5 * decay_s + 0.05))
    bend = tone_hz * (t + 0.15 * 0.01 * (1 - np.exp(-t / 0.01)))
    heads = sum(
        level * np.sin(2 * np.pi * ratio * bend + rng.random()) * np.exp(-t / (0.045 / ratio**0.5))
        for ratio, level in ((1, 0.7), (1.59, 0.4), (2.3, 0.25))
    )
    wires = _noise(len(t) / SAMPLE_RATE_HZ + 0.001, decay_s, (1300, 9000), 0.45 * rattle, rng)[: len(t)]
    crack = rng.standard_normal(len(t), dtype=np.float32) * np.exp(-t / 0.006) * 0.5
    return np.asarray(heads + wires + crack, np.float32)


def _clap(decay_s: float, rng: np.random.Generator) -> Samples:
    t = seconds(0.35)
    gate = np.zeros(len(t), np.float32)
    for delay_s in (0.0, 0.011, 0.022, 0.03):
        late = t >= delay_s
        gate[late] = np.maximum(gate[late], np.exp(-(t[late] - delay_s) / (0.006 if delay_s < 0.03 else decay_s)))
    return _coloured(len(t), (800, 4500), rng) * gate * np.float32(0.6)


def _tom(tone_hz: float, decay_s: float, rng: np.random.Generator) -> Samples:
    t = seconds(4 * decay_s)
    cycles = tone_hz * (t + 0.35 * 0.03 * (1 - np.exp(-t / 0.03)))
    return np.asarray(
        np.sin(2 * np.pi * cycles) * np.exp(-t / decay_s)
        + 0.3 * np.sin(2 * np.pi * 1.6 * cycles) * np.exp(-t / 0.05)
        + 0.3 * rng.standard_normal(len(t)) * np.exp(-t / 0.01),
        np.float32,
    )


def _tones(partials: tuple[tuple[float, float, float], ...], length_s: float, noise: float, rng: np.random.Generator) -> Samples:
    t = seconds(length_s)
    detune = float(rng.uniform(0.98, 1.02))
    sound = sum(level * np.sin(2 * np.pi * detune * hz * t) * np.exp(-t / decay_s) for hz, level, decay_s in partials)
    return np.asarray(sound + noise * rng.standard_normal(len(t)) * np.exp(-t / 0.008), np.float32)


def _coloured(count: int, corners_hz: tuple[float, float], rng: np.random.Generator) -> Samples:
    """(count,) noise of variance about 1 in a band."""
    size = scipy.fft.next_fast_len(count, real=True)
    gain = pass_band(np.linspace(0, SAMPLE_RATE_HZ / 2, size // 2 + 1, dtype=np.float32), corners_hz, 2)
    noise = scipy.fft.irfft(scipy.fft.rfft(rng.standard_normal(size, dtype=np.float32)) * gain, size)[:count]
    return np.asarray(noise / (noise.std() + 1e-9), np.float32)


def _noise(
    length_s: float,
    decay_s: float,
    corners_hz: tuple[float, float],
    level: float,
    rng: np.random.Generator,
    rise_s: float = 0.0,
    rattle_hz: float = 0.0,
) -> Samples:
    t = seconds(length_s)
    gate = np.exp(-t / decay_s)
    if rise_s:
        gate *= np.minimum(t / rise_s, 1.0)
    if rattle_hz:
        gate *= 0.5 + 0.5 * np.sign(np.sin(2 * np.pi * rattle_hz * t))
    return np.asarray(_coloured(len(t), corners_hz, rng) * gate * level, np.float32)


def _cymbal(length_s: float, decay_s: float, low_hz: float, level: float, rng: np.random.Generator, ping: float = 0.0) -> Samples:
    """Lines of random amplitude above `low_hz`, the high ones falling faster."""
    t = seconds(min(length_s, 6 * decay_s + 0.05))
    size = scipy.fft.next_fast_len(len(t), real=True)
    frequency_hz = np.linspace(0, SAMPLE_RATE_HZ / 2, size // 2 + 1, dtype=np.float32)
    lines = rng.standard_normal((2, len(frequency_hz)), dtype=np.float32) * np.exp(
        rng.standard_normal(len(frequency_hz), dtype=np.float32) * np.float32(0.9)
    )
    spectrum = (lines[0] + 1j * lines[1]) * pass_band(frequency_hz, (low_hz, 10_500.0), 2)
    high = frequency_hz > 2.0 * low_hz
    slow = scipy.fft.irfft(np.where(high, 0.25 * spectrum, spectrum), size)[: len(t)]
    fast = scipy.fft.irfft(np.where(high, spectrum, 0.0), size)[: len(t)]
    slow /= slow.std() + 1e-9
    fast /= fast.std() + 1e-9
    sound = 0.5 * slow * np.exp(-t / decay_s) + 0.6 * fast * np.exp(-t / (0.45 * decay_s)) + 0.5 * fast * np.exp(-t / 0.008)
    if ping:
        for ratio in (1.0, 1.47, 2.09, 2.56):
            sound += ping * 0.4 * np.sin(2 * np.pi * 1250 * ratio * t * float(rng.uniform(0.99, 1.01))) * np.exp(-t / 0.12)
    return np.asarray(sound * level * 0.5, np.float32)
