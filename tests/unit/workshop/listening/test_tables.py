"""Tables of one's own: the same from CSV and Parquet, every bad row told."""

import csv
import math

import numpy as np
import pytest

from leitmotif_services.workshop.listening.table_rows import TableError
from leitmotif_services.workshop.listening.tables import TableFiles, load, load_folder

INTERACTIONS = [["user_id", "track_id", "count"], ["zoe", "b", "3"], ["ann", "a", "1"], ["ann", "b", "2"]]
TRACKS = [["track_id", "title", "artist"], ["b", "Bee", "Beth"], ["a", "", ""], ["c", "Sea", "Cid"]]
TAGS = [["track_id", "tag", "user_id"], ["a", " Slow  Jam", "ann"], ["b", "dark", "stranger"], ["c", "slow jam", ""]]
FEATURES = [["track_id", "x", "y"], ["a", "1", "2.5"], ["b", "-3", "4"]]


def written(folder, suffix=".csv", **tables):
    folder.mkdir(exist_ok=True)
    defaults = {"interactions": INTERACTIONS, "tracks": TRACKS, "tags": TAGS, "features": FEATURES}
    for name, rows in (defaults | tables).items():
        if suffix == ".csv":
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(rows)
        else:
            pa = pytest.importorskip("pyarrow", reason="Parquet needs the extra parquet")
            import pyarrow.parquet as pq

            columns = {header: [row[place] or None for row in rows[1:]] for place, header in enumerate(rows[0])}
            numbers = {"count": float, "x": float, "y": float}
            columns = {
                name: [numbers[name](value) if name in numbers and value else value for value in values]
                for name, values in columns.items()
            }
            pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    return TableFiles(*(folder / f"{name}{suffix}" for name in ("interactions", "tracks", "tags", "features")))


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_everything_is_read(tmp_path, suffix):
    loaded = load(written(tmp_path, suffix))
    data = loaded.data
    assert data.user_ids == ("ann", "zoe")
    assert data.item_ids == ("b", "a", "c")  # a track that nobody heard stays, in the order of the table
    assert data.item_names == ("Bee", "a", "Sea")
    assert data.artists == ("Beth", "a", "Cid")
    assert data.counts.toarray().tolist() == [[2, 1, 0], [3, 0, 0]]
    assert data.tagging.tags == ("dark", "slow jam")
    assert data.tagging.items.tolist() == [0, 1, 2]
    assert data.tagging.users.tolist() == [-1, 0, -1]
    assert data.audio_names == ("x", "y")
    assert np.array_equal(data.audio, [[-3, 4], [1, 2.5], [math.nan, math.nan]], equal_nan=True)
    assert loaded.report.left_out == ()
    noted = {entry.reason: (entry.file, entry.examples) for entry in loaded.report.noted}
    assert noted["tracks have no features, and stay without audio"] == (f"features{suffix}", ("c",))
    of_strangers = "tags are used though they are of people without listening that is left"
    assert noted[of_strangers] == (f"tags{suffix}", ("stranger: dark",))


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_years_and_further_columns_are_fields(tmp_path, suffix):
    rows = [[*TRACKS[0], "year", "mood"], [*TRACKS[1], "1999", "blue"], [*TRACKS[2], "", ""], [*TRACKS[3], "soon", "red"]]
    loaded = load(written(tmp_path, suffix, tracks=rows))
    assert {item: (fields.year, fields.texts) for item, fields in loaded.data.fields.items()} == {
        "b": (1999, {"mood": "blue"}),
        "a": (None, {}),
    }
    assert "year 'soon' is not a year" in str(loaded.report)


def test_interactions_alone_are_enough(tmp_path):
    data = load(TableFiles(written(tmp_path).interactions)).data
    assert data.item_ids == ("a", "b")
    assert data.audio.shape == (2, 0)
    assert data.tagging.tags == ()


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize(
    ("table", "row", "reason"),
    [
        ("interactions", ["ann", "a", "5"], "came before"),
        ("interactions", ["ann", "nowhere", "5"], "not among the tracks"),
        ("interactions", ["new", "a", "-1"], "no number above 0"),
        ("interactions", ["new", "a", "1e12"], "no number above 0"),
        ("interactions", ["new", "a", "nan"], "no number above 0"),
        ("interactions", ["", "a", "1"], "user_id is empty"),
        ("tracks", ["a", "Again", ""], "came before"),
        ("tracks", ["", "Title", ""], "track_id is empty"),
        ("tags", ["a", "slow jam", "ann"], "same tag before"),
        ("tags", ["nowhere", "dark", ""], "not among the tracks"),
        ("tags", ["a", "", ""], "tag is empty"),
        ("features", ["c", "nan", "1"], "no finite number"),
        ("features", ["c", "inf", "1"], "no finite number"),
        ("features", ["c", "", "1"], "no finite number"),
        ("features", ["c", "1e300", "1"], "beyond ±1e+06: give it in other units"),
        ("features", ["c", "1", "-1e308"], "beyond ±1e+06: give it in other units"),
        ("features", ["nowhere", "1", "1"], "not among the tracks"),
        ("features", ["a", "1", "1"], "came before"),
    ],
)
def test_a_bad_row_is_told_and_left_out(tmp_path, suffix, table, row, reason):
    good = {"interactions": INTERACTIONS, "tracks": TRACKS, "tags": TAGS, "features": FEATURES}[table]
    clean = load(written(tmp_path / "clean")).data
    loaded = load(written(tmp_path / "bad", suffix, **{table: [*good, row]}))
    [found] = [entry for entry in loaded.report.left_out if reason in entry.reason]
    assert found.file == f"{table}{suffix}"
    assert found.count == 1
    assert found.examples[0].startswith(f"row {len(good) + 1}")
    assert (loaded.data.counts != clean.counts).nnz == 0
    assert loaded.data.tagging.tags == clean.tagging.tags
    assert np.array_equal(loaded.data.audio, clean.audio, equal_nan=True)


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("interactions", ["new", "a", "1", "2"]),
        ("tracks", ["d", "Hello", " Goodbye", "The Beatles"]),
        ("tags", ["c", "deep", "ann", "x"]),
        ("features", ["c", "1", "2", "3"]),
    ],
)
def test_a_row_with_more_cells_than_the_header_is_told_and_left_out(tmp_path, table, row):
    good = {"interactions": INTERACTIONS, "tracks": TRACKS, "tags": TAGS, "features": FEATURES}[table]
    clean = load(written(tmp_path / "clean"))
    loaded = load(written(tmp_path / "bad", **{table: [*good, row]}))
    [found] = loaded.report.left_out
    assert (found.file, found.count) == (f"{table}.csv", 1)
    assert "more cells than" in found.reason
    assert loaded.data.item_names == clean.data.item_names
    assert loaded.data.tagging.tags == clean.data.tagging.tags
    assert np.array_equal(loaded.data.audio, clean.data.audio, equal_nan=True)


@pytest.mark.parametrize("count", ["1_000", "٣", "1e12", "0x10", ""])
def test_a_count_that_only_python_reads_is_no_number(tmp_path, count):
    loaded = load(written(tmp_path, interactions=[*INTERACTIONS, ["new", "a", count]]))
    [found] = loaded.report.left_out
    assert found.examples == (f"row 5: {count!r}",)
    assert loaded.data.user_ids == ("ann", "zoe")


def test_features_of_which_no_row_is_usable_are_refused_with_the_first(tmp_path):
    with pytest.raises(TableError, match=r"no row is usable; row 2: a feature is beyond .* other units: x is '5e9'"):
        load(written(tmp_path, features=[["track_id", "x"], ["a", "5e9"], ["b", "6e9"]]))


def test_a_line_tells_how_many_more_there_are(tmp_path):
    more = [[f"new {number}", "nowhere", "1"] for number in range(30)]
    lines = load(written(tmp_path, interactions=[*INTERACTIONS, *more])).report.lines()
    [line] = [line for line in lines if line.startswith("interactions.csv")]
    told = "row 5: nowhere; row 6: nowhere; row 7: nowhere; … --json names 20"
    assert line == f"interactions.csv: left out 30: the track is not among the tracks ({told})"
    assert "features.csv: 1: tracks have no features, and stay without audio (c)" in lines


def test_the_core_names_what_it_drops(tmp_path):
    loaded = load(written(tmp_path), user_items=2, item_users=1)
    assert loaded.data.user_ids == ("ann",)
    assert loaded.data.item_ids == ("b", "a")
    dropped = {entry.reason: entry.examples for entry in loaded.report.left_out}
    assert dropped["people with fewer than 2 tracks that are left"] == ("zoe",)
    assert dropped["tracks with fewer than 1 people that are left"] == ("c",)


def test_a_tag_of_dropped_tracks_alone_is_named(tmp_path):
    loaded = load(written(tmp_path, tags=[*TAGS, ["c", "rare", ""]]), item_users=1)
    assert "rare" not in loaded.data.tagging.tags
    assert ("tags that no track that is left carries", ("rare",)) in [
        (entry.reason, entry.examples) for entry in loaded.report.left_out
    ]


def test_unusable_tables_are_refused(tmp_path):
    with pytest.raises(TableError, match=r"neither interactions.csv nor"):
        load_folder(tmp_path)
    written(tmp_path)
    with pytest.raises(TableError, match="nobody has 5 tracks"):
        load_folder(tmp_path)
    (tmp_path / "tracks.parquet").write_bytes(b"no parquet")
    with pytest.raises(TableError, match="holds both"):
        load_folder(tmp_path)


def test_a_file_that_is_no_parquet_is_refused(tmp_path):
    pytest.importorskip("pyarrow", reason="Parquet needs the extra parquet")
    files = written(tmp_path)
    (tmp_path / "tags.parquet").write_bytes(b"no parquet")
    with pytest.raises(TableError, match=r"tags.parquet: is not Parquet"):
        load(TableFiles(files.interactions, files.tracks, tmp_path / "tags.parquet"))


def test_parquet_columns_are_checked(tmp_path):
    pa = pytest.importorskip("pyarrow", reason="Parquet needs the extra parquet")
    import pyarrow.parquet as pq

    files = written(tmp_path)
    path = tmp_path / "tags.parquet"
    for columns, problem in (({"track_id": ["a"]}, "tag is missing"), ({"track_id": ["a"], "tag": [["x"]]}, "no plain values")):
        pq.write_table(pa.table(columns), path)
        with pytest.raises(TableError, match=problem):
            load(TableFiles(files.interactions, files.tracks, path))
