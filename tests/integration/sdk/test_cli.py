"""The commands against a real server: what they call, print and return."""

import json
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from typer.testing import CliRunner

from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.profiles.v1 import exclusions_pb2, presets_pb2, profiles_pb2
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
OTHER = prototypes_pb2.ScoredTrack(track={"track_id": "t2", "title": "Waltz", "artist": "Else"}, rank=1, score=0.5)
WHAT_IF = gateway_pb2.WhatIfResponse(
    before=[SCORED],
    after=[OTHER],
    entered=[{"track": OTHER, "rank_before": 7, "rank_after": 1, "reason": "It has more piano."}],
    left=[{"track": SCORED, "rank_before": 1, "rank_after": 0, "reason": "Drums are muted."}],
    labelled_weights=WEIGHTS,
    model_version="m-1",
    etag="e-2",
)
RECEIPT = profiles_pb2.ErasureReceipt(receipt_id="r-1", user_id="ada", erased_keys=5, scanned_keys=900, remaining_keys=0)
EXCLUSIONS = exclusions_pb2.Exclusions(
    hidden_artists=["Bix"], uncounted_track_ids=["t1"], uncounted_ranges=[{"start": {"seconds": 1_767_225_600}}]
)
PRESET = presets_pb2.Preset(
    preset_id="focus", label="Focus", controls=[{"prototype_id": "tag-piano", "edit": -1.5, "muted": True}]
)
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
    peer.answer("DeleteProfile", profiles_pb2.DeleteProfileResponse(existed=True, receipt=RECEIPT))
    peer.answer("ImportProfile", gateway_pb2.ImportProfileResponse(profile=PROFILE, dropped_prototype_ids=["gone"]))
    peer.answer("WatchProfile", lambda _request, context: watched(context))
    peer.answer("GetExclusions", exclusions_pb2.GetExclusionsResponse(exclusions=EXCLUSIONS))
    peer.answer("ChangeExclusions", gateway_pb2.ChangeExclusionsResponse(exclusions=EXCLUSIONS, profile=PROFILE))
    peer.answer("ActivatePreset", presets_pb2.ActivatePresetResponse(profile=PROFILE))
    peer.answer("DeactivatePreset", presets_pb2.DeactivatePresetResponse(profile=PROFILE))
    peer.answer("DeletePreset", presets_pb2.DeletePresetResponse(etag="e-3"))
    peer.answer("SavePreset", lambda request: presets_pb2.SavePresetResponse(preset=request.preset))
    peer.answer("ListPresets", presets_pb2.ListPresetsResponse(presets=[PRESET], active={"preset_id": "focus", "share": 1.0}))
    peer.answer("ReadExemplar", [prototypes_pb2.ReadExemplarResponse(mime_type="audio/wav", chunk=b"RIFF")])
    peer.answer("ListTracks", catalogue_pb2.ListTracksResponse(tracks=[TRACK, TRACK, TRACK]))
    peer.answer("GetTrack", catalogue_pb2.GetTrackResponse(track=TRACK, affinities=[0.9, 0.1], model_version="m-1"))
    peer.answer("WhatIf", WHAT_IF)
    similar = {"track": TRACK, "similarity": 0.875, "shared_labels": ["piano"]}
    peer.answer("FindSimilarTracks", prototypes_pb2.FindSimilarTracksResponse(tracks=[similar], model_version="m-1"))
    found = [{"prototype": PIANO, "score": 0.5}]
    peer.answer("SearchPrototypes", gateway_pb2.SearchPrototypesResponse(found=found, by_meaning=True, model_version="m-1"))
    peer.answer("CreatePrototype", gateway_pb2.CreatePrototypeResponse(prototype=PIANO, model_version="m-2"))
    peer.answer("UpdatePrototype", prototypes_pb2.UpdatePrototypeResponse(prototype=PIANO))
    expressed = [{"prototype_id": "tag-piano", "label": "piano", "affinity": 0.75, "expressed": True}]
    peer.answer("IngestTrack", gateway_pb2.IngestTrackResponse(track=TRACK, prototypes=expressed, model_version="m-1"))
    peer.answer("DeleteTracks", catalogue_pb2.DeleteTracksResponse(deleted_track_ids=["t1", "t2"]))
    model = models_pb2.Model(model_version="m-1", kind="leitmotif", track_count=10, prototype_count=2, active=True)
    trial = models_pb2.Trial(model_version="m-2", share=0.25, name="autumn")
    peer.answer("ListModels", models_pb2.ListModelsResponse(models=[model], trial=trial))
    peer.answer("LoadModel", models_pb2.LoadModelResponse(model=model))
    peer.answer("RollBackModel", models_pb2.RollBackModelResponse(model=model))
    peer.answer("StartTrial", models_pb2.StartTrialResponse(trial=trial))
    peer.answer("EndTrial", models_pb2.EndTrialResponse(ended=True))
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
    ("explain", "ada", "t1", "--into-top", "3"),
    ("what-if", "ada", "--boost", "piano", "--mute", "drums, fast"),
    ("similar", "t1", "--by", "affinity"),
    ("listen", "ada", "t1", "t1"),
    ("profile", "show", "ada"),
    ("profile", "boost", "ada", "piano"),
    ("profile", "reduce", "ada", "piano"),
    ("profile", "set", "ada", "piano", "-1.5"),
    ("profile", "mute", "ada", "piano"),
    ("profile", "unmute", "ada", "piano"),
    ("profile", "reset", "ada", "piano"),
    ("profile", "pin", "ada", "piano"),
    ("profile", "unpin", "ada", "piano"),
    ("profile", "exclusions", "ada"),
    ("profile", "hide", "ada", "--artist", "Bix"),
    ("profile", "unhide", "ada", "--track", "t1"),
    ("profile", "keep-out", "ada", "--from", "2026-01-01"),
    ("profile", "count", "ada", "--track", "t1"),
    ("profile", "presets", "list", "ada"),
    ("profile", "presets", "save", "ada", "focus", "--edit", "piano=-1.5", "--mute", "piano"),
    ("profile", "presets", "activate", "ada", "focus", "--share", "0.5", "--minutes", "90"),
    ("profile", "presets", "deactivate", "ada"),
    ("profile", "presets", "delete", "ada", "focus"),
    ("profile", "undo", "ada"),
    ("profile", "redo", "ada"),
    ("profile", "history", "ada"),
    ("profile", "history", "ada", "--events"),
    ("profile", "export", "ada"),
    ("profile", "delete", "ada", "--yes"),
    ("prototypes", "list"),
    ("prototypes", "show", "piano"),
    ("prototypes", "play", "piano", "--silent", "--out", "OUT"),
    ("prototypes", "search", "slow", "piano"),
    ("prototypes", "create", "mine", "--track", "t1"),
    ("prototypes", "create", "mine", "--phrase", "slow piano"),
    ("prototypes", "rename", "piano", "grand piano"),
    ("prototypes", "hide", "piano"),
    ("prototypes", "unhide", "piano"),
    ("tracks", "list"),
    ("tracks", "list", "--tag", "jazz", "--year-from", "1960"),
    ("tracks", "add", "FILE"),
    ("tracks", "delete", "t1", "t2"),
    ("tracks", "show", "t1"),
    ("models", "list"),
    ("models", "load", "m-1"),
    ("models", "activate", "m-1"),
    ("models", "rollback"),
    ("models", "trial", "m-2", "--share", "0.25"),
    ("models", "trial"),
    ("models", "trial", "--end"),
]
IDS = [" ".join(command[:3]) for command in COMMANDS]


def filled(command, folder):
    """The command with paths: OUT to write, FILE with audio."""
    file = folder / "Nocturne.ogg"
    file.write_bytes(b"audio")
    return [argument.replace("OUT", str(folder / "x.wav")).replace("FILE", str(file)) for argument in command]


@pytest.mark.parametrize("columns", [100, 40])
@pytest.mark.parametrize("command", COMMANDS, ids=IDS)
def test_every_command_prints_for_people_within_the_width(run, tmp_path, command, columns):
    done = run(*filled(command, tmp_path), columns=columns)
    assert done.exit_code == 0, done.output
    assert done.stdout.strip()
    if command[1] not in ("play", "export"):  # a path, and a document, are not broken into lines
        assert max(map(len, done.stdout.splitlines())) <= columns


@pytest.mark.parametrize("command", COMMANDS, ids=IDS)
def test_every_command_prints_one_json_object(run, tmp_path, command):
    done = run(*filled(command, tmp_path), "--json")
    assert done.exit_code == 0, done.output
    assert isinstance(json.loads(done.stdout), dict)
    assert done.stderr == ""


@pytest.mark.parametrize("command", COMMANDS, ids=IDS)
def test_every_command_has_an_example_in_its_help(run, command):
    words = (
        command[:3]
        if command[:2] == ("profile", "presets")
        else command[:2]
        if command[0] in ("profile", "prototypes", "tracks", "models")
        else command[:1]
    )
    shown = run(*words, "--help").stdout
    assert "Examples:" in shown
    assert f"leitmotif {' '.join(words)}" in shown.partition("Examples:")[2]


@pytest.mark.parametrize("command", COMMANDS, ids=IDS)
def test_every_failure_is_one_line_and_exit_code_1(run, platform, tmp_path, command):
    for method in list(platform.answers):
        platform.fail(method, ServiceError(service_errors.Reason.INTERNAL, "a defect"), times=9)
    done = run(*filled(command, tmp_path))
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
        ("recommend", "ada", "--diversity", "1.5"),
        ("recommend", "ada", "--explore", "-1"),
        ("recommend", "ada", "--pages", "0"),
        ("what-if", "ada"),
        ("what-if", "ada", "--boost", "piano=5"),
        ("similar", "t1", "--by", "taste"),
        ("prototypes", "create", "mine"),
        ("prototypes", "create", "mine", "--track", "t1", "--phrase", "slow"),
        ("tracks", "add", "a.ogg", "b.ogg", "--id", "one"),
        ("models", "trial", "m-2", "--share", "0"),
        ("models", "trial", "m-2", "--end"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_calls_nothing(run, platform, wrong):
    done = run(*wrong)
    assert done.exit_code == 2, done.output
    assert platform.calls == []


def test_a_list_without_a_part_of_the_catalogue_says_so(run, platform):
    assert json.loads(run("recommend", "ada", "--json").stdout)["partial"] is False
    tokens = {"": ("next", True), "next": ("", False)}

    def page(request):
        token, partial = tokens[request.page_token]
        return gateway_pb2.RecommendResponse(tracks=[SCORED if partial else OTHER], next_page_token=token, partial=partial)

    platform.answer("Recommend", page)
    done = run("recommend", "ada", "--pages", "2", "--json")
    assert (done.exit_code, done.stderr) == (0, "A part of the catalogue did not answer: tracks may be missing.\n")
    assert json.loads(done.stdout)["partial"] is True
    plain = run("recommend", "ada")
    assert "tracks may be missing" in plain.stderr
    assert "Nocturne" in plain.stdout
    assert "missing" not in plain.stdout


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


def test_recommend_passes_filters_and_variety_on(run, platform):
    options = ("--tag", "jazz", "--tag", "blues", "--artist", "X", "--year-from", "1960", "--year-to", "1969")
    more = ("--seed-track", "s1", "--max-per-artist", "2", "--diversity", "0.5", "--explore", "0.25", "--random-seed", "7")
    assert run("recommend", "ada", *options, *more).exit_code == 0
    (call,) = platform.calls
    expected = prototypes_pb2.RankingOptions(
        filter={
            "all": {
                "filters": [
                    {"field": {"field": "tags", "one_of": {"values": ["jazz", "blues"]}}},
                    {"field": {"field": "artist", "one_of": {"values": ["X"]}}},
                    {"field": {"field": "year", "range": {"minimum": 1960, "maximum": 1969}}},
                ]
            }
        },
        seed_track_ids=["s1"],
        max_per_artist=2,
        diversity=0.5,
        exploration={"strength": 0.25, "seed": 7},
    )
    assert call.request.options == expected


def test_pages_are_printed_as_one_list(run, platform):
    platform.answer(
        "Recommend",
        lambda request: gateway_pb2.RecommendResponse(
            tracks=[{"track": {"track_id": f"t{request.page_token or 0}"}, "rank": int(request.page_token or 0) + 1}],
            next_page_token=str(int(request.page_token or 0) + 1),
        ),
    )
    printed = json.loads(run("recommend", "ada", "-n", "1", "--pages", "3", "--json").stdout)
    assert [scored["track"]["track_id"] for scored in printed["tracks"]] == ["t0", "t1", "t2"]
    assert printed["pages"] == 3
    assert len(platform.calls) == 3


def test_what_if_shows_both_lists_and_what_enters_and_leaves(run, platform):
    done = run("what-if", "ada", "--boost", "Piano=2", "--mute", "drums, fast")
    (call,) = platform.calls_of("WhatIf")
    assert [(change.prototype_id, change.amount) for change in call.request.changes] == [("tag-piano", 2.0), ("p-2", 0.0)]
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "1 - Nocturne – Anon + Waltz – Else" in lines
    assert "Waltz – Else 7 → 1 It has more piano." in lines
    assert "Nocturne – Anon 1 → muted Drums are muted." in lines
    assert "Nothing was changed" in done.stderr


def test_explain_says_which_edits_would_bring_a_track_up(run, platform):
    low = prototypes_pb2.ScoredTrack(track=TRACK, rank=40, score=0.75)
    edits = [{"prototype_id": "tag-piano", "label": "piano", "amount": 0.3701, "rank": 9}]
    platform.answer("Explain", gateway_pb2.ExplainResponse(track=low, lifting_edits=edits))
    shown = run("explain", "ada", "t1", "--into-top", "10").stdout
    assert platform.calls[-1].request.target_rank == 10
    assert "profile boost ada tag-piano --amount 0.371" in shown
    platform.answer("Explain", gateway_pb2.ExplainResponse(track=low))
    assert "No edit of a single prototype" in run("explain", "ada", "t1", "--into-top", "10").stdout
    assert "It is among the first 50 already." in run("explain", "ada", "t1", "--into-top", "50").stdout
    platform.answer("Explain", gateway_pb2.ExplainResponse(track=SCORED))
    assert "It is first already." in run("explain", "ada", "t1", "--into-top", "1").stdout


def test_one_file_that_is_refused_does_not_stop_the_others(run, platform, tmp_path):
    good, bad = tmp_path / "good.ogg", tmp_path / "bad.ogg"
    good.write_bytes(b"audio")
    bad.write_bytes(b"noise")
    refusal = ServiceError(service_errors.Reason.AUDIO_FORMAT_UNKNOWN, "no audio that is known here")

    def ingest(requests, context):
        if b"".join(request.chunk for request in requests) == b"noise":
            platform.abort(refusal, context, {})
        return gateway_pb2.IngestTrackResponse(track=requests[0].start.track)

    platform.answer("IngestTrack", ingest)
    done = run("tracks", "add", str(bad), str(good), str(tmp_path / "none.ogg"), "--artist", "X", "--year", "1999", "--json")
    assert done.exit_code == 1
    printed = json.loads(done.stdout)
    assert [(each["track"]["track_id"], each["track"]["year"]) for each in printed["tracks"]] == [("good", 1999)]
    assert [failure["path"] for failure in printed["failed"]] == [str(bad), str(tmp_path / "none.ogg")]
    assert "WAV, FLAC, OGG" in printed["failed"][0]["reason"]
    assert "No such file" in printed["failed"][1]["reason"]


def test_unknown_tracks_are_told_and_the_exit_code_is_1(run, platform):
    unknown = catalogue_pb2.DeleteTracksResponse(unknown_track_ids=["nope", "none"])
    platform.answer("DeleteTracks", unknown)
    done = run("tracks", "delete", "nope", "none")
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", "leitmotif: not in the catalogue: nope, none\n")
    done = run("tracks", "delete", "nope", "none", "--json")
    assert (done.exit_code, json.loads(done.stdout)["unknown_track_ids"]) == (1, ["nope", "none"])
    platform.answer("DeleteTracks", catalogue_pb2.DeleteTracksResponse(deleted_track_ids=["new"]))
    done = run("tracks", "delete", "new", "new")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "Deleted 1 track.\n", "")
    assert list(platform.calls[-1].request.track_ids) == ["new"]


@pytest.mark.parametrize("columns", [40, 80])
def test_ids_are_whole_however_narrow_the_terminal(run, platform, columns):
    long = "a-rather-long-id-" + "0123456789" * 4
    track = catalogue_pb2.Track(track_id=long, title="A title of words", artist="Somebody Or Other", tags=["calm", "slow"] * 9)
    platform.answer("ListTracks", catalogue_pb2.ListTracksResponse(tracks=[TRACK, track]))
    platform.answer("IngestTrack", gateway_pb2.IngestTrackResponse(track=track))
    prototype = prototypes_pb2.Prototype(prototype_id=long, label="rainy evening in some town", description="Rain. " * 20)
    platform.answer("ListPrototypes", prototypes_pb2.ListPrototypesResponse(prototypes=[PIANO, prototype]))
    platform.answer("SearchPrototypes", gateway_pb2.SearchPrototypesResponse(found=[{"prototype": prototype}]))
    for command in (("tracks", "list"), ("prototypes", "list"), ("prototypes", "search", "rain")):
        assert long in run(*command, columns=columns).stdout


def test_a_search_by_words_alone_says_so(run, platform):
    assert run("prototypes", "search", "calm").stderr == ""
    platform.answer("SearchPrototypes", gateway_pb2.SearchPrototypesResponse(found=[{"prototype": PIANO, "score": 0.5}]))
    assert "Words alone" in run("prototypes", "search", "calm").stderr
    platform.answer("SearchPrototypes", gateway_pb2.SearchPrototypesResponse())
    assert "No prototype fits 'calm'" in run("prototypes", "search", "calm").stdout


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
    assert "ada: 3 events count" in lines
    (piano,) = [line for line in lines if line.startswith("piano ")]
    assert piano.split() == ["piano", "│██████████", "+1.50", "+0.50", "+1.00", "weak"]
    (drums,) = [line for line in lines if line.startswith("drums, fast ")]
    assert drums.split()[-1] == "muted"


def test_a_created_prototype_stands_where_its_edit_puts_it(run, platform):
    source = prototypes_pb2.PROTOTYPE_SOURCE_CLIP
    made = [prototypes_pb2.Prototype(prototype_id=name, label=name, source=source) for name in ("clippy", "asked", "off")]
    weights = [
        {"weight": {"prototype_id": "clippy", "history": 1.75, "weight": 1.75}, "label": "clippy"},
        {"weight": {"prototype_id": "asked", "history": 1.5, "edit": 0.75, "weight": 2.25}, "label": "asked"},
        {"weight": {"prototype_id": "off", "history": 1.5, "edit": 2.0, "muted": True}, "label": "off"},
    ]
    platform.answer("ListPrototypes", prototypes_pb2.ListPrototypesResponse(prototypes=[PIANO, DRUMS, *made]))
    response = gateway_pb2.DescribeProfileResponse(profile=PROFILE, labelled_weights=[*weights, *WEIGHTS])
    platform.answer("DescribeProfile", response)
    for command in (("show", "ada"), ("boost", "ada", "piano")):
        shown = run("profile", *command).stdout
        rows = [line.split() for line in shown.splitlines() if "│" in line]
        assert [row[0] for row in rows] == ["piano", "asked", "clippy", "off", "drums,"]
        assert rows[1][1:] == ["│█████", "+0.75", "+1.50", "+0.75", "edit", "only"]
        assert rows[2][1:] == ["│", "+0.00", "+1.75", "edit", "only"]
    assert "edit only: created after" in run("profile", "show", "ada").stdout
    # What weighs little must not crowd out what weighs.
    assert "piano" in run("profile", "show", "ada", "--top", "1").stdout
    assert "clippy" not in run("profile", "show", "ada", "--top", "1").stdout


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


def watched(context):
    yield profiles_pb2.WatchProfileResponse(profile=PROFILE)
    yield profiles_pb2.WatchProfileResponse(deleted=True)
    context.abort(grpc.StatusCode.PERMISSION_DENIED, "enough")


def test_a_watch_prints_a_line_a_change(run):
    lines = [json.loads(line) for line in run("profile", "watch", "ada", "--json").stdout.splitlines()]
    assert [(each["user_id"], each["deleted"], each.get("etag")) for each in lines] == [
        ("ada", False, "e-2"),
        ("ada", True, None),
    ]
    assert "no profile" in run("profile", "watch", "ada").stdout


def test_a_receipt_is_printed(run, platform):
    shown = run("profile", "delete", "ada", "--yes").stdout
    assert "Erased ada: 5 keys." in shown
    assert "0 of 900 keys" in shown
    assert "r-1" in shown
    assert platform.calls_of("DeleteProfile")[0].request.verify
    run("profile", "delete", "ada", "--yes", "--no-verify")
    assert not platform.calls_of("DeleteProfile")[1].request.verify


def test_an_export_is_imported(run, platform, tmp_path):
    file = tmp_path / "ada.json"
    file.write_text('{"schema": "leitmotif.profile/2"}', encoding="utf-8")
    done = run("profile", "import", "bob", str(file), "--replace")
    assert (done.exit_code, "gone" in done.stderr) == (0, True)
    (call,) = platform.calls_of("ImportProfile")
    assert (call.request.user_id, call.request.json, call.request.replace) == ("bob", '{"schema": "leitmotif.profile/2"}', True)
    assert json.loads(run("profile", "import", "bob", str(file), "--json").stdout)["dropped_prototype_ids"] == ["gone"]
    file.write_bytes(b"\xff")
    assert run("profile", "import", "bob", str(file)).exit_code == 1
    assert run("profile", "import", "bob", str(tmp_path / "none.json")).exit_code == 1


def test_a_preset_from_edits_and_mutes(run, platform):
    run("profile", "presets", "save", "ada", "focus", "--edit", "Piano=2", "--mute", "piano", "--name", "Focus")
    (call,) = platform.calls_of("SavePreset")
    (control,) = call.request.preset.controls
    assert (control.prototype_id, control.edit, control.muted, call.request.preset.label) == ("tag-piano", 2.0, True, "Focus")
    for wrong in (["--edit", "piano=5"], ["--edit", "piano"], [], ["--present", "--mute", "piano"]):
        assert run("profile", "presets", "save", "ada", "focus", *wrong).exit_code == 2
    assert "focus" in run("profile", "presets", "list", "ada").stdout


def test_exclusions_need_something_to_exclude(run, platform):
    for command in ("hide", "unhide", "keep-out", "count"):
        assert run("profile", command, "ada").exit_code == 2
    run("profile", "keep-out", "ada", "--from", "2026-01-01", "--to", "2026-01-02T12:00")
    (call,) = platform.calls_of("ChangeExclusions")
    (stretch,) = call.request.add.uncounted_ranges
    assert (stretch.start.seconds, stretch.end.seconds) == (1_767_225_600, 1_767_225_600 + 36 * 3600)
    assert "Bix" in run("profile", "exclusions", "ada").stdout


def test_a_named_edit_is_undone(run, platform):
    run("profile", "undo", "ada", "--edit", "7")
    assert platform.calls_of("UndoEdit")[0].request.sequence == 7


def test_a_preset_of_one_list(run, platform):
    run("recommend", "ada", "--preset", "focus", "--preset-share", "0.5")
    (call,) = platform.calls_of("Recommend")
    assert (call.request.preset.preset_id, call.request.preset.share) == ("focus", 0.5)
    assert run("recommend", "ada", "--preset-share", "0.5").exit_code == 2
