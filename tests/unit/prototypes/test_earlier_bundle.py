"""A bundle of the release before is served as it is: its manifest, its tracks and its index are of the earlier schema."""

import dataclasses
import hashlib
import json
from pathlib import Path

import faiss
import numpy as np
import pytest

from leitmotif_services.prototypes.bundle_writing import write_bundle
from leitmotif_services.prototypes.manifest import EARLIER_SCHEMA_VERSION, REQUIRED_FILES, FileEntry, parse_manifest
from leitmotif_services.prototypes.ranking.recommendation import recommend
from leitmotif_services.prototypes.safetensors_bundle import load_bundle
from tests.unit.prototypes.sample_models import by_hand, profile, served


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """The by-hand model as the release before wrote it."""
    model = by_hand()
    folder = write_bundle(model, tmp_path / "earlier", encoder_artifact=None)
    records = [json.loads(line) for line in (folder / "catalogue.jsonl").read_text().splitlines()]
    for record in records:
        for added in ("year", "texts", "numbers"):
            record.pop(added, None)
    (folder / "catalogue.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    flat = faiss.IndexFlatIP(5)
    flat.add(np.hstack([model.responses, model.affinities, model.bias[:, None]]))
    faiss.write_index(flat, str(folder / "index.faiss"))
    manifest = parse_manifest((folder / "manifest.json").read_bytes())
    kept = [path for path in manifest.files if path in REQUIRED_FILES or path.startswith("snippets/")]
    for path in manifest.files.keys() - set(kept):
        (folder / path).unlink()
    files = {
        path: FileEntry(hashlib.sha256((folder / path).read_bytes()).hexdigest(), (folder / path).stat().st_size) for path in kept
    }
    manifest = dataclasses.replace(manifest, files=files, schema_version=EARLIER_SCHEMA_VERSION)
    (folder / "manifest.json").write_bytes(manifest.rendered())
    return folder.rename(folder.with_name(manifest.model_version))


@pytest.mark.parametrize("index", ["auto", "exact", "faiss"])
def test_it_ranks_as_the_same_model_written_now(earlier: Path, tmp_path: Path, index: str) -> None:
    model, now = load_bundle(earlier, index=index), served(by_hand(), tmp_path / "now")
    assert (model.manifest.schema_version, model.profile_version, model.catalogue_revision) == (2, earlier.name, 0)
    assert model.catalogue.tracks == now.catalogue.tracks
    for edits in ((), (0.5, -1.0)):
        wanted = profile((1.0, 0.5), edits)
        assert recommend(model, wanted, count=3) == recommend(now, wanted, count=3)
