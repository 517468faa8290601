"""The masks of filters against each track asked by itself."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitmotif_services.prototypes.live_catalogue.fields import BundleFields, FieldNames
from leitmotif_services.prototypes.live_catalogue.filters import All, Any, FieldIn, FieldRange, Filter, Not
from leitmotif_services.prototypes.track import Track
from leitmotif_services.runtime.errors import Reason, ServiceError

TEXTS = st.sampled_from(["a", "b", "c", "d"])
NUMBERS = st.integers(-3, 3).map(float)
ENDS = st.one_of(NUMBERS, st.just(math.inf), st.just(-math.inf))

tracks = st.builds(
    lambda artist, duration, tags, year, texts, numbers: Track(
        "t", "", artist, duration, tuple(tags), year, texts, {} if texts else numbers
    ),
    st.sampled_from(["", "a", "b"]),
    st.integers(0, 3).map(float),
    st.lists(TEXTS, max_size=3),
    st.one_of(st.none(), st.integers(-3, 3)),
    st.dictionaries(st.just("mood"), TEXTS, max_size=1),
    st.dictionaries(st.just("mood"), NUMBERS, max_size=1),
)
conditions = st.one_of(
    st.builds(
        lambda field, values: FieldIn(field, tuple(sorted(values))),
        st.sampled_from(["tags", "artist", "mood"]),
        st.sets(st.sampled_from(["a", "b", "never"]), min_size=1),
    ),
    st.builds(FieldRange, st.sampled_from(["year", "duration_s", "mood"]), ENDS, ENDS),
)
filters = st.recursive(
    conditions,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(lambda parts: All(tuple(parts)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: Any(tuple(parts)), st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=6,
)


def passes(track: Track, tested: Filter) -> bool:
    """What the comments of the API say of one track."""
    if isinstance(tested, Not):
        return not passes(track, tested.filter)
    if isinstance(tested, All):
        return all(passes(track, part) for part in tested.filters)
    if isinstance(tested, Any):
        return any(passes(track, part) for part in tested.filters)
    if isinstance(tested, FieldIn):
        own = (
            track.tags if tested.field == "tags" else [track.artist if tested.field == "artist" else track.texts.get("mood", "")]
        )
        return any(text in tested.values for text in own)
    number = {"year": track.year, "duration_s": track.duration_s, "mood": track.numbers.get("mood")}[tested.field]
    return number is not None and tested.minimum <= number <= tested.maximum


@settings(max_examples=200, deadline=None)
@given(st.lists(tracks, min_size=1, max_size=150), filters)
def test_a_mask_holds_the_tracks_that_pass(catalogue: list[Track], tested: Filter) -> None:
    mask = BundleFields(catalogue, FieldNames(["mood"])).mask(tested)
    assert mask.dtype == np.bool_
    assert mask.tolist() == [passes(track, tested) for track in catalogue]


@pytest.mark.parametrize(
    ("condition", "place"),
    [
        (FieldIn("nothing", ("a",), "filter.not.field"), "filter.not.field.field"),
        (FieldIn("year", ("1990",), "filter.field"), "filter.field"),
        (FieldRange("tags", 0.0, 1.0, "filter.field"), "filter.field"),
    ],
)
def test_a_field_that_is_not_there_or_of_the_other_kind_is_refused(condition: FieldIn | FieldRange, place: str) -> None:
    fields = BundleFields([Track("t", "", "", 0.0, ())], FieldNames(["bpm"]))
    with pytest.raises(ServiceError) as raised:
        fields.mask(Not(condition))
    assert raised.value.reason is Reason.FIELD_INVALID
    assert raised.value.violations[0].field == place
    if condition.field == "nothing":
        assert "artist, bpm, duration_s, tags, year" in raised.value.message
