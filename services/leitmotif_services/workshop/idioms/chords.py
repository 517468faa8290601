"""Chords a bar by what each idiom moves through, scales to improvise on, and how instruments voice a chord."""

from typing import NamedTuple

import numpy as np

from leitmotif_services.workshop.composer.harmony import SCALES, draw_progression


class Chord(NamedTuple):
    """Root in semitones above the tonic, and its tones in semitones above the root."""

    root: int
    tones: tuple[int, ...]


MAJOR, MINOR, SEVENTH, MAJOR_7, MINOR_7 = (0, 4, 7), (0, 3, 7), (0, 4, 7, 10), (0, 4, 7, 11), (0, 3, 7, 10)
_HALF_DIMINISHED = (0, 3, 6, 10)

_TABLES: dict[str, tuple[tuple[tuple[int, tuple[int, ...]], ...], ...]] = {
    "twelve bar": (
        tuple((root, SEVENTH) for root in (0, 0, 0, 0, 5, 5, 0, 0, 7, 5, 0, 7)),
        tuple((root, SEVENTH) for root in (0, 5, 0, 0, 5, 5, 0, 0, 7, 5, 0, 0)),
    ),
    "minor blues": (tuple((root, MINOR_7 if root < 7 else SEVENTH) for root in (0, 0, 0, 0, 5, 5, 0, 0, 8, 7, 0, 7)),),
    "one chord": (((0, SEVENTH),), ((0, MINOR_7),)),
    "vamp": (((0, MINOR_7), (5, SEVENTH)), ((0, SEVENTH), (0, SEVENTH), (5, SEVENTH), (0, SEVENTH)), ((0, MINOR_7), (0,
        MINOR_7), (10, MAJOR), (5, MINOR_7))),
    "jazz": (
        ((2, MINOR_7), (7, SEVENTH), (0, MAJOR_7), (9, SEVENTH)),
        ((2, MINOR_7), (7, SEVENTH), (4, MINOR_7), (9, SEVENTH)),
        ((2, _HALF_DIMINISHED), (7, SEVENTH), (0, MINOR_7), (0, MINOR_7)),
        ((0, MAJOR_7), (2, SEVENTH), (2, MINOR_7), (7, SEVENTH)),
        ((5, MAJOR_7), (5, MINOR_7), (4, MINOR_7), (9, SEVENTH), (2, MINOR_7), (7, SEVENTH), (0, MAJOR_7), (0, MAJOR_7)),
        ((0, MINOR_7), (0, MINOR_7), (1, MINOR_7), (0, MINOR_7)),
    ),
    "circle": (((0, MINOR), (5, MINOR), (10, MAJOR), (3, MAJOR), (8, MAJOR), (2, (0, 3, 6)), (7, MAJOR), (0, MINOR)), ((0,
        MAJOR), (5, MAJOR), (2, MINOR), (7, MAJOR)), ((0, MAJOR), (7, MAJOR), (9, MINOR), (4, MINOR), (5, MAJOR), (0, MAJOR),
        (5, MAJOR), (7, MAJOR))),
    "three chords": (((0, MAJOR), (0, MAJOR), (5, MAJOR), (7, MAJOR)), ((0, MAJOR), (5, MAJOR), (7, MAJOR), (0, MAJOR)), ((0,
        MAJOR), (0, MAJOR), (7, MAJOR), (7, MAJOR), (5, MAJOR), (5, MAJOR), (0, MAJOR), (7, MAJOR))),
    "doo wop": (((0, MAJOR), (9, MINOR), (5, MAJOR), (7, MAJOR)), ((0, MAJOR), (9, MINOR), (2, MINOR), (7, SEVENTH))),
    "reggae": (((0, MINOR), (5, MINOR)), ((0, MAJOR), (2, MINOR)), ((0, MAJOR), (7, MAJOR), (9, MINOR), (5, MAJOR)), ((0,
        MINOR), (10, MAJOR)), ((0, MINOR), (0, MINOR), (7, MINOR), (5, MINOR))),
    "metal": (((0, MINOR), (0, MINOR), (1, MAJOR), (0, MINOR)), ((0, MINOR), (3, MINOR), (0, MINOR), (6, MINOR)), ((0,
        MINOR), (8, MAJOR), (10, MAJOR), (0, MINOR)), ((0, MINOR), (1, MAJOR), (5, MINOR), (3, MAJOR))),
    "power": (((0, MAJOR), (10, MAJOR), (5, MAJOR), (0, MAJOR)), ((0, MINOR), (3, MAJOR), (5, MAJOR), (3, MAJOR)), ((0,
        MAJOR), (7, MAJOR), (5, MAJOR), (7, MAJOR)), ((0, MINOR), (8, MAJOR), (3, MAJOR), (10, MAJOR))),
    "montuno": (((0, MINOR), (5, MINOR), (7, SEVENTH), (5, MINOR)), ((0, MAJOR), (5, MAJOR), (7, MAJOR), (5, MAJOR)), ((0,
        MINOR), (7, SEVENTH))),
    "soul": (((0, MAJOR_7), (5, MAJOR_7)), ((2, MINOR_7), (5, MAJOR_7), (0, MAJOR_7), (9, MINOR_7)), ((5, MAJOR_7), (4,
        MINOR_7), (2, MINOR_7), (0, MAJOR_7))),
    "gospel": (((0, MAJOR), (0, SEVENTH), (5, MAJOR), (5, MINOR)), ((0, MAJOR), (4, SEVENTH), (9, MINOR_7), (2, SEVENTH), (0,
        MAJOR), (7, SEVENTH), (0, SEVENTH), (7, SEVENTH))),
}  # fmt: skip

MELODY_SCALES: dict[str, tuple[int, ...]] = {
    "blues": (0, 3, 5, 6, 7, 10), "minor pentatonic": (0, 3, 5, 7, 10), "major pentatonic": (0, 2, 4, 7, 9),
        "harmonic minor": (0, 2, 3, 5, 7, 8, 11), **SCALES,
}  # fmt: skip
"""Semitones above the tonic."""


def draw_chords(harmony: str, mode: str, rng: np.random.Generator) -> tuple[Chord, ...]:
    """The chords of one song part, one a bar; "diatonic" draws one of the composer's progressions in the mode."""
    if harmony != "diatonic":
        table = _TABLES[harmony]
        return tuple(Chord(*chord) for chord in table[int(rng.integers(len(table)))])
    scale = SCALES[mode]
    chords = []
    for degree in draw_progression(mode, rng):
        root = scale[degree % 7]
        tones = tuple((scale[(degree + step) % 7] - root) % 12 for step in (0, 2, 4))
        chords.append(Chord(root, tones))
    return tuple(chords)


def near(pitch: int, centre: float) -> int:
    """The octave of a pitch that lies nearest to `centre`."""
    return pitch - 12 * round((pitch - centre) / 12)


def voice_chord(chord: Chord, key: int, voicing: str, centre: float) -> list[int]:
    """MIDI numbers, ascending: "close", "power" (root, fifth, octave), "guitar" (root, then strings), "rootless" or "wide"."""
    root = key + chord.root
    if voicing == "power":
        low = near(root, centre)
        return [low, low + 7, low + 12]
    if voicing == "guitar":
        low = near(root, centre)
        return sorted(
            {low, low + 7, low + 12, low + 12 + chord.tones[1], low + 19, *(low + 12 + tone for tone in chord.tones[3:])}
        )
    tones = chord.tones[1:] if voicing == "rootless" and len(chord.tones) > 3 else chord.tones
    close = sorted(near(root + tone, centre) for tone in tones)
    if voicing == "wide":
        return sorted({near(root, centre - 14), *close, near(root, centre + 12)})
    return close
