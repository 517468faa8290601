"""Filters: what Python expressions become on the wire, checked against a plain evaluation of both."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitmotif._convert.filters import filter_message_of
from leitmotif.api.prototypes.v1 import catalogue_pb2 as pb2
from leitmotif.filters import AllOf, AnyOf, F, Filter, InRange, Not, OneOf

TRACKS = [
    {"tags": ["jazz", "calm"], "artist": ["X"], "year": 1959.0, "language": ["fr"]},
    {"tags": ["jazz"], "artist": ["Y"], "year": 1960.0, "bpm": 120.0},
    {"tags": [], "artist": ["X"], "bpm": 90.5},
    {"tags": ["rock"], "artist": ["Z"], "year": 1995.0, "bpm": 180.0, "language": ["en"]},
]


def kept(message, track):
    """Whether a filter's message keeps a track: the proto's words, without any of the code under test."""
    match message.WhichOneof("kind"):
        case "field":
            condition = message.field
            if condition.field not in track:
                return False
            value = track[condition.field]
            if condition.WhichOneof("test") == "one_of":
                return bool(set(value) & set(condition.one_of.values))
            minimum = condition.range.minimum if condition.range.HasField("minimum") else -math.inf
            maximum = condition.range.maximum if condition.range.HasField("maximum") else math.inf
            return minimum <= value <= maximum
        case "all":
            return all(kept(each, track) for each in message.all.filters)
        case "any":
            return any(kept(each, track) for each in message.any.filters)
        case "not":
            return not kept(getattr(message, "not"), track)


def places(kept_tracks):
    return [place for place, track in enumerate(TRACKS) if kept(filter_message_of(kept_tracks), track)]


@pytest.mark.parametrize(
    ("kept_tracks", "expected"),
    [
        (F.tag("jazz"), [0, 1]),
        (F.tag("calm", "rock"), [0, 3]),
        (F.artist("X"), [0, 2]),
        (~F.artist("X"), [1, 3]),
        (F.year >= 1960, [1, 3]),
        (F.year > 1960, [3]),
        (F.year <= 1960, [0, 1]),
        (F.year < 1960, [0]),
        (F.year < 1960.5, [0, 1]),
        (F.year.between(1959, 1960), [0, 1]),
        (F.number("bpm").between(90.5, 120), [1, 2]),
        (F.text("language")("fr", "en"), [0, 3]),
        (F.tag("jazz") & (F.year >= 1960) & ~F.artist("X"), [1]),
        (F.tag("rock") | F.tag("calm") | (F.number("bpm") < 100), [0, 2, 3]),
        (~(F.tag("jazz") | F.tag("rock")), [2]),
        (~~F.tag("jazz"), [0, 1]),
    ],
)
def test_what_is_kept(kept_tracks, expected):
    assert places(kept_tracks) == expected


def test_a_chain_is_one_list():
    both = F.tag("a") & F.tag("b") & (F.tag("c") & F.tag("d"))
    assert both == AllOf(tuple(OneOf("tags", (tag,)) for tag in "abcd"))
    assert F.tag("a") | F.tag("b") | F.tag("c") == AnyOf(tuple(OneOf("tags", (tag,)) for tag in "abc"))


def test_what_python_cannot_say_is_refused_rather_than_half_heard():
    with pytest.raises(TypeError, match="between"):
        1960 <= F.year <= 1969  # noqa: B015
    with pytest.raises(TypeError, match="&"):
        F.tag("a") and F.tag("b")
    with pytest.raises(TypeError, match="at least one value"):
        F.tag()
    with pytest.raises(TypeError, match="no filter"):
        filter_message_of("jazz")


def test_no_filter_leaves_the_field_unset():
    assert filter_message_of(None) is None


CONDITIONS = st.one_of(
    st.builds(OneOf, st.sampled_from(["tags", "artist", "language"]), st.sampled_from([("jazz",), ("X",), ("fr", "rock")])),
    st.builds(InRange, st.sampled_from(["year", "bpm"]), st.none() | st.floats(0, 1000), st.none() | st.floats(1000, 2000)),
)


@given(CONDITIONS, CONDITIONS)
def test_operators_are_what_their_names_say(one: Filter, other: Filter):
    for track in TRACKS:
        first, second = (kept(filter_message_of(each), track) for each in (one, other))
        assert kept(filter_message_of(one & other), track) == (first and second)
        assert kept(filter_message_of(one | other), track) == (first or second)
        assert kept(filter_message_of(~one), track) == (not first)
        assert kept(filter_message_of(Not(Not(one))), track) == first
    assert isinstance(filter_message_of(one), pb2.Filter)
