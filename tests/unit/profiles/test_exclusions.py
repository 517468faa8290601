from typing import Any

import numpy as np
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from leitmotif.api.common.v1.vectors_pb2 import FloatMatrix
from leitmotif.api.profiles.v1 import exclusions_pb2 as pb
from leitmotif_services.profiles.exclusions_convert import check_size, exclusions_message, exclusions_of, model_tracks_of
from leitmotif_services.profiles.taste.exclusions import LIMITS, NO_EXCLUSIONS, Exclusions, TimeRange, sorted_ranges
from leitmotif_services.profiles.taste.history import DAY_US, Counting, Event, EventType
from leitmotif_services.profiles.taste.known_tracks import KnownTracks
from leitmotif_services.runtime.errors import Reason, ServiceError


def event(track_id: str = "t1", time_us: int = 100) -> Event:
    return Event(f"e-{track_id}-{time_us}", track_id, EventType.PLAY, time_us)


@pytest.mark.parametrize(
    ("stretch", "time_us", "within"),
    [
        (TimeRange(100, 200), 99, False),
        (TimeRange(100, 200), 100, True),
        (TimeRange(100, 200), 199, True),
        (TimeRange(100, 200), 200, False),
        (TimeRange(None, 200), -(10**17), True),
        (TimeRange(None, 200), 200, False),
        (TimeRange(100, None), 10**17, True),
        (TimeRange(100, None), 99, False),
        (TimeRange(0, None), -1, False),
        (TimeRange(None, 0), -1, True),
    ],
)
def test_a_range_holds_its_beginning_and_not_its_end(stretch: TimeRange, time_us: int, within: bool) -> None:
    assert stretch.holds(time_us) is within


def test_what_does_not_count() -> None:
    exclusions = Exclusions(
        hidden_track_ids=frozenset({"hidden"}),
        hidden_artists=frozenset({"Hidden"}),
        uncounted_track_ids=frozenset({"t9"}),
        uncounted_artists=frozenset({"Aria"}),
        uncounted_ranges=frozenset({TimeRange(50, 60)}),
    )
    assert exclusions.counts(event(), "Other")
    assert not exclusions.counts(event("t9"), "Other")
    assert not exclusions.counts(event(), "Aria")
    assert exclusions.counts(event(), "aria"), "artists are as the catalogue spells them"
    assert not exclusions.counts(event(time_us=50), "Other")
    assert exclusions.counts(event("hidden"), "Hidden"), "what is hidden still counts"
    assert exclusions.counts(event(), "")


def test_changes_add_and_then_remove() -> None:
    first = NO_EXCLUSIONS.changed(Exclusions(hidden_track_ids=frozenset({"a", "b"})), NO_EXCLUSIONS)
    assert (len(first), first.same_counting(NO_EXCLUSIONS)) == (2, True)
    second = first.changed(
        Exclusions(uncounted_track_ids=frozenset({"a"})), Exclusions(hidden_track_ids=frozenset({"b", "never there"}))
    )
    assert second == Exclusions(hidden_track_ids=frozenset({"a"}), uncounted_track_ids=frozenset({"a"}))
    assert not second.same_counting(first)
    both = Exclusions(uncounted_ranges=frozenset({TimeRange(None, 1)}))
    assert first.changed(both, both) == first


@pytest.mark.parametrize("kind", list(LIMITS))
def test_no_more_is_kept_than_may(kind: str) -> None:
    def entries(count: int) -> frozenset[Any]:
        if kind == "uncounted_ranges":
            return frozenset(TimeRange(number, None) for number in range(count))
        return frozenset(f"x{number}" for number in range(count))

    full = NO_EXCLUSIONS.changed(Exclusions(**{kind: entries(LIMITS[kind])}), NO_EXCLUSIONS)
    assert len(full) == LIMITS[kind]
    with pytest.raises(ServiceError) as refused:
        full.changed(Exclusions(**{kind: entries(LIMITS[kind] + 1)}), NO_EXCLUSIONS)
    assert refused.value.reason is Reason.LIMIT_EXCEEDED
    assert refused.value.metadata == {"limit": str(LIMITS[kind]), "actual": str(LIMITS[kind] + 1)}
    # One goes for one that comes.
    other = entries(LIMITS[kind] + 1) - entries(LIMITS[kind])
    gone = frozenset(list(entries(1)))
    assert len(full.changed(Exclusions(**{kind: other}), Exclusions(**{kind: gone}))) == LIMITS[kind]


def test_a_history_leaves_out_what_does_not_count() -> None:
    affinities = np.array([[1, 0], [0, 1]], np.float32)
    known = KnownTracks({"t1": 0, "t2": 1}, affinities, ("Aria", ""))
    events = [event("t1", 10), event("t2", 20), event("t3", 30)]
    counting = Counting(half_life_us=0)

    def sums(exclusions: Exclusions, tracks: KnownTracks = known) -> list[float]:
        return list(map(float, tracks.history(events, exclusions, counting, 2).weighted_sum))

    assert sums(NO_EXCLUSIONS) == [1.0, 1.0]
    assert sums(Exclusions(uncounted_track_ids=frozenset({"t2", "t3"}))) == [1.0, 0.0]
    assert sums(Exclusions(uncounted_artists=frozenset({"Aria"}))) == [0.0, 1.0]
    assert sums(Exclusions(uncounted_artists=frozenset({"Aria"})), KnownTracks(known.rows, affinities)) == [1.0, 1.0]
    assert sums(Exclusions(uncounted_ranges=frozenset({TimeRange(20, 21)}))) == [1.0, 0.0]
    assert sums(Exclusions(uncounted_ranges=frozenset({TimeRange(None, 100)}))) == [0.0, 0.0]


def test_what_does_not_count_makes_nothing_older() -> None:
    known = KnownTracks({"t1": 0, "t2": 1}, np.array([[4.0], [1.0]], np.float32))
    events = [event("t1", 0), event("t2", 5 * DAY_US)]
    history = known.history(events, Exclusions(uncounted_track_ids=frozenset({"t2"})), Counting(half_life_us=DAY_US), 1)
    assert (history.weighted_sum.tolist(), history.reference_us, history.event_count) == ([4.0], 0, 1)


ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,10}", fullmatch=True)
artists = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=20)
times = st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999)
ranges = st.one_of(
    st.builds(TimeRange, times, st.none()),
    st.builds(TimeRange, st.none(), times),
    st.builds(
        lambda first, second: TimeRange(min(first, second), max(first, second) + 1), times, times.filter(lambda t: t < 10**17)
    ),
).filter(lambda stretch: (stretch.end_us or 0) <= 253_402_300_799_999_999)
exclusions_values = st.builds(
    Exclusions,
    st.frozensets(ids, max_size=4),
    st.frozensets(artists, max_size=4),
    st.frozensets(ids, max_size=4),
    st.frozensets(artists, max_size=4),
    st.frozensets(ranges, max_size=4),
)


@given(exclusions_values)
def test_exclusions_go_both_ways(exclusions: Exclusions) -> None:
    message = exclusions_message(exclusions)
    assert exclusions_of(message, "add") == exclusions
    assert list(message.hidden_track_ids) == sorted(exclusions.hidden_track_ids)
    assert list(message.uncounted_artists) == sorted(exclusions.uncounted_artists)


def test_ranges_are_in_order_of_time() -> None:
    ordered = [TimeRange(None, -5), TimeRange(None, 7), TimeRange(-3, 1), TimeRange(-3, None), TimeRange(0, 2), TimeRange(4, 5)]
    assert sorted_ranges(reversed(ordered)) == ordered


GOOD_TIME = Timestamp(seconds=5)


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({"hidden_track_ids": ["ok", "{u}"]}, "add.hidden_track_ids[1]"),
        ({"hidden_track_ids": [""]}, "add.hidden_track_ids[0]"),
        ({"uncounted_track_ids": ["a" * 10_240]}, "add.uncounted_track_ids[0]"),
        ({"hidden_artists": [""]}, "add.hidden_artists[0]"),
        ({"hidden_artists": ["ok", "a" * 257]}, "add.hidden_artists[1]"),
        ({"uncounted_artists": ["a\nb"]}, "add.uncounted_artists[0]"),
        ({"uncounted_ranges": [pb.TimeRange()]}, "add.uncounted_ranges[0]"),
        ({"uncounted_ranges": [pb.TimeRange(start=GOOD_TIME), pb.TimeRange(start=GOOD_TIME, end=GOOD_TIME)]},
         "add.uncounted_ranges[1].end"),
        ({"uncounted_ranges": [pb.TimeRange(start=GOOD_TIME, end=Timestamp(seconds=4))]}, "add.uncounted_ranges[0].end"),
        ({"uncounted_ranges": [pb.TimeRange(start=Timestamp(seconds=316_000_000_000))]}, "add.uncounted_ranges[0].start"),
        ({"uncounted_ranges": [pb.TimeRange(end=Timestamp(nanos=-1))]}, "add.uncounted_ranges[0].end"),
    ],
)  # fmt: skip
def test_an_entry_at_fault_is_named(fields: dict[str, Any], at_fault: str) -> None:
    with pytest.raises(ServiceError) as refused:
        exclusions_of(pb.Exclusions(**fields), "add")
    assert refused.value.reason is Reason.FIELD_INVALID
    assert refused.value.violations[0].field == at_fault


def test_an_artist_of_256_characters_is_one() -> None:
    assert exclusions_of(pb.Exclusions(hidden_artists=["é" * 256]), "add").hidden_artists == {"é" * 256}


def test_two_thousand_entries_in_a_request() -> None:
    request = pb.ChangeExclusionsRequest(
        add=pb.Exclusions(hidden_track_ids=["a"] * 1000, uncounted_ranges=[pb.TimeRange()]),
        remove=pb.Exclusions(uncounted_artists=["b"] * 999),
    )
    check_size(request)
    request.remove.hidden_artists.append("one more")
    with pytest.raises(ServiceError) as refused:
        check_size(request)
    assert (refused.value.reason, refused.value.metadata["actual"]) == (Reason.LIMIT_EXCEEDED, "2001")


def known_message(**fields: Any) -> pb.KnownTracks:
    message = pb.KnownTracks(
        track_ids=["t1", "t2"], affinities=FloatMatrix(values=bytes(16), dimension=2), artists=["Aria", ""], model_version="m1"
    )
    for name, value in fields.items():
        message.ClearField(name)
        message.MergeFrom(pb.KnownTracks(**{name: value}))
    return message


def test_known_tracks_are_converted() -> None:
    known = model_tracks_of(known_message())
    assert (known.model_version, dict(known.tracks.rows), list(known.tracks.artists)) == ("m1", {"t1": 0, "t2": 1}, ["Aria", ""])
    assert known.tracks.affinities.shape == (2, 2)
    assert list(model_tracks_of(known_message(artists=[])).tracks.artists) == []


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({"track_ids": ["t1", "t1"]}, "known.track_ids"),
        ({"track_ids": ["t1", "*"]}, "known.track_ids[1]"),
        ({"artists": ["Aria"]}, "known.artists"),
        ({"artists": ["Aria", "\x00"]}, "known.artists[1]"),
        ({"artists": ["Aria", "a" * 257]}, "known.artists[1]"),
        ({"model_version": ""}, "known.model_version"),
        ({"affinities": FloatMatrix(values=bytes(12), dimension=2)}, "known.affinities.values"),
        ({"affinities": FloatMatrix(values=np.array([np.nan] * 4, "<f4").tobytes(), dimension=2)}, "known.affinities.values"),
        ({"affinities": FloatMatrix()}, "known.affinities.dimension"),
    ],
)
def test_known_tracks_at_fault_are_named(fields: dict[str, Any], at_fault: str) -> None:
    with pytest.raises(ServiceError) as refused:
        model_tracks_of(known_message(**fields))
    assert refused.value.violations[0].field == at_fault
