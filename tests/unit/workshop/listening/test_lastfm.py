"""lastfm-2k: what is kept, and that every kind of bad row is told by file and number."""

import math

import numpy as np
import pytest

from leitmotif_services.workshop.listening.lastfm import AUDIO_NAMES, load
from leitmotif_services.workshop.listening.loading_report import EXAMPLES
from leitmotif_services.workshop.listening.table_rows import TableError
from tests.unit.workshop.listening.lastfm_folder import FIRST, SOUND, write_folder


def left_out(report, file):
    return {entry.reason: entry for entry in report.left_out if entry.file == file}


def test_a_clean_folder(tmp_path):
    loaded = load(write_folder(tmp_path))
    data = loaded.data
    assert data.user_ids == tuple(str(user) for user in range(1, 13))
    assert data.item_ids == tuple(str(artist) for artist in range(1, 13))
    assert data.item_names[0] == "Ärtist 1"
    assert data.counts.toarray()[0].tolist() == list(range(2, 14))
    assert data.tagging.tags == ("idéal", "rock")
    assert data.tagging.users.tolist() == [0, -1]
    assert data.tagging.items.tolist() == [0, 1]
    assert [data.tagging.tags[tag] for tag in data.tagging.tag] == ["rock", "idéal"]
    assert (loaded.report.users, loaded.report.items, loaded.report.pairs) == (12, 12, 144)
    assert loaded.report.left_out == ()


def test_a_key_is_on_the_circle(tmp_path):
    audio = load(write_folder(tmp_path)).data.audio
    angle = 2 * math.pi * 3 / 12
    assert audio[0] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, -6.5, 0.05, 120, 0.6, 1, math.cos(angle), math.sin(angle)])
    assert len(AUDIO_NAMES) == audio.shape[1]


BAD = [
    ("artists.dat", {"artists": ["3\tAgain\tu\tp"]}, "came before"),
    ("artists.dat", {"artists": ["x\tName\tu\tp"]}, "no whole number"),
    ("artists.dat", {"artists": ["44"]}, "name is empty"),
    ("user_artists.dat", {"listening": ["1\t1\t5"]}, "came before"),
    ("user_artists.dat", {"listening": ["1\t777\t5"]}, "not in artists.dat"),
    ("user_artists.dat", {"listening": ["1\t13\t-5"]}, "no number above 0"),
    ("user_artists.dat", {"listening": ["1\t13\t0"]}, "no number above 0"),
    ("user_artists.dat", {"listening": ["1\t13\t1e12"]}, "no number above 0"),
    ("user_artists.dat", {"listening": ["1\t13\tnan"]}, "no number above 0"),
    ("user_artists.dat", {"listening": ["\t13\t5"]}, "an id is no whole number"),
    ("user_artists.dat", {"listening": ["1"]}, "an id is no whole number"),
    ("tags.dat", {"tags": ["2\tagain"]}, "came before"),
    ("tags.dat", {"tags": ["x\tname"]}, "no whole number"),
    ("tags.dat", {"tags": ["5\t  "]}, "name is empty"),
    ("tags.dat", {"tags": ["5\tnever said"]}, "nobody uses"),
    ("user_taggedartists.dat", {"tagging": ["1\t1\t1\t2\t4\t2010"]}, "same tag before"),
    ("user_taggedartists.dat", {"tagging": ["1\t777\t1\t1\t4\t2009"]}, "not in artists.dat"),
    ("user_taggedartists.dat", {"tagging": ["1\t1\t9\t1\t4\t2009"]}, "not in tags.dat"),
    ("user_taggedartists.dat", {"tagging": ["1\t3\t1\t1\t4\t1956"]}, "the year is not in"),
    ("user_taggedartists.dat", {"tagging": ["1\t3\t1\t1\t4\t"]}, "the year is not in"),
    ("artist_audio_features.csv", {"audio": [f"3,{SOUND}"]}, "came before"),
    ("artist_audio_features.csv", {"audio": [f"777,{SOUND}"]}, "not in artists.dat"),
    ("artist_audio_features.csv", {"audio": ["13," + SOUND.replace("0.3", "nan")]}, "out of its range"),
    ("artist_audio_features.csv", {"audio": ["13," + SOUND.replace("0.3", "7")]}, "out of its range"),
    ("artist_audio_features.csv", {"audio": ["13," + SOUND.replace("-6.5", "")]}, "out of its range"),
    ("artist_audio_features.csv", {"audio": ["13," + SOUND[:-1] + "12"]}, "out of its range"),
]


@pytest.mark.parametrize(("file", "rows", "reason"), BAD)
def test_a_bad_row_is_told_and_changes_nothing(tmp_path, file, rows, reason):
    clean, loaded = load(write_folder(tmp_path / "clean")), load(write_folder(tmp_path / "bad", **rows))
    [found] = [entry for entry in loaded.report.left_out if entry.file == file and reason in entry.reason]
    assert found.count == 1
    named = "never said" if "nobody uses" in reason else f"row {FIRST[file]}"
    assert named in found.examples[0]
    assert (loaded.data.counts != clean.data.counts).nnz == 0
    assert loaded.data.tagging.tags == clean.data.tagging.tags
    assert np.array_equal(loaded.data.tagging.items, clean.data.tagging.items)
    assert np.array_equal(loaded.data.audio, clean.data.audio)


def test_many_bad_rows_are_counted_and_the_first_told(tmp_path):
    report = load(write_folder(tmp_path, listening=["1\t13\t-1"] * 500)).report
    [found] = left_out(report, "user_artists.dat").values()
    assert found.count == 500
    assert len(found.examples) == EXAMPLES


def test_people_and_artists_with_too_little_are_named(tmp_path):
    report = load(write_folder(tmp_path, listening=["50\t1\t3", "1\t13\t3"], audio=[f"13,{SOUND}"])).report
    by_reason = left_out(report, "")
    assert by_reason["people with fewer than 10 artists that are left"].examples == ("50",)
    assert by_reason["artists with fewer than 3 people that are left"].examples == ("Ärtist 13",)


def test_an_artist_without_audio_is_named(tmp_path):
    report = load(write_folder(tmp_path, listening=["1\t13\t3"])).report
    assert left_out(report, "")["artists without audio descriptors"].examples == ("Ärtist 13",)


@pytest.mark.parametrize("file", list(FIRST))
def test_a_missing_file_is_refused_by_name(tmp_path, file):
    (write_folder(tmp_path) / file).unlink()
    with pytest.raises(TableError, match=file):
        load(tmp_path)


def test_a_file_in_another_encoding_is_refused(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "artists.dat").write_bytes("id\tname\n1\tÄ\n".encode("latin-1"))
    with pytest.raises(TableError, match=r"artists.dat: is not utf-8"):
        load(tmp_path)


def test_a_missing_column_is_named(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "user_artists.dat").write_text("userID\tartist\tweight\n")
    with pytest.raises(TableError, match="artistID is missing"):
        load(tmp_path)


def test_nobody_left_is_refused(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "user_artists.dat").write_text("userID\tartistID\tweight\n1\t1\t3\n")
    with pytest.raises(TableError, match="nobody listened"):
        load(tmp_path)
