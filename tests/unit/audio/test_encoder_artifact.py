import json

import numpy as np
import onnx
import pytest
from onnx import helper

from leitmotif_services.audio.encoder_artifact import METADATA_KEY, EncoderArtifact, metadata_of, parse_metadata
from leitmotif_services.audio.engine import DEFAULT_ENCODER, load_engine
from leitmotif_services.audio.front_end import FrontEndSettings
from leitmotif_services.audio.segmentation import Segmentation
from leitmotif_services.runtime.errors import Reason, ServiceError

ARTIFACT = EncoderArtifact(
    "some-encoder-2", 7, FrontEndSettings(hop_samples=400), Segmentation(8.0, 4.0), "MIT", "Made up.", "ab"
)


def with_metadata(path, change):
    model = onnx.load(DEFAULT_ENCODER)
    metadata = {prop.key: prop.value for prop in model.metadata_props}
    helper.set_model_props(model, change(metadata))
    onnx.save(model, path)
    return path


def changed(key, value):
    def change(metadata):
        settings = json.loads(metadata[METADATA_KEY])
        target = settings
        *parents, last = key.split(".")
        for parent in parents:
            target = target[parent]
        if value is None:
            del target[last]
        else:
            target[last] = value
        return {METADATA_KEY: json.dumps(settings)}

    return change


def refusal(path):
    with pytest.raises(ServiceError) as caught:
        load_engine(path)
    assert path.name in caught.value.message
    assert caught.value.metadata["file"] == path.name
    return caught.value


def test_metadata_there_and_back():
    assert parse_metadata(metadata_of(ARTIFACT), "ab", "x.onnx") == ARTIFACT


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("encoder_id", None),
        ("encoder_id", ""),
        ("encoder_id", 3),
        ("description", "x" * 5000),
        ("dimension", 0),
        ("dimension", 127),
        ("dimension", "128"),
        ("front_end", None),
        ("front_end", []),
        ("front_end.hop_samples", None),
        ("front_end.hop_samples", 0),
        ("front_end.hop_samples", 512.5),
        ("front_end.mel_bands", 32),
        ("front_end.mel_bands", 400),
        ("front_end.octaves", 9),
        ("front_end.unheard_of", 1),
        ("front_end.flatness_edges_hz", ["low", "high"]),
        ("segmentation.segment_s", 0.0),
        ("segmentation.segment_s", "long"),
    ],
)
def test_malformed_metadata_is_refused(tmp_path, key, value):
    assert refusal(with_metadata(tmp_path / "bad.onnx", changed(key, value))).reason is Reason.BUNDLE_CORRUPT


def test_metadata_that_is_missing_or_no_json(tmp_path):
    assert refusal(with_metadata(tmp_path / "none.onnx", lambda _: {})).reason is Reason.BUNDLE_CORRUPT
    assert refusal(with_metadata(tmp_path / "text.onnx", lambda _: {METADATA_KEY: "{"})).reason is Reason.BUNDLE_CORRUPT


def test_a_later_schema_is_told_apart_from_damage(tmp_path):
    error = refusal(with_metadata(tmp_path / "later.onnx", changed("schema_version", 99)))
    assert error.reason is Reason.BUNDLE_SCHEMA_UNKNOWN
    assert error.metadata["schema_version"] == "99"


def test_files_that_are_no_graph(tmp_path):
    (tmp_path / "empty.onnx").write_bytes(b"")
    (tmp_path / "noise.onnx").write_bytes(np.random.default_rng(0).bytes(1000))
    (tmp_path / "cut.onnx").write_bytes(DEFAULT_ENCODER.read_bytes()[:50_000])
    for name in ("empty.onnx", "noise.onnx", "cut.onnx", "missing.onnx"):
        assert refusal(tmp_path / name).reason is Reason.BUNDLE_CORRUPT
