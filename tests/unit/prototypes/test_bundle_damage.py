"""A bundle that is not what was written is refused, and the file at fault is named."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from leitmotif_services.prototypes.bundle_writing import write_bundle
from leitmotif_services.prototypes.manifest import FileEntry, Manifest, parse_manifest
from leitmotif_services.prototypes.safetensors_bundle import load_bundle, read_snippet
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.unit.prototypes.sample_models import by_hand

FILES = [
    "manifest.json",
    "prototypes.json",
    "catalogue.jsonl",
    "arrays.safetensors",
    "index.faiss",
    "index-whole.faiss",
    "index.json",
    "affinity.onnx",
    "encoder.onnx",
    "snippets/piano-0.ogg",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    encoder = tmp_path / "encoder.onnx"
    encoder.write_bytes(b"an encoder")
    model = dataclasses.replace(by_hand(), encoder_sha256=hashlib.sha256(b"an encoder").hexdigest())
    return write_bundle(model, tmp_path / "models", encoder_artifact=encoder)


def refusal(folder: Path) -> tuple[Reason, str]:
    with pytest.raises(ServiceError) as refused:
        load_bundle(folder, index="faiss")
    return refused.value.reason, refused.value.metadata.get("file", "")


def resigned(folder: Path, change: Callable[[Manifest], Manifest] = lambda manifest: manifest) -> Path:
    """Give the folder a manifest that vouches for its present files, as somebody who means harm would."""
    manifest = parse_manifest((folder / "manifest.json").read_bytes())
    files = {
        path: FileEntry(hashlib.sha256((folder / path).read_bytes()).hexdigest(), (folder / path).stat().st_size)
        for path in manifest.files
    }
    manifest = change(dataclasses.replace(manifest, files=files))
    (folder / "manifest.json").write_bytes(manifest.rendered())
    return folder.rename(folder.with_name(manifest.model_version))


def test_the_list_of_files_is_complete(folder: Path) -> None:
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == sorted(FILES)
    load_bundle(folder, index="faiss")


@pytest.mark.parametrize("name", FILES)
def test_one_changed_byte(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    # Every byte of the manifest, which vouches for the rest; a spread of the others, which a checksum covers.
    step = 1 if name == "manifest.json" else max(1, len(content) // 5)
    for position in range(0, len(content), step):
        content[position] ^= 1
        (folder / name).write_bytes(content)
        assert refusal(folder) == (Reason.BUNDLE_CORRUPT, name), position
        content[position] ^= 1


@pytest.mark.parametrize("name", FILES)
def test_truncated(folder: Path, name: str) -> None:
    os.truncate(folder / name, (folder / name).stat().st_size - 1)
    assert refusal(folder) == (Reason.BUNDLE_CORRUPT, name)


@pytest.mark.parametrize("name", FILES)
def test_longer(folder: Path, name: str) -> None:
    with (folder / name).open("ab") as file:
        file.write(b"\n")
    assert refusal(folder) == (Reason.BUNDLE_CORRUPT, name)


@pytest.mark.parametrize("name", FILES)
def test_missing(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert refusal(folder) == (Reason.BUNDLE_CORRUPT, name)


@pytest.mark.parametrize("name", FILES)
def test_a_symbolic_link_in_its_place(folder: Path, name: str, tmp_path: Path) -> None:
    target = (folder / name).rename(tmp_path / "elsewhere")
    (folder / name).symlink_to(target)
    assert refusal(folder) == (Reason.BUNDLE_CORRUPT, name)


@pytest.mark.parametrize("name", FILES)
def test_a_folder_or_a_pipe_in_its_place(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).mkdir()
    assert refusal(folder) == (Reason.BUNDLE_CORRUPT, name)
    (folder / name).rmdir()
    os.mkfifo(folder / name)
    assert refusal(folder) == (Reason.BUNDLE_CORRUPT, name)


def test_snippets_behind_a_symbolic_link(folder: Path, tmp_path: Path) -> None:
    (folder / "snippets").rename(tmp_path / "elsewhere")
    (folder / "snippets").symlink_to(tmp_path / "elsewhere")
    assert refusal(folder)[0] is Reason.BUNDLE_CORRUPT


@pytest.mark.parametrize("name", ["extra.bin", "snippets/extra.ogg", "encoder.pkl"])
def test_a_file_that_nobody_vouches_for(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"")
    assert refusal(folder) == (Reason.BUNDLE_CORRUPT, name)


def test_a_folder_of_another_name(folder: Path) -> None:
    assert refusal(folder.rename(folder.with_name("0" * 16))) == (Reason.BUNDLE_CORRUPT, "manifest.json")


@pytest.mark.parametrize("path", ["../elsewhere", "/etc/hostname", "snippets/../../x.ogg", "snippets/a/b.ogg", "x.pkl", ""])
def test_a_manifest_that_lists_a_hostile_path(folder: Path, path: str) -> None:
    manifest = parse_manifest((folder / "manifest.json").read_bytes())
    hostile = dataclasses.replace(manifest, files={**manifest.files, path: FileEntry("0" * 64, 1)})
    (folder / "manifest.json").write_bytes(hostile.rendered())
    assert refusal(folder) == (Reason.BUNDLE_CORRUPT, "manifest.json")


def test_another_schema_is_not_taken_for_damage(folder: Path) -> None:
    record = json.loads((folder / "manifest.json").read_bytes())
    record["schema_version"] = 4
    del record["manifest_sha256"]
    digest = hashlib.sha256((json.dumps(record, sort_keys=True, indent=2) + "\n").encode()).hexdigest()
    for signature in ({}, {"manifest_sha256": digest}):
        (folder / "manifest.json").write_text(json.dumps(record | signature))
        with pytest.raises(ServiceError) as refused:
            load_bundle(folder)
        assert refused.value.reason is Reason.BUNDLE_SCHEMA_UNKNOWN
        assert refused.value.metadata == {"schema_version": "4"}


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"{", b"\xff", b'{"schema_version": 2}', b"[" * 100_000, b'{"a": NaN}'])
def test_a_manifest_that_is_none(folder: Path, raw: bytes) -> None:
    (folder / "manifest.json").write_bytes(raw)
    with pytest.raises(ServiceError) as refused:
        load_bundle(folder)
    assert refused.value.reason in (Reason.BUNDLE_CORRUPT, Reason.BUNDLE_SCHEMA_UNKNOWN)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("prototypes.json", b"[]"),
        ("prototypes.json", b"{}"),
        ("prototypes.json", b"[" * 100_000),
        ("prototypes.json", b'[{"prototype_id": "x"}]'),
        ("catalogue.jsonl", b""),
        ("catalogue.jsonl", b"{}\n" * 3),
        ("catalogue.jsonl", b"\xff\n"),
        ("arrays.safetensors", b""),
        ("arrays.safetensors", b"\xff" * 64),
        ("index.faiss", b""),
        ("index.faiss", b"IxFI" + b"\xff" * 64),
        ("index-whole.faiss", b""),
        ("index.json", b"{}"),
        ("index.json", b'{"shards": [{"parts": {}, "stop": 3}], "version": 1}'),
    ],
)
def test_wrong_content_under_right_checksums(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    assert refusal(resigned(folder)) == (Reason.BUNDLE_CORRUPT, name)


@pytest.mark.parametrize(
    "line",
    [
        {"track_id": "bix"},  # repeated
        {"track_id": "a b"},
        {"title": 3},
        {"duration_s": -1.0},
        {"duration_s": "1"},
        {"tags": "calm"},
        {"tags": [1]},
        {"more": 1},
    ],
)
def test_a_wrong_track_under_right_checksums(folder: Path, line: dict[str, object]) -> None:
    lines = (folder / "catalogue.jsonl").read_text().splitlines()
    lines[0] = json.dumps(json.loads(lines[0]) | line)
    (folder / "catalogue.jsonl").write_text("\n".join(lines) + "\n")
    assert refusal(resigned(folder)) == (Reason.BUNDLE_CORRUPT, "catalogue.jsonl")


@pytest.mark.parametrize(
    ("position", "rank"),
    [(0, 0), (0, 4), (0, -1), (0, True), (0, 1.0), (0, None), (0, "1"), (1, 0), (1, 2)],  # piano is of a tag, calm discovered
)
def test_a_wrong_rank_of_expression_under_right_checksums(folder: Path, position: int, rank: object) -> None:
    prototypes = json.loads((folder / "prototypes.json").read_text())
    prototypes[position]["expressed_rank"] = rank
    (folder / "prototypes.json").write_text(json.dumps(prototypes))
    assert refusal(resigned(folder)) == (Reason.BUNDLE_CORRUPT, "prototypes.json")


@pytest.mark.parametrize(
    "change",
    [
        {"affinities": -np.ones((3, 2), np.float32)},
        {"embeddings": np.full((3, 3), np.nan, np.float32)},
        {"bias": np.full(3, np.inf, np.float32)},
        {"responses": np.zeros((3, 3), np.float32)},
        {"head_offsets": np.zeros(2, np.float64)},
        {"more": np.zeros(2, np.float32)},
    ],
)
def test_wrong_arrays_under_right_checksums(folder: Path, change: dict[str, np.ndarray]) -> None:
    save_file(load_file(folder / "arrays.safetensors") | change, folder / "arrays.safetensors")
    assert refusal(resigned(folder)) == (Reason.BUNDLE_CORRUPT, "arrays.safetensors")


@pytest.mark.parametrize("index", [faiss.IndexFlatL2(3), faiss.IndexFlatIP(4), faiss.IndexFlatIP(3), faiss.IndexHNSWFlat(3, 4)])
def test_an_index_that_is_not_of_these_arrays(folder: Path, index: faiss.Index) -> None:
    index.add(np.zeros((3, index.d), np.float32))
    faiss.write_index(index, str(folder / "index.faiss"))
    assert refusal(resigned(folder)) == (Reason.BUNDLE_CORRUPT, "index.faiss")


def test_counts_that_do_not_agree(folder: Path) -> None:
    folder = resigned(folder, lambda manifest: dataclasses.replace(manifest, track_count=4))
    assert refusal(folder) == (Reason.BUNDLE_CORRUPT, "catalogue.jsonl")
    folder = resigned(folder, lambda manifest: dataclasses.replace(manifest, track_count=3, dimension=4))
    assert refusal(folder) == (Reason.BUNDLE_CORRUPT, "arrays.safetensors")


def test_a_snippet_that_changes_after_the_load(folder: Path) -> None:
    model = load_bundle(folder)
    (folder / "snippets/piano-0.ogg").write_bytes(b"other")
    with pytest.raises(ServiceError) as refused:
        read_snippet(model, "piano-0.ogg")
    assert (refused.value.reason, refused.value.metadata) == (Reason.BUNDLE_CORRUPT, {"file": "snippets/piano-0.ogg"})
