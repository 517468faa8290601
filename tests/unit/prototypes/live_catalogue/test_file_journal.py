"""The journal: what it gives back, what it drops, and what it refuses."""

import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from leitmotif_services.prototypes.live_catalogue import file_journal, journal_frames
from leitmotif_services.prototypes.live_catalogue.changes import Batch, Delete, Upsert
from leitmotif_services.prototypes.live_catalogue.file_journal import FOLDER, FileJournal
from leitmotif_services.prototypes.track import Track
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.unit.prototypes.live_catalogue.changed_models import unit


def batch(revision: int, track_id: str = "") -> Batch:
    track = Track(track_id or f"t{revision}", "Tïtle", "", 1.5, ("a", "b"), 1999, {"mood": "blue"}, {"bpm": 90.5})
    return Batch(revision, "enc-1", (Upsert(track, unit(1, revision, 0), heard_anew=True), Delete(f"gone{revision}")))


def revisions(journal: FileJournal, after: int = 0) -> list[int]:
    return journal.read_after(after, lambda batches: [each.revision for each in batches])


def segments(root: Path) -> list[Path]:
    return sorted((root / FOLDER).glob("*.journal"))


def written(root: Path, count: int, **settings: int) -> None:
    journal = FileJournal(root, **settings)
    for revision in range(1, count + 1):
        journal.append([batch(revision)])
    journal.close()


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    assert (journal.last_revision, journal.first_revision, segments(tmp_path)) == (0, 1, [])
    journal.append([batch(1), batch(2)])
    journal.append([Batch(3, "enc-2", (Delete("x"),))])
    journal.close()
    again = FileJournal(tmp_path)
    assert again.last_revision == 3
    [first, *_] = again.read_after(0, list)
    upsert, expected = first.changes[0], batch(1).changes[0]
    assert isinstance(upsert, Upsert)
    assert isinstance(expected, Upsert)
    assert (upsert.track, upsert.heard_anew, first.changes[1], first.encoder_id) == (
        expected.track,
        True,
        Delete("gone1"),
        "enc-1",
    )
    assert np.array_equal(upsert.embedding, expected.embedding)
    assert revisions(again, after=2) == [3]
    again.append([batch(4)])
    assert revisions(again) == [1, 2, 3, 4]
    again.close()


def test_what_is_longer_than_a_frame_may_be_is_written_as_several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    length = len(journal_frames.encoded_batch(batch(1)))
    monkeypatch.setattr(journal_frames, "PAYLOAD_LIMIT", 2 * length)
    journal = FileJournal(tmp_path)
    journal.append([batch(revision) for revision in range(1, 6)])
    journal.append([batch(6)])
    journal.close()
    [path] = segments(tmp_path)
    assert path.read_bytes().count(journal_frames.MAGIC) == 4, "two, two, and one; and the one behind"
    again = FileJournal(tmp_path)
    assert (again.last_revision, revisions(again)) == (6, [1, 2, 3, 4, 5, 6])
    again.close()


def test_a_batch_that_no_frame_can_hold_is_refused_with_those_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    length = len(journal_frames.encoded_batch(batch(1)))
    monkeypatch.setattr(journal_frames, "PAYLOAD_LIMIT", length)
    journal = FileJournal(tmp_path)
    with pytest.raises(ServiceError) as raised:
        journal.append([batch(1), batch(2, "a-longer-id")])
    assert raised.value.reason is Reason.LIMIT_EXCEEDED
    assert raised.value.metadata == {"limit": str(length), "actual": str(length + len("a-longer-id") - len("t1"))}
    assert (journal.last_revision, journal.refusal, segments(tmp_path)) == (0, "", [])
    journal.append([batch(1)])
    journal.close()
    assert revisions(FileJournal(tmp_path)) == [1]


def test_the_frames_before_one_that_fails_are_cut_off_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_frames, "PAYLOAD_LIMIT", len(journal_frames.encoded_batch(batch(1))))
    journal = FileJournal(tmp_path)
    journal.append([batch(1)])
    written = os.write
    frames_left = [1]

    def full_behind_one(descriptor: int, data: memoryview) -> int:
        if not frames_left:
            raise OSError(errno.ENOSPC, "full")
        frames_left.pop()
        return written(descriptor, data)

    monkeypatch.setattr(file_journal.os, "write", full_behind_one)
    with pytest.raises(ServiceError) as raised:
        journal.append([batch(2), batch(3)])
    assert raised.value.reason is Reason.STORE_UNAVAILABLE
    monkeypatch.setattr(file_journal.os, "write", written)
    assert revisions(journal) == [1]
    journal.append([batch(2)])
    journal.close()
    assert revisions(FileJournal(tmp_path)) == [1, 2]


@pytest.mark.parametrize("lost", [1, 7, 12, 60, 150])
def test_a_torn_tail_is_dropped_and_writing_goes_on(tmp_path: Path, lost: int, caplog: pytest.LogCaptureFixture) -> None:
    written(tmp_path, 3)
    [path] = segments(tmp_path)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - lost)
    journal = FileJournal(tmp_path)
    assert journal.last_revision == 2
    [line] = [record for record in caplog.records if "dropped the end" in record.message]
    assert path.name in line.message
    journal.append([batch(3)])
    journal.close()
    caplog.clear()
    assert revisions(FileJournal(tmp_path)) == [1, 2, 3]
    assert caplog.records == []


def test_damage_before_the_end_is_refused_wherever_it_is(tmp_path: Path) -> None:
    written(tmp_path, 3)
    [path] = segments(tmp_path)
    whole = path.read_bytes()
    third = whole.rindex(b"LMJF")
    for offset in range(0, third, 11):
        path.write_bytes(whole[:offset] + bytes([whole[offset] ^ 0x20]) + whole[offset + 1 :])
        with pytest.raises(ServiceError) as raised:
            FileJournal(tmp_path)
        assert raised.value.reason is Reason.STORED_VALUE_UNREADABLE
        assert raised.value.metadata["file"] == f"{FOLDER}/{path.name}"
        assert int(raised.value.metadata["offset"]) <= offset
        assert path.stat().st_size == len(whole), "nothing is cut off"


def test_a_missing_segment_is_refused(tmp_path: Path) -> None:
    written(tmp_path, 4, segment_bytes=1)
    assert len(segments(tmp_path)) == 4
    segments(tmp_path)[1].unlink()
    with pytest.raises(ServiceError) as raised:
        FileJournal(tmp_path)
    assert raised.value.reason is Reason.STORED_VALUE_UNREADABLE
    assert "a segment is missing" in raised.value.message


def test_damage_at_the_end_of_a_segment_that_is_not_the_last_is_refused(tmp_path: Path) -> None:
    written(tmp_path, 2, segment_bytes=1)
    first = segments(tmp_path)[0]
    first.write_bytes(first.read_bytes()[:-1])
    with pytest.raises(ServiceError) as raised:
        FileJournal(tmp_path)
    assert raised.value.reason is Reason.STORED_VALUE_UNREADABLE


def test_one_process_writes_and_another_reads(tmp_path: Path) -> None:
    writer = FileJournal(tmp_path)
    writer.append([batch(1)])
    reader = FileJournal(tmp_path)
    assert (writer.writes, reader.writes, revisions(reader)) == (True, False, [1])
    with pytest.raises(ServiceError) as raised:
        reader.append([batch(2)])
    assert raised.value.reason is Reason.STORE_UNAVAILABLE
    assert "another process" in raised.value.message
    writer.close()
    heir = FileJournal(tmp_path)
    assert heir.writes
    heir.close()


def test_old_segments_go_where_nobody_needs_them_or_they_are_too_many(tmp_path: Path) -> None:
    written(tmp_path, 6, segment_bytes=1)
    journal = FileJournal(tmp_path)
    size = segments(tmp_path)[0].stat().st_size
    journal.drop_before(2, served=4, kept_bytes=100 * size)
    assert (journal.first_revision, revisions(journal)) == (3, [3, 4, 5, 6])
    journal.drop_before(2, served=4, kept_bytes=3 * size)
    assert revisions(journal) == [4, 5, 6]
    journal.drop_before(2, served=4, kept_bytes=0)
    assert revisions(journal) == [5, 6], "what a model in use needs stays"
    journal.close()
    assert FileJournal(tmp_path).last_revision == 6


def test_a_journal_without_a_segment_has_no_changes(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    journal.begin_at(10)
    assert (journal.last_revision, revisions(journal, after=5)) == (10, [])
    journal.close()


def test_numbers_go_on_behind_those_of_the_bundles(tmp_path: Path) -> None:
    written(tmp_path, 2)
    journal = FileJournal(tmp_path)
    journal.begin_at(10)
    journal.append([batch(11)])
    journal.close()
    again = FileJournal(tmp_path)
    assert revisions(again) == [1, 2, 11]
    again.close()


def test_a_full_disk_refuses_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = FileJournal(tmp_path)
    journal.append([batch(1)])
    written = os.write

    def half(descriptor: int, data: memoryview) -> int:
        written(descriptor, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(file_journal.os, "write", half)
    with pytest.raises(ServiceError) as raised:
        journal.append([batch(2)])
    assert raised.value.reason is Reason.STORE_UNAVAILABLE
    monkeypatch.undo()
    journal.append([batch(2, "second")])
    journal.close()
    found = FileJournal(tmp_path).read_after(1, list)
    assert [change.track_id for each in found for change in each.changes] == ["second", "gone2"]


@pytest.mark.parametrize("before", [0, 1])
def test_a_disk_that_is_full_where_a_segment_begins_refuses_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, before: int
) -> None:
    journal = FileJournal(tmp_path, segment_bytes=1)
    for revision in range(1, before + 1):
        journal.append([batch(revision)])
    written = os.write

    def half_a_header(descriptor: int, data: memoryview) -> int:
        written(descriptor, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(file_journal.os, "write", half_a_header)
    for _ in range(2):
        with pytest.raises(ServiceError) as raised:
            journal.append([batch(before + 1)])
        assert raised.value.reason is Reason.STORE_UNAVAILABLE
    monkeypatch.undo()
    assert len(segments(tmp_path)) == before
    found_after_a_crash = FileJournal(shutil.copytree(tmp_path, tmp_path.with_name(f"{tmp_path.name}-crashed")))
    assert (found_after_a_crash.writes, revisions(found_after_a_crash)) == (True, list(range(1, before + 1)))
    found_after_a_crash.close()
    journal.append([batch(before + 1)])
    journal.close()
    caplog.clear()
    assert revisions(FileJournal(tmp_path)) == list(range(1, before + 2))
    assert caplog.records == []


@pytest.mark.parametrize("left", [b"", b"leitmotif cat", bytes(700), b"leitmotif cat" + bytes(700)])
def test_a_last_segment_with_nothing_in_it_is_dropped_and_told(
    tmp_path: Path, left: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    written(tmp_path, 2)
    empty = tmp_path / FOLDER / f"{3:016d}.journal"
    empty.write_bytes(left)
    journal = FileJournal(tmp_path)
    [line] = [record for record in caplog.records if "dropped the end" in record.message]
    assert empty.name in line.message
    assert line.__dict__["dropped_bytes"] == len(left)
    assert (journal.last_revision, empty.exists()) == (2, False)
    journal.append([batch(3)])
    assert revisions(journal) == [1, 2, 3]
    journal.close()


def test_a_last_segment_without_its_header_but_with_changes_is_refused(tmp_path: Path) -> None:
    written(tmp_path, 2, segment_bytes=1)
    last = segments(tmp_path)[1]
    whole = last.read_bytes()
    for damaged in (bytes(42) + whole[42:], whole[42:], bytes(500) + whole[42:]):
        last.write_bytes(damaged)
        with pytest.raises(ServiceError) as raised:
            FileJournal(tmp_path)
        assert raised.value.reason is Reason.STORED_VALUE_UNREADABLE
        assert last.read_bytes() == damaged, "nothing is cut off"


def test_a_disk_that_fails_ends_the_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = FileJournal(tmp_path)
    journal.append([batch(1)])

    def failing(_: int) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(file_journal.os, "fdatasync", failing)
    for _ in range(2):
        with pytest.raises(ServiceError) as raised:
            journal.append([batch(2)])
        assert raised.value.reason is Reason.STORE_UNAVAILABLE
    monkeypatch.undo()
    assert "restart" in journal.refusal
    assert revisions(FileJournal(tmp_path)) == [1]
