"""What happens to a catalogue, one change after the other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.track import Track

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Upsert:
    """A track is added, or takes the place of the one of its id."""

    track: Track
    embedding: Floats
    """(D,), of unit length: that of its audio."""
    heard_anew: bool
    """Whether the embedding is new; False where it is that of the track that there was, whose rows are kept."""

    @property
    def track_id(self) -> str:
        return self.track.track_id


@dataclass(frozen=True)
class Delete:
    """A track is taken out."""

    track_id: str


Change = Upsert | Delete


@dataclass(frozen=True)
class Batch:
    """Changes that are seen together."""

    revision: int
    """Number of the batch, from 1, without gaps."""
    encoder_id: str
    """Encoder that the embeddings were made with."""
    changes: tuple[Change, ...]
    """Of different tracks."""
