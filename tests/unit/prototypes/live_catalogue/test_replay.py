"""What a model that is loaded gets from the journal."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from leitmotif_services.prototypes.live_catalogue.changes import Batch, Delete
from leitmotif_services.prototypes.live_catalogue.file_journal import FileJournal
from leitmotif_services.prototypes.live_catalogue.replay import advanced, caught_up
from leitmotif_services.prototypes.model import ServedModel
from tests.unit.prototypes.live_catalogue.changed_models import upsert
from tests.unit.prototypes.sample_models import by_hand, served

T = TypeVar("T")
ENCODER = "mel-cnn-1"


@pytest.fixture
def model(tmp_path: Path) -> ServedModel:
    return served(by_hand(), tmp_path)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[FileJournal]:
    journal = FileJournal(tmp_path)
    yield journal
    journal.close()


def track_ids(model: ServedModel) -> list[str]:
    return [model.catalogue.tracks[position].track_id for position in model.catalogue.page(None, "", 100)]


def test_the_last_word_on_a_track_counts(model: ServedModel, journal: FileJournal) -> None:
    journal.append([Batch(1, ENCODER, (upsert("dot", 1, 0, 0), Delete("ada")))])
    journal.append([Batch(2, ENCODER, (Delete("dot"), upsert("ada", 0, 0, 1, title="Back")))])
    journal.append(
        [Batch(3, ENCODER, (upsert("dot", 0, 1, 0, title="Again"), upsert("ada", 0, 0, 1, title="Kept", heard_anew=False)))]
    )
    after = caught_up(model, journal)
    assert (track_ids(after), after.catalogue_revision) == (["ada", "bix", "cab", "dot"], 3)
    position = after.catalogue.position_of("ada")
    assert position is not None
    assert after.catalogue.tracks[position].title == "Kept"
    assert after.embeddings[position].tolist() == [0.0, 0.0, 1.0], "heard anew after it was deleted"
    assert caught_up(after, journal) is after


def test_a_batch_that_is_appended_meanwhile_is_not_passed_over(model: ServedModel, journal: FileJournal) -> None:
    class Overtaken(FileJournal):
        """Another batch comes right behind each reading."""

        def __init__(self) -> None:
            pass

        last_revision = property(lambda _: journal.last_revision)  # type: ignore[assignment]
        first_revision = property(lambda _: 1)  # type: ignore[assignment]

        def read_after(self, revision: int, use: Callable[[Iterator[Batch]], T]) -> T:
            found = journal.read_after(revision, use)
            journal.append([late])
            return found

    journal.append([Batch(1, ENCODER, (upsert("dot", 1, 0, 0),))])
    late = Batch(2, ENCODER, (upsert("eve", 1, 0, 0),))
    after = caught_up(model, Overtaken())
    assert after.catalogue_revision == 1
    assert track_ids(advanced(after, [late], set())) == ["ada", "bix", "cab", "dot", "eve"]


def test_what_a_bundle_holds_is_not_replayed(model: ServedModel, journal: FileJournal) -> None:
    journal.append([Batch(1, ENCODER, (Delete("ada"),)), Batch(2, ENCODER, (Delete("bix"),))])
    assert track_ids(caught_up(replace(model, catalogue_revision=1), journal)) == ["ada", "cab"]


def test_what_another_encoder_heard_is_left_out_and_told(
    model: ServedModel, journal: FileJournal, caplog: pytest.LogCaptureFixture
) -> None:
    journal.append(
        [Batch(1, "other", (upsert("dot", 1, 0), upsert("ada", 1, 0, title="Renamed", heard_anew=False), Delete("bix")))]
    )
    with caplog.at_level(logging.WARNING):
        after = caught_up(model, journal)
    assert track_ids(after) == ["ada", "cab"]
    assert after.embeddings[3].tolist() == [1.0, 0.0, 0.0]
    assert "1 changes of the catalogue are not carried over" in caplog.text


def test_what_a_loaded_model_cannot_take_is_told_once(model: ServedModel, caplog: pytest.LogCaptureFixture) -> None:
    told: set[str] = set()
    after = advanced(model, [Batch(1, ENCODER, (upsert("dot", 1, 0, 0),)), Batch(2, "other", (Delete("bix"),))], told)
    assert (caplog.records, told) == ([], set())
    for revision in (3, 4):
        after = advanced(after, [Batch(revision, "other", (upsert(f"eve{revision}", 1, 0), upsert("ada", 1, 0)))], told)
    assert (track_ids(after), after.catalogue_revision) == (["ada", "cab", "dot"], 4)
    [line] = caplog.records
    assert "not carried over" in line.message
    about = {name: line.__dict__[name] for name in ("model_version", "encoder_id", "heard_by", "catalogue_revision")}
    assert about == {
        "model_version": model.model_version,
        "encoder_id": ENCODER,
        "heard_by": "other",
        "catalogue_revision": 3,
    }


def test_changes_that_are_no_longer_there_are_told(
    model: ServedModel, journal: FileJournal, caplog: pytest.LogCaptureFixture
) -> None:
    journal.begin_at(10)
    journal.append([Batch(11, ENCODER, (Delete("ada"),))])
    with caplog.at_level(logging.WARNING):
        assert track_ids(caught_up(model, journal)) == ["bix", "cab"]
    assert "before the journal's first" in caplog.text
