"""Changes to try on the models of `sample_models`."""

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.live_catalogue.changes import Upsert
from leitmotif_services.prototypes.track import Track


def unit(*values: float) -> NDArray[np.float32]:
    """A direction as an embedding."""
    vector = np.array(values, np.float64)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def upsert(track_id: str, *values: float, tags: tuple[str, ...] = (), title: str = "", heard_anew: bool = True) -> Upsert:
    """A track of that direction."""
    return Upsert(Track(track_id, title or track_id, "New", 30.0, tags), unit(*values), heard_anew)
