import os
from pathlib import Path

import pytest

from leitmotif_services.evaluation.inputs.text import check_inline_text, m2d2_text, read_text
from leitmotif_services.runtime.errors import Reason, ServiceError


def test_a_text_is_read_as_it_is(tmp_path: Path) -> None:
    raw = "ö\r\n\ttwo\rthree\n\n".encode()
    (tmp_path / "t.txt").write_bytes(raw)
    assert read_text(tmp_path / "t.txt", limit_bytes=len(raw)).encode() == raw


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", Reason.TEXT_EMPTY),
        (b"abc\xff", Reason.TEXT_NOT_UTF8),
        ("caf\u00e9".encode("latin-1"), Reason.TEXT_NOT_UTF8),
        (b"\x89PNG\r\n\x1a\n\0\0", Reason.TEXT_NOT_UTF8),
        (b"ab\0cd", Reason.TEXT_NOT_UTF8),
        (b"x" * 11, Reason.LIMIT_EXCEEDED),
    ],
)
def test_what_is_no_text_is_refused_with_its_reason(tmp_path: Path, raw: bytes, reason: Reason) -> None:
    (tmp_path / "t").write_bytes(raw)
    with pytest.raises(ServiceError) as refused:
        read_text(tmp_path / "t", limit_bytes=10)
    assert refused.value.reason is reason


def test_a_missing_file_a_folder_and_a_pipe_are_not_found(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("missing", ".", "pipe"):
        with pytest.raises(ServiceError) as refused:
            read_text(tmp_path / name, limit_bytes=10)
        assert refused.value.reason is Reason.TEXT_NOT_FOUND


def test_the_limit_of_an_inline_text_counts_bytes() -> None:
    check_inline_text("éé", limit_bytes=4)
    with pytest.raises(ServiceError) as refused:
        check_inline_text("ééé", limit_bytes=4)
    assert refused.value.reason is Reason.LIMIT_EXCEEDED
    assert refused.value.metadata == {"limit": "4", "actual": "6"}


def test_m2d2_joins_lines_with_a_newline() -> None:
    assert m2d2_text("one\r\ntwo\rthree\n\nfive\n\n") == "one\ntwo\nthree\n\nfive"
