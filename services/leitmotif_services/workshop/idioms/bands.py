"""An artist: the choices that all songs of a band share. Everything follows from the idiom and the band's number."""

from dataclasses import dataclass
from zlib import crc32

import numpy as np

from leitmotif_services.workshop.idioms.mastering import Master, draw_master
from leitmotif_services.workshop.idioms.recipes import Part, Recipe
from leitmotif_services.workshop.idioms.repertoire import RECIPES
from leitmotif_services.workshop.idioms.voices import Singer, draw_singer

BANDS_PER_IDIOM = 1_000
"""Bands that an idiom's pieces are by, unless a band is asked for."""


@dataclass(frozen=True)
class Player:
    """A part with the band's own instrument and level."""

    part: Part
    instrument: str
    level_db: float
    drive: float
    name: str
    """Seeds the instrument's make."""


@dataclass(frozen=True)
class Band:
    """The habits of a band."""

    idiom: str
    number: int
    recipe: Recipe
    tempo_bpm: float
    """Songs lie within a tenth of it."""
    swing: float
    groove: str
    kit: str
    bass: Player | None
    comping: tuple[Player, ...]
    leads: tuple[Player, ...]
    singers: tuple[Singer, ...]
    voice_kind: str
    """ "" for an instrumental band."""
    voice_db: float
    drums_db: float
    master: Master
    loose_s: float
    drift: float
    duck: float
    dynamics: float
    lead_rate: float
    voice_rate: float
    tuning: float
    """Semitones that the band is tuned away from 440 Hz."""

    def habits(self, what: str) -> np.random.Generator:
        """A generator that is the same in every song of the band."""
        return np.random.default_rng([crc32(self.idiom.encode()), self.number, crc32(what.encode())])


def draw_band(idiom: str, number: int) -> Band:
    """The band of that number in an idiom."""
    rng = np.random.default_rng([crc32(idiom.encode()), number])
    recipes = RECIPES[idiom]
    weights = np.array([recipe.weight for recipe in recipes])
    recipe = recipes[int(rng.choice(len(recipes), p=weights / weights.sum()))]

    def within(bounds: tuple[float, float]) -> float:
        return float(rng.uniform(*bounds))

    def one_of(names: tuple[str, ...]) -> str:
        return names[int(rng.integers(len(names)))] if names else ""

    def player(part: Part, name: str) -> Player:
        drive = within(part.drive) if part.drive[1] > 0 else 0.0
        return Player(part, one_of(part.instruments), part.level_db + float(rng.normal(0, 1.8)), drive, name)

    comping = tuple(player(part, f"comping {place}") for place, part in enumerate(recipe.comping) if rng.random() < part.chance)
    leads = tuple(player(part, f"lead {place}") for place, part in enumerate(recipe.leads) if rng.random() < part.chance)
    kind = one_of(recipe.voices)
    singers = (
        tuple(draw_singer("soft" if kind == "choir" else kind, rng) for _ in range(4 if kind == "choir" else 1)) if kind else ()
    )
    return Band(
        idiom, number, recipe, within(recipe.tempo_bpm), within(recipe.swing), one_of(recipe.grooves), one_of(recipe.kits),
        player(recipe.bass, "bass") if recipe.bass and rng.random() < recipe.bass.chance else None, comping, leads, singers,
            kind,
        within(recipe.voice_db), within(recipe.drums_db), draw_master(one_of(recipe.eras), recipe.room, recipe.tilt_db, rng),
        within(recipe.loose_ms) * 1e-3, within(recipe.drift), within(recipe.duck), within(recipe.dynamics),
            within(recipe.lead_rate),
        within(recipe.voice_rate), float(rng.normal(0, 0.12)) if recipe.loose_ms[1] > 0 else 0.0,
    )  # fmt: skip
