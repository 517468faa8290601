"""Lines to sing, to rap and to improvise: phrases with breath between them, on a scale, drawn to the chord on strong beats."""

from typing import NamedTuple

import numpy as np

from leitmotif_services.workshop.idioms.chords import Chord, near

_CELLS: tuple[tuple[float, tuple[float, ...]], ...] = (
    (0.5, (0.0,)), (1.0, (0.0, 1.0)), (1.0, (0.0, 1.5)), (1.5, (0.0, 1.0, 1.5)), (1.5, (0.0, 0.5, 1.0)), (1.5, (0.5, 1.0,
        1.5)), (2.0, (0.0, 0.5, 1.0, 1.5)),
    (2.0, (0.0, 0.75, 1.0, 1.5)), (2.5, (0.0, 0.25, 0.5, 1.0, 1.5)), (2.5, (0.0, 0.75, 1.0, 1.25, 1.5)), (3.0, (0.0, 0.5,
        0.75, 1.0, 1.25, 1.5)),
    (4.0, (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75)),
)  # fmt: skip
"""Onsets in two beats, with the notes a beat that they make."""


class LineNote(NamedTuple):
    """A note of a line; beats from the section's start."""

    beat: float
    beats: float
    pitch: float
    velocity: float


def draw_rhythm(beats: float, per_beat: float, rng: np.random.Generator) -> list[float]:
    """Onsets in `beats`, about `per_beat` a beat."""
    rates = np.array([rate for rate, _ in _CELLS])
    weights = np.exp(-0.5 * ((rates - per_beat) / 0.45) ** 2)
    weights /= weights.sum()
    cells = rng.choice(len(_CELLS), size=int(np.ceil(beats / 2.0)), p=weights)
    return [
        2.0 * place + onset for place, cell in enumerate(cells) for onset in _CELLS[int(cell)][1] if 2.0 * place + onset < beats
    ]


def sing_phrases(
    chords: list[Chord], beats_per_bar: int, key: int, scale: tuple[int, ...], centre: float, per_beat: float,
    rng: np.random.Generator, *, rest: float = 0.25, legato: float = 0.95, repeats: bool = True, reach: int = 6,
) -> list[LineNote]:  # fmt: skip
    """A line over one chord a bar: phrases of two bars, the last `rest` of each silent, many of them near a repeat."""
    ladder = sorted(12 * octave + key + step for octave in range(11) for step in scale)
    middle = int(np.argmin([abs(pitch - centre) for pitch in ladder]))
    phrase_beats = 2.0 * beats_per_bar
    motif: tuple[list[float], list[int]] | None = None
    notes: list[LineNote] = []
    for first in range(0, len(chords), 2):
        beats = min(phrase_beats, float((len(chords) - first) * beats_per_bar))
        if motif is None or not repeats or rng.random() < 0.35:
            onsets = draw_rhythm(phrase_beats * (1.0 - rest * rng.uniform(0.5, 1.3)), per_beat, rng)
            pickup = float(rng.choice([0.0, 0.0, 0.5, 1.0]))
            onsets = [onset + pickup for onset in onsets if onset + pickup < phrase_beats] or [0.0]
            steps = np.cumsum(rng.choice([-2, -1, -1, 0, 0, 1, 1, 2, 3, -3], size=len(onsets)))
            motif = (onsets, [int(step) for step in steps])
        onsets, steps_of = motif
        shift = int(rng.integers(-1, 3))
        for index, onset in enumerate(onsets):
            if onset >= beats:
                break
            chord = chords[min(len(chords) - 1, first + int(onset // beats_per_bar))]
            away = steps_of[index] + shift
            away = reach - abs(away - reach) if away > reach else -reach + abs(away + reach) if away < -reach else away
            pitch = ladder[int(np.clip(middle + away, 0, len(ladder) - 1))]
            last = index == len(onsets) - 1
            if last or (onset % 2.0 == 0.0 and rng.random() < 0.6):
                pitch = min((near(key + chord.root + tone, pitch) for tone in chord.tones), key=lambda tone: abs(tone - pitch))
            until = onsets[index + 1] if not last else min(beats, onset + float(rng.uniform(1.0, 2.5)))
            strong = 0.9 if onset % 1.0 == 0.0 else 0.75
            notes.append(
                LineNote(
                    first * beats_per_bar + onset,
                    max(0.1, (until - onset) * legato),
                    float(pitch),
                    strong * float(rng.uniform(0.85, 1.1)),
                )
            )
    return notes


def rap_bars(bars: int, beats_per_bar: int, centre: float, per_beat: float, rng: np.random.Generator) -> list[LineNote]:
    """Speech in rhythm: syllables on sixteenths, pitch falling along each bar, stress on rhymes, a breath every bar or two."""
    notes: list[LineNote] = []
    tune = rng.normal(0.0, 1.2, size=16)
    for bar in range(bars):
        slots = np.arange(0.0, beats_per_bar, 0.25)
        wanted = rng.random(len(slots)) < np.clip(
            per_beat / 4.0 + np.where(slots % 1.0 == 0.0, 0.25, np.where(slots % 0.5 == 0.0, 0.12, -0.1)), 0.03, 0.97
        )
        wanted[-int(rng.integers(1, 4)) :] = False
        onsets = slots[wanted]
        for index, onset in enumerate(onsets):
            until = onsets[index + 1] if index + 1 < len(onsets) else onset + 0.5
            stress = onset % 1.0 == 0.0
            pitch = centre + 2.5 * stress - 3.0 * onset / beats_per_bar + tune[int(4 * onset) % 16] + rng.normal(0.0, 0.6)
            notes.append(
                LineNote(
                    bar * beats_per_bar + float(onset + rng.normal(0, 0.012)),
                    float(min(until - onset, 0.6) * 0.85),
                    float(pitch),
                    0.95 if stress else float(rng.uniform(0.55, 0.8)),
                )
            )
    return notes
