"""What is written is what is served, and the same model is always the same version."""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from leitmotif_services.prototypes.bundle_writing import TrainedModel, write_bundle
from leitmotif_services.prototypes.safetensors_bundle import load_bundle, read_manifest, read_snippet
from leitmotif_services.runtime.errors import ServiceError
from tests.unit.prototypes.sample_models import PIANO_AUDIO, by_hand, random_model, retitled


def write(model: TrainedModel, root: Path) -> Path:
    return write_bundle(model, root, encoder_artifact=None)


def test_round_trip(tmp_path: Path) -> None:
    model = by_hand()
    served = load_bundle(write(model, tmp_path))
    assert list(served.catalogue.tracks) == model.tracks
    assert list(served.prototypes) == model.prototypes
    np.testing.assert_array_equal(served.scoring.affinities, model.affinities)
    np.testing.assert_array_equal(np.asarray(served.scoring.rows)[:, :2], model.responses)
    np.testing.assert_array_equal(np.asarray(served.scoring.rows)[:, -1], model.bias)
    assert read_snippet(served, "piano-0.ogg") == PIANO_AUDIO
    manifest = served.manifest
    assert (manifest.kind, manifest.encoder_id, manifest.edit_gain) == ("leitmotif", "mel-cnn-1", 2.0)
    assert (manifest.track_count, manifest.prototype_count, manifest.dimension) == (3, 2, 3)
    assert manifest.metrics == {"ndcg@100": 0.5}


def test_the_version_is_the_content(tmp_path: Path) -> None:
    first, again = write(by_hand(), tmp_path / "a"), write(by_hand(), tmp_path / "b")
    assert first.name == again.name == read_manifest(first).model_version
    assert read_manifest(first).created != read_manifest(again).created
    assert write(retitled(by_hand(), "!"), tmp_path / "a").name != first.name
    for change in ({"edit_gain": 1.0}, {"metrics": {}}, {"snippets": {"piano-0.ogg": b"other"}}):
        assert write(dataclasses.replace(by_hand(), **change), tmp_path / "a").name != first.name


def test_writing_again_keeps_what_is_there(tmp_path: Path) -> None:
    folder = write(by_hand(), tmp_path)
    before = (folder / "manifest.json").read_bytes()
    assert write(by_hand(), tmp_path) == folder
    assert (folder / "manifest.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_writing_again_replaces_what_is_damaged(tmp_path: Path) -> None:
    folder = write(by_hand(), tmp_path)
    (folder / "catalogue.jsonl").write_bytes(b"")
    assert write(by_hand(), tmp_path) == folder
    load_bundle(folder)
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_bundle(by_hand(), tmp_path, encoder_artifact=tmp_path / "no-such-encoder.onnx")
    assert list(tmp_path.iterdir()) == []


def test_the_encoder_goes_along_and_has_to_be_the_one_named(tmp_path: Path) -> None:
    artifact = tmp_path / "encoder.onnx"
    artifact.write_bytes(b"an encoder")
    with pytest.raises(ValueError, match="SHA-256"):
        write_bundle(by_hand(), tmp_path / "models", encoder_artifact=artifact)
    model = dataclasses.replace(by_hand(), encoder_sha256=hashlib.sha256(b"an encoder").hexdigest())
    folder = write_bundle(model, tmp_path / "models", encoder_artifact=artifact)
    assert (folder / "encoder.onnx").read_bytes() == b"an encoder"
    load_bundle(folder)


def test_the_affinity_head_in_onnx_runtime_equals_numpy(tmp_path: Path) -> None:
    model = random_model(3, tracks=50, prototypes=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(write(model, tmp_path) / "affinity.onnx", options, providers=["CPUExecutionProvider"])
    [affinities] = session.run(["affinity"], {"embedding": model.embeddings})
    logits = model.embeddings.astype(np.float64) @ model.head_weights.T.astype(np.float64) + model.head_offsets
    np.testing.assert_allclose(affinities, 1 / (1 + np.exp(-logits)), atol=1e-6)


def set_nan(name: str) -> dict[str, Any]:
    values = getattr(by_hand(), name).copy()
    values.flat[0] = np.nan
    return {name: values}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        *[(set_nan(name), f"{name} holds NaN") for name in ("embeddings", "affinities", "responses", "bias", "head_weights")],
        ({"affinities": -by_hand().affinities}, "negative"),
        ({"responses": by_hand().responses * 1e7}, "magnitude"),
        ({"bias": np.zeros(2, np.float32)}, r"bias is float32 of shape \(2,\)"),
        ({"bias": np.zeros(3)}, "bias is float64"),
        ({"edit_gain": -1.0}, "edit_gain"),
        ({"edit_gain": float("nan")}, "edit_gain is nan"),
        ({"metrics": {"x": float("inf")}}, "x is inf"),
        ({"encoder_sha256": "5"}, "encoder"),
        ({"kind": "other"}, "kind 'other' is none"),
        ({"kind": "apn"}, "kind 'apn' is none that TrainedModel"),
        ({"tracks": []}, "at least one track"),
        ({"tracks": [by_hand().tracks[0]] * 3}, "'ada' is repeated"),
        ({"tracks": [dataclasses.replace(by_hand().tracks[0], track_id="../x"), *by_hand().tracks[1:]]}, "track 0: track_id"),
        ({"tracks": [dataclasses.replace(by_hand().tracks[0], title="\udcff"), *by_hand().tracks[1:]]}, "valid Unicode"),
        ({"prototypes": [by_hand().prototypes[0]] * 2}, "'piano' is repeated"),
        ({"snippets": {}}, "prototype 0: snippet 'piano-0.ogg' is missing"),
        ({"snippets": {"piano-0.ogg": b"", "../x.ogg": b""}}, "plain name"),
        ({"snippets": {"piano-0.ogg": b"", "x.py": b""}}, "plain name"),
    ],
)
def test_a_wrong_model_is_refused_by_name(change: dict[str, Any], problem: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=problem) as refused:
        write(dataclasses.replace(by_hand(), **change), tmp_path)
    assert not isinstance(refused.value, ServiceError)
    assert list(tmp_path.iterdir()) == []
