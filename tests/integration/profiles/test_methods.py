"""Every method of ProfilesService over a real Redis, by numbers that can be checked by hand."""

import math
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from leitmotif.api.profiles.v1 import profiles_pb2 as pb


def weights_of(profile: pb.Profile) -> dict[str, tuple[float, float, bool, float]]:
    return {entry.prototype_id: (entry.history, entry.edit, entry.muted, entry.weight) for entry in profile.weights}


async def test_events_become_history_weights(caller: Any, wire: Any) -> None:
    events = [
        wire.play("e1", "t1"),
        pb.Event(event_id="e2", track_id="t2", type=pb.EVENT_TYPE_LIKE),
        wire.play("e3", "t3", share_heard=0.0),
        pb.Event(event_id="e4", track_id="t2", type=pb.EVENT_TYPE_DISLIKE),
    ]
    affinities = [[1, 0, 0, 0], [0, 1, 0, 0], [9, 9, 9, 9], [0, 0, 1, 0]]
    recorded = await caller.record("u", events, affinities)
    assert (recorded.recorded, recorded.repeated_events) == (4, 0)
    profile = await caller.profile("u")
    root = math.sqrt(1 + 3 + 0 + 3)
    assert weights_of(profile) == {
        "calm": (1 / root, 0.0, False, 1 / root),
        "loud": (3 / root, 0.0, False, 3 / root),
        "fast": (-3 / root, 0.0, False, -3 / root),
        "sad": (0.0, 0.0, False, 0.0),
    }
    assert (profile.user_id, profile.model_version, profile.event_count) == ("u", "m1", 4)
    assert profile.etag == recorded.etag
    assert (profile.can_undo, profile.can_redo) == (False, False)


async def test_an_event_counts_once(caller: Any, wire: Any) -> None:
    first = await caller.record("u", [wire.play("e1", "t1")], [[1, 0, 0, 0]])
    again = await caller.record("u", [wire.play("e1", "t1")], [[1, 0, 0, 0]])
    assert (again.recorded, again.repeated_events, again.etag) == (0, 1, first.etag)
    mixed = await caller.record("u", [wire.play("e2", "t1"), wire.play("e1", "t1"), wire.play("e2", "t9")], [[1, 0, 0, 0]] * 3)
    assert (mixed.recorded, mixed.repeated_events) == (1, 2)
    profile = await caller.profile("u")
    assert profile.event_count == 2
    assert weights_of(profile)["calm"][0] == pytest.approx(2 / math.sqrt(2))  # the first is older by a moment


async def test_affinities_of_another_model_are_refused(caller: Any, wire: Any) -> None:
    await caller.record("u", [wire.play("e1", "t1")], [[1, 0, 0, 0]])
    unknown = caller.record("u", [wire.play("e2", "t1")], [[1, 0]], model_version="m2")
    assert await caller.refusal(unknown) == (grpc.StatusCode.FAILED_PRECONDITION, "PROTOTYPE_SPACE_UNKNOWN")
    await caller.register("m2", ("calm", "new"))
    other = caller.record("u", [wire.play("e2", "t1")], [[1, 0]], model_version="m2")
    assert await caller.refusal(other) == (grpc.StatusCode.FAILED_PRECONDITION, "MODEL_VERSION_MISMATCH")


async def test_a_new_profile_is_of_the_model_that_its_first_events_were_looked_up_in(caller: Any, wire: Any) -> None:
    await caller.register("m2", ("calm", "new"))
    for model_version, affinities in (("m1", [[1, 0, 0, 0]]), ("m2", [[1, 0]])):  # m2 was registered last
        await caller.record(f"of-{model_version}", [wire.play("e1", "t1")], affinities, model_version=model_version)
        assert (await caller.profile(f"of-{model_version}")).model_version == model_version
    await caller.edit("edited", wire.change("new", "BOOST"), allow_missing=True)
    assert (await caller.profile("edited")).model_version == "m2"


async def test_a_preview_is_the_edit_without_the_edit(caller: Any, wire: Any) -> None:
    await caller.record("u", [wire.play("e1", "t1"), wire.play("e2", "t2")], [[1, 0.5, 0, 0]] * 2)
    await caller.edit("u", wire.change("sad", "BOOST"))
    changes = (wire.change("calm", "BOOST", 0.5), wire.change("loud", "MUTE"), wire.change("sad", "RESET"))
    stored = (await caller.stub.ExportProfile(pb.ExportProfileRequest(user_id="u"))).json
    vector_request = pb.GetProfileVectorRequest(user_id="u", include_heard=True)
    before = await caller.stub.GetProfileVector(vector_request)

    preview = await caller.stub.PreviewEdit(pb.PreviewEditRequest(user_id="u", changes=changes, include_heard=True))
    assert (await caller.stub.ExportProfile(pb.ExportProfileRequest(user_id="u"))).json == stored
    assert (preview.before, preview.etag) == (before.vector, before.etag)
    assert list(preview.heard_track_ids) == list(before.heard_track_ids) == ["t2", "t1"]

    edited = await caller.edit("u", *changes)
    assert preview.after == (await caller.stub.GetProfileVector(vector_request)).vector
    assert list(preview.weights) == list(edited.profile.weights)


async def test_a_preview_for_a_user_without_a_profile_makes_none(caller: Any, wire: Any) -> None:
    request = pb.PreviewEditRequest(user_id="nobody", changes=[wire.change("calm", "SET", 2.0)], allow_missing=True)
    preview = await caller.stub.PreviewEdit(request)
    assert preview.etag == ""
    assert [weight.weight for weight in preview.weights] == [2.0, 0.0, 0.0, 0.0]
    assert preview.before.history == preview.after.history == bytes(16)
    assert await caller.refusal(caller.profile("nobody")) == (grpc.StatusCode.NOT_FOUND, "PROFILE_NOT_FOUND")


async def test_edits_change_effective_weights(caller: Any, wire: Any) -> None:
    await caller.record("u", [wire.play("e1", "t1")], [[1, 0.5, 0, 0]])
    edited = await caller.edit(
        "u",
        wire.change("calm", "BOOST"),
        wire.change("calm", "REDUCE", 0.25),
        wire.change("loud", "MUTE"),
        wire.change("sad", "SET", -2.0),
        actor="support",
        reason="asked by phone",
    )
    assert weights_of(edited.profile) == {
        "calm": (1.0, 0.75, False, 1.75),
        "loud": (0.5, 0.0, True, 0.0),
        "fast": (0.0, 0.0, False, 0.0),
        "sad": (0.0, -2.0, False, -2.0),
    }
    assert (edited.edit.sequence, edited.edit.actor, edited.edit.reason, edited.edit.undone) == (
        1,
        "support",
        "asked by phone",
        False,
    )
    assert [entry.amount for entry in edited.edit.changes] == [1.0, 0.25, 0.0, -2.0]
    assert [entry.HasField("amount") for entry in edited.edit.changes] == [True, True, False, True]
    assert edited.profile == await caller.profile("u")


async def test_top_keeps_the_strongest_and_every_edited_one(caller: Any, wire: Any) -> None:
    await caller.record("u", [wire.play("e1", "t1")], [[1, -3, 2, 0.5]])
    await caller.edit("u", wire.change("calm", "MUTE"), wire.change("sad", "BOOST", 0.25))
    assert [entry.prototype_id for entry in (await caller.profile("u", top=1)).weights] == ["loud", "sad", "calm"]
    assert [entry.prototype_id for entry in (await caller.profile("u", top=99)).weights] == ["loud", "fast", "sad", "calm"]
    muted = (await caller.profile("u", top=1)).weights[2]
    assert (muted.muted, muted.weight, muted.history) == (True, 0.0, 1.0)


async def test_a_missing_profile_is_made_only_when_asked(caller: Any, wire: Any) -> None:
    boost = wire.change("calm", "BOOST")
    assert await caller.refusal(caller.edit("u", boost)) == (grpc.StatusCode.NOT_FOUND, "PROFILE_NOT_FOUND")
    stale = caller.edit("u", boost, allow_missing=True, etag="1-00")
    assert await caller.refusal(stale) == (grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
    made = await caller.edit("u", boost, allow_missing=True)
    assert made.profile.event_count == 0
    assert weights_of(made.profile)["calm"] == (0.0, 1.0, False, 1.0)


async def test_an_etag_guards_an_edit(caller: Any, wire: Any) -> None:
    first = (await caller.edit("u", wire.change("calm", "BOOST"), allow_missing=True)).profile.etag
    second = (await caller.edit("u", wire.change("calm", "BOOST"), etag=first)).profile.etag
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await caller.edit("u", wire.change("calm", "BOOST"), etag=first)
    assert refused.value.code() is grpc.StatusCode.ABORTED
    details = dict(refused.value.trailing_metadata())["grpc-status-details-bin"]
    assert b"currentEtag" in details
    assert second.encode() in details
    for method, request in (("UndoEdit", pb.UndoEditRequest), ("RedoEdit", pb.RedoEditRequest)):
        call = getattr(caller.stub, method)(request(user_id="u", etag=first))
        assert await caller.refusal(call) == (grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
    assert weights_of(await caller.profile("u"))["calm"][1] == 2.0
    undone = await caller.stub.UndoEdit(pb.UndoEditRequest(user_id="u", etag=second))
    assert weights_of(undone.profile)["calm"][1] == 1.0


async def test_undo_restores_bit_for_bit_and_redo_applies_again(caller: Any, wire: Any) -> None:
    await caller.record("u", [wire.play("e1", "t1")], [[0.3, 0.7, 0.1, 0.9]])
    vectors = [(await caller.stub.GetProfileVector(pb.GetProfileVectorRequest(user_id="u"))).vector]
    for amount in (0.1, 0.2, 0.7):
        await caller.edit("u", wire.change("calm", "BOOST", amount), wire.change("loud", "MUTE"))
        vectors.append((await caller.stub.GetProfileVector(pb.GetProfileVectorRequest(user_id="u"))).vector)
    for expected, sequence in ((vectors[2], 3), (vectors[1], 2), (vectors[0], 1)):
        undone = await caller.stub.UndoEdit(pb.UndoEditRequest(user_id="u"))
        assert (undone.edit.sequence, undone.edit.undone) == (sequence, True)
        assert (await caller.stub.GetProfileVector(pb.GetProfileVectorRequest(user_id="u"))).vector == expected
    call = caller.stub.UndoEdit(pb.UndoEditRequest(user_id="u"))
    assert await caller.refusal(call) == (grpc.StatusCode.FAILED_PRECONDITION, "NOTHING_TO_UNDO")
    for expected, sequence in ((vectors[1], 1), (vectors[2], 2), (vectors[3], 3)):
        redone = await caller.stub.RedoEdit(pb.RedoEditRequest(user_id="u"))
        assert (redone.edit.sequence, redone.edit.undone) == (sequence, False)
        assert (await caller.stub.GetProfileVector(pb.GetProfileVectorRequest(user_id="u"))).vector == expected
    call = caller.stub.RedoEdit(pb.RedoEditRequest(user_id="u"))
    assert await caller.refusal(call) == (grpc.StatusCode.FAILED_PRECONDITION, "NOTHING_TO_UNDO")


async def test_the_vector_is_what_scores_need(caller: Any, wire: Any) -> None:
    await caller.record("u", [wire.play("e1", "t1"), wire.play("e2", "t2"), wire.play("e3", "t1")], [[1, 0, 0, 0.5]] * 3)
    plain = await caller.stub.GetProfileVector(pb.GetProfileVectorRequest(user_id="u"))
    assert np.frombuffer(plain.vector.history, "<f4").tolist() == (np.array([3, 0, 0, 1.5]) / math.sqrt(3)).astype("<f4").tolist()
    assert (plain.vector.model_version, plain.vector.edits, list(plain.vector.muted)) == ("m1", b"", [])
    assert list(plain.heard_track_ids) == []
    await caller.edit("u", wire.change("sad", "MUTE"), wire.change("loud", "MUTE"), wire.change("sad", "BOOST", 0.5))
    edited = await caller.stub.GetProfileVector(pb.GetProfileVectorRequest(user_id="u", include_heard=True))
    assert np.frombuffer(edited.vector.edits, "<f4").tolist() == [0.0, 0.0, 0.0, 0.5]
    assert list(edited.vector.muted) == [1, 3]
    assert list(edited.heard_track_ids) == ["t1", "t2"]
    assert edited.etag == (await caller.profile("u")).etag


async def test_a_repeated_request_gets_the_first_answer(caller: Any, wire: Any) -> None:
    first = await caller.edit("u", wire.change("calm", "BOOST"), allow_missing=True, request_id="r1")
    etag = first.profile.etag
    await caller.edit("u", wire.change("calm", "BOOST"))
    again = await caller.edit("u", wire.change("calm", "BOOST"), allow_missing=True, request_id="r1")
    assert again == first
    assert weights_of(await caller.profile("u"))["calm"][1] == 2.0
    for another in (
        caller.edit("u", wire.change("calm", "BOOST", 2.0), allow_missing=True, request_id="r1"),
        caller.stub.UndoEdit(pb.UndoEditRequest(user_id="u", request_id="r1")),
    ):
        assert await caller.refusal(another) == (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED")
    # The etag of a repeat is the one of the first try: it is stale by now, and must not refuse the repeat.
    guarded = await caller.edit("v", wire.change("calm", "BOOST"), allow_missing=True)
    request = {"etag": guarded.profile.etag, "request_id": "r2"}
    answer = await caller.edit("v", wire.change("calm", "BOOST"), **request)
    assert await caller.edit("v", wire.change("calm", "BOOST"), **request) == answer
    undone = await caller.stub.UndoEdit(pb.UndoEditRequest(user_id="v", request_id="r3"))
    assert await caller.stub.UndoEdit(pb.UndoEditRequest(user_id="v", request_id="r3")) == undone
    assert weights_of(await caller.profile("v"))["calm"][1] == 1.0
    assert etag != answer.profile.etag


async def test_edits_are_listed_newest_first_in_pages(caller: Any, wire: Any) -> None:
    await caller.edit("u", wire.change("calm", "BOOST"), allow_missing=True)
    for number in range(2, 6):
        await caller.edit("u", wire.change("calm", "SET", number / 10), reason=f"number {number}")
    await caller.stub.UndoEdit(pb.UndoEditRequest(user_id="u"))
    seen: list[tuple[int, bool]] = []
    token = ""
    pages = 0
    while True:
        page = await caller.stub.ListEdits(pb.ListEditsRequest(user_id="u", page_size=2, page_token=token))
        seen += [(edit.sequence, edit.undone) for edit in page.edits]
        pages += 1
        token = page.next_page_token
        if not token:
            break
    assert seen == [(5, True), (4, False), (3, False), (2, False), (1, False)]
    assert pages == 3
    whole = await caller.stub.ListEdits(pb.ListEditsRequest(user_id="u", page_size=1000))
    assert len(whole.edits) == 5
    assert whole.next_page_token == ""


async def test_the_edit_log_keeps_the_last_200(caller: Any, wire: Any) -> None:
    await caller.edit("u", wire.change("calm", "BOOST", 0.001), allow_missing=True)
    for _ in range(204):
        await caller.edit("u", wire.change("calm", "BOOST", 0.001))
    page = await caller.stub.ListEdits(pb.ListEditsRequest(user_id="u", page_size=500))
    assert [edit.sequence for edit in page.edits] == list(range(205, 5, -1))
    assert page.next_page_token == ""


async def test_events_are_listed_in_pages_as_they_came(caller: Any, wire: Any) -> None:
    when = Timestamp(seconds=1_700_000_000, nanos=123_456_000)
    events = [wire.play(f"e{number}", f"t{number}", occurred_at=when, share_heard=number / 10) for number in range(5)]
    await caller.record("u", events, [[1, 0, 0, 0]] * 5)
    listed: list[pb.Event] = []
    token = ""
    while True:
        page = await caller.stub.ListEvents(pb.ListEventsRequest(user_id="u", page_size=2, page_token=token))
        listed += page.events
        token = page.next_page_token
        if not token:
            break
    assert listed == events


async def test_a_rebuild_counts_known_tracks_and_carries_edits(caller: Any, wire: Any) -> None:
    events = [wire.play("e1", "t1"), wire.play("e2", "t2"), wire.play("e3", "t1"), wire.play("e4", "gone")]
    await caller.record("u", events, [[1, 1, 1, 1]] * 4)
    await caller.edit("u", wire.change("calm", "BOOST", 0.5), wire.change("fast", "MUTE"), wire.change("sad", "BOOST"))
    await caller.register("m2", ("new", "fast", "calm"))
    rebuilt = await caller.stub.RebuildProfile(
        pb.RebuildProfileRequest(
            user_id="u",
            model_version="m2",
            track_ids=["t2", "t1", "never"],
            affinities=wire.matrix([[0, 3, 0], [1, 0, 0], [9, 9, 9]]),
        )
    )
    root = math.sqrt(3)
    assert weights_of(rebuilt.profile) == {
        "new": (2 / root, 0.0, False, 2 / root),
        "fast": (3 / root, 0.0, True, 0.0),
        "calm": (0.0, 0.5, False, 0.5),
    }
    assert (rebuilt.counted_events, rebuilt.profile.event_count, rebuilt.profile.model_version) == (3, 3, "m2")
    assert list(rebuilt.dropped_prototype_ids) == ["sad"]
    # Undo goes by prototype id, so it still works after the change of model; what is gone stays gone.
    undone = await caller.stub.UndoEdit(pb.UndoEditRequest(user_id="u"))
    assert {name: entry[1:3] for name, entry in weights_of(undone.profile).items()} == dict.fromkeys(
        ("new", "fast", "calm"), (0.0, False)
    )
    back = await caller.stub.RebuildProfile(
        pb.RebuildProfileRequest(
            user_id="u", model_version="m1", track_ids=["t1", "t2", "gone"], affinities=wire.matrix([[1, 1, 1, 1]] * 3)
        )
    )
    assert back.counted_events == 4
    assert weights_of(back.profile)["calm"] == (2.0, 0.0, False, 2.0)


async def test_a_rebuild_without_any_track_forgets_the_weights_but_not_the_log(caller: Any, wire: Any) -> None:
    await caller.record("u", [wire.play("e1", "t1")], [[1, 0, 0, 0]])
    rebuilt = await caller.stub.RebuildProfile(pb.RebuildProfileRequest(user_id="u", model_version="m1"))
    assert rebuilt.counted_events == 0
    assert all(entry.weight == 0.0 for entry in rebuilt.profile.weights)
    assert len((await caller.stub.ListEvents(pb.ListEventsRequest(user_id="u"))).events) == 1
    unknown = caller.stub.RebuildProfile(pb.RebuildProfileRequest(user_id="u", model_version="m9"))
    assert await caller.refusal(unknown) == (grpc.StatusCode.FAILED_PRECONDITION, "PROTOTYPE_SPACE_UNKNOWN")


async def test_a_space_is_registered_once(caller: Any) -> None:
    await caller.register()
    other = caller.register("m1", ("calm", "loud"))
    assert await caller.refusal(other) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")


async def test_kept_answers_expire(caller: Any, wire: Any, empty_redis_url: str) -> None:
    from redis.asyncio import Redis

    await caller.edit("u", wire.change("calm", "BOOST"), allow_missing=True, request_id="r1")
    async with Redis.from_url(empty_redis_url) as redis:
        for key in ("leitmotif:{u}:requests:r1", "leitmotif:{u}:request_ids"):
            assert 86_000_000 < await redis.pttl(key) <= 86_400_000
        assert await redis.pttl("leitmotif:{u}:profile") == -1
