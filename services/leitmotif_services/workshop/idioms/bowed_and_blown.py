"""Instruments with a continuous tone: bowed strings, brass, reeds, flutes, harmonica, sustained leads and synthesisers.

A sawtooth along the player's pitch,
    shaped by an envelope that opens with the loudness (brass and bow: Risset & Mathews 1969) and by
fixed body resonances.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from leitmotif_services.workshop.idioms.pitch_lines import Phrasing, draw_line
from leitmotif_services.workshop.idioms.signals import FRAME_BINS_HZ, Note, Samples, drift, frame_count, sawtooth, shape_frames


@dataclass(frozen=True)
class ToneModel:
    """Corner of the low-pass when soft and when loud, Hz; resonances (Hz, octaves, dB)."""

    soft_hz: float
    loud_hz: float
    resonances: tuple[tuple[float, float, float], ...] = ()
    noise: float = 0.02
    hollow: float = 0.0
    """1 takes the even harmonics out (a square instead of a sawtooth)."""
    players: int = 1
    spread_cents: float = 8.0
    low_cut_hz: float = 0.0
    sweep_hz: float = 0.0
    """A slow sweep of the low-pass by a factor of up to four, that often a second."""
    order: float = 2.0
    phrasing: Phrasing = field(default_factory=Phrasing)


_BOW = Phrasing(0.018, 5.6, 0.22, 0.1, 0.05, 0.0, 0.05, 0.09)
_HORN = Phrasing(0.012, 5.0, 0.12, 0.3, 0.04, 0.4, 0.018, 0.03)
_REED = Phrasing(0.02, 5.0, 0.25, 0.2, 0.06, 0.9, 0.02, 0.03)
_SYNTH = Phrasing(0.008, 5.5, 0.05, 0.3, 0.01, 0.0, 0.006, 0.03)

MODELS: dict[str, ToneModel] = {
    "violin": ToneModel(1800, 4500, ((460, 0.3, 5), (1000, 0.4, 3), (2600, 0.6, 6)), 0.03, phrasing=_BOW),
    "fiddle": ToneModel(2500, 6000, ((480, 0.3, 6), (2700, 0.6, 8)), 0.06, phrasing=replace(_BOW, vibrato=0.08, scoop=0.8,
        attack_s=0.025)),
    "cello": ToneModel(900, 2800, ((180, 0.4, 4), (400, 0.4, 4), (1500, 0.7, 4)), 0.03, phrasing=_BOW),
    "strings": ToneModel(1500, 4200, ((500, 0.5, 3), (2500, 0.8, 4)), 0.04, players=2, spread_cents=12, phrasing=_BOW),
    "disco strings": ToneModel(2600, 6000, ((2800, 0.8, 5),), 0.04, players=2, spread_cents=14, low_cut_hz=250, phrasing=_BOW),
    "trumpet": ToneModel(1300, 5500, ((1200, 0.6, 5), (2500, 0.5, 4)), 0.02, phrasing=_HORN),
    "muted trumpet": ToneModel(2500, 5500, ((1700, 0.4, 12), (4000, 0.5, 6)), 0.04, low_cut_hz=600, phrasing=_HORN),
    "trombone": ToneModel(700, 3200, ((600, 0.6, 5),), 0.02, phrasing=replace(_HORN, portamento_s=0.05, scoop=1.0)),
    "horns": ToneModel(600, 2200, ((400, 0.5, 4),), 0.02, players=2, phrasing=replace(_HORN, attack_s=0.04, scoop=0)),
    "brass section": ToneModel(1300, 5500, ((1100, 0.6, 5), (2600, 0.6, 4)), 0.03, players=2, spread_cents=12, phrasing=_HORN),
    "tenor sax": ToneModel(1100, 4200, ((550, 0.5, 5), (1200, 0.5, 4), (2800, 0.6, 4)), 0.07, phrasing=_REED),
    "alto sax": ToneModel(1500, 5000, ((800, 0.5, 5), (1700, 0.5, 4)), 0.06, phrasing=_REED),
    "clarinet": ToneModel(1000, 3500, ((1500, 0.6, 4),), 0.03, hollow=0.9, phrasing=replace(_REED, scoop=0.2, vibrato=0.08)),
    "flute": ToneModel(700, 1800, ((800, 0.8, 3),), 0.14, hollow=0.4, phrasing=Phrasing(0.02, 5.0, 0.2, 0.15, 0.04, 0.0,
        0.04, 0.06)),
    "oboe": ToneModel(2200, 4500, ((1100, 0.4, 9), (2900, 0.5, 5)), 0.03, low_cut_hz=400, phrasing=Phrasing(0.02, 5.2, 0.2,
        0.2)),
    "harmonica": ToneModel(2200, 4200, ((900, 0.5, 6), (2300, 0.5, 6)), 0.07, players=2, spread_cents=5,
        phrasing=Phrasing(0.03, 5.5, 0.12, 0.25, 0.06, 1.6, 0.02, 0.04)),
    "lead guitar": ToneModel(2500, 4000, (), 0.01, phrasing=Phrasing(0.009, 5.4, 0.3, 0.22, 0.02, 1.2, 0.006, 0.03, 1.2, 0.8)),
    "slide guitar": ToneModel(1800, 3500, ((900, 0.7, 4),), 0.02, phrasing=Phrasing(0.05, 5.8, 0.3, 0.15, 0.03, 2.0, 0.008,
        0.06, 0.9, 0.5)),
    "pedal steel": ToneModel(1600, 3000, ((700, 0.8, 3),), 0.01, phrasing=Phrasing(0.06, 6.0, 0.25, 0.2, 0.02, 2.0, 0.05,
        0.2, 0.5)),
    "saw lead": ToneModel(3000, 7000, (), 0.0, players=2, spread_cents=16, phrasing=_SYNTH),
    "square lead": ToneModel(2500, 5000, (), 0.0, hollow=1.0, phrasing=_SYNTH),
    "supersaw": ToneModel(2500, 9000, (), 0.01, players=3, spread_cents=26, low_cut_hz=180, sweep_hz=0.06, phrasing=_SYNTH),
    "synth pad": ToneModel(700, 2000, (), 0.03, players=2, spread_cents=18, sweep_hz=0.08, phrasing=Phrasing(0.05, 5, 0.0, 1,
        0.02, 0, 0.4, 0.6)),
    "dark pad": ToneModel(300, 900, (), 0.06, players=2, spread_cents=14, sweep_hz=0.05, phrasing=Phrasing(0.05, 5, 0.0, 1,
        0.03, 0, 0.6, 1.0)),
    "acid bass": ToneModel(300, 2400, ((900, 0.4, 10),), 0.0, sweep_hz=0.1, order=4, phrasing=replace(_SYNTH,
        portamento_s=0.02, decay=4.0)),
    "synth bass": ToneModel(250, 1200, (), 0.0, hollow=0.3, order=3, phrasing=replace(_SYNTH, decay=2.5)),
    "reese bass": ToneModel(400, 1500, ((300, 0.7, 4),), 0.02, players=2, spread_cents=35, sweep_hz=0.3, phrasing=_SYNTH),
    "sub bass": ToneModel(70, 130, (), 0.0, order=4, phrasing=Phrasing(0.015, 5, 0.0, 1, 0.0, 0.0, 0.008, 0.05, 0.6)),
    "808 bass": ToneModel(90, 220, (), 0.0, order=4, phrasing=Phrasing(0.05, 5, 0.0, 1, 0.0, 0.0, 0.004, 0.08, 1.2)),
    "fretless bass": ToneModel(350, 900, ((250, 0.6, 4),), 0.01, order=3, phrasing=Phrasing(0.05, 5, 0.12, 0.2, 0.02, 0.3,
        0.012, 0.05, 1.0)),
}  # fmt: skip
"""Every such instrument by name."""


def vary(model: ToneModel, habits: np.random.Generator) -> ToneModel:
    """Another player with another instrument."""

    def about(value: float, octaves: float) -> float:
        return value * float(2.0 ** habits.normal(0.0, octaves))

    own = model.phrasing
    return replace(
        model, soft_hz=about(model.soft_hz, 0.25), loud_hz=about(model.loud_hz, 0.25), noise=about(model.noise, 0.5),
        resonances=tuple((about(hz, 0.12), width, gain_db * float(habits.uniform(0.6, 1.3))) for hz, width,
            gain_db in model.resonances),
        sweep_hz=about(model.sweep_hz, 0.6), spread_cents=about(model.spread_cents, 0.3),
        phrasing=replace(own, vibrato_hz=about(own.vibrato_hz, 0.12), vibrato=about(own.vibrato, 0.4), scoop=about(own.scoop,
            0.4)),
    )  # fmt: skip


def play_lines(model: ToneModel, lines: Sequence[Sequence[Note]], samples: int, rng: np.random.Generator) -> Samples:
    """Lines that sound together (a section, the voices of a chord) through one body."""
    total = np.zeros(samples, np.float32)
    loudness = np.zeros(frame_count(samples), np.float32)
    for notes in lines:
        if not notes:
            continue
        line = draw_line(notes, model.phrasing, samples, rng)
        loudness = np.maximum(loudness, line.loudness_frames)
        for player in range(model.players):
            cents = 0.0 if model.players == 1 else model.spread_cents * (2 * player / (model.players - 1) - 1)
            frequency_hz = line.frequency_hz(0.0, cents)
            if model.players > 1:
                frequency_hz *= 1.0 + np.float32(0.002) * drift(samples, 1500, rng)
            phase = rng.random()
            wave = sawtooth(frequency_hz, phase)
            if model.hollow:
                wave -= np.float32(model.hollow) * sawtooth(frequency_hz, phase + 0.5)
            total += wave * line.loudness
    if model.noise:
        total += rng.standard_normal(samples, dtype=np.float32) * np.float32(model.noise) * np.repeat(loudness, 256)[:samples]
    return shape_frames(total, _envelopes(model, loudness))


def _envelopes(model: ToneModel, loudness: Samples) -> Samples:
    """(frames, bins) gains: the low-pass moves with the loudness and the sweep."""
    corner_hz = model.soft_hz * (model.loud_hz / model.soft_hz) ** np.clip(loudness, 0.0, 1.0)
    if model.sweep_hz:
        times = np.arange(len(loudness)) * (256 / 22_050)
        corner_hz = corner_hz * 2.0 ** (np.sin(2 * np.pi * model.sweep_hz * times + 1.0))
    body = np.ones_like(FRAME_BINS_HZ)
    for centre_hz, octaves, gain_db in model.resonances:
        away = np.log2(np.maximum(FRAME_BINS_HZ, 20.0) / centre_hz) / octaves
        body *= np.exp(np.exp(-(away**2)) * np.float32(gain_db * np.log(10) / 20))
    if model.low_cut_hz:
        body /= 1.0 + (model.low_cut_hz / np.maximum(FRAME_BINS_HZ, 10.0)) ** 3
    ratio = FRAME_BINS_HZ[None, :] / corner_hz[:, None].astype(np.float32)
    square = ratio * ratio
    fall = square if model.order == 2.0 else square ** np.float32(model.order / 2)
    return np.asarray(body[None, :] / (1.0 + fall), np.float32)
