from pathlib import Path

import pytest

from leitmotif_services.evaluation.inputs.root_folder import RootFolder
from leitmotif_services.runtime.errors import Reason, ServiceError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "outside.txt").write_text("secret")
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "a" / "t.txt").write_text("text")
    (root / "inside-link").symlink_to(root / "a")
    (root / "outside-link").symlink_to(tmp_path)
    (root / "loop").symlink_to(root / "loop")
    return root


def find(root: Path, relative: str) -> Path:
    return RootFolder(root).find("f", relative, missing=Reason.TEXT_NOT_FOUND, kind="text")


@pytest.mark.parametrize("relative", ["a/t.txt", "./a//t.txt", "inside-link/t.txt"])
def test_what_lies_below_is_found(root: Path, relative: str) -> None:
    assert find(root, relative).read_text() == "text"


@pytest.mark.parametrize("relative", ["", "/etc/passwd", "..", "a/../../outside.txt", "../other/a/t.txt", "a\0", "x" * 2000])
def test_paths_that_leave_or_make_no_sense_are_invalid(root: Path, relative: str) -> None:
    with pytest.raises(ServiceError) as refused:
        find(root, relative)
    assert refused.value.reason is Reason.FIELD_INVALID
    assert [violation.field for violation in refused.value.violations] == ["f"]


@pytest.mark.parametrize("relative", ["missing", "outside-link/outside.txt", "outside-link", "loop", "a/t.txt/x"])
def test_links_that_lead_outside_are_as_missing(root: Path, relative: str) -> None:
    with pytest.raises(ServiceError) as refused:
        find(root, relative)
    assert refused.value.reason is Reason.TEXT_NOT_FOUND
    assert refused.value.metadata == {"text": relative}


def test_the_root_itself_may_be_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(root)
    assert find(tmp_path / "alias", "a/t.txt").read_text() == "text"
