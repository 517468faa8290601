"""Checks of fields that every service shares."""

import pytest

from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.validation import checked_count, checked_id, checked_length, checked_text


@pytest.mark.parametrize("value", ["a", "Track-1", "0.9_x", "x" * 128])
def test_ids_that_are_well_formed(value):
    assert checked_id("user_id", value) == value


@pytest.mark.parametrize("value", ["", "-a", ".", "a b", "a{b}", "a/b", "ä", "a\n", "x" * 129, "x" * 10_000])
def test_ids_that_are_not(value):
    with pytest.raises(ServiceError) as caught:
        checked_id("user_id", value)
    assert caught.value.reason is Reason.FIELD_INVALID
    assert caught.value.violations[0].field == "user_id"
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(("value", "count"), [(0, 20), (1, 1), (1000, 1000)])
def test_counts_within_bounds(value, count):
    assert checked_count("count", value, default=20, maximum=1000) == count


@pytest.mark.parametrize("value", [-1, 1001, 10**9])
def test_counts_out_of_bounds(value):
    with pytest.raises(ServiceError):
        checked_count("count", value, default=20, maximum=1000)


def test_lengths():
    checked_length("events", [1, 2], minimum=1, maximum=2)
    with pytest.raises(ServiceError) as caught:
        checked_length("events", [], minimum=1, maximum=2)
    assert caught.value.reason is Reason.FIELD_INVALID
    with pytest.raises(ServiceError) as caught:
        checked_length("events", [1, 2, 3], maximum=2)
    assert caught.value.reason is Reason.LIMIT_EXCEEDED
    assert caught.value.metadata == {"limit": "2", "actual": "3"}


@pytest.mark.parametrize("value", ["x" * 11, "tab\t", "nul\0"])
def test_texts_that_are_refused(value):
    with pytest.raises(ServiceError):
        checked_text("reason", value, maximum=10)
