"""`leitmotif encoder …` on real files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from leitmotif_services.audio.engine import FLOAT32_ENCODER
from leitmotif_services.workshop.encoder_commands import encoder
from tests.unit.audio.audio_files import clicks, encoded, noise, tone

COMMAND = (sys.executable, "-c", "from leitmotif.cli.main import run; run()")


def run(*arguments):
    return CliRunner().invoke(encoder, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three clips each of tones, clicks and noise, and a file that is no audio."""
    path = tmp_path_factory.mktemp("audio")
    rows = ["file,label"]
    for number in range(3):
        sounds = {
            "tone": tone(300.0 + 40 * number, 5.0),
            "clicks": clicks(100 + 10 * number, 5.0),
            "noise": noise(5.0, seed=number),
        }
        for label, samples in sounds.items():
            (path / f"{label}{number}.flac").write_bytes(encoded(samples, container="FLAC"))
            rows.append(f"{label}{number}.flac,{label}")
    (path / "text.mp3").write_text("this is no music\n" * 100)
    (path / "labels.csv").write_text("\n".join([*rows, "text.mp3,tone", "missing.wav,tone"]) + "\n")
    return path


def test_embed(folder, tmp_path):
    out = tmp_path / "new" / "embeddings"
    files = [folder / "tone0.flac", folder / "text.mp3", folder / "noise1.flac"]
    result = run("embed", *files, "--out", out, "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["tracks"], report["dimension"], report["encoder_id"]) == (2, 256, "leitmotif-music-1")
    assert [(failed["path"], failed["reason"]) for failed in report["failed"]] == [(str(files[1]), "AUDIO_FORMAT_UNKNOWN")]
    assert "text.mp3" in result.stderr
    with np.load(out) as arrays:
        assert set(arrays.files) == {"embeddings", "ids", "encoder_id", "encoder_sha256"}
        assert (str(arrays["encoder_id"]), str(arrays["encoder_sha256"])) == (report["encoder_id"], report["encoder_sha256"])
        assert arrays["ids"].tolist() == [str(files[0]), str(files[2])]
        assert (arrays["embeddings"].shape, arrays["embeddings"].dtype) == ((2, 256), np.float32)
        np.testing.assert_allclose(np.linalg.norm(arrays["embeddings"], axis=1), 1.0, atol=1e-5)


def test_embed_of_nothing_fails(folder, tmp_path):
    result = run("embed", folder / "text.mp3", tmp_path / "missing.wav", "--out", tmp_path / "x.npz")
    assert result.exit_code == 1
    assert "none of 2 files" in result.stderr
    assert "missing.wav: there is no such file (FILE_NOT_FOUND)" in result.stderr
    assert not (tmp_path / "x.npz").exists()


def test_a_folder_is_no_file(folder, tmp_path):
    result = run("embed", folder, folder / "tone0.flac", "--out", tmp_path / "x.npz", "--json")
    assert result.exit_code == 0
    [failed] = json.loads(result.stdout)["failed"]
    assert (failed["path"], failed["reason"]) == (str(folder), "FILE_UNREADABLE")
    assert "directory" in failed["message"]


def test_evaluate(folder):
    result = run("evaluate", "--audio", folder, "--labels", folder / "labels.csv", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["tracks"], report["labels"], report["dimension"]) == (9, 3, 256)
    assert report["knn1_accuracy"] == 1.0
    assert report["baseline_knn1_accuracy"] == 1.0
    # Two others of each kind exist, so the nearest five cannot all be of one label.
    assert 0.0 <= report["knn5_accuracy"] <= 1.0
    assert {failed["reason"] for failed in report["failed"]} == {"AUDIO_FORMAT_UNKNOWN", "FILE_NOT_FOUND"}


def test_evaluate_for_a_person(folder):
    result = run("evaluate", "--audio", folder, "--labels", folder / "labels.csv")
    assert "1-NN 1.000" in result.stdout


def test_labels_without_the_columns(folder, tmp_path):
    (tmp_path / "labels.csv").write_text("path,genre\nx,y\n")
    result = run("evaluate", "--audio", folder, "--labels", tmp_path / "labels.csv")
    assert result.exit_code == 1
    assert "file, label; file is missing" in result.stderr


def test_rows_of_labels_at_fault_are_named(folder, tmp_path):
    rows = ["file,label", "tone0.flac,tone", "tone1.flac,tone", "tone1.flac,noise", "tone1.flac,tone", "noise0.flac,", ",tone"]
    (tmp_path / "labels.csv").write_text("\n".join([*rows, "noise1.flac,loud,noise"]) + "\n")
    result = run("evaluate", "--audio", folder, "--labels", tmp_path / "labels.csv", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["tracks"], report["labels"]) == (2, 1)
    told = {fault["row"]: fault["reason"] for fault in report["left_out_rows"]}
    assert told == {
        4: "the file came before with the label 'tone', which stays: tone1.flac",
        5: "the file came before with the same label: tone1.flac",
        6: "label is empty: noise0.flac",
        7: "file is empty",
        8: "the row has more cells than the 2 names of the header: 3 cells",
    }
    assert all(f"labels.csv, row {row}: left out, {reason}" in result.stderr for row, reason in told.items())


@pytest.mark.parametrize("named", [FLOAT32_ENCODER, FLOAT32_ENCODER.stem])
def test_an_encoder_by_its_path_or_id(folder, tmp_path, named):
    result = run("embed", folder / "tone0.flac", "--encoder", named, "--out", tmp_path / "x.npz", "--json")
    assert json.loads(result.stdout)["encoder_id"] == FLOAT32_ENCODER.stem


def test_an_unknown_encoder_is_told_with_those_that_are_known(folder, tmp_path):
    result = run("embed", folder / "tone0.flac", "--encoder", "nope", "--out", tmp_path / "x.npz")
    assert result.exit_code == 1
    assert "leitmotif-music-1" in result.stderr


def test_wrong_usage(folder):
    assert run("embed", folder / "tone0.flac").exit_code == 2
    assert run("evaluate", "--audio", folder / "nowhere", "--labels", folder / "labels.csv").exit_code == 2


@pytest.fixture(scope="module")
def odd_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("odd") / os.fsdecode(b"caf\xe9.wav")
    path.write_bytes(encoded(tone(440.0)))
    return path


def embed_in_a_process(file, out, **settings):
    command = [
        sys.executable,
        "-c",
        "from leitmotif.cli.main import run; run()",
        "encoder",
        "embed",
        file,
        "--out",
        out,
        "--json",
    ]
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, env=environment, stderr=subprocess.PIPE, timeout=60, **settings)


def test_a_path_that_is_no_utf8_can_be_embedded(odd_file, tmp_path):
    ended = embed_in_a_process(odd_file, tmp_path / "out.npz", stdout=subprocess.PIPE)
    assert ended.returncode == 0, ended.stderr
    json.loads(ended.stdout)
    (name,) = np.load(tmp_path / "out.npz")["ids"]
    assert os.fsencode(str(name)) == os.fsencode(odd_file)


def test_a_path_that_is_no_utf8_and_no_audio_is_told_in_json(tmp_path):
    good, bad = tmp_path / "good.wav", tmp_path / os.fsdecode(b"bad\xe9.wav")
    good.write_bytes(encoded(tone(440.0)))
    bad.write_bytes(b"no audio")
    command = [*COMMAND, "encoder", "embed", good, bad]
    ended = subprocess.run([*command, "--out", tmp_path / "o.npz", "--json"], capture_output=True, timeout=60)
    (failed,) = json.loads(ended.stdout)["failed"]
    assert os.fsencode(failed["path"]) == os.fsencode(bad)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_standard_output_is_one_line(odd_file, tmp_path):
    with Path("/dev/full").open("wb") as full:
        ended = embed_in_a_process(odd_file, tmp_path / "out.npz", stdout=full)
    assert ended.returncode == 1
    assert ended.stderr.decode() == "leitmotif: cannot write to standard output: No space left on device\n"


def test_a_closed_standard_output_is_one_line(odd_file, tmp_path):
    ended = embed_in_a_process(odd_file, tmp_path / "out.npz", preexec_fn=lambda: os.close(1))
    assert ended.returncode == 1
    assert ended.stderr.decode() == "leitmotif: standard output is closed\n"
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        ended = embed_in_a_process(odd_file, tmp_path / "out.npz", stdout=pipe)
    assert ended.returncode == 1
    assert b"Traceback" not in ended.stderr
