"""A second generator of music: idioms as records of them sound, with voices, amplifiers, drum kits, rooms and masters.

    piece = compose_idiom("reggae", seed=7)
    piece.waveform, piece.idiom, piece.band, piece.attributes

It shares nothing with the composer but scales and progressions: it is training data, and the other domain on which what was
learnt from the composer is tested.
"""

from leitmotif_services.workshop.idioms.composing import IDIOMS, ComposedIdiom, compose_idiom
from leitmotif_services.workshop.idioms.signals import SAMPLE_RATE_HZ

__all__ = ["IDIOMS", "SAMPLE_RATE_HZ", "ComposedIdiom", "compose_idiom"]
