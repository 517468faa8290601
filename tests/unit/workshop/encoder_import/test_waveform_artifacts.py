"""Encoder files whose graph takes the waveform, and files of the first schema."""

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from leitmotif_services.audio.embedding import Segment
from leitmotif_services.audio.encoder_artifact import METADATA_KEY, EncoderArtifact, metadata_of, parse_metadata
from leitmotif_services.audio.engine import DEFAULT_ENCODER, load_engine
from leitmotif_services.audio.front_end import FrontEndSettings
from leitmotif_services.audio.segmentation import Segmentation
from leitmotif_services.audio.waveform_input import WaveformInput
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.unit.audio.audio_files import encoded, tone

ARTIFACT = EncoderArtifact(
    "heard-1", 2, WaveformInput(24_000), Segmentation(8.0, 4.0), "MIT", "Made up.", "ab", "hub someone/model@c0ffee"
)


def graph(path, artifact=ARTIFACT, samples="samples", name="waveform"):
    """(B, n) to the unit vectors (mean |x|, rms), by hand."""
    nodes = [
        helper.make_node("ReduceL1", [name], ["sum"], axes=[1], keepdims=1),
        helper.make_node("ReduceL2", [name], ["root"], axes=[1], keepdims=1),
        helper.make_node("Concat", ["sum", "root"], ["both"], axis=1),
        helper.make_node("LpNormalization", ["both"], ["embedding"], axis=1, p=2),
    ]
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", samples])]
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", 2])]
    body = helper.make_graph(nodes, "levels", inputs, outputs)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {METADATA_KEY: metadata_of(artifact)})
    onnx.save(model, path)
    return path


def test_metadata_there_and_back():
    assert parse_metadata(metadata_of(ARTIFACT), "ab", "x.onnx") == ARTIFACT
    frames = replace(ARTIFACT, front_end=FrontEndSettings(hop_samples=400), source="")
    assert parse_metadata(metadata_of(frames), "ab", "x.onnx") == frames


def test_the_first_schema_is_read():
    values = json.loads(metadata_of(replace(ARTIFACT, front_end=FrontEndSettings(), source="")))
    del values["input"], values["source"]
    values["schema_version"] = 1
    assert parse_metadata(json.dumps(values), "ab", "x.onnx") == replace(ARTIFACT, front_end=FrontEndSettings(), source="")
    assert isinstance(load_engine(DEFAULT_ENCODER).encoder.front_end, FrontEndSettings)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("input", "text"), ("input", None), ("input", "frames"), ("input", []), ("front_end", {}), ("source", None),
        ("source", 7), ("front_end", {"sample_rate_hz": 10}), ("front_end", {"sample_rate_hz": 24_000.5}), ("source", "x" * 5000),
    ],
)  # fmt: skip
def test_malformed_metadata_is_refused(key, value):
    values = json.loads(metadata_of(ARTIFACT)) | {key: value}
    if value is None:
        del values[key]
    with pytest.raises(ServiceError) as caught:
        parse_metadata(json.dumps(values), "ab", "x.onnx")
    assert caught.value.reason is Reason.BUNDLE_CORRUPT


def test_an_engine_gives_the_graph_the_samples_of_each_segment(tmp_path):
    engine = load_engine(graph(tmp_path / "levels.onnx"))
    track = engine.embed(encoded(tone(500.0, 12.0, 48_000), 48_000))
    assert [(s.start_s, s.duration_s) for s in track.segments] == [(0.0, 8.0), (4.0, 8.0)]
    # A sine's mean magnitude is 2/π of its peak, its root mean square 1/√2; here they are a sum and a root of a sum.
    samples = 8 * 24_000
    expected = np.array([samples * 2 / np.pi, np.sqrt(samples / 2)])
    for row in track.segment_embeddings:
        np.testing.assert_allclose(row, expected / np.linalg.norm(expected), rtol=1e-3)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"samples": 16_000}, "not segments of any length"),
        ({"name": "sound"}, "sound"),
        ({"artifact": replace(ARTIFACT, dimension=3)}, "of 3"),
    ],
)
def test_a_graph_that_is_not_what_its_metadata_says(tmp_path, broken, why):
    with pytest.raises(ServiceError, match=why) as caught:
        load_engine(graph(tmp_path / "broken.onnx", **broken))
    assert caught.value.reason is Reason.BUNDLE_CORRUPT


def test_samples_are_cut_alike_for_segments_of_one_length():
    samples = np.arange(44_100, dtype=np.float32)
    parts = WaveformInput(11_025).cut(samples, (Segment(0.0, 1.0), Segment(1.5, 1.0), Segment(3.0, 1.0)))
    assert [(part[0], len(part)) for part in parts] == [(0, 11_025), (16_537, 11_025), (33_075, 11_025)]
