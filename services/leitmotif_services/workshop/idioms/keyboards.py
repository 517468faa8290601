"""Keyboards without strings: electric piano, organs, vibraphone, accordion, synthesiser chords; sums of partials."""

from dataclasses import dataclass

import numpy as np

from leitmotif_services.workshop.idioms.signals import SAMPLE_RATE_HZ, Samples, hertz, seconds


@dataclass(frozen=True)
class PartialModel:
    """Partials at multiples of the pitch; all decays are nepers a second."""

    partials: tuple[tuple[float, float, float], ...]
    """Factor of the pitch, amplitude, decay."""
    attack_s: float = 0.004
    release_s: float = 0.06
    tremolo_hz: float = 0.0
    tremolo_depth: float = 0.0
    click: float = 0.0
    """Key click or mallet noise."""
    detune_cents: float = 0.0


def _harmonics(count: int, slope: float, decay: float, odd_only: bool = False) -> tuple[tuple[float, float, float], ...]:
    numbers = range(1, count + 1, 2 if odd_only else 1)
    return tuple((float(number), float(number) ** -slope, decay * float(number) ** 0.5) for number in numbers)


MODELS: dict[str, PartialModel] = {
    "electric piano": PartialModel(((1, 1, 1.2), (2, 0.35, 2.0), (3, 0.18, 3.5), (7.1, 0.25, 14.0), (0.5, 0.08, 2.0)),
        tremolo_hz=5.0, tremolo_depth=0.25, click=0.1),
    "drawbar organ": PartialModel(((0.5, 0.6, 0), (1, 1, 0), (1.5, 0.7, 0), (2, 0.5, 0), (3, 0.25, 0), (4, 0.3, 0)), 0.008,
        0.03, 6.6, 0.3, 0.25),
    "church organ": PartialModel(((0.5, 0.7, 0), (1, 1, 0), (2, 0.8, 0), (3, 0.3, 0), (4, 0.6, 0), (6, 0.2, 0), (8, 0.2, 0),
        (12, 0.04, 0)), 0.05, 0.25, detune_cents=3),
    "skank organ": PartialModel(((1, 1, 0), (2, 0.7, 0), (3, 0.4, 0), (4, 0.5, 0), (8, 0.3, 0)), 0.003, 0.02, click=0.3),
    "vibraphone": PartialModel(((1, 1, 0.9), (4, 0.35, 3.5), (10, 0.12, 9.0)), 0.002, 0.4, 5.5, 0.35, 0.1),
    "celesta": PartialModel(((1, 1, 3.0), (2.76, 0.25, 6.0), (4, 0.3, 7.0), (8.2, 0.08, 15.0)), 0.001, 0.5, click=0.05),
    "accordion": PartialModel(_harmonics(14, 0.9, 0.0), 0.03, 0.05, detune_cents=16),
    "synth chord": PartialModel(_harmonics(18, 1.0, 1.5), 0.004, 0.1, detune_cents=14),
    "synth pluck": PartialModel(_harmonics(20, 0.8, 7.0), 0.002, 0.08, detune_cents=7),
    "square pluck": PartialModel(_harmonics(21, 1.0, 5.0, odd_only=True), 0.002, 0.05),
    "house organ": PartialModel(((1, 1, 4.0), (2, 0.8, 4.0), (3, 0.5, 5.0), (4, 0.3, 6.0), (6, 0.2, 7.0)), 0.002, 0.04,
        click=0.2),
    "house piano": PartialModel(_harmonics(16, 0.75, 2.6), 0.002, 0.08, click=0.4, detune_cents=4),
    "pad": PartialModel(_harmonics(12, 1.3, 0.0), 0.35, 0.5, 0.3, 0.15, detune_cents=12),
    "steel drum": PartialModel(((1, 1, 5.0), (2, 0.7, 6.0), (3.0, 0.35, 8.0), (4.1, 0.2, 10.0)), 0.003, 0.1, click=0.15),
}  # fmt: skip
"""Every such instrument by name."""


def vary(model: PartialModel, habits: np.random.Generator) -> PartialModel:
    """Another registration of the instrument."""
    tilt = float(habits.normal(0.0, 0.25))
    slow = float(2.0 ** habits.normal(0.0, 0.35))
    partials = tuple(
        (factor, amplitude * factor**-tilt * float(2.0 ** habits.normal(0.0, 0.3)), decay * slow)
        for factor, amplitude, decay in model.partials
    )
    return PartialModel(
        partials, model.attack_s * slow, model.release_s, model.tremolo_hz * float(2.0 ** habits.normal(0.0, 0.2)),
        model.tremolo_depth * float(habits.uniform(0.2, 1.4)), model.click * float(habits.uniform(0.3, 1.6)),
        model.detune_cents * float(habits.uniform(0.4, 1.6)),
    )  # fmt: skip


def render_partials(model: PartialModel, pitch: float, duration_s: float, rng: np.random.Generator) -> Samples:
    """One note held for `duration_s`, root mean square about 0.1 at its loudest.

    Powers of one complex rotation give the harmonics; partials between them have an oscillator each.
    """
    times = seconds(max(0.05, duration_s))
    base_hz = hertz(pitch)
    sound = np.zeros(len(times), np.float32)
    for cents in (-0.5 * model.detune_cents, 0.5 * model.detune_cents) if model.detune_cents else (0.0,):
        voice_hz = base_hz * 2.0 ** (cents / 1200.0)
        start = rng.random()
        cycles = times * np.float32(2 * np.pi * voice_hz) + np.float32(2 * np.pi * start)
        for factor, amplitude, decay in model.partials:
            if factor * voice_hz < 0.45 * SAMPLE_RATE_HZ and amplitude > 0.01:
                wave = np.sin(np.float32(factor) * cycles)
                if decay:
                    wave *= np.exp(np.float32(-decay) * times)
                sound += np.float32(amplitude) * wave
    weight = np.sqrt(sum(amplitude**2 for _, amplitude, _ in model.partials))
    sound *= np.float32(0.14 / weight)
    if model.click:
        sound[:400] += (
            rng.standard_normal(min(400, len(sound)), dtype=np.float32)
            * np.exp(-np.arange(min(400, len(sound)), dtype=np.float32) / 60.0)
            * np.float32(0.12 * model.click)
        )
    if model.tremolo_depth:
        sound *= 1.0 + np.float32(model.tremolo_depth) * np.sin(times * np.float32(2 * np.pi * model.tremolo_hz))
    rise = min(len(sound), max(1, int(model.attack_s * SAMPLE_RATE_HZ)))
    sound[:rise] *= np.linspace(0.0, 1.0, rise, dtype=np.float32)
    return sound
