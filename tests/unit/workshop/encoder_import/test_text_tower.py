"""The text tower as a graph: compared with `transformers` on phrases that the import itself did not use; and what is refused."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from leitmotif_services.audio.encoder_artifact import malformed
from leitmotif_services.audio.engine import load_engine
from leitmotif_services.audio.onnxruntime_text_encoder import load_text_engine
from leitmotif_services.audio.text_encoder_artifact import text_file_of
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.workshop.encoder_import import text_specification
from leitmotif_services.workshop.encoder_import.importing import open_model
from leitmotif_services.workshop.encoder_import.importing_text import comparison_phrases, import_towers
from leitmotif_services.workshop.encoder_import.refusal import ImportRefusedError
from tests.unit.workshop.encoder_import import tiny_models
from tests.unit.workshop.encoder_import.tiny_models import edit

PHRASES = [
    "x",
    "slow strings",
    "Fast breakbeats under a distorted voice",
    "été à la plage",
    "夜の音楽",
    "🎷🎺",
    " leading and  double space",
    "e\N{COMBINING ACUTE ACCENT}",
    "guitar " * 12,
]


@pytest.fixture
def clap(tmp_path):
    return tiny_models.clap(tmp_path / "clap")


def imported(folder, out, **options):
    return import_towers(open_model(str(folder)), out, **({"spdx": "MIT"} | options))


def published(folder, phrases):
    """What the model's authors would compute: their tokenizer, padded, and both towers' own class."""
    from transformers import ClapModel, PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), pad_token="<pad>")
    model = ClapModel.from_pretrained(folder).eval()
    inputs = tokenizer(phrases, padding=True, return_tensors="pt")
    with torch.inference_mode():
        features = model.get_text_features(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"])
    rows = getattr(features, "pooler_output", features).numpy()
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize(
    "text",
    [
        {},
        {"hidden_act": "relu", "num_hidden_layers": 3},
        {"pad_token_id": 1, "max_position_embeddings": 130, "type_vocab_size": 2, "layer_norm_eps": 1e-5},
    ],
    ids=["as published", "deeper", "longer"],
)
def test_the_graph_is_the_model(tmp_path, text):
    folder = tiny_models.clap(tmp_path / "clap", text=text)
    audio, tower = imported(folder, tmp_path / "o.onnx", encoder_id="tiny-1")
    engine = load_text_engine(tower.path)
    outcomes = engine.embed_all(PHRASES).outcomes
    rows = np.stack([outcome.embedding for outcome in outcomes])
    expected = published(folder, PHRASES)
    assert np.abs(rows - expected).max() < 1e-5
    assert np.sum(rows * expected, axis=1).min() > 0.99999
    assert np.linalg.matrix_rank(rows) == len(PHRASES)  # the phrases are told apart
    assert tower.agreement.largest_difference < 1e-5
    artifact = tower.artifact
    assert (artifact.text_encoder_id, artifact.audio_encoder_id) == ("tiny-1-text", "tiny-1")
    assert (artifact.dimension, artifact.license, artifact.source) == (24, "MIT", audio.artifact.source)
    assert artifact.max_tokens == text.get("max_position_embeddings", 66) - 2


def test_the_longest_phrase_is_read_and_a_longer_one_refused(clap, tmp_path):
    engine = load_text_engine(imported(clap, tmp_path / "o.onnx")[1].path)
    assert len(engine.tokens(comparison_phrases(engine)[-1]).ids) > 60
    longest = "~" * 62  # a byte that is part of no merge is a token of its own
    assert len(engine.tokens(longest).ids) == engine.encoder.max_tokens == 64
    np.testing.assert_allclose(engine.embed(longest).embedding, published(clap, [longest])[0], atol=1e-5)
    with pytest.raises(ServiceError, match=r"65 tokens, .* reads 64") as caught:
        engine.embed(longest + "~")
    assert caught.value.reason is Reason.LIMIT_EXCEEDED
    with pytest.raises(ServiceError) as caught:
        engine.embed("")
    assert caught.value.reason is Reason.TEXT_EMPTY


def test_special_tokens_in_a_phrase_are_text(clap, tmp_path):
    engine = load_text_engine(imported(clap, tmp_path / "o.onnx")[1].path)
    begin, pad, end = 0, 1, 2
    ids = engine.tokens("<s>calm<pad></s><mask>").ids
    assert (ids[0], ids[-1]) == (begin, end)
    assert not {begin, pad, end} & set(ids[1:-1])
    assert abs(engine.embed("calm <pad> piano").embedding @ engine.embed("calm piano").embedding) < 0.9999


def test_the_audio_tower_alone(clap, tmp_path):
    audio, tower = imported(clap, tmp_path / "o.onnx", audio_only=True)
    assert tower is None
    assert audio.artifact.dimension == 24
    assert not text_file_of(tmp_path / "o.onnx").exists()
    hubert = tiny_models.hubert(tmp_path / "hubert")
    assert imported(hubert, tmp_path / "h.onnx")[1] is None


def test_neither_file_is_taken_for_the_other(clap, tmp_path):
    _, tower = imported(clap, tmp_path / "o.onnx")
    with pytest.raises(ServiceError, match="text encoder, which hears nothing"):
        load_engine(tower.path)
    with pytest.raises(ServiceError, match="audio encoder, which reads no text"):
        load_text_engine(tmp_path / "o.onnx")


def refused(folder, why, **options):
    out = folder.parent / "out" / "clap.onnx"
    out.parent.mkdir(exist_ok=True)
    out.write_bytes(b"as before")
    with pytest.raises(ImportRefusedError, match=why):
        imported(folder, out, **options)
    assert [path.name for path in out.parent.iterdir()] == ["clap.onnx"]
    assert out.read_bytes() == b"as before"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"vocab_size": 10**8}, "vocab_size .* from 1 to 2000000"),
        ({"num_hidden_layers": 65}, "num_hidden_layers"),
        ({"hidden_size": "16"}, "hidden_size"),
        ({"max_position_embeddings": 10**6}, "max_position_embeddings"),
        ({"max_position_embeddings": 8, "pad_token_id": 6}, "leaves 1 positions"),
        ({"pad_token_id": -1}, "pad_token_id"),
        ({"hidden_act": "__import__"}, "hidden_act .* one of"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type .* one of absolute"),
        ({"vocab_size": 299}, "token ids up to 299; the model has embeddings for 0 to 298"),
    ],
)
def test_configurations(clap, changes, why):
    (clap / "model.safetensors").unlink()  # so that a refusal cannot have come from the weights
    config = json.loads((clap / "config.json").read_text())
    edit(clap / "config.json", text_config=config["text_config"] | changes)
    refused(clap, why)


def test_a_configuration_without_a_text_tower(clap):
    edit(clap / "config.json", text_config=None)
    refused(clap, "no text_config")


@pytest.mark.parametrize("content", [b"{}", b"[", b"\xff\xfe", b'{"model": {"type": "BPE"}}', b""])
def test_a_damaged_tokenizer(clap, content):
    (clap / "tokenizer.json").write_bytes(content)
    refused(clap, "tokenizer.json is not one that the tokenizers library reads")


def test_a_tokenizer_that_is_missing_or_too_large(clap, monkeypatch):
    monkeypatch.setattr(text_specification, "MAX_TOKENIZER_BYTES", 1000)
    refused(clap, r"tokenizer.json has \d+ bytes; at most 1000")
    (clap / "tokenizer.json").unlink()
    refused(clap, "no tokenizer.json, .*--audio-only")


def test_weights_of_the_text_tower(clap):
    path = clap / "model.safetensors"
    state = load_file(path)
    name = "text_model.encoder.layer.0.attention.self.query.weight"
    assert name in state
    save_file({key: value for key, value in state.items() if key != name}, path, {"format": "pt"})
    refused(clap, f"1 weights are not there or do not fit, such as {name}")
    save_file(state | {name: torch.full_like(state[name], float("nan"))}, path, {"format": "pt"})
    refused(clap, "does not agree with the model: they differ by nan")


def test_a_file_whose_tokenizer_or_graph_is_another(clap, tmp_path):
    import onnx

    path = imported(clap, tmp_path / "o.onnx")[1].path
    for key, value, why in (
        ("leitmotif.tokenizer", None, "holds no tokenizer"),
        ("leitmotif.tokenizer", "{}", "not one that the tokenizers library reads"),
        ("leitmotif.text_encoder", "{}", "lacks 'schema_version'"),
    ):
        model = onnx.load(path)
        metadata = {entry.key: entry.value for entry in model.metadata_props} | {key: value}
        del model.metadata_props[:]
        onnx.helper.set_model_props(model, {name: text for name, text in metadata.items() if text is not None})
        onnx.save(model, tmp_path / "x.onnx")
        with pytest.raises(ServiceError, match=why) as caught:
            load_text_engine(tmp_path / "x.onnx")
        assert caught.value.reason is malformed("", "").reason
