"""The invented artists: each writes in one style and has habits of its own within it."""

from dataclasses import dataclass

import numpy as np

from leitmotif_services.workshop.composer.styles import STYLES, Style

_NAMES: dict[str, tuple[str, ...]] = {
    "ambient": ("Halden Mist", "Slow Tide", "Aurora Vale"),
    "chamber": ("Quartet Ilmen", "Corvina Trio", "Ensemble Brava"),
    "folk": ("The Rowan Lane", "Maren & Osk", "Fiddler's Ford"),
    "jazz": ("Cole Avenue Five", "Nadia Prewitt", "The Blue Ledger"),
    "dance": ("Neon Harbour", "Volt Parade", "DJ Kestrel"),
    "rock": ("Iron Orchard", "The Loud Maps", "Granite Choir"),
    "march": ("Harbour Street Brass", "The Kettle Band", "Fanfare Ostrava"),
    "chiptune": ("Pixel Otter", "8 Bit Almanac", "Cartridge Club"),
    "cinematic": ("Orla Steen", "Northern Score", "Tessaly Grand"),
    "hymn": ("St. Alder Organ", "Psalter Row", "Vesper Hall"),
    "waltz": ("Café Lindau", "The Turning Room", "Salon Mirabel"),
    "nocturne": ("Ivo Hartwell", "Sena Lune", "Evening Keys"),
}

_SHARE = 0.45
"""A persona keeps to this share of its style's range of each attribute."""


@dataclass(frozen=True)
class Persona:
    """An artist. `habits` maps the name of a ranged attribute to the part of the style's range that it keeps to."""

    name: str
    style: Style
    lead: str
    """Lead instrument of seven pieces in ten."""
    habits: dict[str, tuple[float, float]]


def _persona(index: int, name: str, style: Style) -> Persona:
    rng = np.random.default_rng([20, index])
    habits = {}
    for attribute in ("tempo_bpm", "brightness", "density", "dynamics", "reverb"):
        low, high = getattr(style, attribute)
        start = low + (high - low) * (1 - _SHARE) * rng.random()
        habits[attribute] = (float(start), float(start + (high - low) * _SHARE))
    return Persona(name, style, style.leads[index % len(style.leads)], habits)


PERSONAS: tuple[Persona, ...] = tuple(
    _persona(3 * row + place, name, style) for row, style in enumerate(STYLES) for place, name in enumerate(_NAMES[style.name])
)
"""All artists, three a style, in a fixed order."""
