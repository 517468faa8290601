"""Filters: what Python expressions become on the wire, checked against a plain evaluation of both."""

import functools
import math
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitmotif._convert.filters import filter_message_of
from leitmotif.api.prototypes.v1 import catalogue_pb2 as pb2
from leitmotif.filters import AllOf, AnyOf, F, Filter, InRange, Not, OneOf
from leitmotif_services.prototypes.filter_convert import filter_of
from leitmotif_services.prototypes.live_catalogue.filters import All, Any

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


@pytest.mark.parametrize("count", [1, 64, 65, 128, 256])
@pytest.mark.parametrize("join", [operator.and_, operator.or_])
def test_as_many_conditions_as_there_may_be_are_taken_by_the_server(count, join):
    chain = functools.reduce(join, (F.text(f"f{number}")("x") for number in range(count)))
    taken = filter_of(filter_message_of(chain))
    for absent in (0, count - 1, None):
        track = {f"f{number}": ["x"] if number != absent else ["y"] for number in range(count)}
        assert kept(filter_message_of(chain), track) == (absent is None or (join is operator.or_ and count > 1))
    assert conditions_of(taken) == count


def test_what_is_deep_already_lies_no_deeper_in_a_long_chain():
    deep = F.tag("deep")
    for number in range(6):
        deep = (~deep & F.tag(f"a{number}")) if number % 2 else (deep | F.tag(f"o{number}"))
    depth = depth_of(filter_message_of(deep | F.tag("b")))
    long = functools.reduce(operator.or_, (F.tag(f"t{number}") for number in range(200)), deep)
    assert depth_of(filter_message_of(long)) == depth
    filter_of(filter_message_of(functools.reduce(operator.or_, [F.tag("a") & F.tag(f"t{number}") for number in range(128)])))


def depth_of(message):
    match message.WhichOneof("kind"):
        case "field":
            return 1
        case "not":
            return 1 + depth_of(getattr(message, "not"))
        case kind:
            return 1 + max(map(depth_of, getattr(message, kind).filters))


def conditions_of(taken):
    return sum(map(conditions_of, taken.filters)) if isinstance(taken, All | Any) else 1


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
