"""The commands against a real server: what they call, print and return."""

import json
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from typer.testing import CliRunner

from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2, models_pb2, prototypes_pb2
from leitmotif.cli import audio_player
from leitmotif.cli.main import app
from leitmotif_services.runtime import errors as service_errors
from leitmotif_services.runtime.errors import ServiceError

PIANO = prototypes_pb2.Prototype(
    prototype_id="tag-piano",
    label="piano",
    description="Music with a piano in it.",
    source=prototypes_pb2.PROTOTYPE_SOURCE_TAG,
    fidelity={"roc_auc": 0.61, "weak": True},
    exemplars=[{"track_id": "t1", "title": "Nocturne", "artist": "Anon", "duration_s": 5.0, "mime_type": "audio/wav"}],
)
DRUMS = prototypes_pb2.Prototype(prototype_id="p-2", position=1, label="drums, fast")
TRACK = catalogue_pb2.Track(track_id="t1", title="Nocturne", artist="Anon", duration_s=125.0, tags=["calm", "piano"])
SCORED = prototypes_pb2.ScoredTrack(
    track=TRACK,
    rank=1,
    score=0.75,
    bias=0.25,
    contributions=[{"prototype_id": "tag-piano", "label": "piano", "contribution": 0.5, "affinity": 0.9}],
    reason="Because you like piano.",
)
PROFILE = profiles_pb2.Profile(user_id="ada", model_version="m-1", etag="e-2", event_count=3, can_undo=True)
WEIGHTS = [
    {"weight": {"prototype_id": "tag-piano", "history": 0.5, "edit": 1.0, "weight": 1.5}, "label": "piano", "weak": True},
    {"weight": {"prototype_id": "p-2", "history": -0.75, "muted": True}, "label": "drums, fast"},
]
EDIT = profiles_pb2.Edit(
    sequence=4,
    changes=[{"prototype_id": "tag-piano", "action": profiles_pb2.CONTROL_ACTION_BOOST, "amount": 1.0}],
    actor="cli",
    reason="more",
    made_at={"seconds": 1_700_000_000},
)


@pytest.fixture
def platform(peer):
    """A peer that knows two prototypes, a track and ada."""
    peer.answer("ListPrototypes", prototypes_pb2.ListPrototypesResponse(prototypes=[PIANO, DRUMS]))
    peer.answer("Recommend", gateway_pb2.RecommendResponse(tracks=[SCORED], model_version="m-1", etag="e-2"))
    peer.answer("Explain", gateway_pb2.ExplainResponse(track=SCORED, model_version="m-1"))
    peer.answer("RecordListening", gateway_pb2.RecordListeningResponse(recorded=2, etag="e-2"))
    peer.answer("DescribeProfile", gateway_pb2.DescribeProfileResponse(profile=PROFILE, labelled_weights=WEIGHTS))
    peer.answer("EditControls", gateway_pb2.EditControlsResponse(profile=PROFILE, edit=EDIT))
    peer.answer("UndoEdit", profiles_pb2.UndoEditResponse(profile=PROFILE, edit=EDIT))
    peer.answer("RedoEdit", profiles_pb2.RedoEditResponse(profile=PROFILE, edit=EDIT))
    peer.answer("ListEdits", profiles_pb2.ListEditsResponse(edits=[EDIT]))
    event = profiles_pb2.Event(event_id="e", track_id="t1", type=profiles_pb2.EVENT_TYPE_SKIP, share_heard=0.25)
    peer.answer("ListEvents", profiles_pb2.ListEventsResponse(events=[event]))
    peer.answer("ExportProfile", profiles_pb2.ExportProfileResponse(json='{"schema": "leitmotif.profile/1", "user": "ada"}'))
    peer.answer("DeleteProfile", profiles_pb2.DeleteProfileResponse(existed=True))
    peer.answer("ReadExemplar", [prototypes_pb2.ReadExemplarResponse(mime_type="audio/wav", chunk=b"RIFF")])
    peer.answer("ListTracks", catalogue_pb2.ListTracksResponse(tracks=[TRACK, TRACK, TRACK]))
    peer.answer("GetTrack", catalogue_pb2.GetTrackResponse(track=TRACK, affinities=[0.9, 0.1], model_version="m-1"))
    model = models_pb2.Model(model_version="m-1", kind="leitmotif", track_count=10, prototype_count=2, active=True)
    peer.answer("ListModels", models_pb2.ListModelsResponse(models=[model]))
    peer.answer("ActivateModel", models_pb2.ActivateModelResponse(model=model))
    return peer


@pytest.fixture
def run(platform):
    """Runs a command against the peer; `columns` wide, without colour."""

    def invoke(*arguments, columns=100, **options):
        environment = {"LEITMOTIF_ADDRESS": platform.address, "COLUMNS": str(columns), "NO_COLOR": "1"}
        return CliRunner().invoke(app, arguments, env=environment, **options)

    return invoke


COMMANDS = [
    ("recommend", "ada"),
    ("explain", "ada", "t1"),
    ("listen", "ada", "t1", "t1"),
    ("profile", "show", "ada"),
    ("profile", "boost", "ada", "piano"),
    ("profile", "reduce", "ada", "piano"),
    ("profile", "set", "ada", "piano", "-1.5"),
    ("profile", "mute", "ada", "piano"),
    ("profile", "unmute", "ada", "piano"),
    ("profile", "reset", "ada", "piano"),
    ("profile", "undo", "ada"),
    ("profile", "redo", "ada"),
    ("profile", "history", "ada"),
    ("profile", "history", "ada", "--events"),
    ("profile", "export", "ada"),
    ("profile", "delete", "ada", "--yes"),
    ("prototypes", "list"),
    ("prototypes", "show", "piano"),
    ("prototypes", "play", "piano", "--silent", "--out", "OUT"),
    ("tracks", "list"),
    ("tracks", "show", "t1"),
    ("models", "list"),
    ("models", "activate", "m-1"),
]
IDS = [" ".join(command[:2]) for command in COMMANDS]


@pytest.mark.parametrize("columns", [100, 40])
@pytest.mark.parametrize("command", COMMANDS, ids=IDS)
def test_every_command_prints_for_people_within_the_width(run, tmp_path, command, columns):
    done = run(*(argument.replace("OUT", str(tmp_path / "x.wav")) for argument in command), columns=columns)
    assert done.exit_code == 0, done.output
    assert done.stdout.strip()
    if command[1] not in ("play", "export"):  # a path, and a document, are not broken into lines
        assert max(map(len, done.stdout.splitlines())) <= columns


@pytest.mark.parametrize("command", COMMANDS, ids=IDS)
def test_every_command_prints_one_json_object(run, tmp_path, command):
    done = run(*(argument.replace("OUT", str(tmp_path / "x.wav")) for argument in command), "--json")
    assert done.exit_code == 0, done.output
    assert isinstance(json.loads(done.stdout), dict)
    assert done.stderr == ""


@pytest.mark.parametrize("command", COMMANDS, ids=IDS)
def test_every_command_has_an_example_in_its_help(run, command):
    words = command[:2] if command[0] in ("profile", "prototypes", "tracks", "models") else command[:1]
    shown = run(*words, "--help").stdout
    assert "Examples:" in shown
    assert f"leitmotif {' '.join(words)}" in shown.partition("Examples:")[2]


@pytest.mark.parametrize("command", COMMANDS, ids=IDS)
def test_every_failure_is_one_line_and_exit_code_1(run, platform, tmp_path, command):
    for method in list(platform.answers):
        platform.fail(method, ServiceError(service_errors.Reason.INTERNAL, "a defect"), times=9)
    done = run(*(argument.replace("OUT", str(tmp_path / "x.wav")) for argument in command))
    assert done.exit_code == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("leitmotif: a defect (request id ")


@pytest.mark.parametrize(
    "wrong",
    [
        ("recommend",),
        ("recommend", "ada", "--count", "0"),
        ("recommend", "ada", "--nonsense"),
        ("listen", "ada", "t1", "--event", "danced"),
        ("listen", "ada", "t1", "--share", "1.5"),
        ("profile", "set", "ada", "piano", "much"),
        ("profile", "set", "ada", "piano", "-1", "--jsno"),
        ("profile", "sho", "ada"),
        ("recommend", "ada", "--address", "http://localhost"),
        ("profile", "delete", "ada"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_calls_nothing(run, platform, wrong):
    done = run(*wrong)
    assert done.exit_code == 2, done.output
    assert platform.calls == []


def test_recommend_passes_its_options_on_and_says_why(run, platform):
    done = run("recommend", "ada", "-n", "5", "--exclude", "a", "--exclude", "b", "--include-heard")
    (call,) = platform.calls
    assert (call.request.count, list(call.request.options.excluded_track_ids), call.request.include_heard) == (
        5,
        ["a", "b"],
        True,
    )
    assert "Nocturne – Anon" in done.stdout
    assert "Because you like piano." in done.stdout


def test_recommend_as_json(run):
    printed = json.loads(run("recommend", "ada", "--json").stdout)
    assert printed["user_id"] == "ada"
    assert printed["tracks"][0]["track"]["track_id"] == "t1"
    assert printed["tracks"][0]["contributions"][0]["contribution"] == 0.5


def test_an_empty_ranking_says_so(run, platform):
    platform.answer("Recommend", gateway_pb2.RecommendResponse())
    assert "Nothing is left to recommend" in run("recommend", "ada").stdout


def test_explain_says_what_a_mute_removes(run, platform):
    removed = prototypes_pb2.ScoredTrack(track=TRACK, score=0.75)
    platform.answer("Explain", gateway_pb2.ExplainResponse(track=removed, removed_by=["tag-piano"]))
    assert "Kept out of recommendations by muting: tag-piano" in run("explain", "ada", "t1").stdout


@pytest.mark.parametrize(
    ("arguments", "action", "amount"),
    [
        (("boost", "ada", "piano"), profiles_pb2.CONTROL_ACTION_BOOST, 1.0),
        (("reduce", "ada", "Piano", "--amount", "0.5"), profiles_pb2.CONTROL_ACTION_REDUCE, 0.5),
        (("set", "ada", "tag-piano", "-1.5"), profiles_pb2.CONTROL_ACTION_SET, -1.5),
        (("mute", "ada", "piano"), profiles_pb2.CONTROL_ACTION_MUTE, None),
        (("unmute", "ada", "piano"), profiles_pb2.CONTROL_ACTION_UNMUTE, None),
        (("reset", "ada", "piano"), profiles_pb2.CONTROL_ACTION_RESET, None),
    ],
)
def test_edits_by_id_or_label(run, platform, arguments, action, amount):
    assert run("profile", *arguments, "--reason", "why").exit_code == 0
    (call,) = platform.calls_of("EditControls")
    (change,) = call.request.changes
    assert (change.prototype_id, change.action) == ("tag-piano", action)
    assert (change.amount if change.HasField("amount") else None) == amount
    assert (call.request.user_id, call.request.actor, call.request.reason) == ("ada", "cli", "why")
    assert not call.request.allow_missing


def test_an_edit_can_make_the_profile(run, platform):
    run("profile", "boost", "ada", "piano", "--create")
    assert platform.calls_of("EditControls")[0].request.allow_missing


def test_an_unknown_prototype_is_told_before_anything_is_changed(run, platform):
    done = run("profile", "mute", "ada", "pinao")
    assert (done.exit_code, done.stderr) == (1, "leitmotif: there is no prototype 'pinao'; did you mean piano?\n")
    assert platform.calls_of("EditControls") == []


def test_a_profile_shows_bars_mutes_and_doubts(run):
    lines = [line.strip() for line in run("profile", "show", "ada").stdout.splitlines()]
    assert "ada: 3 events heard" in lines
    (piano,) = [line for line in lines if line.startswith("piano ")]
    assert piano.split() == ["piano", "│██████████", "+1.50", "+0.50", "+1.00", "weak"]
    (drums,) = [line for line in lines if line.startswith("drums, fast ")]
    assert drums.split()[-1] == "muted"


def test_history_names_what_when_and_why(run):
    shown = run("profile", "history", "ada").stdout
    assert "boost tag-piano 1" in shown
    assert "2023-11-14 22:13" in shown
    assert "skip" in run("profile", "history", "ada", "--events").stdout


def test_an_export_is_the_document_itself(run, tmp_path):
    document = {"schema": "leitmotif.profile/1", "user": "ada"}
    assert json.loads(run("profile", "export", "ada").stdout) == document
    file = tmp_path / "ada.json"
    assert run("profile", "export", "ada", "--out", str(file)).exit_code == 0
    assert json.loads(file.read_text()) == document
    failed = run("profile", "export", "ada", "--out", str(tmp_path / "no" / "ada.json"))
    assert failed.exit_code == 1
    assert "No such file or directory" in failed.stderr


def test_tracks_say_when_there_are_more(run):
    done = run("tracks", "list", "--limit", "2")
    assert done.stdout.count("Nocturne") == 2
    assert "There are more" in done.stderr
    assert json.loads(run("tracks", "list", "jazz", "--limit", "3", "--json").stdout)["more"] is False


def test_play_uses_the_player_that_is_there(run, monkeypatch, tmp_path):
    player = tmp_path / "ffplay"
    player.write_text('#!/bin/sh\nfor file; do :; done\ncp "$file" "$(dirname "$0")/heard"\n')
    player.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    done = run("prototypes", "play", "piano")
    assert done.exit_code == 0
    assert (tmp_path / "heard").read_bytes() == b"RIFF"
    assert "Nocturne – Anon" in done.stdout
    kept = Path(done.stdout.replace("\n", "").partition("Kept as ")[2])
    assert kept.suffix == ".wav"
    kept.unlink()


def test_play_without_a_player_says_where_the_file_is(run, monkeypatch, tmp_path):
    monkeypatch.setattr(audio_player, "PLAYERS", ())
    file = tmp_path / "piano.wav"
    done = run("prototypes", "play", "piano", "--out", str(file))
    assert f"Wrote {file} (no player found on PATH)" in done.stdout
    assert file.read_bytes() == b"RIFF"


def test_the_address_option_wins_over_the_environment(platform):
    environment = {"LEITMOTIF_ADDRESS": "127.0.0.1:1"}
    done = CliRunner().invoke(app, ["recommend", "ada", "--json", "--address", platform.address], env=environment)
    assert done.exit_code == 0


def test_a_server_that_knows_nothing_of_this(run, platform):
    platform.fail("Recommend", grpc.StatusCode.UNIMPLEMENTED)
    assert "is it a Leitmotif gateway" in run("recommend", "ada").stderr


def test_as_a_process(platform):
    command = [sys.executable, "-c", "from leitmotif.cli.main import run; run()"]
    options = {"capture_output": True, "text": True, "timeout": 60}
    done = subprocess.run([*command, "recommend", "ada", "--json", "--address", platform.address], check=False, **options)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["model_version"] == "m-1"
    unreachable = subprocess.run([*command, "recommend", "ada", "--address", "127.0.0.1:1"], check=False, **options)
    assert unreachable.returncode == 1
    assert unreachable.stderr == (
        "leitmotif: no server answers at 127.0.0.1:1: start one with `leitmotif up`, or name another with --address\n"
    )
    version = subprocess.run([*command, "--version"], check=False, **options)
    assert version.stdout.startswith("leitmotif ")
