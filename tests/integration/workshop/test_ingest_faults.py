"""`leitmotif ingest` on folders as they are found: odd names, its own output, rare tags, a disk that is full."""

import json
import os
import resource
import shutil
import subprocess
import sys
from functools import partial

import pytest
import soundfile

from leitmotif_services.prototypes.safetensors_bundle import load_bundle
from leitmotif_services.workshop.ingest import IngestError, ingest
from leitmotif_services.workshop.soundfile_music_files import write_audio_file
from tests.unit.audio.audio_files import tone

SCRIPT = "from leitmotif.cli.main import run; run()"


def leitmotif(*arguments, cwd, **settings):
    command = [sys.executable, "-c", SCRIPT, "ingest", *map(str, arguments), "--workers", "1"]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False, **settings)


@pytest.fixture
def folder(composed, tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    for number, track in enumerate(composed.written[:5]):
        shutil.copy(track.path, folder / f"{number}{track.path.suffix}")
    return folder


def test_names_that_are_not_utf8_are_tracks_and_failures_like_others(folder, composed, tmp_path):
    track = composed.written[6]
    shutil.copy(track.path, folder / os.fsdecode(b"caf\xe9" + os.fsencode(track.path.suffix)))
    (folder / os.fsdecode(b"br\xf6ken.ogg")).write_bytes(b"no audio")
    done = leitmotif(folder, "--out", "models", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["tracks"] == 6
    assert [failed["path"] for failed in report["failed"]] == ["br\N{REPLACEMENT CHARACTER}ken.ogg"]
    by_id = {track.track_id: track for track in load_bundle(tmp_path / report["bundle"]).catalogue.tracks}
    assert by_id["caf"].title


def test_a_second_run_does_not_take_the_first_ones_snippets_for_music(folder):
    reports = [json.loads(leitmotif(".", *out, "--json", cwd=folder).stdout) for out in ((), (), ("--out", "other"))]
    assert [report["tracks"] for report in reports] == [5, 5, 5]
    assert len({report["model_version"] for report in reports}) == 1


def test_tags_of_too_few_tracks_are_told(folder, tmp_path):
    (tmp_path / "tags.csv").write_text(
        "track_id,tag\n" + "".join(f"{number},common\n" for number in range(4)) + "0,odd\n1,rare\n"
    )
    done = leitmotif(folder, "--tags", tmp_path / "tags.csv", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rare_tags"] == ["odd", "rare"]
    assert "2 tags make no prototype" in done.stderr


@pytest.mark.parametrize(("limit_bytes", "name"), [(1_000, "models"), (40_000, "encoder.onnx")])
def test_a_disk_that_takes_no_more_ends_in_one_line(folder, tmp_path, limit_bytes, name):
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
    done = leitmotif(folder, "--out", "models", cwd=tmp_path, preexec_fn=limit)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "File too large" in done.stderr
    assert name in done.stderr


@pytest.mark.parametrize(
    ("call", "file"),
    [
        ("write_arrays({'rows': rows}, Path('written'))", "written"),
        ("write_index(LinearScoring(rows, rows, rows[:, 0], 1.0), Path('.'))", "index.faiss"),
    ],
)
def test_arrays_and_an_index_that_cannot_be_written_are_os_errors(tmp_path, call, file):
    """In a process of its own, since the limit would hold for the whole test run."""
    program = f"""
import resource
from pathlib import Path
import numpy as np
from leitmotif_services.prototypes.safetensors_bundle import write_arrays
from leitmotif_services.prototypes.search.faiss_index_files import write_index
from leitmotif_services.prototypes.search.linear_scoring import LinearScoring
rows = np.ones((1000, 4), np.float32)
resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
try:
    {call}
except OSError as error:
    print(error.filename)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == f"{file}\n", done.stderr


def test_music_that_cannot_be_written_is_an_os_error(tmp_path):
    with pytest.raises(OSError, match=r"absent/x\.ogg") as caught:
        write_audio_file(tmp_path / "absent" / "x.ogg", tone(440.0), 22_050, file_rate_hz=44_100, channels=1)
    assert isinstance(caught.value.__cause__, soundfile.LibsndfileError)


def test_a_folder_that_cannot_be_read_is_among_the_failures(folder, embedder, tmp_path, monkeypatch):
    (folder / "closed").mkdir()
    scandir = os.scandir

    def refusing(path):
        if os.fspath(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    report = ingest(folder, embedder=embedder, models_root=tmp_path / "models")
    assert report.tracks == 5
    assert [(failed.path, failed.reason) for failed in report.failed] == [
        ("closed", "the folder cannot be read: Permission denied")
    ]
    for file in folder.glob("*.*"):
        file.unlink()
    with pytest.raises(IngestError, match=r"no audio files .*closed: the folder cannot be read: Permission denied"):
        ingest(folder, embedder=embedder, models_root=tmp_path / "models")
