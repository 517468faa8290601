"""Every refusal names its reason and leaves the profile as it was."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from leitmotif.api.common.v1.vectors_pb2 import FloatMatrix
from leitmotif.api.profiles.v1 import profiles_pb2 as pb
from leitmotif_services.runtime.pagination import encode_page_token

INVALID = (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")
TOO_MUCH = (grpc.StatusCode.INVALID_ARGUMENT, "LIMIT_EXCEEDED")
TOKEN = (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")
NO_EDIT = (grpc.StatusCode.NOT_FOUND, "EDIT_NOT_FOUND")
NO_PRESET = (grpc.StatusCode.NOT_FOUND, "PRESET_NOT_FOUND")
NOTHING = (grpc.StatusCode.FAILED_PRECONDITION, "NOTHING_TO_UNDO")
UNKNOWN_PROTOTYPE = (grpc.StatusCode.NOT_FOUND, "PROTOTYPE_NOT_FOUND")

Case = tuple[str, Callable[[Any], Any], tuple[grpc.StatusCode, str]]


def edit(*changes: pb.ControlChange, **fields: Any) -> pb.EditProfileRequest:
    return pb.EditProfileRequest(user_id=fields.pop("user_id", "u"), changes=changes, **fields)


def preview(*changes: pb.ControlChange, **fields: Any) -> pb.PreviewEditRequest:
    return pb.PreviewEditRequest(user_id=fields.pop("user_id", "u"), changes=changes, **fields)


def change(**fields: Any) -> pb.ControlChange:
    return pb.ControlChange(prototype_id=fields.pop("prototype_id", "calm"), action=fields.pop("action", 1), **fields)


def update(*paths: str, **values: Any) -> pb.ControlUpdate:
    control = pb.Control(prototype_id=values.pop("prototype_id", "calm"), **values)
    return pb.ControlUpdate(control=control, update_mask=FieldMask(paths=paths) if paths else None)


def apply(*updates: pb.ControlUpdate, changes: Sequence[pb.ControlChange] = ()) -> pb.EditProfileRequest:
    return pb.EditProfileRequest(user_id="u", changes=changes, updates=updates)


def record(*events: pb.Event, **fields: Any) -> pb.RecordEventsRequest:
    rows = fields.pop("rows", [[1.0, 0.0, 0.0, 0.0]] * len(events))
    values = b"".join(b"".join(_float(value) for value in row) for row in rows)
    matrix = fields.pop("affinities", FloatMatrix(values=values, dimension=4))
    return pb.RecordEventsRequest(
        user_id="u", events=events, affinities=matrix, model_version=fields.pop("model_version", "m1"), **fields
    )


def _float(value: float) -> bytes:
    import struct

    return struct.pack("<f", value)


def event(**fields: Any) -> pb.Event:
    return pb.Event(
        event_id=fields.pop("event_id", "new"), track_id=fields.pop("track_id", "t1"), type=fields.pop("type", 1), **fields
    )


CASES: list[Case] = [
    ("unknown prototype", lambda s: s.EditProfile(edit(change(), change(prototype_id="jolly"))), UNKNOWN_PROTOTYPE),
    ("no change", lambda s: s.EditProfile(edit()), INVALID),
    ("101 changes", lambda s: s.EditProfile(edit(*[change()] * 101)), TOO_MUCH),
    ("NaN boost", lambda s: s.EditProfile(edit(change(amount=math.nan))), INVALID),
    ("boost of 0", lambda s: s.EditProfile(edit(change(amount=0.0))), INVALID),
    ("boost beyond 4", lambda s: s.EditProfile(edit(change(amount=4.5))), INVALID),
    ("set without a value", lambda s: s.EditProfile(edit(change(action=3))), INVALID),
    ("set to infinity", lambda s: s.EditProfile(edit(change(action=3, amount=math.inf))), INVALID),
    ("mute with an amount", lambda s: s.EditProfile(edit(change(action=4, amount=1.0))), INVALID),
    ("no action", lambda s: s.EditProfile(edit(change(action=0))), INVALID),
    ("action of the future", lambda s: s.EditProfile(edit(change(action=77))), INVALID),
    ("good change before a bad one", lambda s: s.EditProfile(edit(change(), change(amount=-1.0))), INVALID),
    ("prototype id of 10 KB", lambda s: s.EditProfile(edit(change(prototype_id="a" * 10_240))), INVALID),
    ("user id with braces", lambda s: s.EditProfile(edit(change(), user_id="{u}")), INVALID),
    ("user id of 10 KB", lambda s: s.EditProfile(edit(change(), user_id="u" * 10_240)), INVALID),
    ("user id with a line break", lambda s: s.EditProfile(edit(change(), user_id="u\n")), INVALID),
    ("no user id", lambda s: s.EditProfile(edit(change(), user_id="")), INVALID),
    ("request id with a colon", lambda s: s.EditProfile(edit(change(), request_id="a:b")), INVALID),
    ("actor of 65 characters", lambda s: s.EditProfile(edit(change(), actor="a" * 65)), INVALID),
    ("reason of 257 characters", lambda s: s.EditProfile(edit(change(), reason="a" * 257)), INVALID),
    ("reason with a control character", lambda s: s.EditProfile(edit(change(), reason="a\x00b")), INVALID),
    ("etag of 10 KB", lambda s: s.EditProfile(edit(change(), etag="e" * 10_240)), INVALID),
    ("10,000 changes", lambda s: s.EditProfile(edit(*[change()] * 10_000)), TOO_MUCH),
    ("10,000 updates", lambda s: s.EditProfile(apply(*[update("muted", muted=True)] * 10_000)), TOO_MUCH),
    ("60 changes and 41 updates", lambda s: s.EditProfile(apply(*[update()] * 41, changes=[change()] * 60)), TOO_MUCH),
    ("pin with an amount", lambda s: s.EditProfile(edit(change(action=7, amount=0.5))), INVALID),
    ("update of an unknown prototype", lambda s: s.EditProfile(apply(update(), update(prototype_id="jolly"))), UNKNOWN_PROTOTYPE),
    ("update of no prototype", lambda s: s.EditProfile(apply(pb.ControlUpdate())), INVALID),
    ("update to NaN", lambda s: s.EditProfile(apply(update("edit", edit=math.nan))), INVALID),
    ("update beyond -4", lambda s: s.EditProfile(apply(update(edit=-4.5))), INVALID),
    ("update of a path that is none", lambda s: s.EditProfile(apply(update("muted"), update("weight"))), INVALID),
    ("good changes before a bad update", lambda s: s.EditProfile(apply(update(edit=9.0), changes=[change()] * 9)), INVALID),
    ("undo of edit -1", lambda s: s.UndoEdit(pb.UndoEditRequest(user_id="u", sequence=-1)), INVALID),
    ("undo of an edit to come", lambda s: s.UndoEdit(pb.UndoEditRequest(user_id="u", sequence=2)), NO_EDIT),
    ("redo of an edit to come", lambda s: s.RedoEdit(pb.RedoEditRequest(user_id="u", sequence=2**62)), NO_EDIT),
    ("redo of an edit in force", lambda s: s.RedoEdit(pb.RedoEditRequest(user_id="u", sequence=1)), NOTHING),
    ("preview of an unknown path", lambda s: s.PreviewEdit(preview(updates=[update("*")])), INVALID),
    ("preview of 10,000 changes", lambda s: s.PreviewEdit(preview(*[change()] * 10_000)), TOO_MUCH),
    ("preview under no preset", lambda s: s.PreviewEdit(preview(change(), preset=pb.AppliedPreset(preset_id="x"))), NO_PRESET),
    (
        "vector under a preset with braces",
        lambda s: s.GetProfileVector(pb.GetProfileVectorRequest(user_id="u", preset=pb.AppliedPreset(preset_id="{u}"))),
        INVALID,
    ),
    (
        "vector under a share of NaN",
        lambda s: s.GetProfileVector(
            pb.GetProfileVectorRequest(user_id="u", preset=pb.AppliedPreset(preset_id="x", share=math.nan))
        ),
        INVALID,
    ),
    ("preview of an unknown prototype", lambda s: s.PreviewEdit(preview(change(prototype_id="jolly"))), UNKNOWN_PROTOTYPE),
    ("preview of no change", lambda s: s.PreviewEdit(preview()), INVALID),
    ("preview of a NaN", lambda s: s.PreviewEdit(preview(change(amount=math.nan))), INVALID),
    ("preview of 101 changes", lambda s: s.PreviewEdit(preview(*[change()] * 101)), TOO_MUCH),
    ("preview for no user", lambda s: s.PreviewEdit(preview(change(), user_id="")), INVALID),
    ("no event", lambda s: s.RecordEvents(record()), INVALID),
    ("1001 events", lambda s: s.RecordEvents(record(*[event()] * 1001)), TOO_MUCH),
    ("event without a type", lambda s: s.RecordEvents(record(event(type=0))), INVALID),
    ("event of an unknown type", lambda s: s.RecordEvents(record(event(type=99))), INVALID),
    ("event id with a space", lambda s: s.RecordEvents(record(event(event_id="a b"))), INVALID),
    ("no track id", lambda s: s.RecordEvents(record(event(track_id=""))), INVALID),
    ("share above 1", lambda s: s.RecordEvents(record(event(share_heard=1.01))), INVALID),
    ("share NaN", lambda s: s.RecordEvents(record(event(share_heard=math.nan))), INVALID),
    ("year 12000", lambda s: s.RecordEvents(record(event(occurred_at=Timestamp(seconds=316_000_000_000)))), INVALID),
    ("negative nanoseconds", lambda s: s.RecordEvents(record(event(occurred_at=Timestamp(nanos=-1)))), INVALID),
    ("good event before a bad one", lambda s: s.RecordEvents(record(event(), event(event_id="{}"))), INVALID),
    ("NaN affinity", lambda s: s.RecordEvents(record(event(), rows=[[math.nan, 0, 0, 0]])), INVALID),
    ("infinite affinity", lambda s: s.RecordEvents(record(event(), rows=[[0, 0, -math.inf, 0]])), INVALID),
    ("enormous affinity", lambda s: s.RecordEvents(record(event(), rows=[[1e30, 0, 0, 0]])), INVALID),
    ("one row too few", lambda s: s.RecordEvents(record(event(), event(event_id="other"), rows=[[0, 0, 0, 0]])), INVALID),
    (
        "rows of another length",
        lambda s: s.RecordEvents(record(event(), affinities=FloatMatrix(values=b"\0" * 12, dimension=3))),
        INVALID,
    ),
    ("dimension 0", lambda s: s.RecordEvents(record(event(), affinities=FloatMatrix(values=b"", dimension=0))), INVALID),
    ("negative dimension", lambda s: s.RecordEvents(record(event(), affinities=FloatMatrix(values=b"", dimension=-4))), INVALID),
    ("torn row", lambda s: s.RecordEvents(record(event(), affinities=FloatMatrix(values=b"\0" * 15, dimension=4))), INVALID),
    ("no model version", lambda s: s.RecordEvents(record(event(), model_version="")), INVALID),
    ("negative top", lambda s: s.GetProfile(pb.GetProfileRequest(user_id="u", top=-1)), INVALID),
    ("negative page", lambda s: s.ListEdits(pb.ListEditsRequest(user_id="u", page_size=-1)), INVALID),
    ("forged token", lambda s: s.ListEdits(pb.ListEditsRequest(user_id="u", page_token="MTIzNDU2Nzg5MA")), TOKEN),
    ("token that is no base64", lambda s: s.ListEvents(pb.ListEventsRequest(user_id="u", page_token="é!")), TOKEN),
    (
        "token of another user",
        lambda s: s.ListEdits(pb.ListEditsRequest(user_id="u", page_token=encode_page_token("1", "ListEdits", "v"))),
        TOKEN,
    ),
    (
        "token of the other list",
        lambda s: s.ListEvents(pb.ListEventsRequest(user_id="u", page_token=encode_page_token("1", "ListEdits", "u"))),
        TOKEN,
    ),
    (
        "token with a position that is no number",
        lambda s: s.ListEvents(pb.ListEventsRequest(user_id="u", page_token=encode_page_token("-1 OR 1", "ListEvents", "u"))),
        TOKEN,
    ),
    (
        "rebuild with a repeated track",
        lambda s: s.RebuildProfile(
            pb.RebuildProfileRequest(
                user_id="u", model_version="m1", track_ids=["a", "a"], affinities=FloatMatrix(values=b"\0" * 32, dimension=4)
            )
        ),
        INVALID,
    ),
    (
        "rebuild with rows of another length",
        lambda s: s.RebuildProfile(
            pb.RebuildProfileRequest(
                user_id="u", model_version="m1", track_ids=["a"], affinities=FloatMatrix(values=b"\0" * 12, dimension=3)
            )
        ),
        INVALID,
    ),
    ("no prototypes", lambda s: s.RegisterPrototypeSpace(pb.RegisterPrototypeSpaceRequest(model_version="m1")), INVALID),
    (
        "repeated prototype",
        lambda s: s.RegisterPrototypeSpace(pb.RegisterPrototypeSpaceRequest(model_version="m5", prototype_ids=["a", "a"])),
        INVALID,
    ),
    (
        "10,001 prototypes",
        lambda s: s.RegisterPrototypeSpace(
            pb.RegisterPrototypeSpaceRequest(model_version="m5", prototype_ids=[f"p{number}" for number in range(10_001)])
        ),
        TOO_MUCH,
    ),
    ("delete with a wildcard", lambda s: s.DeleteProfile(pb.DeleteProfileRequest(user_id="*")), INVALID),
    ("export of braces", lambda s: s.ExportProfile(pb.ExportProfileRequest(user_id="}{")), INVALID),
]


@pytest.mark.parametrize(("call", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
async def test_bad_input_is_refused_and_changes_nothing(caller: Any, wire: Any, call: Any, expected: Any) -> None:
    await caller.record("u", [wire.play("e1", "t1")], [[1, 0.5, 0, 0]])
    await caller.edit("u", wire.change("sad", "BOOST"))
    before = (await caller.stub.ExportProfile(pb.ExportProfileRequest(user_id="u"))).json
    assert await caller.refusal(call(caller.stub)) == expected
    assert (await caller.stub.ExportProfile(pb.ExportProfileRequest(user_id="u"))).json == before


@pytest.mark.parametrize(
    "call",
    [
        lambda s: s.GetProfile(pb.GetProfileRequest(user_id="nobody")),
        lambda s: s.GetProfileVector(pb.GetProfileVectorRequest(user_id="nobody", include_heard=True)),
        lambda s: s.EditProfile(edit(change(), user_id="nobody", request_id="r1")),
        lambda s: s.PreviewEdit(pb.PreviewEditRequest(user_id="nobody", changes=[change()])),
        lambda s: s.UndoEdit(pb.UndoEditRequest(user_id="nobody")),
        lambda s: s.RedoEdit(pb.RedoEditRequest(user_id="nobody")),
        lambda s: s.ListEdits(pb.ListEditsRequest(user_id="nobody")),
        lambda s: s.ListEvents(pb.ListEventsRequest(user_id="nobody")),
        lambda s: s.RebuildProfile(pb.RebuildProfileRequest(user_id="nobody", model_version="m1")),
        lambda s: s.ExportProfile(pb.ExportProfileRequest(user_id="nobody")),
    ],
)
async def test_a_user_without_profile_is_not_found(caller: Any, call: Any) -> None:
    assert await caller.refusal(call(caller.stub)) == (grpc.StatusCode.NOT_FOUND, "PROFILE_NOT_FOUND")


async def test_damaged_and_foreign_values_are_told(caller: Any, wire: Any, empty_redis_url: str) -> None:
    from redis.asyncio import Redis

    damage = (grpc.StatusCode.DATA_LOSS, "STORED_VALUE_UNREADABLE")
    await caller.record("u", [wire.play("e1", "t1")], [[1, 0.5, 0, 0]])
    async with Redis.from_url(empty_redis_url) as redis:
        key = "leitmotif:{u}:profile"
        value = await redis.get(key)
        await redis.set(key, value[:-1])
        assert await caller.refusal(caller.profile("u")) == damage
        assert await caller.refusal(caller.edit("u", wire.change("calm", "BOOST"))) == damage
        assert await redis.get(key) == value[:-1], "a value that cannot be read must not be overwritten"
        await redis.set(key, bytes([9]) + value[1:])
        assert await caller.refusal(caller.profile("u")) == damage
        await redis.delete(key)
        await redis.rpush(key, "a list")
        assert await caller.refusal(caller.profile("u")) == damage
        # Erasing works whatever is there.
        assert (await caller.stub.DeleteProfile(pb.DeleteProfileRequest(user_id="u"))).existed is True
        assert await redis.keys("*{u}*") == []
