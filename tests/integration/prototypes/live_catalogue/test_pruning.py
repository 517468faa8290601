"""Bundles that nobody needs any more are removed, and never one that is about to answer."""

import dataclasses
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from leitmotif_services.prototypes.bundle_writing import write_bundle
from leitmotif_services.prototypes.live_catalogue.compactor import CompactionSettings, Compactor
from leitmotif_services.prototypes.live_catalogue.file_journal import FileJournal
from leitmotif_services.prototypes.live_catalogue.replay import caught_up
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.models.model_registry import ModelRegistry
from leitmotif_services.prototypes.safetensors_bundle import load_bundle, read_manifest, read_snippet
from tests.unit.prototypes.sample_models import by_hand, retitled

NOTHING_KEPT = CompactionSettings(share=1.0, most=10_000, kept_bundles=0, kept_journal_bytes=1 << 30)


class WatchedRegistry(ModelRegistry):
    """Tells when somebody asks for `exclusive`, and calls `during_load` once, after a bundle was read."""

    def __init__(self, root: Path, journal: FileJournal) -> None:
        self.asked = threading.Event()
        self.during_load: Callable[[], None] | None = None
        super().__init__(root, self._loaded, read_manifest, prepare=lambda model: caught_up(model, journal))

    def _loaded(self, folder: Path) -> ServedModel:
        model = load_bundle(folder)
        during, self.during_load = self.during_load, None
        if during is not None:
            during()
        return model

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        self.asked.set()
        with super().exclusive():
            yield


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[FileJournal]:
    journal = FileJournal(tmp_path)
    yield journal
    journal.close()


@pytest.fixture
def registry(tmp_path: Path, journal: FileJournal) -> WatchedRegistry:
    """Over a trained bundle, which answers."""
    trained = write_bundle(by_hand(), tmp_path, encoder_artifact=None).name
    registry = WatchedRegistry(tmp_path, journal)
    registry.activate(trained)
    return registry


@pytest.fixture
def compactor(registry: WatchedRegistry, journal: FileJournal) -> Iterator[Compactor]:
    compactor = Compactor(registry, journal, NOTHING_KEPT, read_snippet)
    yield compactor
    compactor.close()


def test_a_bundle_that_is_being_activated_is_not_pruned(
    registry: WatchedRegistry, compactor: Compactor, journal: FileJournal, tmp_path: Path
) -> None:
    compacted = dataclasses.replace(retitled(by_hand(), "?"), taken_over_from=registry.current().profile_version)
    version = write_bundle(compacted, tmp_path, encoder_artifact=None).name
    pruning = threading.Thread(target=compactor.prune)

    def prune_meanwhile() -> None:
        pruning.start()
        while pruning.is_alive() and not registry.asked.wait(0.01):
            pass

    registry.during_load = prune_meanwhile
    assert registry.activate(version).model_version == version
    pruning.join()
    assert (tmp_path / version).is_dir()
    again = WatchedRegistry(tmp_path, journal)
    again.start()
    assert again.current().model_version == version
