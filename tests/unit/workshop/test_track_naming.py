"""Names of files become ids, titles and artists."""

from pathlib import PurePath

import pytest

from leitmotif_services.runtime.validation import ID_PATTERN
from leitmotif_services.workshop.track_naming import names_by_reference, readable, title_and_artist, track_id_of, unique_ids


@pytest.mark.parametrize(
    ("name", "track_id"),
    [
        ("Café Lindau - Étude", "Cafe-Lindau-Etude"),
        ("Karissa_Hobbs_-_Lets_Go_Fishin", "Karissa_Hobbs_-_Lets_Go_Fishin"),
        ("..hidden..", "hidden"),
        ("音楽", "track"),
        ("", "track"),
        ("a" * 300, "a" * 128),
        ("-_-", "track"),
        ("5703-47212-0000", "5703-47212-0000"),
    ],
)
def test_an_id_keeps_what_it_may(name, track_id):
    assert track_id_of(name) == track_id
    assert ID_PATTERN.fullmatch(track_id)


def test_ids_are_unique_whatever_the_case():
    ids = unique_ids(["Song", "song", "Song?", "x" * 130, "x" * 140])
    assert ids[:3] == ["Song", "song-2", "Song-3"]
    assert len({track_id.casefold() for track_id in ids}) == 5
    assert all(ID_PATTERN.fullmatch(track_id) for track_id in ids)


def test_title_and_artist_come_from_the_file_before_the_name():
    assert title_and_artist("Ann - Blue", "", "") == ("Blue", "Ann")
    assert title_and_artist("Ann_Lee_-_Blue_Sky", "", "") == ("Blue Sky", "Ann Lee")
    assert title_and_artist("Ann - Blue", "Red", "Bob") == ("Red", "Bob")
    assert title_and_artist("Ann - Blue", "Red\x00\n", "") == ("Red", "Ann")
    assert title_and_artist("track01", "", "") == ("track01", "")


def test_names_that_are_not_utf8_become_text():
    name = b"caf\xe9 - \xff".decode("utf-8", "surrogateescape")
    assert readable(name) == "caf\N{REPLACEMENT CHARACTER} - \N{REPLACEMENT CHARACTER}"
    assert readable("Caf\u00e9 \U0001f3b5") == "Caf\u00e9 \U0001f3b5"
    assert track_id_of(name) == track_id_of(readable(name)) == "caf"
    assert title_and_artist(name, "", "") == ("\N{REPLACEMENT CHARACTER}", "caf\N{REPLACEMENT CHARACTER}")


def test_a_reference_that_two_files_share_names_neither():
    paths = [PurePath("a/x.ogg"), PurePath("b/x.ogg"), PurePath("y.mp3")]
    found = names_by_reference(paths, ["x", "x-2", "y"])
    assert found["a/x.ogg"] == 0
    assert found["x.ogg"] is None
    assert found["x"] == 0  # an id always names its own track
    assert found["x-2"] == 1
    assert found["y"] == found["y.mp3"] == 2
