import json
from dataclasses import replace
from importlib import resources
from typing import Any

import jsonschema
import numpy as np
import pytest

from leitmotif_services.profiles.store.profile_store import LoggedEvent
from leitmotif_services.profiles.taste.control import Control, ControlAction, ControlChange
from leitmotif_services.profiles.taste.exclusions import LIMITS, Exclusions, TimeRange
from leitmotif_services.profiles.taste.history import Event, EventType, History
from leitmotif_services.profiles.taste.presets import MOST_CONTROLS, MOST_PRESETS, ActivePreset, Preset, PresetControl
from leitmotif_services.profiles.taste.profile import EDIT_LOG_LENGTH, EVENT_LOG_LENGTH, Edit, Profile, Version
from leitmotif_services.profiles.taste.prototype_space import MOST_PROTOTYPES, PrototypeSpace
from leitmotif_services.profiles.transfer.control_parts import MOST_CARRIED, MOST_CHANGES
from leitmotif_services.profiles.transfer.everything import Everything
from leitmotif_services.profiles.transfer.export_document import export_json
from leitmotif_services.profiles.transfer.import_document import read_document
from leitmotif_services.profiles.transfer.listening_parts import MOST_SEQUENCE
from leitmotif_services.profiles.transfer.strict_json import MOST_BYTES

NOW_US = 1_700_000_000_000_000  # 2023-11-14T22:13:20Z
SPACE = PrototypeSpace("m1", ("calm", "loud", "fast"), ("Calm & warm", "", "Schnell 🏃"))


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    file = resources.files("leitmotif_services.profiles.transfer") / "profile-2.schema.json"
    schema = json.loads(file.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def everything() -> Everything:
    """A profile with something of every kind: edits 4 to 6, of which 5 is undone and can be redone, and events 2 and 3."""
    profile = Profile(
        user_id="ada",
        model_version="m1",
        history=History(np.array([0.25, -0.0, 1e-300]), 4.0, 2, NOW_US - 1),
        version=Version(17, bytes(range(8))),
        created_at_us=NOW_US - 10,
        updated_at_us=NOW_US,
        controls={0: Control(1.5), 1: Control(0.0, True), 2: Control(0.0, False, 0.125)},
        last_edit=6,
        undoable=(4, 6),
        redoable=(5,),
        last_event=3,
        settled={0: Control(0.5)},
        carried={"old": "calm"},
        exclusion_count=5,
        active_preset=ActivePreset("focus", 0.5, NOW_US + 1, {"loud": PresetControl(-1.0)}),
    )
    edits = (
        Edit(4, (ControlChange("old", ControlAction.BOOST, 1.0),), "user", 'so "it" is', NOW_US - 5),
        Edit(5, (ControlChange("fast", ControlAction.RESET),), "", "", NOW_US - 4),
        Edit(
            6,
            (ControlChange("loud", ControlAction.MUTE), ControlChange("fast", ControlAction.PIN, 0.125)),
            "support",
            "zu laut – wirklich",
            NOW_US - 3,
        ),
    )
    events = (
        LoggedEvent(2, Event("e2", "t1", EventType.PLAY, NOW_US - 2, 0.5)),
        LoggedEvent(3, Event("e3", "t2", EventType.PLAYLIST_ADD, NOW_US - 1)),
    )
    exclusions = Exclusions(
        frozenset({"t9", "t8"}),
        frozenset({"The Loud"}),
        frozenset({"t7"}),
        frozenset(),
        frozenset({TimeRange(None, NOW_US)}),
    )
    presets = {
        "focus": Preset("focus", "Focus", {"loud": PresetControl(-1.0), "calm": PresetControl(0.0, True)}, NOW_US - 1),
    }
    return Everything(profile, SPACE, edits, events, exclusions, presets)


EXPECTED = {
    "schema": "leitmotif.profile/2",
    "user_id": "ada",
    "model_version": "m1",
    "etag": "11-0001020304050607",
    "created_at": "2023-11-14T22:13:19.999990+00:00",
    "updated_at": "2023-11-14T22:13:20.000000+00:00",
    "controls": [
        {"prototype_id": "calm", "label": "Calm & warm", "edit": 1.5, "muted": False, "pinned_history": None},
        {"prototype_id": "loud", "label": "", "edit": 0.0, "muted": True, "pinned_history": None},
        {"prototype_id": "fast", "label": "Schnell 🏃", "edit": 0.0, "muted": False, "pinned_history": 0.125},
    ],
    "settled": [{"prototype_id": "calm", "label": "Calm & warm", "edit": 0.5, "muted": False, "pinned_history": None}],
    "carried": [{"from_prototype_id": "old", "to_prototype_id": "calm"}],
    "history": {
        "event_count": 2,
        "magnitude": 4.0,
        "reference": "2023-11-14T22:13:19.999999+00:00",
        "prototypes": [
            {"prototype_id": "calm", "label": "Calm & warm", "weighted_sum": 0.25, "weight": 0.125},
            {"prototype_id": "loud", "label": "", "weighted_sum": 0.0, "weight": 0.0},
            {"prototype_id": "fast", "label": "Schnell 🏃", "weighted_sum": 1e-300, "weight": 5e-301},
        ],
    },
    "last_edit": 6,
    "edits": [
        {
            "sequence": 4,
            "changes": [{"prototype_id": "old", "label": "", "action": "boost", "amount": 1.0}],
            "actor": "user",
            "reason": 'so "it" is',
            "made_at": "2023-11-14T22:13:19.999995+00:00",
            "undone": False,
        },
        {
            "sequence": 5,
            "changes": [{"prototype_id": "fast", "label": "Schnell 🏃", "action": "reset", "amount": None}],
            "actor": "",
            "reason": "",
            "made_at": "2023-11-14T22:13:19.999996+00:00",
            "undone": True,
        },
        {
            "sequence": 6,
            "changes": [
                {"prototype_id": "loud", "label": "", "action": "mute", "amount": None},
                {"prototype_id": "fast", "label": "Schnell 🏃", "action": "pin", "amount": 0.125},
            ],
            "actor": "support",
            "reason": "zu laut – wirklich",
            "made_at": "2023-11-14T22:13:19.999997+00:00",
            "undone": False,
        },
    ],
    "redoable": [5],
    "last_event": 3,
    "events": [
        {
            "event_id": "e2",
            "track_id": "t1",
            "type": "play",
            "share_heard": 0.5,
            "occurred_at": "2023-11-14T22:13:19.999998+00:00",
        },
        {
            "event_id": "e3",
            "track_id": "t2",
            "type": "playlist_add",
            "share_heard": None,
            "occurred_at": "2023-11-14T22:13:19.999999+00:00",
        },
    ],
    "exclusions": {
        "hidden_track_ids": ["t8", "t9"],
        "hidden_artists": ["The Loud"],
        "uncounted_track_ids": ["t7"],
        "uncounted_artists": [],
        "uncounted_ranges": [{"start": None, "end": "2023-11-14T22:13:20.000000+00:00"}],
    },
    "presets": [
        {
            "preset_id": "focus",
            "label": "Focus",
            "updated_at": "2023-11-14T22:13:19.999999+00:00",
            "controls": [
                {"prototype_id": "loud", "label": "", "edit": -1.0, "muted": False},
                {"prototype_id": "calm", "label": "Calm & warm", "edit": 0.0, "muted": True},
            ],
        }
    ],
    "active_preset": {
        "preset_id": "focus",
        "share": 0.5,
        "expires_at": "2023-11-14T22:13:20.000001+00:00",
        "controls": [{"prototype_id": "loud", "label": "", "edit": -1.0, "muted": False}],
    },
}


def test_a_document_holds_everything(schema: jsonschema.Draft202012Validator) -> None:
    text = export_json(everything())
    assert json.loads(text) == EXPECTED
    assert '"weighted_sum":-0.0' in text  # bit for bit
    schema.validate(json.loads(text))


def test_nothing_is_a_document_too(schema: jsonschema.Draft202012Validator) -> None:
    document = json.loads(export_json(Everything(Profile.empty("u", SPACE, NOW_US), SPACE)))
    schema.validate(document)
    assert document["history"]["reference"] is None
    assert document["active_preset"] is None
    assert (document["last_edit"], document["last_event"]) == (0, 0)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("controls", 0, "edit"), 4.5),
        (("controls", 0, "muted"), 1),
        (("controls", 0, "surprise"), 1),
        (("edits", 0, "changes", 0, "amount"), None),
        (("edits", 0, "changes", 0, "action"), "boosts"),
        (("edits", 1, "changes", 0, "amount"), 1.0),
        (("edits", 2, "changes", 1, "amount"), None),
        (("events", 0, "share_heard"), 1.5),
        (("events", 0, "occurred_at"), "yesterday"),
        (("exclusions", "hidden_artists"), [""]),
        (("presets", 0, "controls"), []),
        (("active_preset", "share"), 0),
        (("schema",), "leitmotif.profile/1"),
    ],
)
def test_the_schema_refuses_what_an_import_refuses(
    schema: jsonschema.Draft202012Validator, path: tuple[Any, ...], value: Any
) -> None:
    document = json.loads(export_json(everything()))
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert not schema.is_valid(document)
    with pytest.raises(Exception, match=r"json"):
        read_document(json.dumps(document), NOW_US)


def test_the_schema_file_has_the_limits_of_the_service(schema: jsonschema.Draft202012Validator) -> None:
    properties = schema.schema["properties"]
    assert properties["events"]["maxItems"] == EVENT_LOG_LENGTH
    assert properties["edits"]["maxItems"] == properties["redoable"]["maxItems"] == EDIT_LOG_LENGTH
    assert properties["edits"]["items"]["properties"]["changes"]["maxItems"] == MOST_CHANGES
    assert properties["carried"]["maxItems"] == MOST_CARRIED
    assert properties["presets"]["maxItems"] == MOST_PRESETS
    assert schema.schema["$defs"]["preset_controls"]["maxItems"] == MOST_CONTROLS
    assert schema.schema["$defs"]["controls"]["maxItems"] == MOST_PROTOTYPES
    assert schema.schema["$defs"]["count"]["maximum"] == MOST_SEQUENCE
    exclusions = properties["exclusions"]["properties"]
    assert {name: exclusions[name]["maxItems"] for name in exclusions} == LIMITS
    actions = schema.schema["$defs"]["change"]["properties"]["action"]["enum"]
    assert actions == [action.name.lower() for action in ControlAction]
    assert properties["events"]["items"]["properties"]["type"]["enum"] == [kind.name.lower() for kind in EventType]


def test_full_logs_fit_an_import() -> None:
    ids = tuple(f"prototype-{number:04d}" for number in range(128))
    space = PrototypeSpace("m1", ids, tuple("a name of some length" for _ in ids))
    changes = tuple(ControlChange(prototype_id, ControlAction.SET, 0.1234567890123456) for prototype_id in ids[:100])
    edits = [Edit(sequence, changes, "a" * 64, "r" * 256, NOW_US) for sequence in range(1, 201)]
    events = [
        LoggedEvent(n, Event(f"{n:0128d}", f"{n:0128d}", EventType.PLAYLIST_ADD, NOW_US, 0.1234567890123456))
        for n in range(1, 10_001)
    ]
    profile = replace(
        Profile.empty("u", space, NOW_US),
        controls={position: Control(0.1234567890123456) for position in range(100)},
        undoable=tuple(range(1, 201)),
        last_edit=200,
        last_event=10_000,
    )
    text = export_json(Everything(profile, space, edits, events))
    assert len(text.encode()) < MOST_BYTES
    again = read_document(text, NOW_US)
    assert (list(again.edits), list(again.events)) == (edits, events)


def test_labels_are_left_out_where_they_alone_would_make_a_document_too_large() -> None:
    ids = tuple(f"{number:0128d}" for number in range(10_000))
    space = PrototypeSpace("m1", ids, tuple("🎵" * 256 for _ in ids))
    controls = {position: Control(1.0) for position in range(10_000)}
    profile = replace(Profile.empty("u", space, NOW_US), controls=controls, settled=controls)
    text = export_json(Everything(profile, space))
    assert "label" not in text
    assert len(text.encode()) < MOST_BYTES
    assert read_document(text, NOW_US).profile.controls == controls
