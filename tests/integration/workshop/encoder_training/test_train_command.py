"""A small encoder is trained from nothing, through the command line, and used by the engine that serves."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from leitmotif.cli.main import app
from leitmotif_services.audio.engine import load_engine
from leitmotif_services.audio.front_end import FrontEndSettings
from leitmotif_services.workshop import code_hash
from leitmotif_services.workshop.encoder_training import training
from leitmotif_services.workshop.encoder_training.corpus import SHARD_PIECES, Corpus
from leitmotif_services.workshop.encoder_training.recipe import DEFAULT_RECIPE, read_recipe
from tests.unit.audio.audio_files import encoded, music

RECIPE = """
encoder_id = "tiny-1"
network_share = 0.5
calibration_pieces = 4
evaluation_pieces = 8
[corpus]
styled_pieces = 18
idiomatic_pieces = 18
piece_s = 12.0
[network]
channels = [8, 16]
strides = [[4, 4], [2, 2]]
dimension = 16
[fitting]
epochs = 2
batch_pieces = 8
shortest_excerpt_s = 1.5
longest_excerpt_s = 2.5
learning_rate = 0.01
weight_decay = 0.0
temperature = 0.2
contrast_weight = 1.0
kind_weight = 1.0
attribute_weight = 1.0
[projection]
dimension = 24
ridge = 0.1
kind_share = 0.3
emphasis = 0.15
"""


def train(folder, *arguments):
    (folder / "recipe.toml").write_text(RECIPE)
    command = ["encoder", "train", "--config", str(folder / "recipe.toml"), "--workers", "1", "--json"]
    result = CliRunner().invoke(app, [*command, "--out", str(folder / "out"), *arguments])
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("training")
    return folder, train(folder)


def test_what_it_writes(trained):
    folder, report = trained
    assert {path.name for path in (folder / "out").iterdir()} == {
        "tiny-1.onnx",
        "tiny-1-float32.onnx",
        "tiny-1.md",
        "training",
    }
    assert (report["encoder_id"], report["dimension"]) == ("tiny-1", 40)
    figures = report["figures"]
    assert figures["pieces"] == 8
    assert figures["coded_cosine"] > 0.8
    assert all(0.0 <= figures[name] <= 1.0 for name in ("kind_accuracy", "baseline_kind_accuracy", "int8_agreement"))
    card = (folder / "out" / "tiny-1.md").read_text()
    assert report["sha256"] in card
    assert f"{figures['kind_accuracy']:.3f}" in card
    assert "`leitmotif encoder train --config recipe.toml --seed 0 --out DIR` makes it" in card


def test_int8_and_float32_embed_nearly_alike(trained):
    _, report = trained
    content = encoded(music(12.0), 24_000)
    int8, float32 = (load_engine(path).embed(content).embedding for path in map(Path, (report["out"], report["float32"])))
    assert float(int8 @ float32) > 0.99
    assert not np.array_equal(int8, float32)


def test_a_second_run_uses_what_is_there_and_writes_the_same(trained):
    folder, report = trained
    (corpus,) = (folder / "out" / "training").glob("corpus-*")
    shards = sorted(corpus.iterdir())
    assert [shard.name for shard in shards] == ["000000.npz", f"{SHARD_PIECES:06}.npz"]
    before = shards[0].stat().st_mtime_ns
    shards[1].write_bytes(shards[1].read_bytes()[:1000])  # as a full disk would leave it
    again = train(folder)
    assert shards[0].stat().st_mtime_ns == before
    assert again["sha256"] == report["sha256"]
    assert again["figures"] == report["figures"]


def test_another_seed_gives_another_encoder(trained, tmp_path):
    assert train(tmp_path, "--seed", "1")["sha256"] != trained[1]["sha256"]


def test_the_recipe_of_the_package_can_be_had():
    result = CliRunner().invoke(app, ["encoder", "train", "--print-recipe"])
    assert (result.exit_code, result.stdout) == (0, DEFAULT_RECIPE.read_text())


@pytest.mark.parametrize("changed", ["leitmotif_services.workshop.composer.instruments", "leitmotif_services.audio.front_end"])
def test_what_other_code_composed_or_trained_is_not_used(changed, tmp_path, monkeypatch):
    recipe, settings, source = read_recipe(DEFAULT_RECIPE), FrontEndSettings(), code_hash._source

    def kept():
        return Corpus(tmp_path, recipe.corpus, 0, settings)._folder, training._key(recipe, 0)

    before = kept()
    assert kept() == before
    monkeypatch.setattr(code_hash, "_source", lambda module: source(module) + (b"#" if module == changed else b""))
    after = kept()
    assert all(old != new for old, new in zip(before, after, strict=True))


@pytest.mark.parametrize("text", ["", DEFAULT_RECIPE.read_text().replace("epochs = ", "epochs = 'x' #")])
def test_a_faulty_recipe_ends_in_one_line(tmp_path, text):
    (tmp_path / "faulty.toml").write_text(text)
    result = CliRunner().invoke(app, ["encoder", "train", "--config", str(tmp_path / "faulty.toml"), "--out", str(tmp_path)])
    assert result.exit_code == 1
    assert "faulty.toml" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
