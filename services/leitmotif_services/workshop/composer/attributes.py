"""What a piece is asked to sound like, and the tags that follow from it by rule."""

from dataclasses import dataclass

import numpy as np

from leitmotif_services.workshop.composer.personas import Persona

KEY_NAMES = ("C", "C sharp", "D", "E flat", "E", "F", "F sharp", "G", "A flat", "A", "B flat", "B")
"""Name of each pitch class, from C."""

_INSTRUMENT_TAGS = {"pad": "synth", "square": "synth", "distorted guitar": "electric guitar"}
_ELECTRONIC = frozenset({"pad", "square", "synth", "synth bass"})
_ACOUSTIC = frozenset({"piano", "guitar", "strings", "brass", "flute", "bells", "bass"})
_DRUM_ENERGY = {"none": 0.0, "light": 0.45, "driving": 1.0}


@dataclass(frozen=True)
class Attributes:
    """The known truth about a composed piece."""

    style: str
    tempo_bpm: float
    """60 to 180."""
    key: int
    """Pitch class of the tonic, 0 (C) to 11 (B)."""
    mode: str
    """ "major", "mixolydian", "dorian" or "minor"."""
    beats_per_bar: int
    swing: float
    """0: even eighths; 1: the second eighth of a beat falls on its last third."""
    lead: str
    chords: str
    bass: str
    """Instruments by role; the bass may be "none"."""
    drums: str
    """ "none", "light" or "driving"."""
    accompaniment: str
    bassline: str
    brightness: float
    density: float
    dynamics: float
    reverb: float
    """Each 0 to 1: spectral tilt; notes per beat; loud against soft sections; wet against dry."""

    @property
    def major(self) -> bool:
        """Whether the third of the scale is a major one."""
        return self.mode in ("major", "mixolydian")

    @property
    def energy(self) -> float:
        """0 to 1: 0.4 of the tempo's place between 60 and 180 BPM, 0.35 of the drums, 0.25 of the density."""
        return float(0.4 * self._tempo_place + 0.35 * _DRUM_ENERGY[self.drums] + 0.25 * self.density)

    @property
    def valence(self) -> float:
        """0 (sombre) to 1 (cheerful): 0.6 of a major third, 0.25 of the brightness, 0.15 of the tempo's place."""
        return float(0.6 * self.major + 0.25 * self.brightness + 0.15 * self._tempo_place)

    @property
    def _tempo_place(self) -> float:
        return min(max((self.tempo_bpm - 60.0) / 120.0, 0.0), 1.0)


def draw_attributes(persona: Persona, rng: np.random.Generator) -> Attributes:
    """Attributes of a new piece by `persona`."""
    style = persona.style

    def within(attribute: str) -> float:
        return float(rng.uniform(*persona.habits[attribute]))

    def one_of(names: tuple[str, ...]) -> str:
        return names[int(rng.integers(len(names)))]

    return Attributes(
        style=style.name,
        tempo_bpm=round(within("tempo_bpm"), 1),
        key=int(rng.integers(12)),
        mode=one_of(style.modes),
        beats_per_bar=style.beats_per_bar,
        swing=float(rng.uniform(*style.swing)),
        lead=persona.lead if rng.random() < 0.7 else one_of(style.leads),
        chords=one_of(style.chords),
        bass=one_of(style.basses),
        drums=one_of(style.drums),
        accompaniment=one_of(style.accompaniments),
        bassline=one_of(style.basslines),
        brightness=within("brightness"),
        density=within("density"),
        dynamics=within("dynamics"),
        reverb=within("reverb"),
    )


def tags_of(attributes: Attributes) -> dict[str, float]:
    """Tags with weights in (0, 1], the strongest first.

    The style; the instruments (lead 1, chords 0.7); moods from energy E, valence V, brightness B and reverb R: calm E < 0.28;
    energetic E > 0.6; happy V > 0.68 and E > 0.3; melancholic V < 0.4 and E < 0.4; dark V < 0.4 and B < 0.5; dreamy R > 0.5
    and E < 0.4; aggressive V < 0.45 and E > 0.6; epic: dynamics > 0.7 and R > 0.5; slow below 80 BPM, fast from 135; bright
    B > 0.7, mellow B < 0.35; electronic or acoustic when every pitched instrument is so; drums when they drive.
    """
    energy, valence = attributes.energy, attributes.valence
    pitched = {attributes.lead, attributes.chords, attributes.bass} - {"none"}
    tags = {attributes.style: 1.0}
    for instrument, weight in ((attributes.lead, 1.0), (attributes.chords, 0.7)):
        tags.setdefault(_INSTRUMENT_TAGS.get(instrument, instrument), weight)
    rules = {
        "calm": (energy < 0.28, 0.9),
        "energetic": (energy > 0.6, 0.9),
        "happy": (valence > 0.68 and energy > 0.3, 0.8),
        "melancholic": (valence < 0.4 and energy < 0.4, 0.8),
        "dark": (valence < 0.4 and attributes.brightness < 0.5, 0.7),
        "dreamy": (attributes.reverb > 0.5 and energy < 0.4, 0.7),
        "aggressive": (valence < 0.45 and energy > 0.6, 0.7),
        "epic": (attributes.dynamics > 0.7 and attributes.reverb > 0.5, 0.7),
        "slow": (attributes.tempo_bpm < 80, 0.6),
        "fast": (attributes.tempo_bpm >= 135, 0.6),
        "bright": (attributes.brightness > 0.7, 0.5),
        "mellow": (attributes.brightness < 0.35, 0.5),
        "electronic": (pitched <= _ELECTRONIC, 0.6),
        "acoustic": (pitched <= _ACOUSTIC, 0.6),
        "drums": (attributes.drums == "driving", 0.6),
    }
    tags |= {tag: weight for tag, (applies, weight) in rules.items() if applies}
    return dict(sorted(tags.items(), key=lambda item: -item[1]))
