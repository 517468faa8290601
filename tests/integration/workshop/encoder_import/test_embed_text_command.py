"""`leitmotif encoder import` of both towers, then `leitmotif encoder embed-text` with what it wrote."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from leitmotif_services.audio.engine import load_engine
from leitmotif_services.audio.onnxruntime_text_encoder import load_text_engine
from leitmotif_services.workshop.encoder_commands import encoder
from tests.unit.audio.audio_files import encoded, music, tone
from tests.unit.workshop.encoder_import import tiny_models


def run(*arguments):
    return CliRunner().invoke(encoder, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """A folder with both towers, and what the import said."""
    folder = tmp_path_factory.mktemp("encoders")
    model = tiny_models.clap(tmp_path_factory.mktemp("models") / "clap")
    result = run("import", model, "--license", "MIT", "--out", folder / "clap.onnx", "--json")
    assert result.exit_code == 0, result.output
    return folder, json.loads(result.stdout)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("music")
    for name, samples in (("music", music(3.0)), ("low", tone(110.0, 2.0)), ("high", tone(3000.0, 2.0))):
        (folder / f"{name}.wav").write_bytes(encoded(samples))
    (folder / "notes.txt").write_text("no music")
    return folder


def test_the_import_tells_of_the_text_tower(imported):
    folder, report = imported
    text = report["text"]
    content = Path(text["out"]).read_bytes()
    assert Path(text["out"]) == folder / "clap.text.onnx"
    assert (text["bytes"], text["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert (text["text_encoder_id"], text["max_tokens"]) == ("clap-text", 64)
    assert text["largest_difference"] <= 1e-3
    assert text["least_cosine"] >= 0.9999


def test_the_audio_tower_alone(tmp_path):
    model = tiny_models.clap(tmp_path / "clap")
    (model / "tokenizer.json").unlink()
    refused = run("import", model, "--license", "MIT", "--out", tmp_path / "o" / "clap.onnx")
    assert refused.exit_code == 1
    assert "--audio-only" in refused.stderr
    assert not (tmp_path / "o").exists()
    result = run("import", model, "--license", "MIT", "--out", tmp_path / "o" / "clap.onnx", "--audio-only", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["text"] is None
    assert [path.name for path in (tmp_path / "o").iterdir()] == ["clap.onnx"]


def test_files_are_sorted_by_how_much_they_sound_like_the_phrase(imported, sounds):
    folder, _ = imported
    arguments = ("embed-text", "calm piano", "loud drums", "--encoder", folder / "clap.onnx", "--audio", sounds)
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["encoder_id"], report["text_encoder_id"], report["dimension"]) == ("clap", "clap-text", 24)
    assert [entry["phrase"] for entry in report["phrases"]] == ["calm piano", "loud drums"]
    hears, reads = load_engine(folder / "clap.onnx"), load_text_engine(folder / "clap.text.onnx")
    for entry in report["phrases"]:
        cosines = {
            str(path): float(hears.embed(path.read_bytes()).embedding @ reads.embed(entry["phrase"]).embedding)
            for path in sounds.glob("*.wav")
        }
        assert [one["path"] for one in entry["similar"]] == sorted(cosines, key=cosines.get, reverse=True)
        for one in entry["similar"]:
            assert one["cosine"] == pytest.approx(cosines[one["path"]], abs=1e-5)
    table = run(*arguments)
    shown = [line.split()[-1] for line in table.stdout.splitlines() if ".wav" in line]
    assert shown == [one["path"] for entry in report["phrases"] for one in entry["similar"]]


def test_embeddings_are_written(imported, tmp_path):
    folder, _ = imported
    out = tmp_path / "new" / "phrases.npz"
    result = run("embed-text", "calm piano", "夜の音楽", "--encoder", folder / "clap.text.onnx", "--out", out)
    assert result.exit_code == 0, result.output
    with np.load(out) as written:
        assert list(written["ids"]) == ["calm piano", "夜の音楽"]
        assert (written["embeddings"].shape, written["embeddings"].dtype) == ((2, 24), np.float32)
        np.testing.assert_allclose(np.linalg.norm(written["embeddings"], axis=1), 1.0, atol=1e-5)


def test_a_file_that_cannot_be_read_is_named_and_the_others_go_on(imported, sounds):
    folder, _ = imported
    files = (sounds / "low.wav", sounds / "notes.txt", sounds / "none.wav")
    audio = [argument for path in files for argument in ("--audio", path)]
    result = run("embed-text", "calm", "--encoder", folder / "clap.onnx", *audio, "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert [one["path"] for one in report["phrases"][0]["similar"]] == [str(sounds / "low.wav")]
    assert [one["path"] for one in report["failed"]] == [str(sounds / "notes.txt"), str(sounds / "none.wav")]


def test_each_failure_is_one_line(imported, sounds, tmp_path):
    folder, _ = imported
    shutil.copy(folder / "clap.onnx", tmp_path / "alone.onnx")
    shutil.copy(folder / "clap.text.onnx", tmp_path / "alone2.text.onnx")
    (tmp_path / "broken.text.onnx").write_bytes(b"no graph")
    clap = folder / "clap.onnx"
    for arguments, why in (
        (("", "--encoder", clap), "the phrase is empty"),
        (("a\nb", "--encoder", clap), "control characters"),
        (("~" * 63, "--encoder", clap), "65 tokens"),
        (("calm", "--encoder", tmp_path / "alone.onnx"), "it has no text tower alone.text.onnx beside it"),
        (("calm", "--encoder", tmp_path / "none.onnx"), "there is no such file"),
        (("calm", "--encoder", "leitmotif-music-1"), "leitmotif-music-1: it has no text tower"),
        (("calm", "--encoder", tmp_path / "broken.text.onnx"), "no ONNX graph"),
        (("calm", "--encoder", tmp_path / "alone2.text.onnx", "--audio", sounds), "cannot be read"),
        (("calm", "--encoder", clap, "--audio", sounds / "notes.txt"), "none of 1 files could be embedded"),
        (("calm", "--encoder", clap, "--out", sounds / "notes.txt" / "x.npz"), "cannot write"),
    ):
        result = run("embed-text", *arguments)
        assert result.exit_code == 1, result.output
        assert why in result.stderr.splitlines()[-1]
        assert result.stdout == ""
