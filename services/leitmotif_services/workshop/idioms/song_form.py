"""The plan of a song, and the excerpt of it that is heard: sections, and a clock from beats to seconds."""

from typing import NamedTuple

import numpy as np

from leitmotif_services.workshop.idioms.signals import Samples


class Section(NamedTuple):
    """What plays in a part of the song."""

    name: str
    bars: int
    energy: float
    """0 to 1."""
    voice: bool
    lead: bool
    drums: float
    """Strength of the drums; 0 silent."""


_KINDS: dict[str, Section] = {
    "intro": Section("intro", 4, 0.6, False, True, 0.7),
    "verse": Section("verse", 8, 0.75, True, False, 0.9),
    "chorus": Section("chorus", 8, 1.0, True, False, 1.0),
    "bridge": Section("bridge", 8, 0.6, True, True, 0.6),
    "solo": Section("solo", 8, 0.95, False, True, 1.0),
    "head": Section("head", 8, 0.8, False, True, 0.9),
    "break": Section("break", 4, 0.45, False, False, 0.0),
    "build": Section("build", 4, 0.7, False, True, 0.5),
    "drop": Section("drop", 8, 1.0, False, True, 1.0),
    "quiet": Section("quiet", 8, 0.35, True, True, 0.4),
    "tutti": Section("tutti", 8, 1.0, True, True, 1.0),
}

FORMS: dict[str, tuple[str, ...]] = {
    "song": ("intro", "verse", "chorus", "verse", "chorus", "solo", "chorus", "chorus"),
    "song with bridge": ("verse", "chorus", "verse", "chorus", "bridge", "chorus"),
    "blues": ("verse", "verse", "verse", "solo", "solo", "verse"),
    "head and solos": ("head", "solo", "solo", "head"),
    "dance": ("build", "drop", "drop", "break", "build", "drop", "drop"),
    "strophic": ("verse", "verse", "intro", "verse", "verse"),
    "riffs": ("intro", "verse", "verse", "chorus", "solo", "break", "chorus"),
    "movement": ("head", "quiet", "tutti", "head", "quiet", "tutti", "break"),
    "rap": ("intro", "verse", "verse", "chorus", "verse", "verse", "chorus"),
    "drone": ("quiet", "head", "quiet", "tutti"),
}
"""The order of sections by form."""


def draw_sections(form: str, bars: int, rng: np.random.Generator) -> list[Section]:
    """Sections that fill at least that many bars, from a random bar of the song on; the first is what is left of it."""
    names = FORMS[form]
    place = int(rng.integers(len(names)))
    sections = [_KINDS[names[place]]]
    sections[0] = sections[0]._replace(bars=int(rng.integers(1, sections[0].bars + 1)))
    while sum(section.bars for section in sections) < bars:
        place += 1
        sections.append(_KINDS[names[place % len(names)]])
    return sections


class Clock:
    """Seconds of each beat: an even tempo, or one that breathes as players do; the excerpt begins within the first bar."""

    def __init__(self, tempo_bpm: float, beats: float, drift: float, begin_beat: float, rng: np.random.Generator) -> None:
        """`drift`: relative standard deviation of the tempo, which wanders over about eight beats."""
        grid = np.arange(int(beats) + 18)
        walk = np.interp(grid / 8.0, np.arange(len(grid) // 8 + 3), rng.standard_normal(len(grid) // 8 + 3))
        lengths_s = 60.0 / tempo_bpm * (1.0 + drift * walk)
        self._times_s = np.concatenate([[0.0], np.cumsum(lengths_s)])
        self._times_s -= np.interp(begin_beat, np.arange(len(self._times_s)), self._times_s)

    def at(self, beat: float) -> float:
        """Seconds from the excerpt's start."""
        whole = min(int(beat), len(self._times_s) - 2)
        return float(self._times_s[whole] + (beat - whole) * (self._times_s[whole + 1] - self._times_s[whole]))


def swung(beat: float, swing: float, sixteenths: bool) -> float:
    """The beat as swing moves it: the middle of each beat (or half beat) later by up to a sixth of it, the rest in proportion."""
    unit = 0.5 if sixteenths else 1.0
    whole, place = divmod(beat / unit, 1.0)
    middle = 0.5 + swing / 6.0
    moved = place / 0.5 * middle if place <= 0.5 else middle + (place - 0.5) / 0.5 * (1.0 - middle)
    return float((whole + moved) * unit)


def fade_of(loudness: list[tuple[float, float]], samples: int, rate_hz: int) -> Samples:
    """(samples,) gain from (seconds, gain) corners."""
    places = np.arange(0, samples + 256, 256) / rate_hz
    gains = np.interp(places, [corner[0] for corner in loudness], [corner[1] for corner in loudness])
    return np.repeat(gains.astype(np.float32), 256)[:samples]
