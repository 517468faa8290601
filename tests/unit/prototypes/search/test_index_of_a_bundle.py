"""What a bundle is searched with: by size, by measured recall, as an operator wants; and with arrays left in their file."""

import dataclasses
import hashlib
import json
import mmap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leitmotif_services.prototypes import safetensors_bundle
from leitmotif_services.prototypes.bundle_writing import write_bundle
from leitmotif_services.prototypes.manifest import FileEntry, parse_manifest
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.safetensors_bundle import load_bundle
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.unit.prototypes.sample_models import profile, random_apn, random_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = random_model(11, tracks=1500, prototypes=16)
    return write_bundle(model, tmp_path, encoder_artifact=None, index_storage="int8", index_shards=2)


def vouched(folder: Path, *left_out: str, record: Callable[[Any], None] | None = None) -> Path:
    """The bundle without some files and with another record, under a manifest that vouches for what is there."""
    manifest = parse_manifest((folder / "manifest.json").read_bytes())
    for name in left_out:
        (folder / name).unlink()
    if record is not None:
        content = json.loads((folder / "index.json").read_text())
        record(content)
        (folder / "index.json").write_text(json.dumps(content))
    files = {
        path: FileEntry(hashlib.sha256((folder / path).read_bytes()).hexdigest(), (folder / path).stat().st_size)
        for path in manifest.files
        if path not in left_out
    }
    manifest = dataclasses.replace(manifest, files=files)
    (folder / "manifest.json").write_bytes(manifest.rendered())
    return folder.rename(folder.with_name(manifest.model_version))


def best(model: ServedModel, edited: bool = False) -> list[int]:
    weights = tuple(np.linspace(1.0, -1.0, 16))
    query = model.scoring.query(profile(weights, weights[::-1] if edited else ()))
    return model.index.search(query, 10, None).tolist()


def true_best(model: ServedModel, edited: bool = False) -> list[int]:
    return best(dataclasses.replace(model, index=model.exact), edited)


def test_the_operator_chooses(folder: Path) -> None:
    names = {wanted: load_bundle(folder, index=wanted).index.name for wanted in ("auto", "exact", "faiss")}
    assert names == {"auto": "sharded faiss", "exact": "exact", "faiss": "sharded faiss"}


def test_an_index_that_finds_too_little_is_not_used(folder: Path) -> None:
    def worse(content: Any) -> None:
        content["shards"][1]["parts"]["whole"]["recall"] = 0.98

    folder = vouched(folder, record=worse)
    assert load_bundle(folder).index.name == "exact"
    assert load_bundle(folder, index="faiss").index.name == "sharded faiss"


def test_a_bundle_of_an_earlier_release(tmp_path: Path) -> None:
    folder = write_bundle(random_model(12, tracks=1200, prototypes=16), tmp_path, encoder_artifact=None)
    model = load_bundle(vouched(folder, "index.json", "index-whole.faiss"))
    assert model.index.name == "faiss"
    assert best(model) == true_best(model)
    assert best(model, edited=True) == true_best(model, edited=True)


def test_a_shard_without_its_file(folder: Path) -> None:
    with pytest.raises(ServiceError) as refused:
        load_bundle(vouched(folder, "index-1-whole.faiss"))
    assert (refused.value.reason, refused.value.metadata) == (Reason.BUNDLE_CORRUPT, {"file": "index-1-whole.faiss"})


def test_arrays_that_stay_in_their_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = load_bundle(folder)
    monkeypatch.setattr(safetensors_bundle, "MAPPED_FROM_BYTES", 1)
    mapped = load_bundle(folder)
    owner = mapped.scoring.affinities
    while isinstance(owner, np.ndarray):
        owner = owner.base
    assert isinstance(owner, mmap.mmap)
    for edited in (False, True):
        assert best(mapped, edited) == best(read, edited)
        assert len(set(best(mapped, edited)) & set(true_best(read, edited))) >= 9


def test_the_other_kind_has_one_part(tmp_path: Path) -> None:
    folder = write_bundle(random_apn(13, tracks=1500, prototypes=16), tmp_path, encoder_artifact=None, index_storage="float16")
    assert not (folder / "index-whole.faiss").exists()
    model = load_bundle(folder)
    assert model.index.name == "faiss"
    for edited in (False, True):
        assert len(set(best(model, edited)) & set(true_best(model, edited))) >= 9


def test_an_index_of_such_shards_and_storage_only(tmp_path: Path) -> None:
    model = random_model(1, tracks=3, prototypes=2)
    with pytest.raises(ValueError, match="storage 'int2'"):
        write_bundle(model, tmp_path, encoder_artifact=None, index_storage="int2")
    with pytest.raises(ValueError, match="0 shards"):
        write_bundle(model, tmp_path, encoder_artifact=None, index_shards=0)
    assert list(tmp_path.iterdir()) == []
