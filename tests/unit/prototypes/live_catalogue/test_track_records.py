"""Tracks as records: further fields there and back, and bundles that did not know them."""

import json
from dataclasses import replace

import pytest

from leitmotif_services.prototypes.bundle_records import parse_tracks, render_tracks, track_of_record, track_record
from leitmotif_services.prototypes.track import Track

TRACK = Track("a", "Ä", "", 1.5, ("x", "y"), 1999, {"mood": "blue"}, {"bpm": 90.0})


def test_there_and_back() -> None:
    tracks = [TRACK, Track("b", "", "B", 0.0, ())]
    assert parse_tracks(render_tracks(tracks)) == tracks


def test_records_of_earlier_bundles_have_no_further_fields() -> None:
    line = json.dumps({"track_id": "a", "title": "A", "artist": "", "duration_s": 2, "tags": ["x"]}).encode()
    assert parse_tracks(line) == [Track("a", "A", "", 2.0, ("x",))]


@pytest.mark.parametrize(
    "change",
    [
        {"year": "1999"},
        {"year": 1999.0},
        {"year": True},
        {"year": 2**31},
        {"texts": {"Mood": "x"}},
        {"texts": {"year": "x"}},
        {"texts": {"bpm": "x"}},
        {"texts": {"mood": 1}},
        {"texts": []},
        {"texts": {"mood": "x" * 2001}},
        {"numbers": {"bpm": "90"}},
        {"numbers": {"bpm": True}},
        {"numbers": {"bpm": 1e16}},
        {"numbers": {f"n{number}": 1.0 for number in range(64)}},
    ],
)
def test_what_is_no_field_is_refused(change: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        track_of_record(track_record(TRACK) | change)


def test_as_many_fields_as_allowed() -> None:
    many = replace(TRACK, numbers={f"n{number}": 1.0 for number in range(63)})
    assert track_of_record(track_record(many)) == many
