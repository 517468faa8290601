"""The pointer comes back as it was written, and a damaged one is told."""

import errno
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leitmotif_services.prototypes.models.active_pointer import EARLIER_LIMIT, POINTER, Pointer, read_pointer, write_pointer
from leitmotif_services.prototypes.models.trial import Trial
from leitmotif_services.runtime.errors import Reason, ServiceError

TRIAL = Trial("b", 0.1, "spring", datetime(2025, 1, 31, 12, 0, 1, 500, tzinfo=UTC))


@pytest.mark.parametrize(
    "pointer", [Pointer("a"), Pointer("a", ("b", "c")), Pointer("a", (), TRIAL), Pointer("a", tuple("b" * EARLIER_LIMIT), TRIAL)]
)
def test_written_and_read(tmp_path: Path, pointer: Pointer) -> None:
    write_pointer(tmp_path, Pointer("before"))
    write_pointer(tmp_path, pointer)
    assert read_pointer(tmp_path) == pointer
    assert [path.name for path in tmp_path.iterdir()] == [POINTER]


def test_of_a_release_without_trials(tmp_path: Path) -> None:
    assert read_pointer(tmp_path) is None
    (tmp_path / POINTER).write_text('{"model_version": "a"}')
    assert read_pointer(tmp_path) == Pointer("a")


@pytest.mark.parametrize(
    "changed",
    [
        {"trial": {}},
        {"trial": 1},
        {"trial": {"model_version": "b", "share": 0.0, "name": "x", "started_at": "2025-01-31T12:00:00+00:00"}},
        {"trial": {"model_version": "b", "share": 1.5, "name": "x", "started_at": "2025-01-31T12:00:00+00:00"}},
        {"trial": {"model_version": "b", "share": float("nan"), "name": "x", "started_at": "2025-01-31T12:00:00+00:00"}},
        {"trial": {"model_version": "b", "share": 0.5, "name": "x", "started_at": "2025-01-31T12:00:00"}},
        {"trial": {"model_version": "b", "share": 0.5, "name": "x", "started_at": "yesterday"}},
        {"earlier": 5},
        {"padding": "x" * 100_000},
    ],
)
def test_damaged(tmp_path: Path, changed: dict[str, object]) -> None:
    (tmp_path / POINTER).write_text(json.dumps({"model_version": "a", "earlier": []} | changed))
    with pytest.raises(ServiceError) as refused:
        read_pointer(tmp_path)
    assert refused.value.reason is Reason.MODEL_NOT_LOADED


def test_what_cannot_be_written_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pointer(tmp_path, Pointer("a"))

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_pointer(tmp_path, Pointer("b"))
    assert read_pointer(tmp_path) == Pointer("a")
    assert [path.name for path in tmp_path.iterdir()] == [POINTER]
