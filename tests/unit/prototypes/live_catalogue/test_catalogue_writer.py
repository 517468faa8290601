"""The thread that writes: what waits together is written together, and a call that cannot be written fails alone."""

import dataclasses
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from leitmotif_services.prototypes.live_catalogue import journal_frames
from leitmotif_services.prototypes.live_catalogue.catalogue_writer import CatalogueWriter, UpsertRequest
from leitmotif_services.prototypes.live_catalogue.file_journal import FileJournal
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.track import Track
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.unit.prototypes.live_catalogue.changed_models import unit
from tests.unit.prototypes.sample_models import by_hand, served

ENCODER = "mel-cnn-1"
WAIT_S = 10


class HeldModels:
    """Models in memory, the first of them the active one; whoever asks for it waits until `free` is set."""

    def __init__(self, *models: ServedModel) -> None:
        self.models = list(models)
        self.asked, self.free = threading.Event(), threading.Event()

    def current(self) -> ServedModel:
        self.asked.set()
        assert self.free.wait(WAIT_S)
        return self.models[0]

    def update(self, change: Callable[[ServedModel], ServedModel]) -> None:
        self.models = [change(model) for model in self.models]


def adding(track_id: str, title: str = "") -> UpsertRequest:
    return UpsertRequest({0: (Track(track_id, title, "", 1.0, ()), unit(1, 0, 0))}, ENCODER)


@pytest.fixture
def model(tmp_path: Path) -> ServedModel:
    return served(by_hand(), tmp_path)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[FileJournal]:
    journal = FileJournal(tmp_path)
    yield journal
    journal.close()


def test_a_call_that_is_too_long_for_the_journal_fails_alone(
    model: ServedModel, journal: FileJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_frames, "PAYLOAD_LIMIT", 1000)
    models = HeldModels(model)
    writer = CatalogueWriter(journal, models, most_later=100, on_change=lambda: None)
    first = writer.submit(adding("first"))
    assert models.asked.wait(WAIT_S)
    together = [writer.submit(adding("dot")), writer.submit(adding("eve", title="x" * 1000)), writer.submit(adding("fay"))]
    models.free.set()
    assert first.result(WAIT_S).catalogue_revision == 1
    assert [together[place].result(WAIT_S).catalogue_revision for place in (0, 2)] == [2, 3]
    with pytest.raises(ServiceError) as raised:
        together[1].result(WAIT_S)
    assert raised.value.reason is Reason.LIMIT_EXCEEDED
    writer.close()
    assert [batch.changes[0].track_id for batch in journal.read_after(0, list)] == ["first", "dot", "fay"]
    assert models.models[0].catalogue.position_of("eve") is None


def test_a_loaded_model_of_another_encoder_is_told_of_once(
    model: ServedModel, journal: FileJournal, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = served(dataclasses.replace(by_hand(), encoder_id="other-encoder"), tmp_path / "other")
    models = HeldModels(model, other)
    models.free.set()
    writer = CatalogueWriter(journal, models, most_later=100, on_change=lambda: None)
    for track_id in ("dot", "eve"):
        writer.submit(adding(track_id)).result(WAIT_S)
    writer.close()
    assert [each.catalogue.position_of("eve") is not None for each in models.models] == [True, False]
    assert [each.catalogue_revision for each in models.models] == [2, 2]
    [line] = [record for record in caplog.records if "not carried over" in record.message]
    assert line.__dict__["model_version"] == other.model_version
