import json
import shutil
from pathlib import Path

import pytest

from leitmotif_services.evaluation.inputs.root_folder import RootFolder
from leitmotif_services.evaluation.models.model_folder import WeightFormat, inspect_model_folder
from leitmotif_services.runtime.errors import Reason, ServiceError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files in the right places; nothing here is loaded."""
    path = tmp_path / "root" / "model"
    path.mkdir(parents=True)
    (path / "config.json").write_text(json.dumps({"model_type": "gpt2", "n_layer": 2}))
    (path / "model.safetensors").write_bytes(b"weights")
    (path / "tokenizer.json").write_text("{}")
    return path


def refusal(path: Path) -> ServiceError:
    with pytest.raises(ServiceError) as refused:
        inspect_model_folder(path)
    return refused.value


def test_no_folder_and_no_config_are_not_found(folder: Path) -> None:
    assert refusal(folder / "missing").reason is Reason.LANGUAGE_MODEL_NOT_FOUND
    (folder / "config.json").unlink()
    assert refusal(folder).reason is Reason.LANGUAGE_MODEL_NOT_FOUND


def test_pickled_weights_are_refused_by_name(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    error = refusal(folder)
    assert error.reason is Reason.LANGUAGE_MODEL_REFUSED
    assert "pickled" in error.message


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("config.json", "{", "not readable JSON"),
        ("config.json", "[1]", "not a JSON object"),
        ("config.json", '{"n_layer": 100000}', "100000 layers"),
        ("config.json", '{"text_config": {"num_hidden_layers": 5000}}', "5000 layers"),
        ("config.json", '{"a": [{"vocab_size": 99999999999}]}', "99999999999"),
        ("config.json", '{"quantization_config": {}}', "quantized"),
        ("adapter_config.json", "{}", "adapter"),
    ],
)
def test_configs_that_cannot_be_meant_are_refused(folder: Path, file: str, content: str, told: str) -> None:
    (folder / file).write_text(content)
    error = refusal(folder)
    assert error.reason is Reason.LANGUAGE_MODEL_REFUSED
    assert told in error.message


@pytest.mark.parametrize("missing", ["model.safetensors", "tokenizer.json"])
def test_missing_parts_are_told(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    assert refusal(folder).reason is Reason.LANGUAGE_MODEL_REFUSED


def write_index(folder: Path, *shards: str) -> None:
    (folder / "model.safetensors").unlink(missing_ok=True)
    index = {"weight_map": {f"tensor{number}": shard for number, shard in enumerate(shards)}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def test_shards_are_found_through_their_index(folder: Path) -> None:
    for name in ("a.safetensors", "b.safetensors"):
        (folder / name).write_bytes(b"12345")
    write_index(folder, "b.safetensors", "a.safetensors", "a.safetensors")
    names = [file.name for file in inspect_model_folder(folder).weight_files]
    assert names == ["model.safetensors.index.json", "a.safetensors", "b.safetensors"]


@pytest.mark.parametrize("shard", ["../../outside.safetensors", "a.bin", "missing.safetensors"])
def test_an_index_names_files_of_its_folder_only(folder: Path, shard: str) -> None:
    (folder.parent.parent / "outside.safetensors").write_bytes(b"x")
    (folder / "a.bin").write_bytes(b"x")
    write_index(folder, shard)
    assert refusal(folder).reason is Reason.LANGUAGE_MODEL_REFUSED


def test_files_may_be_links_within_the_root_only(folder: Path) -> None:
    root = RootFolder(folder.parent)
    blob = folder.parent / "blob"
    (folder / "model.safetensors").rename(blob)
    (folder / "model.safetensors").symlink_to(blob)
    assert inspect_model_folder(folder, allowed=root.holds).weight_bytes == len(b"weights")

    blob.rename(folder.parent.parent / "blob")
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to(folder.parent.parent / "blob")
    with pytest.raises(ServiceError, match="outside"):
        inspect_model_folder(folder, allowed=root.holds)


def test_the_hash_tells_content_not_place(folder: Path, tmp_path: Path) -> None:
    sha256 = inspect_model_folder(folder).sha256()
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "README.md").write_text("of no account")
    assert inspect_model_folder(copy).sha256() == sha256
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        changed = shutil.copytree(folder, tmp_path / name)
        (changed / name).write_bytes((changed / name).read_bytes() + b" ")
        assert inspect_model_folder(changed).sha256() != sha256
        assert inspect_model_folder(changed).fingerprint() != inspect_model_folder(folder).fingerprint()


def turn_to_onnx(folder: Path, *data: str) -> None:
    (folder / "model.safetensors").rename(folder / "model.onnx")
    for name in data:
        (folder / name).write_bytes(b"12345")


def test_a_graph_counts_with_the_data_beside_it(folder: Path) -> None:
    turn_to_onnx(folder, "model.onnx_data", "model.onnx.data", "other.onnx_data", "decoder_model.onnx")
    inspected = inspect_model_folder(folder)
    assert inspected.format is WeightFormat.ONNX
    assert [file.name for file in inspected.weight_files] == ["model.onnx", "model.onnx.data", "model.onnx_data"]
    assert inspected.weight_bytes == len(b"weights") + 10
    hashes = {inspected.sha256()}
    for name in ("model.onnx", "model.onnx_data"):
        (folder / name).write_bytes((folder / name).read_bytes() + b" ")
        hashes.add(inspect_model_folder(folder).sha256())
    assert len(hashes) == 3


def test_safetensors_go_before_a_graph(folder: Path) -> None:
    sha256 = inspect_model_folder(folder).sha256()
    (folder / "model.onnx").write_bytes(b"graph")
    inspected = inspect_model_folder(folder)
    assert (inspected.format, inspected.sha256()) == (WeightFormat.SAFETENSORS, sha256)


@pytest.mark.parametrize("name", ["model.onnx", "model.onnx_data"])
def test_no_part_of_a_graph_leads_outside(folder: Path, name: str) -> None:
    turn_to_onnx(folder, "model.onnx_data")
    outside = folder.parent.parent / "outside"
    (folder / name).rename(outside)
    (folder / name).symlink_to(outside)
    with pytest.raises(ServiceError, match="outside"):
        inspect_model_folder(folder, allowed=RootFolder(folder.parent).holds)
