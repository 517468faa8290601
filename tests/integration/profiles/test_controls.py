"""Pins, updates by mask, and the undo and redo of named edits over a real Redis, by numbers that can be checked by hand."""

from typing import Any

import grpc
import numpy as np
from google.protobuf.field_mask_pb2 import FieldMask

from leitmotif.api.profiles.v1 import profiles_pb2 as pb

NOTHING = (grpc.StatusCode.FAILED_PRECONDITION, "NOTHING_TO_UNDO")
GONE = (grpc.StatusCode.NOT_FOUND, "EDIT_NOT_FOUND")


def weight_of(profile: pb.Profile, prototype_id: str) -> pb.PrototypeWeight:
    found: pb.PrototypeWeight = next(entry for entry in profile.weights if entry.prototype_id == prototype_id)
    return found


def edits_of(profile: pb.Profile) -> list[float]:
    return [entry.edit for entry in profile.weights]


async def undo(caller: Any, sequence: int = 0, **fields: Any) -> pb.UndoEditResponse:
    response: pb.UndoEditResponse = await caller.stub.UndoEdit(pb.UndoEditRequest(user_id="u", sequence=sequence, **fields))
    return response


async def redo(caller: Any, sequence: int = 0, **fields: Any) -> pb.RedoEditResponse:
    response: pb.RedoEditResponse = await caller.stub.RedoEdit(pb.RedoEditRequest(user_id="u", sequence=sequence, **fields))
    return response


async def test_a_pin_keeps_the_history_weight_whatever_is_listened_to(caller: Any, wire: Any) -> None:
    await caller.record("u", [wire.play("e1", "t1")], [[0.25, 1, 0, 0]])
    edited = await caller.edit("u", wire.change("calm", "PIN"), wire.change("calm", "BOOST", 0.5))
    assert not edited.edit.changes[0].HasField("amount")
    await caller.record("u", [wire.play(f"e{number}", "t1") for number in range(2, 5)], [[8, 1, 0, 0]] * 3)
    profile = await caller.profile("u")
    calm = weight_of(profile, "calm")
    assert calm.history > 8
    assert (calm.pinned_history, calm.edit, calm.weight) == (0.25, 0.5, 0.75)
    assert not weight_of(profile, "loud").HasField("pinned_history")
    vector = (await caller.stub.GetProfileVector(pb.GetProfileVectorRequest(user_id="u"))).vector
    assert np.frombuffer(vector.history, "<f4")[0] == 0.25
    # Pinned anew, as it is now.
    again = weight_of((await caller.edit("u", wire.change("calm", "PIN"))).profile, "calm")
    assert again.pinned_history == again.history == calm.history
    # Undo brings back the first pin, redo the second, though listening goes on.
    assert weight_of((await undo(caller)).profile, "calm").pinned_history == 0.25
    await caller.record("u", [wire.play("e9", "t1")], [[0, 0, 0, 1]])
    assert weight_of((await redo(caller)).profile, "calm").pinned_history == calm.history
    ended = weight_of((await caller.edit("u", wire.change("calm", "UNPIN"))).profile, "calm")
    assert (ended.HasField("pinned_history"), ended.weight) == (False, ended.history + 0.5)


async def test_a_prototype_that_nothing_was_heard_of_can_be_pinned(caller: Any, wire: Any) -> None:
    pinned = weight_of((await caller.edit("u", wire.change("sad", "PIN"), allow_missing=True)).profile, "sad")
    assert (pinned.HasField("pinned_history"), pinned.pinned_history) == (True, 0.0)
    await caller.record("u", [wire.play("e1", "t1")], [[0, 0, 0, 9]])
    assert weight_of(await caller.profile("u"), "sad").weight == 0.0
    assert weight_of((await caller.edit("u", wire.change("sad", "RESET"))).profile, "sad").weight == 9.0


async def test_updates_set_what_their_masks_name(caller: Any, wire: Any) -> None:
    await caller.record("u", [wire.play("e1", "t1")], [[1, 0.5, 0, 0]])
    await caller.edit("u", wire.change("calm", "SET", 2.0), wire.change("loud", "MUTE"))
    updates = [
        pb.ControlUpdate(control=pb.Control(prototype_id="calm", muted=True), update_mask=FieldMask(paths=["muted"])),
        pb.ControlUpdate(control=pb.Control(prototype_id="loud", edit=-1.0, pinned=True)),
    ]
    edited = await caller.edit("u", wire.change("calm", "BOOST", 0.5), updates=updates)
    calm, loud = weight_of(edited.profile, "calm"), weight_of(edited.profile, "loud")
    assert (calm.edit, calm.muted, calm.weight, calm.HasField("pinned_history")) == (2.5, True, 0.0, False)
    assert (loud.edit, loud.muted, loud.weight, loud.pinned_history) == (-1.0, False, -0.5, 0.5)
    logged = [(change.prototype_id, pb.ControlAction.Name(change.action)) for change in edited.edit.changes]
    assert logged == [
        ("calm", "CONTROL_ACTION_BOOST"),
        ("calm", "CONTROL_ACTION_MUTE"),
        ("loud", "CONTROL_ACTION_SET"),
        ("loud", "CONTROL_ACTION_UNMUTE"),
        ("loud", "CONTROL_ACTION_PIN"),
    ]
    preview = await caller.stub.PreviewEdit(pb.PreviewEditRequest(user_id="u", updates=updates[1:]))
    assert list(preview.weights) == list(edited.profile.weights)


async def test_named_edits_are_undone_and_redone_in_their_places(caller: Any, wire: Any) -> None:
    await caller.edit("u", wire.change("calm", "BOOST", 3.0), allow_missing=True)
    await caller.edit("u", wire.change("calm", "BOOST", 3.0))
    await caller.edit("u", wire.change("calm", "REDUCE", 1.0))
    whole = await caller.edit("u", wire.change("loud", "SET", 0.1))
    assert edits_of(whole.profile) == [3.0, 0.1, 0.0, 0.0]
    undone = await undo(caller, 2)
    assert (undone.edit.sequence, undone.edit.undone, undone.profile.can_redo) == (2, True, True)
    assert edits_of(undone.profile) == [2.0, 0.1, 0.0, 0.0]
    assert await caller.refusal(undo(caller, 2)) == NOTHING
    assert edits_of((await undo(caller)).profile) == [2.0, 0.0, 0.0, 0.0]
    log = (await caller.stub.ListEdits(pb.ListEditsRequest(user_id="u"))).edits
    assert [(edit.sequence, edit.undone) for edit in log] == [(4, True), (3, False), (2, True), (1, False)]
    redone = await redo(caller, 2)
    assert (redone.edit.sequence, redone.edit.undone) == (2, False)
    assert await caller.refusal(redo(caller, 2)) == NOTHING
    last = (await redo(caller)).profile
    assert list(last.weights) == list(whole.profile.weights)
    assert await caller.refusal(redo(caller)) == NOTHING
    await undo(caller, 1)
    await caller.edit("u", wire.change("sad", "MUTE"))
    assert await caller.refusal(redo(caller, 1)) == NOTHING


async def test_only_edits_of_the_log_can_be_named(caller: Any, wire: Any) -> None:
    await caller.edit("u", wire.change("calm", "BOOST", 0.001), allow_missing=True)
    await caller.edit("u", wire.change("sad", "SET", 0.5))
    await undo(caller)
    for _ in range(201):
        await caller.edit("u", wire.change("calm", "BOOST", 0.001))
    kept = await caller.profile("u")
    for sequence in (1, 3):
        assert await caller.refusal(undo(caller, sequence)) == GONE
        assert await caller.refusal(redo(caller, sequence)) == GONE
    assert await caller.profile("u") == kept
    edits = edits_of(kept)
    assert edits_of((await undo(caller, 4)).profile)[0] < edits[0]
    assert edits_of((await redo(caller, 4)).profile) == edits
    # With every logged edit undone, what the log has forgotten stays: edits 1 and 3, but not 2.
    for sequence in range(4, 204):
        await undo(caller, sequence)
    assert edits_of(await caller.profile("u")) == [0.001 + 0.001, 0.0, 0.0, 0.0]


async def test_a_repeated_undo_of_a_named_edit_gets_the_first_answer(caller: Any, wire: Any) -> None:
    for amount in (0.5, 0.25):
        await caller.edit("u", wire.change("calm", "BOOST", amount), allow_missing=True)
    first = await undo(caller, 1, request_id="r")
    assert await undo(caller, 1, request_id="r") == first
    assert await caller.refusal(undo(caller, 2, request_id="r")) == (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED")
    assert edits_of(await caller.profile("u"))[0] == 0.25


async def test_scores_are_told_what_is_hidden_when_they_ask(caller: Any, wire: Any) -> None:
    await caller.edit("u", wire.change("calm", "BOOST"), allow_missing=True)
    await caller.hide("u", track_ids=["t9", "t1"], artists=["Zoë", "Abba"])
    assert (await caller.profile("u")).exclusion_count == 4
    requests = (
        (caller.stub.GetProfileVector, pb.GetProfileVectorRequest(user_id="u")),
        (caller.stub.PreviewEdit, pb.PreviewEditRequest(user_id="u", changes=[wire.change("sad", "MUTE")])),
    )
    for call, request in requests:
        plain = await call(request)
        assert (list(plain.hidden_track_ids), list(plain.hidden_artists)) == ([], [])
        request.include_hidden = True
        told = await call(request)
        assert (list(told.hidden_track_ids), list(told.hidden_artists)) == (["t1", "t9"], ["Abba", "Zoë"])
        assert told.etag == plain.etag


async def test_weights_have_the_labels_registered_last(caller: Any, wire: Any) -> None:
    await caller.edit("u", wire.change("calm", "BOOST"), allow_missing=True)
    assert {entry.label for entry in (await caller.profile("u")).weights} == {""}
    labels = ["Calm", "Loud", "Up tempo", "Sad"]
    await caller.stub.RegisterPrototypeSpace(
        pb.RegisterPrototypeSpaceRequest(model_version="m1", prototype_ids=["calm", "loud", "fast", "sad"], labels=labels)
    )
    assert [entry.label for entry in (await caller.profile("u")).weights] == labels
    assert [entry.label for entry in (await caller.profile("u", top=1)).weights] == ["Calm"]


async def test_a_model_version_guards_an_edit(caller: Any, wire: Any) -> None:
    boost = wire.change("calm", "BOOST")
    await caller.register("m2", ("calm", "keys"))
    made = await caller.edit("u", boost, allow_missing=True, model_version="m1", request_id="r")
    assert made.profile.model_version == "m1"  # though "m2" was registered last
    mismatch = (grpc.StatusCode.FAILED_PRECONDITION, "MODEL_VERSION_MISMATCH")
    # Whether the profile has such a prototype matters only where it is of the model that is meant.
    for change in (boost, wire.change("keys", "BOOST")):
        assert await caller.refusal(caller.edit("u", change, model_version="m2")) == mismatch
    assert (await caller.profile("u")).etag == made.profile.etag
    assert (await caller.edit("u", boost, model_version="m1")).edit.sequence == 2
    # A repeat asks the same, whichever model answers by now and whichever etag the profile has.
    again = await caller.edit("u", boost, allow_missing=True, model_version="m2", etag=made.profile.etag, request_id="r")
    assert (again.edit.sequence, again.profile.etag) == (1, made.profile.etag)
    unknown = caller.edit("v", boost, allow_missing=True, model_version="m3")
    assert await caller.refusal(unknown) == (grpc.StatusCode.FAILED_PRECONDITION, "PROTOTYPE_SPACE_UNKNOWN")
    invalid = (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")
    assert await caller.refusal(caller.edit("u", boost, model_version="{m}")) == invalid
