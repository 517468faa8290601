import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from leitmotif_services.profiles.taste.control import Control, ControlAction, ControlChange
from leitmotif_services.profiles.taste.history import Event, EventType
from leitmotif_services.profiles.taste.profile import Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.transfer.everything import Everything
from leitmotif_services.profiles.transfer.export_document import export_json
from leitmotif_services.profiles.transfer.import_document import read_document
from leitmotif_services.profiles.transfer.placement import placed_under_another_model, placed_under_its_model
from leitmotif_services.profiles.transfer.strict_json import MOST_BYTES, MOST_DEPTH, MOST_VALUES
from leitmotif_services.runtime.errors import Reason, ServiceError

NOW = "2023-11-14T22:13:20.000000+00:00"
NOW_US = 1_700_000_000_000_000
LATER = "2024-01-01T00:00:00Z"


def document() -> dict[str, Any]:
    """An export by hand: calm was boosted by 1 upon 0.5; the edit before the last is undone."""
    return {
        "schema": "leitmotif.profile/2",
        "user_id": "ada",
        "model_version": "m1",
        "etag": "3-00",
        "created_at": NOW,
        "updated_at": NOW,
        "controls": [
            {"prototype_id": "calm", "label": "Calm", "edit": 1.5, "muted": False, "pinned_history": None},
            {"prototype_id": "loud", "label": "", "edit": 0.0, "muted": False, "pinned_history": 0.25},
        ],
        "settled": [{"prototype_id": "calm", "label": "Calm", "edit": 0.5, "muted": False, "pinned_history": None}],
        "carried": [{"from_prototype_id": "quiet", "to_prototype_id": "calm"}],
        "history": {
            "event_count": 2,
            "magnitude": 4.0,
            "reference": NOW,
            "prototypes": [
                {"prototype_id": "calm", "label": "Calm", "weighted_sum": 0.5, "weight": 0.25},
                {"prototype_id": "loud", "label": "", "weighted_sum": -8.0, "weight": -4.0},
            ],
        },
        "last_edit": 9,
        "edits": [
            edit(7, {"prototype_id": "quiet", "label": "", "action": "boost", "amount": 1}),
            edit(8, {"prototype_id": "calm", "label": "", "action": "reset", "amount": None}, undone=True),
            edit(9, {"prototype_id": "loud", "label": "", "action": "pin", "amount": 0.25}),
        ],
        "redoable": [8],
        "last_event": 12,
        "events": [event("e1"), event("e2")],
        "exclusions": {
            "hidden_track_ids": ["t1"],
            "hidden_artists": ["Ü"],
            "uncounted_track_ids": ["t2"],
            "uncounted_artists": ["X"],
            "uncounted_ranges": [{"start": NOW, "end": None}],
        },
        "presets": [
            {
                "preset_id": "focus",
                "label": "Focus",
                "updated_at": NOW,
                "controls": [{"prototype_id": "anything", "label": "", "edit": -1, "muted": True}],
            }
        ],
        "active_preset": {
            "preset_id": "focus",
            "share": 0.5,
            "expires_at": LATER,
            "controls": [{"prototype_id": "anything", "label": "", "edit": -1, "muted": True}],
        },
    }


def edit(sequence: int, *changes: dict[str, Any], undone: bool = False) -> dict[str, Any]:
    return {"sequence": sequence, "changes": [*changes], "actor": "a", "reason": "r", "made_at": NOW, "undone": undone}


def event(event_id: str, **fields: Any) -> dict[str, Any]:
    return {"event_id": event_id, "track_id": "t", "type": "play", "share_heard": None, "occurred_at": NOW, **fields}


def refusal(text: str) -> ServiceError:
    with pytest.raises(ServiceError) as refused:
        read_document(text, NOW_US)
    return refused.value


def refused_field(changed: dict[str, Any]) -> str:
    error = refusal(json.dumps(changed))
    assert error.reason is Reason.FIELD_INVALID
    (violation,) = error.violations
    assert error.message == f"{violation.field}: {violation.description}"
    error.message.encode()
    return violation.field


def test_a_document_is_read_as_it_is_written() -> None:
    read = read_document(json.dumps(document()), NOW_US)
    profile = read.profile
    assert read.space.prototype_ids == ("calm", "loud")
    assert profile.controls == {0: Control(1.5), 1: Control(0.0, False, 0.25)}
    assert profile.settled == {0: Control(0.5)}
    assert (profile.undoable, profile.redoable, profile.last_edit) == ((7, 9), (8,), 9)
    assert [entry.sequence for entry in read.events] == [11, 12]
    assert read.events[0].event == Event("e1", "t", EventType.PLAY, NOW_US)
    assert read.edits[0].changes == (ControlChange("quiet", ControlAction.BOOST, 1.0),)
    assert profile.history.weighted_sum.tolist() == [0.5, -8.0]
    assert not profile.history.weighted_sum.flags.writeable
    assert (profile.history.magnitude, profile.history.event_count, profile.history.reference_us) == (4.0, 2, NOW_US)
    assert profile.exclusion_count == len(read.exclusions) == 5
    again = json.loads(export_json(replace(read, profile=replace(profile, user_id="ada"))))
    for name in ("etag", "controls", "settled", "history", "edits", "presets", "active_preset"):
        del again[name]  # labels, and times as they are written
    assert again == {name: document()[name] for name in again}


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("user_id", "}{", "json.user_id"),
        ("model_version", 7, "json.model_version"),
        ("etag", "x" * 129, "json.etag"),
        ("created_at", "2023-11-14", "json.created_at"),
        ("created_at", "2023-11-14T22:13:20+01:00", "json.created_at"),
        ("created_at", "0000-01-01T00:00:00Z", "json.created_at"),
        ("created_at", "2023-02-30T00:00:00Z", "json.created_at"),
        ("updated_at", None, "json.updated_at"),
        ("controls", {}, "json.controls"),
        ("controls.0", "calm", "json.controls[0]"),
        ("controls.0.prototype_id", "gone", "json.controls[0].prototype_id"),
        ("controls.0.edit", 1.0, "json.controls"),  # not what the edits make of it
        ("controls.0.edit", 4.5, "json.controls[0].edit"),
        ("controls.0.edit", float("nan"), "json.controls[0].edit"),
        ("controls.0.edit", "1.5", "json.controls[0].edit"),
        ("controls.0.edit", True, "json.controls[0].edit"),
        ("controls.0.muted", 0, "json.controls[0].muted"),
        ("controls.0.label", 3, "json.controls[0].label"),
        ("controls.0.label", "\ud83c", "json.controls[0].label"),
        ("controls.1.prototype_id", "calm", "json.controls[1].prototype_id"),
        ("controls.1.pinned_history", None, "json.controls[1]"),  # asks for nothing
        ("controls.1.pinned_history", 1e14, "json.controls[1].pinned_history"),
        ("controls.1.pinned_history", float("inf"), "json.controls[1].pinned_history"),
        ("settled.0.edit", 0.25, "json.controls"),
        ("settled.0.edit", -5, "json.settled[0].edit"),
        ("carried.0.to_prototype_id", "gone", "json.carried[0].to_prototype_id"),
        ("carried.0.from_prototype_id", "calm", "json.carried[0].from_prototype_id"),
        ("carried.0", [], "json.carried[0]"),
        ("history", None, "json.history"),
        ("history.event_count", 13, "json.history.event_count"),
        ("history.event_count", -1, "json.history.event_count"),
        ("history.event_count", 2.0, "json.history.event_count"),
        ("history.event_count", 10**400, "json.history.event_count"),
        ("history.magnitude", 201.0, "json.history.magnitude"),  # two events of at most 100
        ("history.magnitude", -1.0, "json.history.magnitude"),
        ("history.magnitude", float("inf"), "json.history.magnitude"),
        ("history.magnitude", 10**400, "json.history.magnitude"),
        ("history.reference", None, "json.history.reference"),
        ("history.prototypes.0.weighted_sum", 4.1e6, "json.history.prototypes[0].weighted_sum"),
        ("history.prototypes.0.weighted_sum", float("-inf"), "json.history.prototypes[0].weighted_sum"),
        ("history.prototypes.0.weighted_sum", None, "json.history.prototypes[0].weighted_sum"),
        ("history.prototypes.1.prototype_id", "calm", "json.history.prototypes"),
        ("history.prototypes", [], "json.history.prototypes"),
        ("last_edit", 8, "json.last_edit"),
        ("last_edit", 10**13, "json.last_edit"),
        ("edits.1.sequence", 9, "json.edits[1].sequence"),
        ("edits.0.sequence", 0, "json.edits[0].sequence"),
        ("edits.0.changes", [], "json.edits[0].changes"),
        ("edits.0.changes.0.prototype_id", "", "json.edits[0].changes[0].prototype_id"),
        ("edits.0.changes.0.action", "BOOST", "json.edits[0].changes[0].action"),
        ("edits.0.changes.0.action", "boosted", "json.edits[0].changes[0].action"),
        ("edits.0.changes.0.amount", 0, "json.edits[0].changes[0].amount"),
        ("edits.0.changes.0.amount", None, "json.edits[0].changes[0].amount"),
        ("edits.0.changes.0.amount", 2, "json.controls"),
        ("edits.1.changes.0.amount", 1, "json.edits[1].changes[0].amount"),
        ("edits.2.changes.0.amount", None, "json.edits[2].changes[0].amount"),
        ("edits.0.actor", "x" * 65, "json.edits[0].actor"),
        ("edits.0.reason", "line\nbreak", "json.edits[0].reason"),
        ("edits.0.reason", "half \ud800", "json.edits[0].reason"),
        ("edits.0.undone", None, "json.edits[0].undone"),
        ("edits.1.undone", False, "json.controls"),
        ("redoable.0", 7, "json.redoable[0]"),  # in force
        ("redoable", [8, 8], "json.redoable[1]"),
        ("last_event", 1, "json.history.event_count"),
        ("last_event", 1.5, "json.last_event"),
        ("events.1.event_id", "e1", "json.events"),
        ("events.1.event_id", "a b", "json.events[1].event_id"),
        ("events.1.track_id", "t" * 129, "json.events[1].track_id"),
        ("events.1.type", "listen", "json.events[1].type"),
        ("events.1.share_heard", 1.01, "json.events[1].share_heard"),
        ("events.1.share_heard", float("nan"), "json.events[1].share_heard"),
        ("events.1.occurred_at", 5, "json.events[1].occurred_at"),
        ("exclusions.hidden_track_ids.0", "a/b", "json.exclusions.hidden_track_ids[0]"),
        ("exclusions.hidden_artists.0", "", "json.exclusions.hidden_artists[0]"),
        ("exclusions.hidden_artists.0", "x" * 257, "json.exclusions.hidden_artists[0]"),
        ("exclusions.uncounted_artists.0", "a\tb", "json.exclusions.uncounted_artists[0]"),
        ("exclusions.uncounted_ranges.0.start", None, "json.exclusions.uncounted_ranges[0]"),
        ("exclusions.uncounted_ranges.0.end", NOW, "json.exclusions.uncounted_ranges[0].end"),
        ("presets.0.preset_id", ".x", "json.presets[0].preset_id"),
        ("presets.0.label", "x" * 65, "json.presets[0].label"),
        ("presets.0.controls.0.edit", -4.001, "json.presets[0].controls[0].edit"),
        ("presets.0.controls", [], "json.presets[0].controls"),
        ("active_preset.share", 0, "json.active_preset.share"),
        ("active_preset.share", 1.5, "json.active_preset.share"),
        ("active_preset.expires_at", "2024-11-16T00:00:00Z", "json.active_preset.expires_at"),
        ("active_preset.controls.0.muted", None, "json.active_preset.controls[0].muted"),
        ("surprise", 1, "json.surprise"),
        ("events.0.played_by", 1, "json.events[0].played_by"),
        ("events.0.\ud800 b", 1, r"json.events[0].'\ud800 b'"),
    ],
)
def test_a_bad_value_is_named(path: str, value: Any, field: str) -> None:
    changed = document()
    place: Any = changed
    *way, last = path.split(".")
    for key in way:
        place = place[int(key) if key.isdecimal() else key]
    place[int(last) if last.isdecimal() else last] = value
    assert refused_field(changed) == field


@pytest.mark.parametrize("path", [["events", 1], ["history"], ["edits", 0, "changes", 0], ["active_preset"], []])
def test_a_missing_value_is_named(path: list[Any]) -> None:
    place: Any = document()
    for key in path:
        place = place[key]
    for name in place:
        if name in ("label", "schema"):
            continue
        changed = document()
        place = changed
        for key in path:
            place = place[key]
        del place[name]
        field = refused_field(changed)
        assert field.endswith(f".{name}")
        assert field.startswith("json.")


@pytest.mark.parametrize(
    ("grow", "limit"),
    [
        (lambda each: each.update(events=[event(f"e{number}") for number in range(10_001)]), 10_000),
        (lambda each: each["edits"].extend(edit(10 + number) for number in range(200)), 200),
        (lambda each: each["edits"][0].update(changes=each["edits"][0]["changes"] * 301), 300),
        (lambda each: each["exclusions"].update(hidden_artists=["x"] * 501), 500),
        (lambda each: each.update(presets=each["presets"] * 33), 32),
        (lambda each: each["presets"][0].update(controls=each["presets"][0]["controls"] * 201), 200),
        (lambda each: each["history"].update(prototypes=each["history"]["prototypes"] * 5001), 10_000),
    ],
)
def test_more_than_may_be_kept_is_refused(grow: Callable[[dict[str, Any]], None], limit: int) -> None:
    changed = document()
    grow(changed)
    error = refusal(json.dumps(changed))
    assert error.reason is Reason.LIMIT_EXCEEDED
    assert error.metadata["limit"] == str(limit)
    assert error.message.startswith("json.")


def test_repeated_keys_are_refused_wherever_they_are() -> None:
    text = json.dumps(document())
    for name in ('"share_heard": null', '"last_edit": 9', '"magnitude": 4.0'):
        error = refusal(text.replace(name, f"{name}, {name}", 1))
        assert error.violations[0].field.endswith(name.split('"')[1])
        assert error.violations[0].description == "must be given once"


def test_times_that_are_still_to_come_are_taken_as_now() -> None:
    changed = document()
    changed["history"]["reference"] = changed["events"][0]["occurred_at"] = "9999-12-31T23:59:59.999999+00:00"
    changed["created_at"] = changed["edits"][0]["made_at"] = changed["presets"][0]["updated_at"] = LATER
    read = read_document(json.dumps(changed), NOW_US)
    times = (
        *(read.profile.history.reference_us, read.events[0].event.occurred_at_us, read.profile.created_at_us),
        *(read.edits[0].made_at_us, read.presets["focus"].updated_at_us),
    )
    assert set(times) == {NOW_US}


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        ("", ""),
        ("null", ""),
        ("[]", ""),
        ("{}", ""),
        ('{"schema": 2}', ""),
        ("not json", ""),
        ('{"schema": "leitmotif.profile/2"', ""),
        ('{"schema": "leitmotif.profile/3", "anything": [1, {"else": 2}]}', "leitmotif.profile/3"),
        ('{"schema": "\\ud800"}', "\\ud800"),
        ('{"schema": "' + "x" * 1000 + '"}', "x" * 64),
        ("[" * (MOST_DEPTH + 1), ""),
        ('{"schema": "leitmotif.profile/2", "a": ' + "[" * 100_000, ""),
        ("\ufeff{}", ""),
    ],
)
def test_what_is_no_export_of_a_known_schema_is_unreadable(text: str, schema: str) -> None:
    error = refusal(text)
    assert (error.reason, error.metadata["schema"]) == (Reason.EXPORT_UNREADABLE, schema)
    assert len(error.message) < 300
    error.message.encode()


@pytest.mark.parametrize(
    "text",
    [
        '"' + "ü" * (MOST_BYTES // 2) + '"',
        "[" + "[],[]," * (MOST_VALUES // 2) + "]",
        "[" + "{}," * MOST_VALUES + "1]",
        '"' * (5 * MOST_VALUES),
    ],
    ids=["bytes", "lists", "objects", "strings"],
)
def test_what_would_fill_the_memory_is_refused_before_it_is_built(text: str) -> None:
    begun = time.perf_counter()
    error = refusal(text)
    assert error.reason is Reason.LIMIT_EXCEEDED
    assert time.perf_counter() - begun < 1.0


@pytest.mark.parametrize(
    "text",
    ['"' + "\\" * (MOST_BYTES - 2), '"' + '\\"' * (MOST_BYTES // 8), "[" + "1" * (MOST_BYTES - 2) + "]", " " * MOST_BYTES],
    ids=["backslashes", "escaped quotes", "digits", "spaces"],
)
def test_no_text_takes_long_to_refuse(text: str) -> None:
    begun = time.perf_counter()
    assert refusal(text).reason is Reason.EXPORT_UNREADABLE
    assert time.perf_counter() - begun < 5.0


def test_brackets_in_text_nest_nothing() -> None:
    changed = document()
    changed["edits"][0]["reason"] = '[{"\\[[[[[[[[[[[[[[[[[[[[[['
    assert read_document(json.dumps(changed), NOW_US).edits[0].reason == changed["edits"][0]["reason"]


# Placing


def test_prototypes_in_another_order_keep_what_is_theirs() -> None:
    read = read_document(json.dumps(document()), NOW_US)
    placed = placed_under_its_model(read, PrototypeSpace("m1", ("loud", "calm"))).profile
    assert placed.history.weighted_sum.tolist() == [-8.0, 0.5]
    assert placed.controls == {1: Control(1.5), 0: Control(0.0, False, 0.25)}
    assert placed.settled == {1: Control(0.5)}


@pytest.mark.parametrize("prototype_ids", [("calm",), ("calm", "other"), ("calm", "loud", "other")])
def test_another_model_of_the_same_name_is_refused(prototype_ids: tuple[str, ...]) -> None:
    read = read_document(json.dumps(document()), NOW_US)
    with pytest.raises(ServiceError) as refused:
        placed_under_its_model(read, PrototypeSpace("m1", prototype_ids))
    assert refused.value.violations[0].field == "json.history.prototypes"


def test_under_another_model_controls_stay_with_their_ids() -> None:
    read = read_document(json.dumps(document()), NOW_US)
    space = PrototypeSpace("m2", ("new", "loud"))
    placed = placed_under_another_model(read, space)
    assert placed.dropped_prototype_ids == ("calm",)
    assert placed.profile.controls == {1: Control(0.0, False, 0.25)}
    assert (placed.profile.settled, placed.profile.carried) == ({}, {})
    assert placed.profile.history.event_count == 0
    # The prototype that calm took over from is there again, with what was asked for it by name.
    placed = placed_under_another_model(read, PrototypeSpace("m3", ("quiet", "calm")))
    assert placed.profile.controls == {0: Control(1.0), 1: Control(0.5)}
    assert placed.profile.carried == {}
    assert placed.dropped_prototype_ids == ("loud",)


# Schema 1


def first_document(**changes: Any) -> dict[str, Any]:
    """As the release before wrote it: calm +1 +0.1, of which a third edit, a mute, is undone."""
    return {
        "schema": "leitmotif.profile/1",
        "user_id": "ada",
        "model_version": "m1",
        "etag": "3-00",
        "created_at": NOW,
        "updated_at": NOW,
        "controls": [{"prototype_id": "calm", "edit": 1.1, "muted": False}],
        "history": {"event_count": 3, "magnitude": 4.0, "weights": {"calm": 0.5, "loud": -0.25}},
        "edits": [
            edit(1, {"prototype_id": "calm", "action": "boost", "amount": 1.0}),
            edit(2, {"prototype_id": "calm", "action": "boost", "amount": 0.1}),
            edit(3, {"prototype_id": "loud", "action": "mute", "amount": None}, undone=True),
        ],
        "events": [event("e1", occurred_at="2023-11-14T22:13:19+00:00"), event("e2", occurred_at="2020-01-01T00:00:00Z")],
        **changes,
    }


def test_the_schema_before_is_read() -> None:
    read = read_document(json.dumps(first_document()), NOW_US)
    profile = read.profile
    assert profile.history.weighted_sum.tolist() == [1.0, -0.5]  # h · sqrt(4)
    assert profile.history.weights().tolist() == [0.5, -0.25]
    assert (profile.history.event_count, profile.history.reference_us) == (3, NOW_US - 1_000_000)
    assert profile.controls == {0: Control(1.1)}
    assert (profile.settled, profile.undoable, profile.redoable, profile.last_edit) == ({}, (1, 2), (3,), 3)
    assert [entry.sequence for entry in read.events] == [2, 3]
    assert read_document(export_json(replace(read, profile=replace(profile, user_id="u"))), NOW_US).profile.undoable == (1, 2)


def test_what_edits_were_made_upon_is_found_again() -> None:
    # The log began with edit 5. 0.1 + 0.2 is not 0.3, so the difference is looked for bit by bit.
    edits = [
        edit(5, {"prototype_id": "calm", "action": "boost", "amount": 0.2}),
        edit(6, {"prototype_id": "loud", "action": "set", "amount": 4.0}),
        edit(7, {"prototype_id": "loud", "action": "unmute", "amount": None}),
    ]
    controls = [
        {"prototype_id": "calm", "edit": 0.1 + 0.2, "muted": True},
        {"prototype_id": "loud", "edit": 4.0, "muted": False},
    ]
    profile = read_document(json.dumps(first_document(edits=edits, controls=controls)), NOW_US).profile
    assert (profile.undoable, profile.last_edit) == ((5, 6, 7), 7)
    assert profile.settled is not None
    assert 0.2 + profile.settled[0].edit == 0.1 + 0.2
    assert profile.settled[0].muted


def test_edits_that_do_not_tell_of_the_controls_any_more_are_left_out() -> None:
    controls = [{"prototype_id": "calm", "edit": -4.0, "muted": True}]
    read = read_document(json.dumps(first_document(controls=controls)), NOW_US)
    # No boost of 1.1 ends at -4.
    assert read.profile.controls == read.profile.settled == {0: Control(-4.0, True)}
    assert (read.edits, read.profile.undoable, read.profile.redoable, read.profile.last_edit) == ((), (), (), 3)


@pytest.mark.parametrize(
    ("undone", "redoable"),
    [((), ()), ((3,), (3,)), ((2, 3), ()), ((1,), ()), ((1, 3), (3,))],
)
def test_only_what_can_be_redone_for_certain_can_be_redone(undone: tuple[int, ...], redoable: tuple[int, ...]) -> None:
    edits = [edit(number, {"prototype_id": "calm", "action": "mute", "amount": None}) for number in (1, 2, 3)]
    for number in undone:
        edits[number - 1]["undone"] = True
    controls = [{"prototype_id": "calm", "edit": 0.0, "muted": True}]
    assert read_document(json.dumps(first_document(edits=edits, controls=controls)), NOW_US).profile.redoable == redoable


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"settled": []}, "json.settled"),
        ({"history": {"event_count": 1, "magnitude": 4.0, "weights": {"a/b": 0.5}}}, "a key of json.history.weights"),
        ({"history": {"event_count": 1, "magnitude": 4.0, "weights": {"calm": 1e7}}}, "json.history.weights.calm"),
        ({"history": {"event_count": 1, "magnitude": 101.0, "weights": {"calm": 0}}}, "json.history.magnitude"),
        (
            {"controls": [{"prototype_id": "calm", "edit": 1.1, "muted": False, "pinned_history": 1}]},
            "json.controls[0].pinned_history",
        ),
        ({"controls": [{"prototype_id": "fast", "edit": 1.1, "muted": False}]}, "json.controls[0].prototype_id"),
    ],
)
def test_the_schema_before_is_checked_as_well(changes: dict[str, Any], field: str) -> None:
    assert refused_field(first_document(**changes)) == field


def test_an_empty_profile_of_the_schema_before() -> None:
    history = {"event_count": 0, "magnitude": 0.0, "weights": {"calm": 0.0}}
    read = read_document(json.dumps(first_document(history=history, controls=[], edits=[], events=[])), NOW_US)
    empty = Everything(Profile.empty("", PrototypeSpace("m1", ("calm",)), NOW_US), read.space)
    assert (read.profile.history.reference_us, read.profile.last_event, read.profile.settled) == (0, 0, {})
    assert np.array_equal(read.profile.history.weighted_sum, empty.profile.history.weighted_sum)
