"""The kept key: drawn once, for its owner alone, and told of where it cannot be kept."""

import logging
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from leitmotif_services.prototypes.cursor_key_file import NAME, kept_key


def test_it_is_drawn_once(tmp_path: Path) -> None:
    key = kept_key(tmp_path / "models")
    assert len(key) == 32
    assert kept_key(tmp_path / "models") == key
    assert kept_key(tmp_path / "others") != key


def test_only_its_owner_reads_it_and_nothing_else_is_left(tmp_path: Path) -> None:
    kept_key(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


def test_services_that_begin_at_once_share_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(kept_key, [tmp_path] * 32))) == 1


@pytest.mark.parametrize("content", [b"", b"short", bytes(33)])
def test_a_damaged_one_is_told_and_left_as_it_is(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / NAME).write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert len(kept_key(tmp_path)) == 32
    assert "is damaged" in caplog.text
    assert (tmp_path / NAME).read_bytes() == content


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    with caplog.at_level(logging.WARNING):
        assert len(kept_key(tmp_path / "file")) == 32
    assert "end with this process" in caplog.text
