import math
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitmotif_services.profiles.taste.history import (
    DAY_US,
    Counting,
    Event,
    EventType,
    EventWeights,
    History,
    recomputed_history,
)

YEAR_US = 365 * DAY_US
LEAST_TIME_US = -62_135_596_800_000_000
MOST_TIME_US = 253_402_300_799_999_999
WEIGHTS = EventWeights()
NO_DECAY = Counting(half_life_us=0)


def event(kind: EventType, track_id: str = "t", share: float | None = None, time_us: int = 0) -> Event:
    return Event(f"{track_id}-{kind.name}-{time_us}", track_id, kind, time_us, share)


def history_of(*counted: tuple[float, list[float], int], half_life_us: int = DAY_US) -> History:
    """One event at a time: its weight, its affinities, its time."""
    history = History.empty(len(counted[0][1]))
    for weight, affinities, time_us in counted:
        history = history.with_events([weight], np.array([affinities], np.float32), [time_us], half_life_us)
    return history


@pytest.mark.parametrize(
    ("kind", "share", "weight"),
    [
        (EventType.PLAY, None, 1.0),
        (EventType.PLAY, 0.25, 0.25),
        (EventType.PLAY, 0.0, 0.0),
        (EventType.LIKE, 0.25, 3.0),
        (EventType.SAVE, None, 3.0),
        (EventType.PLAYLIST_ADD, None, 2.0),
        (EventType.SKIP, None, -0.25),
        (EventType.DISLIKE, None, -3.0),
    ],
)
def test_weights_of_events(kind: EventType, share: float | None, weight: float) -> None:
    assert WEIGHTS.of(event(kind, share=share)) == weight


def test_weights_by_hand() -> None:
    # A like of (1, 0), a play of (0, 2), a dislike of (1, 1): sum (0, -1), magnitude 3 + 1 + 3.
    affinities = np.array([[1, 0], [0, 2], [1, 1]], np.float32)
    history = History.empty(2).with_events([3.0, 1.0, -3.0], affinities, [0, 0, 0], DAY_US)
    assert history.weighted_sum.tolist() == [0.0, -1.0]
    assert history.magnitude == 7.0
    assert history.event_count == 3
    assert history.weights().tolist() == [0.0, -1.0 / math.sqrt(7.0)]


def test_an_event_counts_half_after_each_half_life() -> None:
    # As of day 3: 1 × 2^-2 of (8, 0), -3 × 2^-3 of (0, 8), 1 of (1, 1); magnitude 1/4 + 3/8 + 1.
    counted = [(1.0, [8.0, 0.0], DAY_US), (-3.0, [0.0, 8.0], 0), (1.0, [1.0, 1.0], 3 * DAY_US)]
    for order in permutations(counted):
        history = history_of(*order)
        assert history.weighted_sum.tolist() == [3.0, -2.0]
        assert history.magnitude == 1.625
        assert history.reference_us == 3 * DAY_US


def test_times_before_1970_are_times_too() -> None:
    history = history_of((1.0, [1.0], -2 * DAY_US), (1.0, [1.0], -3 * DAY_US))
    assert (history.weighted_sum.tolist(), history.reference_us) == ([1.5], -2 * DAY_US)


def test_without_a_half_life_age_is_nothing() -> None:
    history = history_of((1.0, [1.0], LEAST_TIME_US), (1.0, [1.0], MOST_TIME_US), half_life_us=0)
    assert (history.weighted_sum.tolist(), history.magnitude) == ([2.0], 2.0)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_is_1900_years_older_counts_nothing(order: tuple[int, int]) -> None:
    counted = [(3.0, [1e6, 0.0], 0), (1.0, [0.0, 1.0], 1900 * YEAR_US)]
    history = history_of(*(counted[index] for index in order), half_life_us=180 * DAY_US)
    assert history.weights().tolist() == [0.0, 1.0]
    assert history.event_count == 2


@pytest.mark.parametrize("half_life_us", [0, 1, DAY_US, 36_500 * DAY_US])
def test_no_age_overflows(half_life_us: int) -> None:
    for order in permutations([(3.0, [1e6], LEAST_TIME_US), (0.0, [1e6], MOST_TIME_US), (-3.0, [-1e6], 0)]):
        history = history_of(*order, half_life_us=half_life_us)
        assert np.isfinite(history.weights()).all()
        assert np.isfinite(history.magnitude)


def test_nothing_heard_is_no_weight() -> None:
    assert History.empty(3).weights().tolist() == [0.0, 0.0, 0.0]
    unheard = history_of((0.0, [1.0, 1.0, 1.0], 0))
    assert unheard.weights().tolist() == [0.0, 0.0, 0.0]
    assert unheard.event_count == 1
    assert unheard.with_events([], np.zeros((0, 3), np.float32), [], DAY_US) is unheard


times = st.one_of(st.integers(0, 400 * DAY_US), st.integers(LEAST_TIME_US, MOST_TIME_US))
some_events = st.lists(
    st.tuples(st.sampled_from(list(EventType)), st.sampled_from("abc"), st.floats(0.0, 1.0), times), min_size=1, max_size=12
)


@given(some_events, st.sampled_from([0, DAY_US, 180 * DAY_US, 36_500 * DAY_US]), st.data())
def test_every_order_of_arrival_makes_the_same_history(listened: Any, half_life_us: int, data: Any) -> None:
    rows = {"a": 0, "b": 1, "c": 2}
    affinities = np.array([[1.0, 0.25, 3.0], [0.5, 2.0, 0.125], [1e3, 0.1, 0.7]], np.float32)
    counting = Counting(half_life_us=half_life_us)
    events = [event(kind, track_id, share, time_us) for kind, track_id, share, time_us in listened]
    at_once = recomputed_history(events, rows, affinities, counting, 3)
    arrived = data.draw(st.permutations(events))
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=len(events), max_size=len(events)))
    history = History.empty(3)
    while arrived:
        batch, arrived = arrived[: sizes[0]], arrived[sizes[0] :]
        sizes = sizes[1:]
        history = history.with_events(
            [WEIGHTS.of(each) for each in batch],
            affinities[[rows[each.track_id] for each in batch]],
            [each.occurred_at_us for each in batch],
            half_life_us,
        )
    assert (history.event_count, history.reference_us) == (at_once.event_count, at_once.reference_us)
    # Likes and dislikes cancel, so what is relative is the sum of magnitudes; what is less than 1e-200 of an event is nothing.
    assert history.magnitude == pytest.approx(at_once.magnitude, rel=1e-9, abs=1e-200)
    largest = affinities.max(axis=0).astype(np.float64)
    in_sums = 1e-9 * at_once.magnitude * largest + 1e-200
    assert (np.abs(history.weighted_sum - at_once.weighted_sum) <= in_sums).all()
    in_weights = 1e-9 * math.sqrt(at_once.magnitude) * largest + 1e-90
    assert (np.abs(history.weights() - at_once.weights()) <= in_weights).all()


def test_sums_cannot_be_changed_in_place() -> None:
    for history in (History.empty(2), history_of((1.0, [1.0, 2.0], 0))):
        with pytest.raises(ValueError, match="read-only"):
            history.weighted_sum[0] = 1.0


def test_recomputation_counts_known_tracks_only() -> None:
    events = [
        event(EventType.LIKE, "a"),
        event(EventType.PLAY, "b", 0.5),
        event(EventType.SKIP, "gone", time_us=5 * DAY_US),
        event(EventType.PLAY, "a"),
    ]
    affinities = np.array([[0, 2], [1, 0]], np.float32)
    for counting in (NO_DECAY, Counting(half_life_us=DAY_US)):  # what does not count does not make the others older
        history = recomputed_history(events, {"b": 0, "a": 1}, affinities, counting, 2)
        assert history.weighted_sum.tolist() == [4.0, 1.0]
        assert history.magnitude == 4.5
        assert history.event_count == 3


def test_recomputation_without_known_tracks_is_empty() -> None:
    history = recomputed_history([event(EventType.PLAY)], {}, np.zeros((0, 0), np.float32), NO_DECAY, 4)
    assert history.weights().tolist() == [0.0] * 4
    assert (history.event_count, history.reference_us) == (0, 0)
