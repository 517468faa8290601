from pathlib import Path

import pytest

from leitmotif_services.evaluation.adaptation.checkpoints import Checkpoints
from leitmotif_services.runtime.errors import Reason, ServiceError


def written(text: str):
    return lambda folder: (folder / "state").write_text(text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run" / "partial"


def test_the_newest_is_kept_alone(folder: Path) -> None:
    checkpoints = Checkpoints(folder, "a", interval_s=60)
    checkpoints.write(9, {"step": 9}, written("nine"))
    checkpoints.write(10, {"step": 10}, written("ten"))
    found = Checkpoints(folder, "a", interval_s=60).latest()
    assert found is not None
    assert found.position == {"step": 10}
    assert (found.folder / "state").read_text() == "ten"
    assert [each.name for each in folder.iterdir()] == ["step-10"]


def test_others_may_not_read_them(folder: Path) -> None:
    Checkpoints(folder, "a", interval_s=60).write(1, {}, written("one"))
    assert folder.stat().st_mode & 0o077 == 0


def test_a_failed_write_leaves_the_one_before(folder: Path) -> None:
    def broken(unfinished: Path) -> None:
        (unfinished / "state").write_text("half")
        raise OSError("no space")

    checkpoints = Checkpoints(folder, "a", interval_s=60)
    checkpoints.write(1, {"step": 1}, written("one"))
    with pytest.raises(OSError, match="no space"):
        checkpoints.write(2, {"step": 2}, broken)
    found = checkpoints.latest()
    assert found is not None
    assert found.position == {"step": 1}
    checkpoints.write(2, {"step": 2}, written("two"))
    assert [each.name for each in folder.iterdir()] == ["step-2"]


def test_none_without_a_folder_and_after_removal(folder: Path) -> None:
    checkpoints = Checkpoints(folder, "a", interval_s=60)
    assert checkpoints.latest() is None
    checkpoints.write(1, {}, written("one"))
    checkpoints.remove()
    assert checkpoints.latest() is None
    assert not folder.exists()


def test_one_of_another_run_is_refused(folder: Path) -> None:
    Checkpoints(folder, "a", interval_s=60).write(1, {}, written("one"))
    with pytest.raises(ServiceError) as raised:
        Checkpoints(folder, "b", interval_s=60).latest()
    assert raised.value.reason is Reason.FIELD_INVALID


def test_a_damaged_one_is_told(folder: Path) -> None:
    Checkpoints(folder, "a", interval_s=60).write(1, {}, written("one"))
    (folder / "step-1" / "position.json").write_text("{")
    with pytest.raises(ServiceError) as raised:
        Checkpoints(folder, "a", interval_s=60).latest()
    assert raised.value.reason is Reason.STORED_VALUE_UNREADABLE


def test_when_the_next_is_due(folder: Path) -> None:
    assert Checkpoints(folder, "a", interval_s=0).due()
    assert not Checkpoints(folder, "a", interval_s=3600).due()
