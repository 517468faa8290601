"""A procedural composer: music with known attributes, for training, tests and the demonstration.

    track = compose_track(seed=7, duration_s=20.0)
    track.waveform, track.sample_rate_hz, track.attributes, track.tags

Everything follows from the seed: the same seed gives the same samples on the same machine.
"""

from leitmotif_services.workshop.composer.attributes import Attributes, draw_attributes, tags_of
from leitmotif_services.workshop.composer.personas import PERSONAS, Persona
from leitmotif_services.workshop.composer.track import ComposedTrack, compose_track, render

__all__ = ["PERSONAS", "Attributes", "ComposedTrack", "Persona", "compose_track", "draw_attributes", "render", "tags_of"]
