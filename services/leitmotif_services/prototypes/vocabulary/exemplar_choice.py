"""Tracks of the catalogue that show what a new prototype sounds like."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.prototype import Exemplar, Prototype
from leitmotif_services.prototypes.track import Track

EXEMPLARS = 5
"""Exemplars of a new prototype, at most."""


def strongest_exemplars(
    tracks: Sequence[Track], affinities: NDArray[np.float32], prototypes: Iterable[Prototype]
) -> tuple[Exemplar, ...]:
    """The tracks with the highest of the `affinities` (N,), each of another artist, strongest first.

    No audio is at hand here to cut a snippet from. Where a bundle has one of a track already, an exemplar of another prototype,
    that is taken; else the exemplar is the track as a whole, without audio. Its affinity is that of the whole track.
    """
    cut = {exemplar.track_id: exemplar for prototype in prototypes for exemplar in prototype.exemplars if exemplar.snippet}
    chosen: list[Exemplar] = []
    artists: set[str] = set()
    for position in np.lexsort((np.arange(len(affinities)), -affinities)):
        track, affinity = tracks[position], float(affinities[position])
        if len(chosen) == EXEMPLARS or affinity <= 0.0:
            break
        if track.artist and track.artist in artists:
            continue
        artists.add(track.artist)
        at_hand = cut.get(track.track_id)
        start_s, duration_s, snippet = (at_hand.start_s, at_hand.duration_s, at_hand.snippet) if at_hand else (0.0, 0.0, "")
        chosen.append(Exemplar(track.track_id, track.title, track.artist, start_s, duration_s, affinity, snippet))
    return tuple(chosen)
