"""Edits lie over every model that has the prototype, outlive a restart, and are never lost silently."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.vocabulary import prototype_edits
from leitmotif_services.prototypes.vocabulary.prototype_edits import EDITS, PrototypeEdit, PrototypeEdits
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.unit.prototypes.sample_models import by_hand, served


def nobody(change: Callable[[ServedModel], ServedModel]) -> None:
    """No model is in memory."""


@pytest.fixture
def model(tmp_path: Path) -> ServedModel:
    return served(by_hand(), tmp_path)


def test_edits_add_up_and_outlive_a_restart(tmp_path: Path, model: ServedModel) -> None:
    edits = PrototypeEdits(tmp_path)
    assert edits.applied(model) == model
    edits.update("piano", PrototypeEdit(label="Flügel", hidden=True), nobody)
    edits.update("piano", PrototypeEdit(description="", hidden=False), nobody)
    edits.update("calm", PrototypeEdit(hidden=True), nobody)
    edits.update("of-another-model", PrototypeEdit(hidden=True), nobody)
    for again in (edits, PrototypeEdits(tmp_path)):
        applied = again.applied(model)
        assert [(prototype.label, prototype.description) for prototype in applied.prototypes] == [
            ("Flügel", ""),
            ("calm", "Slow and soft."),
        ]
        assert applied.hidden_prototype_ids == {"calm"}
        assert again.applied(applied) == applied
    assert [prototype.label for prototype in model.prototypes] == ["piano", "calm"]


def test_models_in_memory_are_changed_once_the_edit_is_on_disk(tmp_path: Path, model: ServedModel) -> None:
    found = []

    def relabel(change: Callable[[ServedModel], ServedModel]) -> None:
        found.append((PrototypeEdits(tmp_path).applied(model), change(model)))

    PrototypeEdits(tmp_path).update("calm", PrototypeEdit(label="still"), relabel)
    [(on_disk, in_memory)] = found
    assert on_disk == in_memory
    assert in_memory.prototypes[1].label == "still"


def changed(record: dict[str, object]) -> str:
    """A file that vouches for a record of an edit of one prototype."""
    whole = {"schema_version": 1, "prototypes": record}
    return json.dumps(whole | {"sha256": prototype_edits._digest(whole)})


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "null",
        "{}",
        "[" * 10_000,
        '{"schema_version": 1, "prototypes": {}, "sha256": ""}',
        changed({"../x": {"label": "x"}}),
        changed({"x": {"label": ""}}),
        changed({"x": {"label": 5}}),
        changed({"x": {"hidden": "yes"}}),
        changed({"x": {"colour": "red"}}),
        changed({"x": None}),
        changed({f"x{number}": {"hidden": True} for number in range(prototype_edits.EDITED_LIMIT + 1)}),
        " " * (prototype_edits._BYTES_LIMIT + 1),
    ],
)
def test_a_damaged_file_is_told_and_kept(
    tmp_path: Path, model: ServedModel, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / EDITS).write_text(content)
    edits = PrototypeEdits(tmp_path)
    assert EDITS in caplog.text
    assert edits.applied(model) == model
    for _ in range(2):
        with pytest.raises(ServiceError, match=EDITS) as refused:
            edits.update("piano", PrototypeEdit(label="x"), nobody)
        assert refused.value.reason is Reason.STORED_VALUE_UNREADABLE
    assert (tmp_path / EDITS).read_text() == content
    (tmp_path / EDITS).unlink()
    edits.update("piano", PrototypeEdit(label="x"), nobody)  # repaired, without a restart
    assert edits.applied(model).prototypes[0].label == "x"


def test_every_byte_is_vouched_for(tmp_path: Path) -> None:
    PrototypeEdits(tmp_path).update("piano", PrototypeEdit(label="grand", hidden=True), nobody)
    content = (tmp_path / EDITS).read_text()
    (tmp_path / EDITS).write_text(content.replace("grand", "brand"))
    with pytest.raises(ServiceError, match="damaged"):
        PrototypeEdits(tmp_path).update("piano", PrototypeEdit(label="x"), nobody)


def test_a_full_disk_changes_nothing(tmp_path: Path, model: ServedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    edits = PrototypeEdits(tmp_path)
    edits.update("piano", PrototypeEdit(label="grand"), nobody)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(ServiceError) as refused:
            edits.update("piano", PrototypeEdit(label="upright"), nobody)
    assert refused.value.reason is Reason.STORE_UNAVAILABLE
    for again in (edits, PrototypeEdits(tmp_path)):
        assert again.applied(model).prototypes[0].label == "grand"


def test_how_many_may_be_edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prototype_edits, "EDITED_LIMIT", 2)
    edits = PrototypeEdits(tmp_path)
    for prototype_id in ("a", "b", "a"):
        edits.update(prototype_id, PrototypeEdit(hidden=True), nobody)
    with pytest.raises(ServiceError) as refused:
        edits.update("c", PrototypeEdit(hidden=True), nobody)
    assert (refused.value.reason, refused.value.metadata) == (Reason.LIMIT_EXCEEDED, {"limit": "2", "actual": "3"})
