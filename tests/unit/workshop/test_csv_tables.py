"""Rows at fault are told by number and left out; files at fault are refused."""

import numpy as np
import pytest

from leitmotif_services.workshop.csv_tables import read_interactions, read_tags
from leitmotif_services.workshop.listening.table_rows import TableError

TRACKS = {"a": 0, "b": 1, "b.ogg": 1, "twice": None}


def written(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_good_rows_become_interactions(tmp_path):
    table = read_interactions(written(tmp_path, "track_id,count,user_id,when\nb.ogg,3,zoe,1\na,1,zoe,2\n\na,2,ann,\n"), TRACKS)
    assert table.faults == ()
    assert table.interactions.user_ids == ("ann", "zoe")
    assert table.interactions.users.tolist() == [0, 1, 1]
    assert table.interactions.tracks.tolist() == [0, 0, 1]
    assert table.interactions.counts.tolist() == [2, 1, 3]
    assert np.allclose(table.interactions.weights, np.log2([3, 2, 4]))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("u,nowhere,1", "not among the tracks"),
        ("u,twice,1", "more than one file"),
        *(
            (f"u,a,{count}", "the count is no number above 0 and at most 10000000")
            for count in ("nan", "inf", "-2", "0", "1e12", "")
        ),
        *((f"u,a,{count}", f"at most 10000000: '{count}'") for count in ("many", "1_000", "٣", "0x10", "１")),
        ("u,a", "the count is no number"),
        ("u,a,1,Goodbye", "more cells than the 3 names of the header: 4 cells"),
        (",a,1", "user_id is empty"),
        ("x" * 300 + ",a,1", "more than 200 characters"),
        ("known,b,5", "came before"),
    ],
)
def test_a_row_at_fault_is_left_out_and_told(tmp_path, row, reason):
    table = read_interactions(written(tmp_path, f"user_id,track_id,count\nknown,b,1\n{row}\nlast,a,1\n"), TRACKS)
    [fault] = table.faults
    assert fault.row == 3
    assert reason in fault.reason
    assert table.interactions.user_ids == ("known", "last")


def test_numbers_as_tables_have_them_and_empty_cells_too_many_are_read(tmp_path):
    text = "user_id,track_id,count\nann,a,1e2\nbob,a,.5\ncid,a,+3.,\ndan,a,2.50,,\n"
    table = read_interactions(written(tmp_path, text), TRACKS)
    assert table.faults == ()
    assert table.interactions.counts.tolist() == [100, 0.5, 3, 2.5]


def test_nothing_usable_is_no_interactions(tmp_path):
    table = read_interactions(written(tmp_path, "user_id,track_id\nu,nowhere\n"), TRACKS)
    assert table.interactions is None
    assert len(table.faults) == 1


def test_tags_are_folded_and_checked(tmp_path):
    text = "\ufefftrack_id,tag,weight\na, Slow  Jam ,2\na,slow jam,1\nb,dark,\nb,dark,0.5\nnowhere,dark,1\na,,1\n"
    table = read_tags(written(tmp_path, text), TRACKS)
    assert table.tags == {0: {"slow jam": 2.0}, 1: {"dark": 0.5}}
    assert [fault.row for fault in table.faults] == [3, 4, 6, 7]


def test_a_missing_weight_column_weighs_one(tmp_path):
    assert read_tags(written(tmp_path, "track_id,tag\na,dark\n"), TRACKS).tags == {0: {"dark": 1.0}}


@pytest.mark.parametrize(
    ("text", "encoding", "reason"),
    [
        ("", "utf-8", "user_id is missing"),
        ("user,track\n1,2\n", "utf-8", "user_id is missing"),
        ("user_id,track_id,track_id\n", "utf-8", "named twice"),
        ("user_id;track_id;count\n1;2;3\n", "utf-8", "separated by commas, not semicolons"),
        ("user_id\ttrack_id\n1\t2\n", "utf-8", "separated by commas, not tabs"),
        ("user_id,track_id\nJosé,a\n", "latin-1", "not UTF-8"),
        ('user_id,track_id\n"u,a\n', "utf-8", "not CSV"),
    ],
)
def test_a_file_at_fault_is_refused_by_name(tmp_path, text, encoding, reason):
    with pytest.raises(TableError, match=reason) as raised:
        read_interactions(written(tmp_path, text, encoding), TRACKS)
    assert "table.csv" in str(raised.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(TableError, match="cannot be read"):
        read_tags(tmp_path / "absent.csv", TRACKS)
