"""From an idiom, a seed and a band to a finished piece."""

from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.idioms import bowed_and_blown, keyboards, plucked_strings
from leitmotif_services.workshop.idioms.amplifier import amplify, draw_amplifier
from leitmotif_services.workshop.idioms.bands import BANDS_PER_IDIOM, Band, Player, draw_band
from leitmotif_services.workshop.idioms.effects import EFFECTS
from leitmotif_services.workshop.idioms.mastering import apply_room, finish
from leitmotif_services.workshop.idioms.percussion import build_kit
from leitmotif_services.workshop.idioms.repertoire import RECIPES
from leitmotif_services.workshop.idioms.score import Score, ScoreWriter
from leitmotif_services.workshop.idioms.signals import FRAME_HOP, SAMPLE_RATE_HZ, Note, Samples, add_at, filter_whole, to_loudness
from leitmotif_services.workshop.idioms.song_form import fade_of
from leitmotif_services.workshop.idioms.voices import choir, sing

IDIOMS: tuple[str, ...] = tuple(RECIPES)
"""Every idiom, in a fixed order."""


@dataclass(frozen=True)
class ComposedIdiom:
    """A piece with the truth about it."""

    waveform: NDArray[np.float32]
    """(samples,) mono at SAMPLE_RATE_HZ, within (-1, 1)."""
    idiom: str
    band: int
    """The artist: its pieces share instruments, singer, room, mastering and tempo region."""
    attributes: Mapping[str, float]
    """tempo_bpm; notes_per_s; swing, distortion, reverb, compression 0 to 1; vocals and percussion as shares of the mix's energy;
    vocal_time as a share of the time; sub_bass (below 90 Hz) as a share of the finished energy; brightness as log2 of its
    spectral centroid in Hz."""


def compose_idiom(idiom: str, seed: int, duration_s: float = 20.0, *, band: int | None = None) -> ComposedIdiom:
    """A piece of an idiom, the same samples for the same (idiom, seed, duration, band). Without a band, the seed draws one."""
    if idiom not in RECIPES:
        raise ValueError(f"unknown idiom {idiom!r}; known are {', '.join(IDIOMS)}")
    if not 1.0 <= duration_s <= 600.0:
        raise ValueError(f"duration_s must be 1 to 600, is {duration_s}")
    if band is None:
        band = int(np.random.default_rng([crc32(idiom.encode()), seed, 7]).integers(BANDS_PER_IDIOM))
    artist = draw_band(idiom, band)
    rng = np.random.default_rng([crc32(idiom.encode()), seed, band])
    tempo_bpm = artist.tempo_bpm * float(rng.uniform(0.93, 1.07))
    score = ScoreWriter(artist, tempo_bpm, duration_s, rng).write()
    samples = int(duration_s * SAMPLE_RATE_HZ)
    dry, wet, energies = _mix(artist, score, samples, rng)
    master = artist.master
    waveform = finish(apply_room(dry, wet, master, artist.habits("room")), master, rng)
    sub_bass, centroid_hz = _spectrum_facts(waveform)
    total = sum(energies.values()) + 1e-12
    attributes = {
        "tempo_bpm": tempo_bpm,
        "notes_per_s": score.notes / duration_s,
        "swing": artist.swing,
        "distortion": max([player.drive for player in artist.comping + artist.leads], default=0.0),
        "vocals": energies["voice"] / total,
        "vocal_time": min(1.0, sum(note.duration_s for note in (score.voices[0] if score.voices else [])) / duration_s),
        "percussion": energies["drums"] / total,
        "reverb": master.room_level,
        "compression": master.compression,
        "sub_bass": sub_bass,
        "brightness": float(np.log2(centroid_hz)),
    }
    return ComposedIdiom(waveform, idiom, band, attributes)


def _mix(band: Band, score: Score, samples: int, rng: np.random.Generator) -> tuple[Samples, Samples, dict[str, float]]:
    """The mix without its room, what is sent to the room, and the energy of voice, drums and the rest."""
    dry, wet = np.zeros(samples, np.float32), np.zeros(samples, np.float32)
    players = [*band.comping, *band.leads, *([band.bass] if band.bass else [])]
    for player in players:
        notes, muted = score.parts.get(player.name, []), score.muted.get(player.name, [])
        if notes or muted:
            sound = to_loudness(_play(player, notes, muted, band, samples, rng), 0.1) * np.float32(10 ** (player.level_db / 20))
            dry += sound
            if player.name != "bass":
                wet += sound
    energies = {"voice": 0.0, "drums": 0.0}
    if score.voices and score.voices[0]:
        voice = _sing(band, score, samples, rng) * np.float32(10 ** (band.voice_db / 20))
        energies["voice"] = float(np.square(voice).sum())
        dry += voice
        wet += voice
    if score.loudness:
        fade = fade_of(score.loudness, samples, SAMPLE_RATE_HZ)
        dry *= fade
        wet *= fade
    if score.drums:
        drums, room = _strike(band, score, samples)
        if band.duck:
            push = _ducking(score, samples, band.duck)
            dry *= push
            wet *= push
        drums *= np.float32(10 ** (band.drums_db / 20))
        energies["drums"] = float(np.square(drums).sum())
        dry += drums
        wet += drums * np.float32(room)
    energies["rest"] = max(0.0, float(np.square(dry).sum()) - sum(energies.values()))
    return dry, wet, energies


def _play(player: Player, notes: list[Note], muted: list[Note], band: Band, samples: int, rng: np.random.Generator) -> Samples:
    habits = band.habits(player.name)
    out = np.zeros(samples, np.float32)
    if player.instrument in bowed_and_blown.MODELS:
        tone = bowed_and_blown.vary(bowed_and_blown.MODELS[player.instrument], habits)
        out = bowed_and_blown.play_lines(tone, _lines_of(notes), samples, rng)
    elif player.instrument in plucked_strings.MODELS:
        string = plucked_strings.vary(plucked_strings.MODELS[player.instrument], habits)
        plucked_strings.play_notes(
            notes, lambda pitch, length_s: plucked_strings.render_string(string, pitch, length_s, rng), string.release_s, out
        )
        if muted:
            damped = plucked_strings.mute(string)
            plucked_strings.play_notes(
                muted, lambda pitch, length_s: plucked_strings.render_string(damped, pitch, length_s, rng), 0.03, out
            )
    else:
        partials = keyboards.vary(keyboards.MODELS[player.instrument], habits)
        plucked_strings.play_notes(
            notes, lambda pitch, length_s: keyboards.render_partials(partials, pitch, length_s, rng), partials.release_s, out
        )
    if player.part.effect == "wah":
        out = EFFECTS["wah"](out, habits)
    if player.part.drive[1] > 0:
        out = amplify(out, draw_amplifier(player.drive, habits))
    if player.part.effect not in ("", "wah"):
        out = EFFECTS[player.part.effect](out, habits)
    return out


def _lines_of(notes: list[Note]) -> list[list[Note]]:
    """Chords taken apart into lines, the lowest first: one for each of the notes that begin together."""
    lines: list[list[Note]] = []
    place, last_s = 0, -10.0
    for note in sorted(notes, key=lambda note: (round(note.start_s, 1), note.pitch)):
        place = place + 1 if abs(note.start_s - last_s) < 0.045 else 0
        last_s = note.start_s
        if place == len(lines):
            lines.append([])
        lines[place].append(note)
    return lines


def _sing(band: Band, score: Score, samples: int, rng: np.random.Generator) -> Samples:
    if band.voice_kind == "choir":
        return to_loudness(choir(band.singers, score.voices, samples, rng), 0.1)
    singer = band.singers[0]
    voice = to_loudness(sing(singer, score.voices[0], samples, rng), 0.1)
    backed = [note for note in score.voices[0] if any(start <= note.start_s < end for start, end in score.backed)]
    if backed:
        backing = band.habits("backing")
        others = sing(singer, backed, samples, rng, harmonies=(float(backing.choice([3, 4])), float(backing.choice([7, -5]))))
        voice = voice + to_loudness(others, 0.1) * np.float32(0.7)
    return voice


def _strike(band: Band, score: Score, samples: int) -> tuple[Samples, float]:
    kit, model, room = build_kit(band.kit, set(score.drums), band.habits("kit"))
    out = np.zeros(samples, np.float32)
    levels = band.habits("kit levels")
    for name in sorted(kit):
        gain = float(2.0 ** levels.normal(0.0, 0.35))
        takes = kit[name]
        for place, (time_s, velocity) in enumerate(score.drums[name]):
            add_at(out, takes[place % len(takes)], int(time_s * SAMPLE_RATE_HZ), gain * velocity**1.5)
    out = to_loudness(out, 0.1)
    if model.grit:
        out = np.tanh(np.float32(8.0 * model.grit) * filter_whole(out, (35.0, 7500.0), 3)).astype(np.float32) * np.float32(
            0.12 / model.grit
        )
    return out, room


def _ducking(score: Score, samples: int, depth: float) -> Samples:
    """(samples,) gain that falls with each kick and comes back in a fifth of a second."""
    frames = samples // FRAME_HOP + 2
    gain = np.ones(frames, np.float32)
    shape = 1.0 - depth * np.exp(-np.arange(20) / 7.0)
    for time_s, _ in score.drums.get("kick", []):
        first = int(time_s * SAMPLE_RATE_HZ / FRAME_HOP)
        if 0 <= first < frames:
            gain[first : first + 20] = np.minimum(gain[first : first + 20], shape[: frames - first])
    return np.interp(np.arange(samples) / FRAME_HOP, np.arange(frames), gain).astype(np.float32)


def _spectrum_facts(waveform: Samples) -> tuple[float, float]:
    """Share of the energy below 90 Hz, and the centroid of the magnitudes in Hz."""
    size = 4096
    frames = waveform[: len(waveform) // size * size].reshape(-1, size)
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(size), axis=1))).mean(axis=0)
    frequency_hz = np.fft.rfftfreq(size, 1.0 / SAMPLE_RATE_HZ)
    magnitude = np.sqrt(power)
    return float(power[frequency_hz < 90.0].sum() / (power.sum() + 1e-20)), float(
        (frequency_hz * magnitude).sum() / (magnitude.sum() + 1e-20) + 1.0
    )
