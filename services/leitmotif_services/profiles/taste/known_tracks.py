"""Tracks whose affinities are at hand, and the history that a log of events makes with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.profiles.taste.exclusions import Exclusions
from leitmotif_services.profiles.taste.history import Counting, Event, History, recomputed_history
from leitmotif_services.runtime.errors import invalid_field


@dataclass(frozen=True, eq=False)
class KnownTracks:
    """Affinities under one model, and artists."""

    rows: Mapping[str, int]
    """Row of each track id."""
    affinities: NDArray[np.float32]
    """(tracks, K)."""
    artists: Sequence[str] = ()
    """Artist of each row, "" for an unknown one; empty for all unknown."""

    def check_dimension(self, field: str, prototypes: int) -> None:
        """FIELD_INVALID, naming `field`.dimension, when the rows do not have one number a prototype."""
        if self.rows and self.affinities.shape[1] != prototypes:
            raise invalid_field(f"{field}.dimension", f"must be {prototypes} for this model, is {self.affinities.shape[1]}")

    def history(self, events: Sequence[Event], exclusions: Exclusions, counting: Counting, prototypes: int) -> History:
        """The history of the events of known tracks that are not kept out."""
        if not exclusions.same_counting(Exclusions()):
            events = [event for event in events if exclusions.counts(event, self._artist(event.track_id))]
        return recomputed_history(events, self.rows, self.affinities, counting, prototypes)

    def _artist(self, track_id: str) -> str:
        row = self.rows.get(track_id)
        return "" if row is None or not self.artists else self.artists[row]
