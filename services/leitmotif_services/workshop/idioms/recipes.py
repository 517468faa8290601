"""What an idiom's branch is made of: the vocabulary of the tables in the modules named after families of idioms."""

from dataclasses import dataclass, replace

Range = tuple[float, float]


@dataclass(frozen=True)
class Part:
    """A player: a band has one of the instruments, a song section one of the figures."""

    instruments: tuple[str, ...]
    figures: tuple[str, ...]
    level_db: float = -6.0
    chance: float = 1.0
    """Share of the bands that have this player."""
    drive: Range = (0.0, 0.0)
    """Of a guitar amplifier, 0 to 1; none when both are 0."""
    effect: str = ""
    """ "wah", "tremolo", "chorus", "echo" or none."""
    centre: float = 58.0
    """MIDI number that chords are voiced about."""


@dataclass(frozen=True)
class Recipe:
    """A branch of an idiom. Tuples of names: one each is drawn, a name listed twice being twice as likely."""

    name: str
    tempo_bpm: Range
    harmony: tuple[str, ...]
    grooves: tuple[str, ...] = ()
    kits: tuple[str, ...] = ("rock",)
    bass: Part | None = None
    comping: tuple[Part, ...] = ()
    leads: tuple[Part, ...] = ()
    lead_rate: Range = (1.0, 2.0)
    """Notes a beat of leads; of voices below."""
    voices: tuple[str, ...] = ()
    """Kinds of singer; "" for an instrumental band, "choir" for four lines."""
    voice_rate: Range = (1.0, 2.0)
    voice_db: Range = (-2.0, 3.0)
    harmonies: float = 0.0
    """Chance of backing voices in choruses."""
    modes: tuple[str, ...] = ("major", "mixolydian", "minor")
    scales: tuple[str, ...] = ("major pentatonic",)
    forms: tuple[str, ...] = ("song", "song with bridge")
    eras: tuple[str, ...] = ("modern", "eighties")
    room: Range = (0.1, 0.35)
    tilt_db: Range = (-1.5, 0.5)
    swing: Range = (0.0, 0.0)
    swung_sixteenths: bool = False
    beats_per_bar: int = 4
    loose_ms: Range = (4.0, 12.0)
    """Standard deviation of the players' timing; 0 a machine."""
    drift: Range = (0.0, 0.012)
    drums_db: Range = (-2.0, 2.0)
    fills: float = 0.5
    duck: Range = (0.0, 0.0)
    """How far the kick pushes the rest down, 0 to 1."""
    dynamics: Range = (0.1, 0.4)
    weight: float = 1.0


def branch(recipe: Recipe, **changes: object) -> Recipe:
    """A sibling of the recipe."""
    return replace(recipe, **changes)  # type: ignore[arg-type]
