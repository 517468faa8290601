"""History weights: what listening says, h = Σ_j c_j a_j / sqrt(Σ_j |c_j|) over events j.

a_j is the affinity vector of the event's track and c_j the weight of the event. The root keeps a long history from growing
without bound while its direction settles. Skips and dislikes have negative c_j, hence the magnitudes under the root. Both
sums are kept, so an event costs O(K) and the order of events does not matter.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class EventType(IntEnum):
    """What a listener did. The numbers are stored, so they never change."""

    PLAY = 1
    LIKE = 2
    SAVE = 3
    PLAYLIST_ADD = 4
    SKIP = 5
    DISLIKE = 6


@dataclass(frozen=True, slots=True)
class Event:
    """One listening event, as it is kept in the event log."""

    event_id: str
    track_id: str
    type: EventType
    occurred_at_us: int
    """Microseconds since 1970, UTC."""
    share_heard: float | None = None
    """Share of the track that was heard, 0 to 1; None stands for 1."""


@dataclass(frozen=True)
class EventWeights:
    """How much an event of each type counts, c_j; a play counts in proportion to the share that was heard."""

    play: float = 1.0
    like: float = 3.0
    save: float = 3.0
    playlist_add: float = 2.0
    skip: float = -0.25
    dislike: float = -3.0

    def of(self, event: Event) -> float:
        """Weight c_j of an event."""
        match event.type:
            case EventType.PLAY:
                return self.play * (1.0 if event.share_heard is None else event.share_heard)
            case EventType.LIKE:
                return self.like
            case EventType.SAVE:
                return self.save
            case EventType.PLAYLIST_ADD:
                return self.playlist_add
            case EventType.SKIP:
                return self.skip
            case EventType.DISLIKE:
                return self.dislike


@dataclass(frozen=True, eq=False)
class History:
    """The two sums behind the history weights."""

    weighted_sum: NDArray[np.float64]
    """Σ c_j a_j, shape (K,); read-only."""
    magnitude: float
    """Σ |c_j|, at least 0."""
    event_count: int
    """Events that are in the sums."""
    reference_us: int = 0
    """The time that the sums are as of, the newest counted event's: microseconds since 1970, UTC; 0 while there is none."""

    @classmethod
    def empty(cls, prototypes: int) -> "History":
        """No event yet."""
        return cls(_frozen(np.zeros(prototypes)), 0.0, 0)

    def with_events(self, event_weights: Sequence[float], affinities: NDArray[np.float32]) -> "History":
        """The history with more events; `affinities` is (events, K), one row for each weight."""
        coefficients = np.asarray(event_weights, dtype=np.float64)
        return History(
            _frozen(self.weighted_sum + coefficients @ affinities.astype(np.float64)),
            self.magnitude + math.fsum(abs(weight) for weight in event_weights),
            self.event_count + len(event_weights),
        )

    def weights(self) -> NDArray[np.float64]:
        """History weights h, shape (K,); zeros while no event has any weight."""
        if self.magnitude == 0.0:
            return np.zeros_like(self.weighted_sum)
        return self.weighted_sum / math.sqrt(self.magnitude)


def recomputed_history(
    events: Sequence[Event],
    rows: Mapping[str, int],
    affinities: NDArray[np.float32],
    event_weights: EventWeights,
    prototypes: int,
) -> History:
    """The history of the events whose track has a row in `affinities` (tracks, K); the others do not count."""
    coefficients = np.zeros(len(rows))
    magnitudes: list[float] = []
    for event in events:
        row = rows.get(event.track_id)
        if row is not None:
            weight = event_weights.of(event)
            coefficients[row] += weight
            magnitudes.append(abs(weight))
    if not magnitudes:
        return History.empty(prototypes)
    weighted_sum = coefficients @ affinities.astype(np.float64)
    return History(_frozen(weighted_sum), math.fsum(magnitudes), len(magnitudes))


def _frozen(values: NDArray[np.float64]) -> NDArray[np.float64]:
    values.flags.writeable = False
    return values
