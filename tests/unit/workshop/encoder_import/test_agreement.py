"""The graph is the model: compared with `transformers` on sounds that the import itself did not use."""

import numpy as np
import pytest
import torch

from leitmotif_services.audio.engine import load_engine
from leitmotif_services.audio.onnxruntime_encoder import OnnxRuntimeEncoder
from leitmotif_services.audio.segmentation import Segmentation
from leitmotif_services.audio.waveform_input import WaveformInput
from leitmotif_services.workshop.encoder_import.importing import (
    Agreement,
    compare,
    import_encoder,
    open_model,
    refuse_disagreement,
)
from leitmotif_services.workshop.encoder_import.refusal import ImportRefusedError
from tests.unit.audio.audio_files import chords, clicks, encoded, noise, tone
from tests.unit.workshop.encoder_import import tiny_models

MAJOR, MINOR = (60, 64, 67), (57, 60, 64)


def sounds(rate_hz):
    """Of lengths that are multiples of nothing."""
    return [
        chords([MAJOR, MINOR], rate_hz)[: 2 * rate_hz - 7],
        clicks(97, 5.3, rate_hz)[:-1],
        tone(220.0, 1.0, rate_hz, 0.01) + np.float32(0.2),
        noise(9.9, rate_hz),
    ]


def imported(folder, tmp_path, **options):
    out = tmp_path / "encoder.onnx"
    return import_encoder(open_model(str(folder)), out, spdx="MIT", **options), OnnxRuntimeEncoder(out)


def published_states(model, extractor, samples, layer):
    """What the model's authors would compute: extractor, model, states of a layer."""
    inputs = extractor(samples, sampling_rate=extractor.sampling_rate, return_tensors="pt")
    with torch.inference_mode():
        output = model(inputs["input_values"], output_hidden_states=True)
    states = output.hidden_states[layer] if layer < tiny_models.LAYERS else output.last_hidden_state
    return unit(states[0].mean(dim=0).numpy())


def unit(vector):
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize("layer", [1, 2, 3])
@pytest.mark.parametrize(
    "config",
    [{}, {"do_stable_layer_norm": True, "feat_extract_norm": "layer", "conv_bias": True}, {"feat_proj_layer_norm": False}],
    ids=["base", "stable", "unprojected-norm"],
)
def test_hubert(tmp_path, layer, config):
    from transformers import HubertModel, Wav2Vec2FeatureExtractor

    folder = tiny_models.hubert(tmp_path / "m", do_normalize=layer != 2, **config)
    result, encoder = imported(folder, tmp_path, layer=layer)
    assert (result.layer, encoder.artifact.encoder_id) == (layer, f"m-layer-{layer}")
    assert result.agreement.largest_difference <= 1e-5
    model, extractor = HubertModel.from_pretrained(folder).eval(), Wav2Vec2FeatureExtractor.from_pretrained(folder)
    for samples in sounds(16_000):
        expected = published_states(model, extractor, samples, layer)
        np.testing.assert_allclose(encoder.encode_waveforms([samples])[0], expected, atol=1e-4)


@pytest.mark.parametrize("stable", [False, True])
def test_wav2vec2_from_a_pretraining_checkpoint(tmp_path, stable):
    from transformers import Wav2Vec2FeatureExtractor, Wav2Vec2Model

    folder = tiny_models.wav2vec2(tmp_path / "m", do_stable_layer_norm=stable)
    result, encoder = imported(folder, tmp_path)
    assert result.layer == tiny_models.LAYERS
    model, extractor = Wav2Vec2Model.from_pretrained(folder).eval(), Wav2Vec2FeatureExtractor.from_pretrained(folder)
    for samples in sounds(16_000):
        expected = published_states(model, extractor, samples, tiny_models.LAYERS)
        np.testing.assert_allclose(encoder.encode_waveforms([samples])[0], expected, atol=1e-4)


def test_mert_is_hubert_and_its_code_is_not_run(tmp_path):
    folder = tiny_models.mert(tmp_path / "MERT-v1")
    _, encoder = imported(folder, tmp_path, layer=2)
    assert encoder.artifact.front_end == WaveformInput(24_000)
    assert encoder.artifact.encoder_id == "mert-v1-layer-2"
    assert not (folder / "executed").exists()
    plain = tiny_models.hubert(tmp_path / "plain", rate_hz=24_000)
    (tmp_path / "other").mkdir()
    _, same = imported(plain, tmp_path / "other", layer=2)
    samples = sounds(24_000)
    np.testing.assert_allclose(encoder.encode_waveforms(samples), same.encode_waveforms(samples), atol=1e-6)


@pytest.mark.parametrize("padding", ["repeatpad", "repeat", "pad"])
def test_clap(tmp_path, padding):
    from transformers import ClapFeatureExtractor, ClapModel

    folder = tiny_models.clap(tmp_path / "m", padding=padding)
    result, encoder = imported(folder, tmp_path)
    assert (result.layer, encoder.artifact.dimension, encoder.artifact.encoder_id) == (0, 24, "m")
    assert (encoder.artifact.front_end, encoder.artifact.segmentation) == (WaveformInput(48_000), Segmentation(10.0, 10.0))
    model, extractor = ClapModel.from_pretrained(folder).eval(), ClapFeatureExtractor.from_pretrained(folder)
    for samples in [*sounds(48_000), noise(10.0, 48_000)]:
        inputs = extractor(samples, sampling_rate=48_000, return_tensors="pt")
        with torch.inference_mode():
            states = model.audio_model(input_features=inputs["input_features"], is_longer=inputs["is_longer"]).pooler_output
            expected = unit(model.audio_projection(states)[0].numpy())
        np.testing.assert_allclose(encoder.encode_waveforms([samples])[0], expected, atol=1e-4)


def test_segments_do_not_depend_on_each_other(tmp_path):
    _, encoder = imported(tiny_models.hubert(tmp_path / "m"), tmp_path)
    samples = sounds(16_000)
    together = encoder.encode_waveforms(samples)
    np.testing.assert_array_equal(together, np.concatenate([encoder.encode_waveforms([one]) for one in samples]))
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-6)


def test_the_engine_embeds_files_of_any_rate(tmp_path):
    result, _ = imported(tiny_models.hubert(tmp_path / "m"), tmp_path)
    engine, default = load_engine(tmp_path / "encoder.onnx"), load_engine()
    content = encoded(np.concatenate([chords([MAJOR] * 8, 44_100), clicks(120, 16.0, 44_100)]), 44_100)
    track, by_default = engine.embed(content), default.embed(content)
    assert [(s.start_s, s.duration_s) for s in track.segments] == [(0, 10), (10, 10), (20, 4)]
    assert track.segment_embeddings.shape == (3, result.artifact.dimension)
    assert track.descriptors == by_default.descriptors  # measured alike under every encoder
    rates = [engine.embed(encoded(chords([MAJOR, MINOR] * 5, rate_hz), rate_hz)) for rate_hz in (16_000, 48_000)]
    assert float(rates[0].embedding @ rates[1].embedding) > 0.999


def test_disagreement_is_refused_with_its_figures():
    rows = np.eye(4, dtype=np.float32)
    assert compare(list(rows), rows) == Agreement(0.0, 1.0, 4)
    turned = np.array([[np.cos(0.02), np.sin(0.02)]], np.float32)
    with pytest.raises(ImportRefusedError, match=r"differ by 0.02 .*cosine 0.999800"):
        refuse_disagreement(compare([np.array([1.0, 0.0], np.float32)], turned))
    with pytest.raises(ImportRefusedError, match="cosine"):
        refuse_disagreement(compare([np.array([1.0, 0.0], np.float32)], np.full((1, 2), np.nan, np.float32)))
    refuse_disagreement(Agreement(1e-3, 0.9999, 1))


def test_a_graph_that_disagrees_is_not_written(tmp_path, monkeypatch):
    """The model's own normalisation is changed after the export was prepared for another one."""
    from leitmotif_services.workshop.encoder_import import torch_graph

    monkeypatch.setattr(torch_graph, "VARIANCE_FLOOR", 10.0)
    out = tmp_path / "encoder.onnx"
    out.write_bytes(b"what was there before")
    with pytest.raises(ImportRefusedError, match="does not agree with the model: they differ by"):
        import_encoder(open_model(str(tiny_models.hubert(tmp_path / "m", feat_extract_norm="layer"))), out, spdx="MIT")
    assert out.read_bytes() == b"what was there before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["encoder.onnx", "m"]
