"""`leitmotif train` from tables to a bundle that the service loads, for both kinds of model."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from typer.testing import CliRunner, Result

from leitmotif.cli.main import app
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.ranking.recommendation import recommend
from leitmotif_services.prototypes.safetensors_bundle import load_bundle
from leitmotif_services.workshop.listening.tables import TableFiles, load
from leitmotif_services.workshop.recommenders.apn import Apn
from leitmotif_services.workshop.recommenders.recommender import SearchSpace
from leitmotif_services.workshop.table_training import train_tables

GENRES = ("calm", "metal", "jazz", "pop")
EACH = 20
TRACKS = len(GENRES) * EACH
PEOPLE = 100


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """People hear one genre each; tags and features tell the genre."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("tables")

    def write(name: str, header: str, rows: list[tuple[object, ...]]) -> None:
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([header.split(","), *rows])

    genre = np.arange(TRACKS) // EACH
    write("tracks", "track_id,title,artist", [(f"t/{n}", f"Title {n}", f"Artist {n // 2}") for n in range(TRACKS)])
    write("tags", "track_id,tag", [(f"t/{n}", GENRES[genre[n]]) for n in range(TRACKS)])
    heard = [(u, n) for u in range(PEOPLE) for n in rng.choice(EACH, 10, replace=False) + EACH * (u % len(GENRES))]
    write("interactions", "user_id,track_id,count", [(f"u{u}", f"t/{n}", 1 + n % 7) for u, n in heard])
    features = np.column_stack([genre, 100.0 + 10.0 * genre, genre % 2]) + rng.normal(0.0, 0.1, (TRACKS, 3))
    write("features", "track_id,energy,tempo,valence", [(f"t/{n}", *features[n].round(4)) for n in range(TRACKS)])
    np.savez(
        folder / "embeddings.npz",
        embeddings=features.astype(np.float32),
        ids=np.array([f"t/{n}" for n in range(TRACKS)]),
        encoder_id="music-2",
        encoder_sha256="5" * 64,
    )
    return folder


def arguments(tables: Path, model: str, out: Path, features: str = "features.csv") -> list[str]:
    named = {"interactions": "interactions.csv", "tracks": "tracks.csv", "tags": "tags.csv", "features": features}
    options = [part for name, file in named.items() for part in (f"--{name}", str(tables / file))]
    return ["train", *options, "--model", model, "--out", str(out), "--json"]


SMALL = {"hidden": 32, "dimension": 16, "prototypes": 8, "epochs": 20, "batch_people": 32, "learning_rate": 0.01}
"""So that `apn` is trained in a second; everything else is its default."""


@pytest.fixture(scope="module", autouse=True)
def small_apn() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Apn, "space", small_space())
        yield


def small_space() -> SearchSpace:
    return SearchSpace({**Apn.space.choices, **{name: (value,) for name, value in SMALL.items()}})


def leitmotif(*options: str) -> Result:
    return CliRunner().invoke(app, options)


@dataclass(frozen=True)
class Trained:
    """What the command printed."""

    model: str
    report: dict[str, Any]
    stderr: str

    @property
    def bundle(self) -> Path:
        return Path(self.report["bundle"])


@pytest.fixture(scope="module", params=["leitmotif", "apn"])
def trained(request: pytest.FixtureRequest, tables: Path, small_apn: None, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Trained once for all tests that only look at what came of it."""
    return run_training(request.param, tables, tmp_path_factory.mktemp("trained"))


def run_training(model: str, tables: Path, out: Path, features: str = "features.csv") -> Trained:
    done = leitmotif(*arguments(tables, model, out, features))
    assert done.exit_code == 0, done.stderr
    return Trained(model, json.loads(done.stdout), done.stderr)


def test_a_bundle_that_serves(trained: Trained) -> None:
    report = trained.report
    served = load_bundle(trained.bundle)
    assert (served.model_version, served.manifest.kind) == (report["model_version"], trained.model)
    assert served.manifest.metrics == report["metrics"]
    assert report["metrics"]["recall@20"] > 0.9
    assert report["metrics"]["cold_start_recall@20"] == 1.0  # eight new tracks at most
    assert f"{TRACKS} tracks have other ids in the bundle, such as 't/0': t-0" in trained.stderr
    # Everything of one genre, asked for by its prototype's weight alone, and told so.
    jazz = served.prototype_positions["jazz"]
    assert served.prototypes[jazz].source == "tag"
    assert any(prototype.fidelity is not None for prototype in served.prototypes)
    assert served.prototypes[jazz].exemplars[0].snippet == ""
    edits = np.zeros(len(served.prototypes), np.float32)
    edits[jazz] = 2.0
    top = recommend(served, Profile(np.zeros_like(edits), edits), count=10)
    assert sum(item.track.tags == ("jazz",) for item in top) >= 9
    muted = recommend(served, Profile(np.zeros_like(edits), edits, (jazz,)), count=TRACKS)
    assert {item.track.tags for item in muted} == {(genre,) for genre in GENRES if genre != "jazz"}


def test_the_affinity_head_hears_the_genre_of_a_new_track(trained: Trained) -> None:
    served = load_bundle(trained.bundle)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(trained.bundle / "affinity.onnx", options, providers=["CPUExecutionProvider"])
    new = np.array([[genre, 100.0 + 10.0 * genre, genre % 2] for genre in range(len(GENRES))], np.float32)
    [affinities] = session.run(["affinity"], {"embedding": new})
    columns = affinities[:, [served.prototype_positions[genre] for genre in GENRES]]
    # The attention of `apn` also learned to read tags, which the head has none of.
    assert np.sum(columns.argmax(axis=0) == np.arange(4)) >= (4 if trained.model == "leitmotif" else 3)


def test_several_processes_under_torchrun_write_one_bundle(tables: Path, tmp_path: Path) -> None:
    torchrun = (sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone")
    script = tmp_path / "command.py"
    script.write_text(
        "from leitmotif.cli.main import run\n"
        "from leitmotif_services.workshop.recommenders.apn import Apn\n"
        "from leitmotif_services.workshop.recommenders.recommender import SearchSpace\n"
        f"Apn.space = SearchSpace({dict(small_space().choices)!r})\n"
        "run()\n"
    )
    done = subprocess.run(
        [*torchrun, str(script), *arguments(tables, "apn", tmp_path / "models")],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["metrics"]["recall@20"] > 0.9
    assert load_bundle(Path(report["bundle"])).manifest.kind == "apn"
    assert [path.name for path in (tmp_path / "models").iterdir() if path.name != ".leitmotif"] == [report["model_version"]]


@pytest.mark.parametrize("trained", ["apn"], indirect=True)
def test_a_run_that_was_broken_off_goes_on_and_gives_the_same_bundle(trained: Trained, tables: Path, tmp_path: Path) -> None:
    files = TableFiles(*(tables / f"{name}.csv" for name in ("interactions", "tracks", "tags", "features")))
    data = load(files).data
    steps: list[tuple[str, int]] = []

    def break_off(stage: str, done: int, total: int) -> None:
        steps.append((stage, done))
        if len(steps) == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_tables(data, model="apn", out=tmp_path, on_progress=break_off)
    steps.clear()

    def note(stage: str, done: int, total: int) -> None:
        steps.append((stage, done))

    assert list((tmp_path / ".leitmotif").iterdir())
    resumed = train_tables(data, model="apn", out=tmp_path, on_progress=note)
    assert [path.name for path in tmp_path.iterdir()] == [resumed.model_version]  # nothing goes on from here
    assert steps[1][1] > 20  # an epoch is a twentieth
    assert resumed.model_version == trained.report["model_version"]


def test_embeddings_of_the_encoder_command_make_a_bundle_of_that_encoder(tables: Path, tmp_path: Path) -> None:
    served = load_bundle(run_training("leitmotif", tables, tmp_path, features="embeddings.npz").bundle)
    assert (served.manifest.encoder_id, served.manifest.encoder_sha256) == ("music-2", "5" * 64)
    assert served.manifest.dimension == 3


def test_new_tracks_are_not_measured_where_their_kernel_would_fill_the_memory(
    tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEITMOTIF_WORKSHOP_SQUARE_MATRICES_GIB", "0")
    done = run_training("leitmotif", tables, tmp_path)
    assert "not all was measured: new tracks: the kernel for new items of 72 items needs 0.0 GiB" in done.stderr
    assert done.report["metrics"]["recall@20"] > 0.9
    assert "cold_start_recall@20" not in done.report["metrics"]
    assert len(load_bundle(done.bundle).catalogue) == TRACKS


def test_little_data_gives_a_bundle_without_metrics(tmp_path: Path) -> None:
    (tmp_path / "plays.csv").write_text("user_id,track_id\nada,one\nada,two\n")
    (tmp_path / "tracks.csv").write_text("track_id,title\none,One\ntwo,Two\nthree,Three\n")
    (tmp_path / "tags.csv").write_text("track_id,tag\none,calm\ntwo,loud\n")
    options = ["--interactions", str(tmp_path / "plays.csv"), "--tracks", str(tmp_path / "tracks.csv")]
    refused = leitmotif("train", *options, "--model", "apn", "--out", str(tmp_path / "refused"))
    assert refused.exit_code == 1
    assert "give --tags or --features" in refused.stderr.splitlines()[-1]
    assert not (tmp_path / "refused").exists()
    options += ["--tags", str(tmp_path / "tags.csv")]
    refused = leitmotif("train", *options, "--model", "apn", "--out", str(tmp_path / "refused"))
    assert refused.exit_code == 1
    assert "so little that differs between people" in refused.stderr.splitlines()[-1]  # there is but one
    (tmp_path / "plays.csv").write_text("user_id,track_id\nada,one\nada,two\nbob,three\n")
    for model in ("leitmotif", "apn"):
        done = leitmotif("train", *options, "--model", model, "--out", str(tmp_path / model), "--json")
        assert done.exit_code == 0, done.stderr
        report = json.loads(done.stdout)
        assert report["metrics"] == {}
        assert "nothing was measured" in done.stderr
        assert len(load_bundle(Path(report["bundle"])).catalogue) == 3


@pytest.mark.parametrize(
    ("features", "told"),
    [
        ("track_id,energy\nt/0,5e9\n", "give it in other units"),
        ("track_id,energy\nt/0,loud\n", "a feature is no finite number"),
        ("energy\n1\n", "track_id is missing"),
    ],
)
def test_bad_features_are_told_in_one_line(features: str, told: str, tables: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text(features)
    done = leitmotif(*arguments(tables, "leitmotif", tmp_path / "out", str(tmp_path / "bad.csv")))
    assert done.exit_code == 1
    assert told in done.stderr.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_an_unknown_model_is_wrong_usage(tables: Path, tmp_path: Path) -> None:
    assert leitmotif(*arguments(tables, "transformer", tmp_path)).exit_code == 2
