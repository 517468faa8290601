import math
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from hypothesis import given
from hypothesis import strategies as st

from leitmotif.api.profiles.v1 import profiles_pb2 as pb
from leitmotif_services.profiles.edit_convert import changes_of, conditions_of, edit_message, sequence_of
from leitmotif_services.profiles.taste.control import ControlAction, ControlChange
from leitmotif_services.profiles.taste.profile import Edit
from leitmotif_services.runtime.errors import Reason, ServiceError

SET, MUTE, UNMUTE, PIN, UNPIN = (
    ControlAction.SET,
    ControlAction.MUTE,
    ControlAction.UNMUTE,
    ControlAction.PIN,
    ControlAction.UNPIN,
)

ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
sized = (ControlAction.BOOST, ControlAction.REDUCE, ControlAction.SET)
changes = st.one_of(
    st.builds(ControlChange, ids, st.sampled_from([ControlAction.BOOST, ControlAction.REDUCE]), st.floats(1e-9, 4.0)),
    st.builds(ControlChange, ids, st.just(ControlAction.SET), st.floats(-4.0, 4.0)),
    st.builds(ControlChange, ids, st.sampled_from([action for action in ControlAction if action not in sized])),
)


def update(*paths: str, prototype_id: str = "calm", **values: Any) -> pb.ControlUpdate:
    message = pb.ControlUpdate(control=pb.Control(prototype_id=prototype_id, **values))
    if paths:
        message.update_mask.CopyFrom(FieldMask(paths=paths))
    return message


def refused(call: Any) -> ServiceError:
    with pytest.raises(ServiceError) as error:
        call()
    return error.value


@given(st.lists(changes, min_size=1, max_size=5))
def test_changes_go_both_ways(steps: list[ControlChange]) -> None:
    edit = Edit(7, tuple(steps), "user", "why", 1_700_000_000_000_001)
    message = edit_message(edit, in_force=(7,))
    assert changes_of(message.changes) == steps
    assert (message.sequence, message.actor, message.reason, message.undone) == (7, "user", "why", False)
    assert message.made_at.ToMicroseconds() == edit.made_at_us
    assert edit_message(edit, in_force=()).undone


def test_what_a_pin_keeps_is_no_part_of_the_change() -> None:
    message = edit_message(Edit(1, (ControlChange("calm", PIN, 0.5),), "", "", 0), in_force=())
    assert not message.changes[0].HasField("amount")
    assert changes_of(message.changes) == [ControlChange("calm", PIN)]


def test_every_action_of_the_proto_has_its_domain_value() -> None:
    named = {f"CONTROL_ACTION_{action.name}": action.value for action in ControlAction}
    assert {name: value for name, value in pb.ControlAction.items() if value} == named


def test_an_update_without_a_mask_sets_everything() -> None:
    wanted = [ControlChange("calm", SET, -1.5), ControlChange("calm", UNMUTE), ControlChange("calm", PIN)]
    assert changes_of([], [update(edit=-1.5, pinned=True)]) == wanted
    empty_mask = update(edit=-1.5, pinned=True)
    empty_mask.update_mask.SetInParent()
    assert changes_of([], [empty_mask]) == wanted


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (update("edit", edit=2.0, muted=True, pinned=True), [ControlChange("calm", SET, 2.0)]),
        (update("muted", edit=9.0, muted=True), [ControlChange("calm", MUTE)]),
        (update("muted"), [ControlChange("calm", UNMUTE)]),
        (update("pinned", pinned=True), [ControlChange("calm", PIN)]),
        (update("pinned"), [ControlChange("calm", UNPIN)]),
        (update("pinned", "edit", "pinned"), [ControlChange("calm", SET, 0.0), ControlChange("calm", UNPIN)]),
    ],
)
def test_a_mask_takes_what_it_names(message: pb.ControlUpdate, expected: list[ControlChange]) -> None:
    assert changes_of([], [message]) == expected


def test_updates_come_after_changes() -> None:
    boost = pb.ControlChange(prototype_id="loud", action=1)
    assert changes_of([boost], [update("muted", muted=True)]) == [
        ControlChange("loud", ControlAction.BOOST, 1.0),
        ControlChange("calm", MUTE),
    ]


@pytest.mark.parametrize("path", ["amount", "control.edit", "Edit", "*", "", "prototype_id", "x" * 10_000])
def test_an_unknown_path_is_refused(path: str) -> None:
    error = refused(lambda: changes_of([], [update("edit"), update("edit", path)]))
    assert (error.reason, error.violations[0].field) == (Reason.FIELD_INVALID, "updates[1].update_mask")
    assert len(error.message) < 300


@pytest.mark.parametrize("edit", [math.nan, math.inf, -math.inf, 4.000001, -4.000001])
def test_an_edit_out_of_bounds_is_named(edit: float) -> None:
    error = refused(lambda: changes_of([], [update(edit=edit)]))
    assert (error.reason, error.violations[0].field) == (Reason.FIELD_INVALID, "updates[0].control.edit")


def test_an_update_of_no_prototype_is_named() -> None:
    error = refused(lambda: changes_of([], [pb.ControlUpdate()]))
    assert error.violations[0].field == "updates[0].control.prototype_id"


def test_changes_and_updates_together_are_1_to_100() -> None:
    boost = pb.ControlChange(prototype_id="loud", action=1)
    assert len(changes_of([boost] * 40, [update("edit")] * 60)) == 100
    assert len(changes_of([], [update()] * 100)) == 300
    assert refused(lambda: changes_of([boost] * 41, [update("edit")] * 60)).reason is Reason.LIMIT_EXCEEDED
    assert refused(lambda: changes_of([], [])).reason is Reason.FIELD_INVALID


@pytest.mark.parametrize("amount", [math.nan, math.inf, 0.0, -1.0, 5.0])
def test_an_amount_out_of_bounds_is_named(amount: float) -> None:
    good = pb.ControlChange(prototype_id="calm", action=1)
    error = refused(lambda: changes_of([good, pb.ControlChange(prototype_id="calm", action=1, amount=amount)]))
    assert (error.reason, error.violations[0].field) == (Reason.FIELD_INVALID, "changes[1].amount")


def test_an_edit_is_named_by_its_number() -> None:
    assert sequence_of(pb.UndoEditRequest()) == 0
    assert sequence_of(pb.RedoEditRequest(sequence=7)) == 7
    assert refused(lambda: sequence_of(pb.UndoEditRequest(sequence=-1))).violations[0].field == "sequence"


def test_a_request_is_told_from_another() -> None:
    change = pb.ControlChange(prototype_id="calm", action=1)
    same = [conditions_of(pb.EditProfileRequest(user_id="u", changes=[change], request_id="r")) for _ in range(2)]
    assert same[0] == same[1]
    others = [
        pb.EditProfileRequest(user_id="u", changes=[change, change], request_id="r"),
        pb.EditProfileRequest(user_id="u", updates=[update()], request_id="r"),
        pb.EditProfileRequest(user_id="u", updates=[update("edit")], request_id="r"),
        pb.UndoEditRequest(user_id="u", request_id="r"),
        pb.UndoEditRequest(user_id="u", request_id="r", sequence=1),
        pb.RedoEditRequest(user_id="u", request_id="r"),
    ]
    fingerprints = {same[0].fingerprint, *(conditions_of(other).fingerprint for other in others)}
    assert len(fingerprints) == 7
    # What it is on condition of is no part of what it asks: a rebuild between two tries gives the profile another etag.
    conditional = pb.EditProfileRequest(user_id="u", changes=[change], request_id="r", etag="1", model_version="m")
    assert conditions_of(conditional) == replace(same[0], etag="1", model_version="m")
    assert conditions_of(pb.UndoEditRequest(user_id="u")).fingerprint == b""
