"""History weights: what listening says, h = Σ_j d_j c_j a_j / sqrt(Σ_j d_j |c_j|) over events j.

a_j is the affinity vector of the event's track and c_j the weight of the event. The root keeps a long history from growing
without bound while its direction settles. Skips and dislikes have negative c_j, hence the magnitudes under the root.
d_j = 2^(-(reference - t_j) / half-life) lets what was heard long ago count less. The reference is the time of the newest event
and not of the day, so that the passage of time alone changes no weight. Both sums are kept as of the reference: a newer event
scales them once, so any event costs O(K), and the order in which events arrive does not matter.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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


DAY_US = 86_400 * 1_000_000
DEFAULT_HALF_LIFE_US = 180 * DAY_US


@dataclass(frozen=True)
class Counting:
    """How much an event counts, by what it is and by its age."""

    event_weights: EventWeights = field(default_factory=EventWeights)
    half_life_us: int = DEFAULT_HALF_LIFE_US
    """An event that is older than the newest one by this many microseconds counts half; 0 for no decay."""


@dataclass(frozen=True, eq=False)
class History:
    """The two sums behind the history weights."""

    weighted_sum: NDArray[np.float64]
    """Σ d_j c_j a_j, shape (K,); read-only."""
    magnitude: float
    """Σ d_j |c_j|, at least 0."""
    event_count: int
    """Events that are in the sums."""
    reference_us: int = 0
    """The time that the sums are as of, the newest counted event's: microseconds since 1970, UTC; 0 while there is none."""

    @classmethod
    def empty(cls, prototypes: int) -> "History":
        """No event counted yet."""
        return cls(_frozen(np.zeros(prototypes)), 0.0, 0)

    def with_events(
        self,
        event_weights: Sequence[float],
        affinities: NDArray[np.float32],
        times_us: Sequence[int],
        half_life_us: int,
    ) -> "History":
        """The history with more events; `affinities` is (events, K), one row for each weight c_j and each time t_j."""
        if not event_weights:
            return self
        newest_us = max(times_us)
        reference_us = max(self.reference_us, newest_us) if self.event_count else newest_us
        coefficients = np.asarray(event_weights, np.float64) * _decays(times_us, reference_us, half_life_us)
        kept = _decays((self.reference_us,), reference_us, half_life_us)[0] if self.event_count else 1.0
        return History(
            _frozen(self.weighted_sum * kept + coefficients @ affinities.astype(np.float64)),
            self.magnitude * float(kept) + math.fsum(np.abs(coefficients)),
            self.event_count + len(event_weights),
            reference_us,
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
    counting: Counting,
    prototypes: int,
) -> History:
    """The history of the events whose track has a row in `affinities` (tracks, K); the others do not count.

    Equal to that of `with_events`, in whatever order those came, but for rounding.
    """
    known = [(row, event) for event in events if (row := rows.get(event.track_id)) is not None]
    if not known:
        return History.empty(prototypes)
    times_us = [event.occurred_at_us for _, event in known]
    reference_us = max(times_us)
    weights = np.array([counting.event_weights.of(event) for _, event in known])
    decayed = weights * _decays(times_us, reference_us, counting.half_life_us)
    coefficients = np.zeros(len(rows))
    np.add.at(coefficients, [row for row, _ in known], decayed)
    weighted_sum = coefficients @ affinities.astype(np.float64)
    return History(_frozen(weighted_sum), math.fsum(np.abs(decayed)), len(known), reference_us)


def _decays(times_us: Sequence[int], reference_us: int, half_life_us: int) -> NDArray[np.float64]:
    """d_j of events that are no newer than the reference, each 0 to 1; 0 where it is less than a float64 can say."""
    if half_life_us == 0:
        return np.ones(len(times_us))
    # Years 1 to 9999 in microseconds and their differences are below 2^59.
    ages_us = reference_us - np.asarray(times_us, np.int64)
    return np.exp2(ages_us / -half_life_us)


def _frozen(values: NDArray[np.float64]) -> NDArray[np.float64]:
    values.flags.writeable = False
    return values
