"""Scales, chord progressions and voicings."""

import numpy as np

SCALES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "minor": (0, 2, 3, 5, 7, 8, 10),
}
"""Semitones of the seven degrees above the tonic."""

PROGRESSIONS: dict[str, tuple[tuple[int, ...], ...]] = {
    "major": ((0, 4, 5, 3), (0, 3, 4, 0), (0, 5, 3, 4), (3, 4, 2, 5), (0, 2, 3, 4), (5, 3, 0, 4), (1, 4, 0, 5)),
    "mixolydian": ((0, 6, 3, 0), (0, 3, 6, 3), (0, 6, 0, 4), (3, 0, 6, 0)),
    "dorian": ((0, 3, 0, 3), (0, 6, 3, 0), (0, 1, 2, 3), (2, 3, 0, 6)),
    "minor": ((0, 5, 2, 6), (0, 3, 4, 0), (0, 6, 5, 6), (5, 6, 0, 0), (0, 2, 6, 3), (3, 0, 5, 6)),
}
"""Roots of four chords in a row, as scale degrees from 0, by mode."""


class Harmony:
    """Pitches of one key and mode, as MIDI note numbers."""

    def __init__(self, key: int, mode: str) -> None:
        self.mode = mode
        self._key = key
        self._scale = SCALES[mode]

    def pitch(self, degree: int, octave: int) -> int:
        """MIDI number of a scale degree; degrees beyond 0 to 6 run on into the next octaves. Octave 4 starts at middle C."""
        step, within = divmod(degree, 7)
        return 12 * (octave + 1 + step) + self._key + self._scale[within]

    def chord(self, root: int, *, size: int, centre: int) -> list[int]:
        """Stacked thirds on `root`, each voiced in the octave nearest to MIDI number `centre`: smooth from chord to chord."""
        voiced = []
        for third in range(size):
            pitch = self.pitch(root + 2 * third, 4)
            voiced.append(pitch - 12 * round((pitch - centre) / 12))
        return sorted(set(voiced))


def draw_progression(mode: str, rng: np.random.Generator) -> tuple[int, ...]:
    """One of the mode's progressions."""
    choices = PROGRESSIONS[mode]
    return choices[int(rng.integers(len(choices)))]
