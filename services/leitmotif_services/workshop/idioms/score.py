"""Writes what every player of a band plays in an excerpt of a song."""

from dataclasses import dataclass, field

import numpy as np

from leitmotif_services.workshop.idioms.bands import Band, Player
from leitmotif_services.workshop.idioms.chords import MELODY_SCALES, Chord, draw_chords, near, voice_chord
from leitmotif_services.workshop.idioms.grooves import BASS, COMPING, GROOVES
from leitmotif_services.workshop.idioms.melodies import LineNote, rap_bars, sing_phrases
from leitmotif_services.workshop.idioms.signals import Note
from leitmotif_services.workshop.idioms.song_form import Clock, Section, draw_sections, swung

_BASS_CENTRES = {"808 bass": 33.0, "sub bass": 33.0, "dub bass": 36.0, "cello": 43.0, "harpsichord": 43.0}
"""MIDI number that a bass line's roots lie about, where it isn't 37."""

Stroke = tuple[float, float]
"""Seconds and velocity."""


@dataclass
class Score:
    """Notes by player, strokes by drum."""

    parts: dict[str, list[Note]] = field(default_factory=dict)
    muted: dict[str, list[Note]] = field(default_factory=dict)
    voices: list[list[Note]] = field(default_factory=list)
    backed: list[tuple[float, float]] = field(default_factory=list)
    """Seconds in which backing voices sing."""
    drums: dict[str, list[Stroke]] = field(default_factory=dict)
    loudness: list[tuple[float, float]] = field(default_factory=list)
    """Corners of the piece's dynamics: seconds and gain."""
    notes: int = 0


class ScoreWriter:
    """One song of a band: key, chords and figures are drawn once, then its sections are written."""

    def __init__(self, band: Band, tempo_bpm: float, duration_s: float, rng: np.random.Generator) -> None:
        self._band, self._rng, self._recipe = band, rng, band.recipe
        self._duration_s = duration_s
        recipe = self._recipe
        self._beats = recipe.beats_per_bar
        bars = int(np.ceil(duration_s * tempo_bpm / 60.0 / self._beats)) + 2
        self._key = int(rng.integers(12))
        self._mode = str(rng.choice(recipe.modes))
        self._sections = draw_sections(str(rng.choice(recipe.forms)), bars, rng)
        begin = float(rng.uniform(0.0, self._beats))
        self._clock = Clock(tempo_bpm, (bars + 9) * self._beats, band.drift, begin, rng)
        self._harmony = {name: draw_chords(str(rng.choice(recipe.harmony)), self._mode, rng) for name in ("verse", "chorus")}
        scale = str(rng.choice(recipe.scales))
        self._scale = MELODY_SCALES[self._mode if scale == "mode" else scale]
        groove = band.groove if rng.random() < 0.75 or not recipe.grooves else str(rng.choice(recipe.grooves))
        self._groove = GROOVES.get(groove, {})
        self.score = Score()

    def write(self) -> Score:
        """All sections until the excerpt's end."""
        bar = 0
        for section in self._sections:
            if self._clock.at(bar * self._beats) > self._duration_s:
                break
            self._write_section(section, bar)
            bar += section.bars
        return self.score

    def _write_section(self, section: Section, first_bar: int) -> None:
        band, rng = self._band, self._rng
        chords = self._harmony["chorus" if section.name in ("chorus", "drop", "tutti") else "verse"]
        offset = int(rng.integers(len(chords))) if first_bar == 0 else 0
        bars = [chords[(offset + place) % len(chords)] for place in range(section.bars)]
        start = first_bar * self._beats
        quiet = 1.0 - band.dynamics * (1.0 - section.energy) * 1.8
        edge_s = self._clock.at(start)
        self.score.loudness += [
            (edge_s - 0.4 * (band.dynamics > 0.5), quiet),
            (self._clock.at(start + section.bars * self._beats) - 0.5, quiet * float(rng.uniform(0.9, 1.1))),
        ]
        voiced = section.voice and bool(band.voice_kind)
        if voiced:
            self._write_voice(section, bars, start)
        if band.leads and (section.lead or not band.voice_kind):
            self._write_leads(section, bars, start)
        elif band.leads and voiced and rng.random() < 0.35:
            self._write_leads(section, bars, start, fills=True)
        for player in band.comping:
            if section.name in ("break", "quiet", "bridge", "intro", "build") and len(band.comping) > 1 and rng.random() < 0.3:
                continue
            self._write_comping(player, section, bars, start)
        if band.bass and not (section.name in ("break", "intro", "build") and rng.random() < 0.4):
            self._write_bass(band.bass, bars, start)
        if self._groove and section.drums > 0:
            self._write_drums(section, start)

    def _figure(self, table: dict[str, tuple[str, ...]], name: str) -> str:
        rows = table[name]
        return rows[int(self._rng.integers(len(rows)))]

    def _when(self, beat: float) -> float:
        jitter_s = self._rng.normal(0.0, self._band.loose_s) if self._band.loose_s else 0.0
        return self._clock.at(max(0.0, swung(beat, self._band.swing, self._recipe.swung_sixteenths))) + jitter_s

    def _note(self, out: list[Note], beat: float, beats: float, pitch: float, velocity: float, late_s: float = 0.0) -> None:
        start_s = self._when(beat) + late_s
        length_s = max(0.04, self._clock.at(beat + beats) - self._clock.at(beat))
        if start_s < self._duration_s and start_s + length_s > -0.5:
            out.append(
                Note(
                    start_s,
                    length_s,
                    pitch + self._band.tuning,
                    float(np.clip(velocity * self._rng.normal(1.0, 0.07), 0.05, 1.0)),
                )
            )
            self.score.notes += 1

    def _write_comping(self, player: Player, section: Section, bars: list[Chord], start: int) -> None:
        rng, part = self._rng, player.part
        out = self.score.parts.setdefault(player.name, [])
        muted = self.score.muted.setdefault(player.name, [])
        voicing = voicing_of(player.instrument, player.drive)
        centre = {"power": 40.0, "guitar": 45.0}.get(voicing, part.centre)
        name = part.figures[int(rng.integers(len(part.figures)))]
        improvised = name in ("swing comp", "stabs", "run", "roll", "travis", "fast arpeggio")
        row = self._figure(COMPING, name)
        strength = 0.65 + 0.3 * section.energy
        for place, chord in enumerate(bars):
            if improvised and rng.random() < 0.5:
                row = self._figure(COMPING, name)
            tones = voice_chord(chord, self._key, voicing, centre)
            step_beats = self._beats / len(row)
            for index, mark in enumerate(row):
                if mark in "-.":
                    continue
                held = 1
                while index + held < len(row) and row[index + held] == "-":
                    held += 1
                beat = start + place * self._beats + index * step_beats
                beats = held * step_beats * (0.96 if held > 1 else 0.7)
                accent = strength * (1.0 if index * step_beats % 1.0 == 0.0 else 0.85)
                if mark == "x":
                    up = voicing == "guitar" and (index // 2) % 2 == 1
                    ordered = tones[:0:-1] if up else tones
                    for string, pitch in enumerate(ordered):
                        self._note(out, beat, beats, pitch, accent, 0.011 * string if voicing == "guitar" else 0.0)
                elif mark == "m":
                    for pitch in tones[:2]:
                        self._note(muted, beat, 1.2 * step_beats, pitch, 0.8 * accent)
                elif mark in "bs":
                    low = near(self._key + chord.root, centre - 14 if voicing != "guitar" else centre)
                    self._note(out, beat, max(beats, 0.8), low + (0 if mark == "b" else -5), accent)
                else:
                    ladder = tones[-4:] if voicing == "guitar" else [*tones, tones[0] + 12, tones[1] + 12]
                    self._note(out, beat, max(beats, step_beats * 1.8), ladder[int(mark) % len(ladder)], accent)

    def _write_bass(self, player: Player, bars: list[Chord], start: int) -> None:
        rng = self._rng
        out = self.score.parts.setdefault("bass", [])
        name = player.part.figures[int(rng.integers(len(player.part.figures)))]
        row = self._figure(BASS, name)
        for place, chord in enumerate(bars):
            if name == "walking" or rng.random() < 0.15:
                row = self._figure(BASS, name)
            ahead = bars[(place + 1) % len(bars)]
            low = near(self._key + chord.root, _BASS_CENTRES.get(player.instrument, 37.0))
            third = chord.tones[1]
            pitches = {
                "r": low,
                "5": low + 7,
                "3": low + third,
                "7": low + 10,
                "6": low + 9,
                "o": low + 12,
                "a": near(self._key + ahead.root, low + 4) + (1 if rng.random() < 0.5 else -1),
            }
            step_beats = self._beats / len(row)
            for index, mark in enumerate(row):
                if mark in pitches:
                    held = 1
                    while index + held < len(row) and row[index + held] == "-":
                        held += 1
                    self._note(
                        out,
                        start + place * self._beats + index * step_beats,
                        held * step_beats * 0.93,
                        pitches[mark],
                        0.9 if index == 0 else 0.78,
                    )

    def _line(self, bars: list[Chord], centre: float, rate: float, **changes: float | bool) -> list[LineNote]:
        return sing_phrases(bars, self._beats, self._key, self._scale, centre, rate, self._rng, **changes)  # type: ignore[arg-type]

    def _write_leads(self, section: Section, bars: list[Chord], start: int, fills: bool = False) -> None:
        band, rng = self._band, self._rng
        playing = band.leads if section.name == "tutti" else (band.leads[int(rng.integers(len(band.leads)))],)
        for player in playing:
            out = self.score.parts.setdefault(player.name, [])
            centre = player.part.centre if player.part.centre != 58.0 else 67.0
            rate = band.lead_rate * (1.25 if section.name == "solo" else 1.0) * float(rng.uniform(0.8, 1.2))
            line = self._line(bars, centre, rate, rest=0.7 if fills else 0.18, repeats=section.name != "solo", reach=8)
            for note in line:
                self._note(out, start + note.beat, note.beats, note.pitch, note.velocity * (0.5 + 0.5 * section.energy))

    def _write_voice(self, section: Section, bars: list[Chord], start: int) -> None:
        band = self._band
        if not self.score.voices:
            self.score.voices = [[] for _ in band.singers]
        if band.voice_kind == "choir":
            lead = self._line(bars, 67.0, band.voice_rate, rest=0.12)
            for place, out in enumerate(self.score.voices):
                for note in lead:
                    chord = bars[min(len(bars) - 1, int(note.beat // self._beats))]
                    goal = note.pitch - 5 * place
                    nearby = [near(self._key + chord.root + tone, goal) for tone in chord.tones]
                    below = nearby[int(np.argmin([abs(pitch - goal) for pitch in nearby]))]
                    self._note(out, start + note.beat, note.beats, note.pitch if place == 0 else below, 0.85)
            return
        singer = band.singers[0]
        if band.voice_kind in ("rap", "growl", "scream") and not (
            band.voice_kind == "rap" and section.name == "chorus" and self._rng.random() < 0.4
        ):
            line = rap_bars(
                len(bars), self._beats, singer.centre - (5 if band.voice_kind == "rap" else 0), band.voice_rate, self._rng
            )
        else:
            lift = 3.0 if section.name == "chorus" else 0.0
            line = self._line(bars, singer.centre + lift, band.voice_rate, rest=0.3, reach=5)
        for note in line:
            self._note(self.score.voices[0], start + note.beat, note.beats, note.pitch, note.velocity)
        if section.name == "chorus" and self._rng.random() < self._recipe.harmonies:
            self.score.backed.append((self._clock.at(start), self._clock.at(start + len(bars) * self._beats)))

    def _write_drums(self, section: Section, start: int) -> None:
        rng, beats = self._rng, self._beats
        strokes = dict(self._groove)
        loud = section.energy > 0.9
        if (
            loud
            and "hat" in strokes
            and "ride" not in strokes
            and "kick" in strokes
            and self._band.kit in ("rock", "arena", "punk", "metal")
            and rng.random() < 0.5
        ):
            strokes["open" if rng.random() < 0.4 else "ride"] = strokes.pop("hat")
        if section.drums < 0.6:
            strokes = {name: row for name, row in strokes.items() if rng.random() < 0.6}
        live = self._band.loose_s > 0
        for place in range(section.bars):
            bar = start + place * beats
            fill = place == section.bars - 1 and rng.random() < self._recipe.fills and "snare" in self._groove
            for name, row in strokes.items():
                step_beats = beats / len(row)
                for index, mark in enumerate(row):
                    beat = index * step_beats
                    if mark == "." or (fill and beat >= beats - 1 and name != "kick"):
                        continue
                    if live and rng.random() < 0.06 * (name not in ("kick", "snare")):
                        continue
                    self._stroke(name, bar + beat, int(mark) / 9.0 * section.drums)
                if live and name == "kick" and rng.random() < 0.25:
                    self._stroke(name, bar + float(rng.choice([1.5, 2.5, 3.5])) * beats / 4, 0.6 * section.drums)
            if fill:
                kinds = ["snare", "tom1", "tom2", "tom3"] if live else ["snare"]
                for step in range(4):
                    self._stroke(kinds[min(step, len(kinds) - 1)], bar + beats - 1 + step / 4, 0.6 + 0.08 * step)
        if loud and "kick" in strokes and self._recipe.fills > 0.2:
            self._stroke("crash", float(start), 0.8)

    def _stroke(self, name: str, beat: float, velocity: float) -> None:
        time_s = self._when(beat)
        spread = 0.12 if self._band.loose_s else 0.02
        if -2.0 < time_s < self._duration_s:
            self.score.drums.setdefault(name, []).append(
                (time_s, float(np.clip(velocity * self._rng.normal(1.0, spread), 0.03, 1.1)))
            )


def voicing_of(instrument: str, drive: float) -> str:
    """How the instrument voices a chord."""
    if instrument == "power guitar" or (drive > 0.55 and "guitar" in instrument):
        return "power"
    if instrument in ("steel guitar", "nylon guitar", "twang guitar", "electric guitar", "banjo"):
        return "guitar"
    if instrument in ("piano", "bright piano", "electric piano", "vibraphone"):
        return "rootless"
    return "wide" if instrument in ("church organ", "strings", "pad", "synth pad", "dark pad", "supersaw") else "close"
