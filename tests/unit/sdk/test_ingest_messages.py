"""What a file becomes on its way into the catalogue."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitmotif._ingest_messages import ingest_messages, track_named
from leitmotif.types import AudioItem, PcmItem, Track
from leitmotif_services.workshop.track_naming import track_id_of


@given(st.text(max_size=200).filter(lambda name: "/" not in name and "\0" not in name))
def test_a_file_has_the_id_that_a_whole_folder_would_give_it(stem):
    track = track_named(f"{stem}x.wav")
    assert track.track_id == track_id_of(f"{stem}x")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Café Lindau - Silver Harbour.wav", Track("Cafe-Lindau-Silver-Harbour", "Silver Harbour", "Café Lindau")),
        ("nocturne.ogg", Track("nocturne", "nocturne")),
        ("夜.flac", Track("track", "夜")),
        ("\udcff.mp3", Track("track", "\ufffd")),
    ],
)
def test_names(name, expected):
    assert track_named(name) == expected


@given(st.binary(max_size=2_000_000), st.integers(1, 8))
def test_pieces_are_the_whole(content, channels):
    start, *chunks = ingest_messages(AudioItem("t", content), Track("t"), 5, None)
    assert start.start.file_bytes == len(content)
    assert b"".join(chunk.chunk for chunk in chunks) == content
    samples = content * 4 * channels
    _, *pieces = ingest_messages(PcmItem("t", samples, 8_000, channels), Track("t"), 5, None)
    assert b"".join(piece.samples for piece in pieces) == samples
    assert all(len(piece.samples) % (4 * channels) == 0 for piece in pieces)
