"""The commands over a running platform: what a person does in a shell, from a filter to a new prototype and back."""

import json
import re
import shutil

import pytest
from typer.testing import CliRunner

from leitmotif.cli.main import app
from tests.e2e.conftest import deploy


@pytest.fixture(scope="module")
def deployment(composed, tmp_path_factory):
    """A deployment over bundles of its own, for these tests make new ones."""
    folder = tmp_path_factory.mktemp("commands")
    models = shutil.copytree(composed.models, folder / "models")
    yield from deploy(folder, models)


@pytest.fixture
def run(deployment):
    """Runs a command that is to succeed; the JSON object with `--json`, else what it printed."""

    def invoke(*arguments, exit_code=0):
        environment = {"LEITMOTIF_ADDRESS": deployment.address, "COLUMNS": "120", "NO_COLOR": "1"}
        done = CliRunner().invoke(app, arguments, env=environment)
        assert done.exit_code == exit_code, done.output
        return json.loads(done.stdout) if "--json" in arguments else done.stdout + done.stderr

    return invoke


@pytest.fixture
def listener(run, composed):
    assert run("listen", "ada", *composed.heard, "--json")
    return "ada"


def ids_of(ranking):
    return [scored["track"]["track_id"] for scored in ranking["tracks"]]


def test_lists_by_filter_and_page(run, listener):
    whole = run("recommend", listener, "-n", "1000", "--include-heard", "--json")
    paged = run("recommend", listener, "-n", "7", "--pages", "99", "--include-heard", "--json")
    assert ids_of(paged) == ids_of(whole)
    tag = whole["tracks"][0]["track"]["tags"][0]
    kept = run("recommend", listener, "-n", "1000", "--include-heard", "--tag", tag, "--json")
    assert 0 < len(kept["tracks"]) < len(whole["tracks"])
    assert all(tag in scored["track"]["tags"] for scored in kept["tracks"])
    listed = run("tracks", "list", "--tag", tag, "--json")
    assert {track["track_id"] for track in listed["tracks"]} == set(ids_of(kept))
    assert "Nothing is left" in run("recommend", listener, "--year-from", "2100")
    refusal = run("recommend", listener, "--year-from", "2000", "--year-to", "1990", exit_code=1)
    assert len(refusal.splitlines()) == 1
    assert "range" in refusal


def test_what_if_agrees_with_doing_it(run, listener):
    label = run("prototypes", "list", "--json")["prototypes"][0]["label"]
    tried = run("what-if", listener, "--boost", f"{label}=2", "-n", "5", "--json")
    assert "With the change" in run("what-if", listener, "--boost", f"{label}=2", "-n", "5")
    assert [scored["track"]["track_id"] for scored in tried["before"]] == ids_of(run("recommend", listener, "-n", "5", "--json"))
    run("profile", "boost", listener, label, "--amount", "2")
    assert [scored["track"]["track_id"] for scored in tried["after"]] == ids_of(run("recommend", listener, "-n", "5", "--json"))
    run("profile", "undo", listener)


def test_the_command_that_explain_names_brings_the_track_up(run, listener):
    ranking = run("recommend", listener, "-n", "1000", "--include-heard", "--json")
    for track_id in ids_of(ranking)[10:]:
        shown = run("explain", listener, track_id, "--into-top", "10")
        command = re.search(r"profile (boost|reduce) ada (\S+) --amount ([\d.]+)", " ".join(shown.split()))
        if command:
            break
    run("profile", command[1], listener, command[2], "--amount", command[3])
    assert track_id in ids_of(run("recommend", listener, "-n", "10", "--include-heard", "--json"))
    run("profile", "undo", listener)


def test_tracks_come_and_go(run, composed, tmp_path):
    source = sorted(composed.music.glob("*.wav"))[1]
    file = shutil.copy(source, tmp_path / "Someone - Anew.wav")
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"no audio")
    added = run("tracks", "add", str(file), str(bad), "--tag", "anew", "--year", "1999", "--json", exit_code=1)
    (track,) = (each["track"] for each in added["tracks"])
    assert (track["track_id"], track["title"], track["artist"], track["year"]) == ("Someone-Anew", "Anew", "Someone", 1999)
    assert [failure["path"] for failure in added["failed"]] == [str(bad)]
    assert added["tracks"][0]["prototypes"]
    similar = run("similar", "Someone-Anew", "-n", "1", "--json")
    assert similar["tracks"][0]["similarity"] == pytest.approx(1.0, abs=1e-3)
    assert "Alike" in run("similar", "Someone-Anew", "--by", "affinity")
    assert run("tracks", "delete", "Someone-Anew", "--json")["deleted_track_ids"] == ["Someone-Anew"]
    assert "tracks list" in run("tracks", "show", "Someone-Anew", exit_code=1)


def test_a_prototype_is_made_named_found_and_hidden(run, listener, composed):
    tracks = [track["track_id"] for track in run("tracks", "list", "--json")["tracks"][:3]]
    version = run("models", "list", "--json")["models"][0]["model_version"]
    options = [part for track_id in tracks for part in ("--track", track_id)]
    made = run("prototypes", "create", "three of a kind", *options, "--json")
    assert made["model_version"] != version
    prototype_id = made["prototype"]["prototype_id"]
    run("prototypes", "rename", "three of a kind", "rainy evening")
    found = run("prototypes", "search", "rainy", "evening", "-n", "1", "--json")
    assert found["found"][0]["prototype"]["prototype_id"] == prototype_id
    run("prototypes", "hide", "rainy evening")
    listed = [prototype["prototype_id"] for prototype in run("prototypes", "list", "--json")["prototypes"]]
    assert prototype_id not in listed
    assert "rainy evening (hidden)" in run("prototypes", "list", "--hidden")
    run("prototypes", "unhide", "rainy evening")
    assert "ENCODER" not in run("prototypes", "create", "x", "--phrase", "slow piano", exit_code=1)

    trial = run("models", "trial", composed.model_version, "--share", "1", "--name", "back", "--json")
    assert trial["trial"]["model_version"] == composed.model_version
    assert run("recommend", listener, "--json")["arm"] == "trial"
    assert "on trial" in run("models", "list")
    assert "has ended" in run("models", "trial", "--end")
    assert run("models", "rollback", "--json")["model_version"] == version
