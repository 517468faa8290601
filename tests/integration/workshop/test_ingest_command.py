"""`leitmotif ingest` as a person or a script runs it: a process of its own."""

import json
import shutil
import subprocess
import sys

import pytest

SCRIPT = "from leitmotif.cli.main import run; run()"

HEAVY = ("numpy", "scipy", "onnxruntime", "soundfile", "faiss", "torch", "sklearn")


def leitmotif(*arguments, cwd):
    command = [sys.executable, "-c", SCRIPT, "ingest", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def folder(composed, tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    for track in composed.written[:5]:
        shutil.copy(track.path, folder)
    (folder / "broken.mp3").write_bytes(b"not audio at all")
    return folder


def test_json_has_the_promised_keys_and_nothing_else_is_on_stdout(folder, tmp_path):
    done = leitmotif(folder, "--out", "models", "--json", "--workers", 1, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert {"tracks", "failed", "seconds", "bundle", "model_version"} <= report.keys()
    assert report["tracks"] == 5
    assert [failed["path"] for failed in report["failed"]] == ["broken.mp3"]
    assert "no WAV, FLAC, OGG" in report["failed"][0]["reason"]
    assert (tmp_path / report["bundle"] / "manifest.json").is_file()
    assert report["bundle"].endswith(report["model_version"])
    assert "broken.mp3" in done.stderr


def test_a_failure_is_one_line_and_exit_code_one(folder, tmp_path):
    for path in folder.glob("*"):
        if path.name != "broken.mp3":
            path.unlink()
    done = leitmotif(folder, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "0 of 1 audio files can be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_usage_is_exit_code_two(tmp_path):
    assert leitmotif(tmp_path / "absent", cwd=tmp_path).returncode == 2
    assert leitmotif(cwd=tmp_path).returncode == 2


def test_the_help_has_examples_and_loads_nothing_heavy(tmp_path):
    done = leitmotif("--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "leitmotif ingest ~/Music --tags tags.csv" in done.stdout
    program = f"import sys, leitmotif_services.workshop.commands; print([name for name in {HEAVY} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
