"""Writes the score: sections, chords, melody, bass line and drum hits, from attributes."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from leitmotif_services.workshop.composer.attributes import Attributes
from leitmotif_services.workshop.composer.harmony import Harmony, draw_progression
from leitmotif_services.workshop.composer.rhythms import BAR_FIGURES, BASS_FIGURES, Figure, drum_bar, melody_rhythm

_LEAD_CENTRES = {"brass": 65, "guitar": 67, "distorted guitar": 64, "flute": 77, "bells": 79, "strings": 72}
_CHORD_CENTRE = 58


class Note(NamedTuple):
    """A pitched note; times in seconds from the start, `pitch` a MIDI number, `velocity` 0 to 1."""

    start_s: float
    duration_s: float
    pitch: int
    velocity: float


class Hit(NamedTuple):
    """A drum stroke: "kick", "snare", "hat" or "open hat"."""

    start_s: float
    drum: str
    velocity: float


@dataclass
class Score:
    """What each player plays."""

    lead: list[Note] = field(default_factory=list)
    chords: list[Note] = field(default_factory=list)
    bass: list[Note] = field(default_factory=list)
    drums: list[Hit] = field(default_factory=list)


class _Section(NamedTuple):
    bars: int
    progression: tuple[int, ...]
    motif: tuple[tuple[float, float], ...]
    """Onset and length of the melody's notes in a bar, in beats."""
    contour: tuple[int, ...]
    """Steps of the melody above the chord's root, a scale degree each."""
    loudness: float
    with_lead: bool
    with_drums: bool


def write_score(attributes: Attributes, duration_s: float, rng: np.random.Generator) -> Score:
    """The score of a piece of `duration_s`: an opening without lead or drums where there is time, then A and B in turn."""
    return _Writer(attributes, rng).write(duration_s)


class _Writer:
    def __init__(self, attributes: Attributes, rng: np.random.Generator) -> None:
        self._attributes = attributes
        self._rng = rng
        self._harmony = Harmony(attributes.key, attributes.mode)
        self._beat_s = 60.0 / attributes.tempo_bpm
        self._bar_s = self._beat_s * attributes.beats_per_bar
        self._score = Score()

    def write(self, duration_s: float) -> Score:
        bars = max(1, int(np.ceil(duration_s / self._bar_s)))
        bar = 0
        for section in self._plan(bars):
            self._write_section(section, bar)
            bar += section.bars
        return self._score

    def _plan(self, bars: int) -> list[_Section]:
        length = 8 if bars >= 48 else 4 if bars >= 8 else 2
        themes = [self._theme(loudness) for loudness in (0.72, 1.0)]
        plan = []
        if bars >= 7:
            plan.append(themes[0]._replace(bars=max(1, length // 2), loudness=0.55, with_lead=False, with_drums=False))
        place = 0
        while sum(section.bars for section in plan) < bars:
            plan.append(themes[(0, 1, 0, 1, 1)[place % 5]]._replace(bars=length))
            place += 1
        return plan

    def _theme(self, loudness: float) -> _Section:
        rng, attributes = self._rng, self._attributes
        motif = melody_rhythm(attributes.beats_per_bar, attributes.density, rng)
        degree, contour = int(rng.choice([0, 2, 4])), []
        for _ in motif:
            contour.append(degree)
            degree = int(np.clip(degree + rng.choice([-2, -1, -1, 0, 1, 1, 2]), -3, 8))
        return _Section(
            4, draw_progression(attributes.mode, rng), motif, tuple(contour), loudness, with_lead=True, with_drums=True
        )

    def _write_section(self, section: _Section, first_bar: int) -> None:
        depth = self._attributes.dynamics
        loudness = 1.0 - depth * (1.0 - section.loudness) * 1.6
        for place in range(section.bars):
            start_s = (first_bar + place) * self._bar_s
            root = section.progression[place % len(section.progression)]
            swell = loudness * (1.0 + 0.15 * depth * (place / max(1, section.bars - 1) - 0.5))
            self._write_chords(start_s, root, swell)
            self._write_bass(start_s, root, section.progression[(place + 1) % len(section.progression)], swell)
            if section.with_lead:
                self._write_melody(start_s, root, section, place, swell)
            if section.with_drums and self._attributes.drums != "none":
                self._write_drums(start_s, fill=place == section.bars - 1, loudness=swell)

    def _write_chords(self, start_s: float, root: int, loudness: float) -> None:
        attributes = self._attributes
        rich = attributes.style in ("jazz", "ambient", "nocturne")
        tones = self._harmony.chord(root, size=4 if rich else 3, centre=_CHORD_CENTRE)
        if attributes.accompaniment == "oom-pah":
            tones = tones[-3:]
        figure = BAR_FIGURES[attributes.accompaniment]
        for offset, length, kind in _bars_of(figure(attributes.density), attributes.beats_per_bar):
            if kind == "chord":
                for voice, pitch in enumerate(tones):
                    stagger_s = 0.012 * voice if attributes.accompaniment == "strum" else 0.0
                    self._add(self._score.chords, start_s, offset, length, pitch, 0.72 * loudness, stagger_s)
            else:
                ladder = [*tones, tones[0] + 12]
                step = int(kind)
                pitch = ladder[step % len(ladder)]
                self._add(self._score.chords, start_s, offset, length, pitch, 0.8 * loudness)

    def _write_bass(self, start_s: float, root: int, next_root: int, loudness: float) -> None:
        attributes = self._attributes
        if attributes.bass == "none":
            if attributes.bassline == "none":  # a pianist's left hand
                low = self._harmony.chord(root, size=1, centre=43)[0]
                self._add(self._score.chords, start_s, 0.0, attributes.beats_per_bar, low, 0.8 * loudness)
            return
        low = self._harmony.chord(root, size=1, centre=38)[0]
        ahead = self._harmony.chord(next_root, size=1, centre=38)[0]
        fifth = self._harmony.chord(root + 4, size=1, centre=40)[0]
        third = self._harmony.chord(root + 2, size=1, centre=40)[0]
        pitches = {
            "root": low,
            "fifth": fifth,
            "third": third,
            "approach": ahead + (1 if ahead < low else -1),
            "octave": low + 12,
        }
        for offset, length, kind in _bars_of(BASS_FIGURES[attributes.bassline], attributes.beats_per_bar):
            self._add(self._score.bass, start_s, offset, length, pitches[kind], 0.9 * loudness)

    def _write_melody(self, start_s: float, root: int, section: _Section, place: int, loudness: float) -> None:
        attributes = self._attributes
        centre = _LEAD_CENTRES.get(attributes.lead, 70)
        base = self._harmony.pitch(root, 4)
        octave = 4 + round((centre - base) / 12)
        last = place == section.bars - 1
        varied = place % 4 == 2
        for index, (offset, length) in enumerate(section.motif):
            if last and offset >= attributes.beats_per_bar / 2:  # the phrase comes to rest
                self._lead_note(start_s, offset, attributes.beats_per_bar - offset, self._harmony.pitch(root, octave), loudness)
                break
            step = section.contour[index] + (2 if varied and index == len(section.motif) - 1 else 0)
            strong = offset in (0.0, attributes.beats_per_bar / 2)
            degree = root + (2 * round(step / 2) if strong else step)
            self._lead_note(start_s, offset, length, self._harmony.pitch(degree, octave), loudness * (1.0 if strong else 0.86))

    def _lead_note(self, start_s: float, offset: float, length: float, pitch: int, loudness: float) -> None:
        self._add(self._score.lead, start_s, offset, length * 0.95, pitch, 0.95 * loudness)

    def _write_drums(self, start_s: float, *, fill: bool, loudness: float) -> None:
        attributes = self._attributes
        for drum, offsets in drum_bar(attributes.style, attributes.beats_per_bar, attributes.drums).items():
            for offset in offsets:
                accent = 1.0 if offset == int(offset) else 0.75
                self._hit(start_s, offset, drum, accent * loudness)
        if fill and attributes.drums == "driving":
            for quarter in range(4):
                self._hit(start_s, attributes.beats_per_bar - 1 + quarter / 4, "snare", (0.5 + 0.12 * quarter) * loudness)

    def _add(
        self, part: list[Note], bar_s: float, offset: float, length: float, pitch: int, velocity: float, late_s: float = 0.0
    ) -> None:
        jitter_s = self._rng.normal(0.0, 0.004)
        start_s = max(0.0, bar_s + self._swung(offset) * self._beat_s + jitter_s + late_s)
        heard = float(np.clip(velocity * self._rng.normal(1.0, 0.05), 0.05, 1.0))
        part.append(Note(start_s, max(0.06, length * self._beat_s), pitch, heard))

    def _hit(self, bar_s: float, offset: float, drum: str, velocity: float) -> None:
        start_s = max(0.0, bar_s + self._swung(offset) * self._beat_s + self._rng.normal(0.0, 0.002))
        self._score.drums.append(Hit(start_s, drum, float(np.clip(velocity * self._rng.normal(1.0, 0.05), 0.05, 1.0))))

    def _swung(self, offset: float) -> float:
        return offset + self._attributes.swing / 6.0 if offset % 1.0 == 0.5 else offset


def _bars_of(figure: Figure, beats_per_bar: int) -> list[tuple[float, float, str]]:
    """The figure's notes that begin within the bar, cut at its end."""
    return [(offset, min(length, beats_per_bar - offset), kind) for offset, length, kind in figure if offset < beats_per_bar]
