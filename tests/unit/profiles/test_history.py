import math

import numpy as np
import pytest

from leitmotif_services.profiles.taste.history import Event, EventType, EventWeights, History, recomputed_history

WEIGHTS = EventWeights()


def event(kind: EventType, track_id: str = "t", share: float | None = None) -> Event:
    return Event(f"{track_id}-{kind.name}", track_id, kind, 0, share)


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
    history = History.empty(2).with_events([3.0, 1.0, -3.0], np.array([[1, 0], [0, 2], [1, 1]], np.float32))
    assert history.weighted_sum.tolist() == [0.0, -1.0]
    assert history.magnitude == 7.0
    assert history.event_count == 3
    assert history.weights().tolist() == [0.0, -1.0 / math.sqrt(7.0)]


def test_nothing_heard_is_no_weight() -> None:
    assert History.empty(3).weights().tolist() == [0.0, 0.0, 0.0]
    unheard = History.empty(3).with_events([0.0], np.ones((1, 3), np.float32))
    assert unheard.weights().tolist() == [0.0, 0.0, 0.0]
    assert unheard.event_count == 1


def test_a_batch_equals_one_after_another() -> None:
    random = np.random.default_rng(7)
    affinities = random.random((20, 5)).astype(np.float32)
    weights = random.choice([1.0, 3.0, -0.25, -3.0], 20).tolist()
    batch = History.empty(5).with_events(weights, affinities)
    single = History.empty(5)
    for row in random.permutation(20):
        single = single.with_events([weights[row]], affinities[row : row + 1])
    np.testing.assert_allclose(batch.weights(), single.weights(), rtol=1e-12, atol=1e-12)
    assert batch.magnitude == pytest.approx(single.magnitude, rel=1e-15)


def test_sums_cannot_be_changed_in_place() -> None:
    history = History.empty(2)
    with pytest.raises(ValueError, match="read-only"):
        history.weighted_sum[0] = 1.0


def test_recomputation_counts_known_tracks_only() -> None:
    events = [
        event(EventType.LIKE, "a"),
        event(EventType.PLAY, "b", 0.5),
        event(EventType.SKIP, "gone"),
        event(EventType.PLAY, "a"),
    ]
    affinities = np.array([[0, 2], [1, 0]], np.float32)
    history = recomputed_history(events, {"b": 0, "a": 1}, affinities, WEIGHTS, 2)
    assert history.weighted_sum.tolist() == [4.0, 1.0]
    assert history.magnitude == 4.5
    assert history.event_count == 3


def test_recomputation_without_known_tracks_is_empty() -> None:
    history = recomputed_history([event(EventType.PLAY)], {}, np.zeros((0, 0), np.float32), WEIGHTS, 4)
    assert history.weights().tolist() == [0.0] * 4
    assert history.event_count == 0
