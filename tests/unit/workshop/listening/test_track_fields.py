"""Further columns of a table of tracks."""

from leitmotif_services.workshop.listening.track_fields import TrackFields, fields_by_track, year_of


def test_columns_are_numbers_where_every_cell_is_one() -> None:
    rows = {
        "a": {"track_id": "a", "title": "A", "year": "1999", "bpm": "90.5", "mood": "blue", "key": "7", "Bad Name": "x"},
        "b": {"track_id": "b", "title": "B", "year": "", "bpm": "", "mood": "", "key": "C", "Bad Name": "x"},
        "c": {"track_id": "c"},
    }
    assert fields_by_track(rows) == {
        "a": TrackFields(1999, {"mood": "blue", "key": "7"}, {"bpm": 90.5}),
        "b": TrackFields(None, {"key": "C"}, {}),
        "c": TrackFields(),
    }


def test_years() -> None:
    assert [year_of(text)[0] for text in ("1999", "1999.0", "", "-44")] == [1999, 1999, None, -44]
    for text in ("soon", "1999.5", "inf", "nan", "123456"):
        assert year_of(text) == (None, f"year {text!r} is not a year")


def test_no_more_fields_than_a_track_may_have() -> None:
    [fields] = fields_by_track({"a": {f"n{number:03d}": "1" for number in range(100)}}).values()
    assert sorted(fields.numbers) == [f"n{number:03d}" for number in range(64)]
