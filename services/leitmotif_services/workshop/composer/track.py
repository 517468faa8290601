"""From a seed to a finished piece."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.composer.arrangement import write_score
from leitmotif_services.workshop.composer.attributes import KEY_NAMES, Attributes, draw_attributes, tags_of
from leitmotif_services.workshop.composer.drums import drum_kit
from leitmotif_services.workshop.composer.instruments import TIMBRES
from leitmotif_services.workshop.composer.mixing import colour, level, play, strike, white_noise
from leitmotif_services.workshop.composer.personas import PERSONAS

SAMPLE_RATE_HZ = 22_050
"""Rate that every piece is composed at."""

_LEAD_GAIN = 0.5
_CHORD_GAIN = 0.2
_BASS_GAIN = 0.42
_DRUM_GAINS = {
    "light": {"kick": 0.35, "snare": 0.22, "hat": 0.28, "open hat": 0.25},
    "driving": {"kick": 0.95, "snare": 0.6, "hat": 0.5, "open hat": 0.45},
}

_ADJECTIVES = [
    "Amber",
    "Distant",
    "Hollow",
    "Silver",
    "Restless",
    "Quiet",
    "Burning",
    "Paper",
    "Winter",
    "Golden",
    "Broken",
    "Velvet",
    "Northern",
    "Sunlit",
    "Midnight",
    "Gentle",
    "Crooked",
    "Electric",
    "Fading",
    "First",
    "Hidden",
    "Last",
    "Marble",
    "Open",
]
_NOUNS = [
    "Harbour",
    "Garden",
    "Signal",
    "River",
    "Letter",
    "Lantern",
    "Machine",
    "Meadow",
    "Mirror",
    "Parade",
    "Station",
    "Summer",
    "Orchard",
    "Staircase",
    "Satellite",
    "Bridge",
    "Canyon",
    "Carousel",
    "Tide",
    "Window",
    "Shadow",
    "Feather",
    "Engine",
    "Horizon",
]


@dataclass(frozen=True)
class ComposedTrack:
    """A piece with the truth about it."""

    waveform: NDArray[np.float32]
    """(samples,), mono, within (-1, 1)."""
    sample_rate_hz: int
    attributes: Attributes
    tag_weights: dict[str, float]
    """Weight in (0, 1] of each tag, the strongest first."""
    title: str
    artist: str

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags, the strongest first."""
        return tuple(self.tag_weights)


def compose_track(seed: int, duration_s: float = 20.0) -> ComposedTrack:
    """The piece of that seed: an artist drawn evenly, attributes by the artist's habits, then the music."""
    rng = np.random.default_rng([seed, 1])
    persona = PERSONAS[int(rng.integers(len(PERSONAS)))]
    attributes = draw_attributes(persona, rng)
    title = f"{_ADJECTIVES[int(rng.integers(len(_ADJECTIVES)))]} {_NOUNS[int(rng.integers(len(_NOUNS)))]}"
    if rng.random() < 0.25:
        title += f" in {KEY_NAMES[attributes.key]} {'major' if attributes.major else 'minor'}"
    waveform = render(attributes, seed, duration_s)
    return ComposedTrack(waveform, SAMPLE_RATE_HZ, attributes, tags_of(attributes), title, persona.name)


def render(attributes: Attributes, seed: int, duration_s: float = 20.0) -> NDArray[np.float32]:
    """(samples,) float32 at SAMPLE_RATE_HZ: music of the given attributes; the seed draws what they leave open."""
    if not 1.0 <= duration_s <= 600.0:
        raise ValueError(f"duration_s must be 1 to 600, is {duration_s}")
    rng = np.random.default_rng([seed, 2])
    score = write_score(attributes, duration_s, rng)
    noise = white_noise(12.0, SAMPLE_RATE_HZ, rng)
    mix = np.zeros(int(duration_s * SAMPLE_RATE_HZ), np.float32)
    parts = (
        (attributes.lead, score.lead, _LEAD_GAIN),
        (attributes.chords, score.chords, _CHORD_GAIN),
        (attributes.bass, score.bass, _BASS_GAIN),
    )
    for instrument, notes, gain in parts:
        if notes:
            play(TIMBRES[instrument], notes, mix, gain, SAMPLE_RATE_HZ, noise)
    if score.drums:
        strike(drum_kit(SAMPLE_RATE_HZ, noise, rng), score.drums, mix, _DRUM_GAINS[attributes.drums], SAMPLE_RATE_HZ)
    coloured = colour(mix, attributes.brightness, attributes.reverb, SAMPLE_RATE_HZ, rng)
    return level(coloured, loudness_db=-24.0 + 11.0 * attributes.energy)
