"""A bundle, and the pointer to the active one, can be read by a service that runs as another user."""

import pytest

from leitmotif_services.prototypes.models.model_registry import POINTER, ModelRegistry
from leitmotif_services.prototypes.safetensors_bundle import load_bundle, read_manifest
from leitmotif_services.workshop.ingest import ingest
from leitmotif_services.workshop.music_writing import write_music


@pytest.fixture(scope="module")
def bundle(tmp_path_factory, embedder):
    folder = tmp_path_factory.mktemp("readable")
    write_music(folder / "music", tracks=4, seed=3, duration_s=4.0)
    return ingest(folder / "music", embedder=embedder, models_root=folder / "models").bundle


def test_every_file_is_readable_by_others(bundle):
    files = [path for path in bundle.rglob("*") if path.is_file()]
    assert files
    assert [path.name for path in files if not path.stat().st_mode & 0o004] == []
    assert all(folder.stat().st_mode & 0o005 == 0o005 for folder in (bundle, *bundle.rglob("*")) if folder.is_dir())


def test_the_pointer_is_readable_by_others(bundle):
    ModelRegistry(bundle.parent, load_bundle, read_manifest).activate(bundle.name)
    assert (bundle.parent / POINTER).stat().st_mode & 0o004
