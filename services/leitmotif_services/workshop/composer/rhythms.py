"""Rhythms of a bar, in beats: accompaniments, bass lines, drums, and the melody's."""

from collections.abc import Callable

import numpy as np

Figure = tuple[tuple[float, float, str], ...]
"""Onset, length and what is played: "chord", a step of the broken chord ("0", "1", …), or a bass note."""


def _sustain(_: float) -> Figure:
    return ((0.0, 4.0, "chord"),)


def _block(_: float) -> Figure:
    return ((0.0, 1.9, "chord"), (2.0, 1.9, "chord"))


def _pulse(density: float) -> Figure:
    step = 0.5 if density > 0.35 else 1.0
    return tuple((place * step, step * 0.8, "chord") for place in range(int(4 / step)))


def _arpeggio(density: float) -> Figure:
    step = 0.25 if density > 0.68 else 0.5 if density > 0.2 else 1.0
    order = (0, 1, 2, 3, 2, 1)
    return tuple((place * step, step * 1.6, str(order[place % len(order)])) for place in range(int(4 / step)))


def _strum(density: float) -> Figure:
    offsets = (0.0, 1.0, 1.5, 2.5, 3.0, 3.5) if density > 0.35 else (0.0, 1.0, 2.0, 3.0)
    return tuple((offset, 0.9, "chord") for offset in offsets)


def _offbeat(_: float) -> Figure:
    return tuple((place + 0.5, 0.35, "chord") for place in range(4))


def _comping(density: float) -> Figure:
    offsets = (0.0, 1.5, 2.5, 3.5) if density > 0.55 else (0.5, 2.5)
    return tuple((offset, 0.6, "chord") for offset in offsets)


def _oom_pah(_: float) -> Figure:
    return ((1.0, 0.7, "chord"), (2.0, 0.7, "chord"), (3.0, 0.7, "chord"))


BAR_FIGURES: dict[str, Callable[[float], Figure]] = {
    "sustain": _sustain,
    "block": _block,
    "pulse": _pulse,
    "arpeggio": _arpeggio,
    "strum": _strum,
    "offbeat": _offbeat,
    "comping": _comping,
    "oom-pah": _oom_pah,
}
"""A bar of accompaniment by name, for a density of 0 to 1."""

BASS_FIGURES: dict[str, Figure] = {
    "none": (),
    "drone": ((0.0, 4.0, "root"),),
    "roots": ((0.0, 1.8, "root"), (2.0, 1.8, "root")),
    "root and fifth": ((0.0, 0.9, "root"), (1.0, 0.9, "fifth"), (2.0, 0.9, "root"), (3.0, 0.9, "fifth")),
    "eighths": tuple((place / 2, 0.45, "root") for place in range(8)),
    "offbeat": tuple((place / 2, 0.45, "octave" if place % 2 else "root") for place in range(8)),
    "walking": ((0.0, 0.95, "root"), (1.0, 0.95, "third"), (2.0, 0.95, "fifth"), (3.0, 0.95, "approach")),
}
"""A bar of bass by name."""

_EIGHTHS = tuple(place / 2 for place in range(8))
_OFFBEATS = tuple(place + 0.5 for place in range(4))
_SIXTEENTHS = tuple(place / 4 for place in range(16))

_DRUM_BARS: dict[tuple[str, int, str], dict[str, tuple[float, ...]]] = {
    ("plain", 4, "light"): {"kick": (0.0,), "hat": (0.0, 1.0, 2.0, 3.0)},
    ("plain", 4, "driving"): {"kick": (0.0, 2.0, 2.5), "snare": (1.0, 3.0), "hat": _EIGHTHS},
    ("plain", 3, "light"): {"kick": (0.0,), "hat": (1.0, 2.0)},
    ("plain", 3, "driving"): {"kick": (0.0,), "snare": (1.0, 2.0), "hat": (0.0, 1.0, 2.0)},
    ("jazz", 4, "light"): {"hat": (0.0, 1.0, 1.5, 2.0, 3.0, 3.5), "kick": (0.0,)},
    ("dance", 4, "driving"): {"kick": (0.0, 1.0, 2.0, 3.0), "snare": (1.0, 3.0), "open hat": _OFFBEATS, "hat": _SIXTEENTHS},
    ("rock", 4, "driving"): {"kick": (0.0, 0.5, 2.0, 2.5), "snare": (1.0, 3.0), "hat": _EIGHTHS},
    ("march", 4, "light"): {"snare": (0.0, 1.0, 2.0, 3.0, 3.5)},
    ("march", 4, "driving"): {"kick": (0.0, 2.0), "snare": (0.0, 1.0, 1.5, 2.0, 3.0, 3.25, 3.5)},
    ("cinematic", 4, "driving"): {"kick": (0.0, 0.75, 1.5, 2.0, 3.0), "snare": (2.0,)},
    ("chiptune", 4, "light"): {"hat": _EIGHTHS, "snare": (1.0, 3.0)},
}  # fmt: skip
"""Onsets of each drum in a bar, by style (or "plain"), beats a bar and how hard the drums work."""


def drum_bar(style: str, beats_per_bar: int, drums: str) -> dict[str, tuple[float, ...]]:
    """Onsets of each drum in a bar: the style's own pattern where it has one."""
    own = _DRUM_BARS.get((style, beats_per_bar, drums))
    return _DRUM_BARS["plain", beats_per_bar, drums] if own is None else own


_CELLS: tuple[tuple[float, tuple[tuple[float, float], ...]], ...] = (
    (0.0, ((0.0, 2.0),)),
    (0.25, ((0.0, 1.0), (1.0, 1.0))),
    (0.35, ((0.0, 1.5), (1.5, 0.5))),
    (0.5, ((0.0, 1.0), (1.0, 0.5), (1.5, 0.5))),
    (0.6, ((0.0, 0.5), (0.5, 1.0), (1.5, 0.5))),
    (0.75, ((0.0, 0.5), (0.5, 0.5), (1.0, 0.5), (1.5, 0.5))),
    (0.9, ((0.0, 0.25), (0.25, 0.25), (0.5, 0.5), (1.0, 0.5), (1.5, 0.25), (1.75, 0.25))),
    (1.0, ((0.0, 0.25), (0.25, 0.25), (0.5, 0.25), (0.75, 0.25), (1.0, 0.5), (1.5, 0.5))),
)
"""Two beats of melody, each with the density it is typical of."""


def melody_rhythm(beats_per_bar: int, density: float, rng: np.random.Generator) -> tuple[tuple[float, float], ...]:
    """Onsets and lengths of a bar's notes, in beats: cells of two beats, those near the density more likely."""
    typical = np.array([cell[0] for cell in _CELLS])
    weights = np.exp(-((typical - density) ** 2) / 0.02)
    notes: list[tuple[float, float]] = []
    start = 0.0
    while start < beats_per_bar:
        cell = _CELLS[int(rng.choice(len(_CELLS), p=weights / weights.sum()))][1]
        notes += [(start + offset, min(length, beats_per_bar - start - offset)) for offset, length in cell]
        start += 2.0
    return tuple((offset, length) for offset, length in notes if offset < beats_per_bar)
