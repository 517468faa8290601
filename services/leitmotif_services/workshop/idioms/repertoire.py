"""All idioms and their branches."""

from leitmotif_services.workshop.idioms.beats import DISCO, ELECTRONIC, HIP_HOP, POP, REGGAE
from leitmotif_services.workshop.idioms.concert import AMBIENT, CLASSICAL, JAZZ, LATIN
from leitmotif_services.workshop.idioms.loud import METAL, PUNK, ROCK
from leitmotif_services.workshop.idioms.recipes import Recipe
from leitmotif_services.workshop.idioms.rooted import BLUES, COUNTRY, FOLK, GOSPEL, SOUL

RECIPES: dict[str, tuple[Recipe, ...]] = {
    "blues": BLUES,
    "classical": CLASSICAL,
    "country": COUNTRY,
    "disco": DISCO,
    "hip-hop": HIP_HOP,
    "jazz": JAZZ,
    "metal": METAL,
    "pop": POP,
    "reggae": REGGAE,
    "rock": ROCK,
    "electronic": ELECTRONIC,
    "soul": SOUL,
    "folk": FOLK,
    "latin": LATIN,
    "punk": PUNK,
    "ambient": AMBIENT,
    "gospel": GOSPEL,
}
"""Branches by idiom, in a fixed order."""
