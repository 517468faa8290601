"""Each model that is not imported, with its reason; nothing is written, and no weight is read before the JSON is checked."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from leitmotif_services.workshop.encoder_import import model_files
from leitmotif_services.workshop.encoder_import.importing import import_encoder, open_model
from leitmotif_services.workshop.encoder_import.refusal import ImportRefusedError
from tests.unit.workshop.encoder_import import tiny_models
from tests.unit.workshop.encoder_import.tiny_models import edit, with_card


@pytest.fixture
def hubert(tmp_path):
    return tiny_models.hubert(tmp_path / "model")


def refused(folder, why, **options):
    out = folder.parent / "out" / "encoder.onnx"
    with pytest.raises(ImportRefusedError, match=why):
        import_encoder(open_model(str(folder)), out, **({"spdx": "MIT"} | options))
    assert not out.parent.exists() or not list(out.parent.iterdir())


def without_weights(folder):
    """So that a refusal cannot have come from them."""
    (folder / "model.safetensors").unlink()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"model_type": "bert"}, "model_type 'bert' is not one of"),
        ({"model_type": "own", "auto_map": {"AutoModel": "x.Y"}}, "code that comes with a model is never run"),
        ({"model_type": ["hubert"]}, "is not one of"),
        ({"num_hidden_layers": 10**9}, "num_hidden_layers .* from 1 to 64"),
        ({"hidden_size": -1}, "hidden_size"),
        ({"hidden_size": "32"}, "hidden_size"),
        ({"hidden_size": True}, "hidden_size"),
        ({"conv_dim": [16] * 1000}, "conv_dim .* list of 1 to 12"),
        ({"conv_dim": [16, 0]}, "conv_dim"),
        ({"conv_bias": "yes"}, "conv_bias .* true or false"),
        ({"layer_norm_eps": 2}, "layer_norm_eps"),
        ({"hidden_act": "../../evil"}, "hidden_act .* one of"),
    ],
)
def test_configurations(hubert, changes, why):
    without_weights(hubert)
    edit(hubert / "config.json", **changes)
    refused(hubert, why)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"conv_dim": [16] * 3}, "not a possible hubert"),
        ({"hidden_size": 33}, "contradicts itself"),
        ({"hidden_size": 4096, "intermediate_size": 32_768, "num_hidden_layers": 64}, "weights; an encoder file holds"),
        ({"hidden_size": 64}, "do not fit"),
        ({"num_hidden_layers": 4}, "16 weights are not there or do not fit, such as encoder.layers.3"),
    ],
)
def test_configurations_that_fit_no_weights(hubert, changes, why):
    edit(hubert / "config.json", **changes)
    refused(hubert, why)


@pytest.mark.parametrize(("option", "why"), [("feature_extractor_cqt", "constant-Q"), ("deepnorm", "residual connections")])
def test_mert_that_is_not_hubert(tmp_path, option, why):
    folder = tiny_models.mert(tmp_path / "mert", **{option: True})
    without_weights(folder)
    refused(folder, f"{option} in config.json is set: .*{why}")
    assert not (folder / "executed").exists()


@pytest.mark.parametrize("option", ["add_adapter", "adapter_attn_dim"])
def test_wav2vec2_with_adapters(tmp_path, option):
    folder = tiny_models.wav2vec2(tmp_path / "w")
    edit(folder / "config.json", **{option: True})
    refused(folder, f"{option} .* adapter")


def test_clap_variants(tmp_path):
    folder = tiny_models.clap(tmp_path / "clap")
    refused(folder, "--layer does not apply", layer=1)
    edit(folder / "preprocessor_config.json", truncation="fusion")
    refused(folder, "truncation .* must be rand_trunc, is 'fusion'")
    config = json.loads((folder / "config.json").read_text())
    config["audio_config"]["enable_fusion"] = True
    edit(folder / "config.json", **config)
    refused(folder, "enable_fusion .* random crops")
    edit(folder / "config.json", audio_config=None)
    refused(folder, "no audio_config")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sampling_rate": 4_000}, "sampling_rate"),
        ({"feature_size": 80}, "feature_size"),
        ({"feature_extractor_type": "WhisperFeatureExtractor"}, "feature_extractor_type"),
    ],
)
def test_feature_extractors(hubert, changes, why):
    without_weights(hubert)
    edit(hubert / "preprocessor_config.json", **changes)
    refused(hubert, why)


def test_json_that_is_missing_or_damaged(hubert):
    (hubert / "preprocessor_config.json").unlink()
    refused(hubert, "no preprocessor_config.json")
    for content, why in (
        ("{", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("[]", "no JSON object"),
        (" " * 2**21, "bytes"),
    ):
        (hubert / "config.json").write_text(content)
        refused(hubert, why)
    (hubert / "config.json").unlink()
    refused(hubert, "no config.json")


def test_pickled_weights_are_not_read(hubert):
    class Executed:
        def __reduce__(self):
            return (open, (str(hubert / "executed"), "w"))

    without_weights(hubert)
    torch.save({"weight": Executed()}, hubert / "pytorch_model.bin")
    refused(hubert, r"no weights in safetensors format .*pytorch_model.bin is pickled and could run code")
    assert not (hubert / "executed").exists()


def test_damaged_weights(hubert):
    path = hubert / "model.safetensors"
    content = path.read_bytes()
    for damaged in (b"", content[:100], content[:-1], b"\xff" * 64):
        path.write_bytes(damaged)
        refused(hubert, "damaged or no safetensors file")


def test_weights_that_are_not_numbers(hubert):
    state = load_file(hubert / "model.safetensors")
    name = "encoder.layers.0.attention.q_proj.weight"
    save_file(state | {name: torch.full_like(state[name], float("nan"))}, hubert / "model.safetensors")
    refused(hubert, "does not agree with the model: they differ by nan")


def test_too_many_bytes_of_weights(hubert, monkeypatch):
    monkeypatch.setattr(model_files, "MAX_WEIGHT_BYTES", 1000)
    refused(hubert, r"the weights have \d+ bytes; at most 1000")


def test_shards(hubert):
    state = load_file(hubert / "model.safetensors")
    without_weights(hubert)
    names = sorted(state)
    halves = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, members in halves.items():
        save_file({name: state[name] for name in members}, hubert / file)
    index = hubert / "model.safetensors.index.json"
    for shard in ("../b.safetensors", "/etc/passwd", "c.safetensors", "config.json"):
        index.write_text(json.dumps({"weight_map": {"x": "a.safetensors", "y": shard}}))
        refused(hubert, "which is not part of the model")
    index.write_text(json.dumps({"weight_map": ["a.safetensors"]}))
    refused(hubert, "has no weight_map")
    index.write_text(json.dumps({"weight_map": {name: file for file, members in halves.items() for name in members}}))
    assert import_encoder(open_model(str(hubert)), hubert / "o.onnx", spdx="MIT").agreement.largest_difference < 1e-5


def test_layers_and_ids(hubert):
    refused(hubert, "layers 1 to 3; there is no layer 4", layer=4)
    refused(hubert, "there is no layer 0", layer=0)
    refused(hubert, "the id 'a b' must be", encoder_id="a b")


def test_licences(hubert):
    refused(hubert, "states no licence", spdx="")
    refused(hubert, "not an SPDX identifier", spdx="do what you like!")
    for header, why in (("license: other", "'other', which has no SPDX"), ("tags: music", "no licence")):
        refused(with_card(hubert, header), why, spdx="")
    with_card(hubert, "tags:\n- music\nlicense: cc-by-nc-4.0")
    out = hubert / "o.onnx"
    assert import_encoder(open_model(str(hubert)), out).artifact.license == "CC-BY-NC-4.0"
    assert import_encoder(open_model(str(hubert)), out, spdx="MIT OR Apache-2.0").artifact.license == "MIT OR Apache-2.0"


@pytest.mark.parametrize("model", ["missing", "missing/folder/deep", "/nowhere", "", "a b/c"])
def test_neither_folder_nor_hub_id(model):
    with pytest.raises(ImportRefusedError, match="neither a folder nor a hub id"):
        open_model(model)
