"""Export and import over a real Redis: what a person takes along, and brings along."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2

from leitmotif.api.profiles.v1 import exclusions_pb2, presets_pb2
from leitmotif.api.profiles.v1 import profiles_pb2 as pb
from leitmotif.api.profiles.v1.exclusions_pb2_grpc import ExclusionsServiceStub
from leitmotif.api.profiles.v1.presets_pb2_grpc import PresetsServiceStub
from leitmotif.api.profiles.v1.profiles_pb2_grpc import ProfilesServiceStub
from leitmotif_services.profiles.app import build
from leitmotif_services.profiles.config import ProfilesConfig
from leitmotif_services.profiles.transfer.strict_json import MOST_BYTES
from leitmotif_services.runtime.local_channel import LocalChannel
from leitmotif_services.runtime.server import GrpcServer
from leitmotif_services.runtime.status import upstream_error

WHEN = Timestamp(seconds=1_700_000_000)


class Owner:
    """A user with something of every kind."""

    def __init__(self, caller: Any, channel: grpc.aio.Channel) -> None:
        self.caller = caller
        self.presets: Any = PresetsServiceStub(channel)
        self.exclusions: Any = ExclusionsServiceStub(channel)

    async def settle_in(self, wire: Any, user_id: str = "ada") -> None:
        events = [wire.play("e1", "t1", occurred_at=WHEN, share_heard=0.5), wire.play("e2", "t2", occurred_at=WHEN)]
        await self.caller.record(user_id, events, [[0.5, 0, 0, 0.125], [0.25, 1, 0, 0]])
        await self.caller.edit(user_id, wire.change("loud", "MUTE"), reason="too loud – wirklich", request_id="r1")
        await self.caller.edit(user_id, wire.change("sad", "PIN"), wire.change("calm", "BOOST", 0.1))
        await self.caller.edit(user_id, wire.change("calm", "BOOST", 0.2), actor="user")
        await self.caller.stub.UndoEdit(pb.UndoEditRequest(user_id=user_id, sequence=2))
        await self.exclusions.ChangeExclusions(
            exclusions_pb2.ChangeExclusionsRequest(
                user_id=user_id, add=exclusions_pb2.Exclusions(hidden_track_ids=["t9"], hidden_artists=["The Loud"])
            )
        )
        preset = presets_pb2.Preset(
            preset_id="focus", label="Focus", controls=[presets_pb2.PresetControl(prototype_id="fast", edit=-1.0)]
        )
        await self.presets.SavePreset(presets_pb2.SavePresetRequest(user_id=user_id, preset=preset))
        await self.presets.ActivatePreset(
            presets_pb2.ActivatePresetRequest(user_id=user_id, preset_id="focus", share=0.5, duration=Duration(seconds=3600))
        )

    async def export(self, user_id: str = "ada") -> str:
        response = await self.caller.stub.ExportProfile(pb.ExportProfileRequest(user_id=user_id))
        text: str = response.json
        return text

    async def bring(self, user_id: str, text: str, **fields: Any) -> pb.ImportProfileResponse:
        request = pb.ImportProfileRequest(user_id=user_id, json=text, **fields)
        response: pb.ImportProfileResponse = await self.caller.stub.ImportProfile(request)
        return response

    async def refused(self, user_id: str, text: str, **fields: Any) -> tuple[str, dict[str, str]]:
        """Reason and metadata of a refused import."""
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await self.bring(user_id, text, **fields)
        error = upstream_error(refused.value, "profiles")
        info = error_details_pb2.ErrorInfo()
        assert any(detail.Unpack(info) for detail in error.status.details)
        return info.reason, dict(info.metadata)


def portable(text: str) -> dict[str, Any]:
    """Without what an import does not take along."""
    document: dict[str, Any] = json.loads(text)
    for name in ("user_id", "etag", "updated_at"):
        del document[name]
    return document


@pytest.fixture
async def owner(empty_redis_url: str, wire: Any) -> AsyncIterator[Owner]:
    app = await build(ProfilesConfig.from_environment({"LEITMOTIF_PROFILES_REDIS_URL": empty_redis_url}))
    channel = LocalChannel(app).as_channel()
    owner = Owner(wire.caller(ProfilesServiceStub(channel)), channel)
    await owner.caller.stub.RegisterPrototypeSpace(
        pb.RegisterPrototypeSpaceRequest(
            model_version="m1", prototype_ids=["calm", "loud", "fast", "sad"], labels=["Calm", "Loud", "Fast", "Sad"]
        )
    )
    yield owner
    await app.close()


async def test_an_export_holds_everything(owner: Owner, wire: Any) -> None:
    await owner.settle_in(wire)
    document = json.loads(await owner.export())
    assert document["schema"] == "leitmotif.profile/2"
    assert (document["user_id"], document["model_version"]) == ("ada", "m1")
    assert document["etag"] == (await owner.caller.profile("ada")).etag
    assert document["controls"] == [
        {"prototype_id": "calm", "label": "Calm", "edit": 0.2, "muted": False, "pinned_history": None},
        {"prototype_id": "loud", "label": "Loud", "edit": 0.0, "muted": True, "pinned_history": None},
    ]
    history = document["history"]
    assert (history["event_count"], history["magnitude"]) == (2, 1.5)
    assert history["reference"] == "2023-11-14T22:13:20.000000+00:00"
    assert [entry["weighted_sum"] for entry in history["prototypes"]] == [0.5, 1.0, 0.0, 0.0625]
    assert [(edit["sequence"], edit["undone"], edit["reason"], edit["actor"]) for edit in document["edits"]] == [
        (1, False, "too loud – wirklich", ""),
        (2, True, "", ""),
        (3, False, "", "user"),
    ]
    pin, boost = document["edits"][1]["changes"]
    assert pin == {"prototype_id": "sad", "label": "Sad", "action": "pin", "amount": 0.0625 / 1.5**0.5}
    assert boost == {"prototype_id": "calm", "label": "Calm", "action": "boost", "amount": 0.1}
    assert document["redoable"] == [2]
    assert document["events"][0] == {
        "event_id": "e1",
        "track_id": "t1",
        "type": "play",
        "share_heard": 0.5,
        "occurred_at": "2023-11-14T22:13:20.000000+00:00",
    }
    assert document["exclusions"]["hidden_artists"] == ["The Loud"]
    assert [preset["preset_id"] for preset in document["presets"]] == ["focus"]
    assert (document["active_preset"]["preset_id"], document["active_preset"]["share"]) == ("focus", 0.5)


async def test_an_export_comes_in_again_as_it_was(owner: Owner, wire: Any) -> None:
    await owner.settle_in(wire)
    text = await owner.export()
    before = await owner.caller.profile("ada")
    assert (await owner.caller.stub.DeleteProfile(pb.DeleteProfileRequest(user_id="ada"))).existed
    imported = await owner.bring("ada", text)
    assert (imported.needs_rebuild, list(imported.dropped_prototype_ids)) == (False, [])
    assert imported.profile == await owner.caller.profile("ada")
    for changed in ("etag", "updated_at"):
        before.ClearField(changed)
        imported.profile.ClearField(changed)
    assert imported.profile == before
    assert portable(await owner.export()) == portable(text)
    # Events are known as repeats, and what was undone is applied again in its old place.
    assert (await owner.caller.record("ada", [wire.play("e2", "t2")], [[1, 1, 1, 1]])).repeated_events == 1
    redone = await owner.caller.stub.RedoEdit(pb.RedoEditRequest(user_id="ada"))
    assert redone.edit.sequence == 2
    calm = next(entry for entry in redone.profile.weights if entry.prototype_id == "calm")
    assert calm.edit == 0.1 + 0.2


async def test_a_profile_that_is_there_stays_unless_it_is_to_be_replaced(owner: Owner, wire: Any) -> None:
    await owner.settle_in(wire)
    text = await owner.export()
    await owner.caller.edit("bob", wire.change("fast", "BOOST"), allow_missing=True, request_id="kept")
    kept = await owner.export("bob")
    etag = json.loads(kept)["etag"]
    reason, metadata = await owner.refused("bob", text)
    assert (reason, metadata["currentEtag"]) == ("PROFILE_EXISTS", etag)
    reason, metadata = await owner.refused("bob", text, replace=True, etag="1-0000000000000000")
    assert (reason, metadata["currentEtag"]) == ("ETAG_MISMATCH", etag)
    assert (await owner.refused("nobody", text, etag=etag))[0] == "ETAG_MISMATCH"
    assert await owner.export("bob") == kept
    imported = await owner.bring("bob", text, replace=True, etag=etag)
    assert imported.profile.etag not in ("", etag)
    assert portable(await owner.export("bob")) == portable(text)
    # Nothing of the profile before is left, its kept answers included: the request is taken as a new one.
    again = await owner.caller.edit("bob", wire.change("fast", "BOOST"), allow_missing=True, request_id="kept")
    assert again.edit.sequence == 4


@pytest.mark.parametrize("seen", [True, False])
async def test_a_refused_import_leaves_everything_as_it_was(owner: Owner, wire: Any, seen: bool) -> None:
    await owner.settle_in(wire)
    kept = await owner.export()
    user_id = "ada" if seen else "new"
    bad = json.loads(kept)
    bad["events"][1]["share_heard"] = 7
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await owner.bring(user_id, json.dumps(bad), replace=True)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "json.events[1].share_heard: must be 0 to 1, is 7" in (refused.value.details() or "")
    future = json.dumps({**json.loads(kept), "schema": "leitmotif.profile/3"})
    reason, metadata = await owner.refused(user_id, future, replace=True)
    assert (reason, metadata["schema"]) == ("EXPORT_UNREADABLE", "leitmotif.profile/3")
    assert (await owner.refused(user_id, "no json", replace=True))[0] == "EXPORT_UNREADABLE"
    assert (await owner.refused("}{", kept, replace=True))[0] == "FIELD_INVALID"
    assert await owner.export() == kept
    if not seen:
        assert await owner.caller.refusal(owner.caller.profile("new")) == (grpc.StatusCode.NOT_FOUND, "PROFILE_NOT_FOUND")


async def test_a_profile_of_an_unknown_model_is_rebuilt_from_its_log(owner: Owner, wire: Any) -> None:
    await owner.settle_in(wire)
    text = (await owner.export()).replace('"model_version":"m1"', '"model_version":"m0"')
    await owner.caller.register("m2", ("new", "calm"))
    imported = await owner.bring("eve", text)
    assert imported.needs_rebuild
    assert list(imported.dropped_prototype_ids) == ["loud"]
    assert (imported.profile.model_version, imported.profile.event_count) == ("m2", 0)
    assert [(entry.prototype_id, entry.history, entry.edit) for entry in imported.profile.weights] == [
        ("new", 0.0, 0.0),
        ("calm", 0.0, 0.2),
    ]
    rebuilt = await owner.caller.stub.RebuildProfile(
        pb.RebuildProfileRequest(
            user_id="eve", model_version="m2", track_ids=["t1", "t2"], affinities=wire.matrix([[1, 0], [0, 1]])
        )
    )
    assert rebuilt.counted_events == 2
    assert [entry.history for entry in rebuilt.profile.weights] == [0.5 / 1.5**0.5, 1.0 / 1.5**0.5]


async def test_exports_are_of_one_version_while_others_write(owner: Owner, wire: Any) -> None:
    """An import checks that controls are what the edits make of them, so that no torn export comes in."""
    await owner.settle_in(wire)
    writing = True

    async def write() -> None:
        number = 0
        while writing:
            number += 1
            await owner.caller.edit("ada", wire.change("fast", ("BOOST", "REDUCE")[number % 2], 0.1))
            await owner.caller.record("ada", [wire.play(f"w{number}", "t1")], [[0.1, 0, 0, 0]])
            await asyncio.sleep(0.01)

    writer = asyncio.create_task(write())
    try:
        for number in range(20):
            text = await owner.export()
            document = json.loads(text)
            assert document["last_event"] == document["history"]["event_count"] == len(document["events"])
            await owner.bring(f"copy{number}", text)
            assert portable(await owner.export(f"copy{number}")) == portable(text)
    finally:
        writing = False
        await writer


async def test_the_service_takes_documents_of_16_mib(owner: Owner, wire: Any, empty_redis_url: str) -> None:
    for first in range(0, 10_000, 1000):
        events = [wire.play(f"{number:0128d}", f"t{number % 50}", occurred_at=WHEN) for number in range(first, first + 1000)]
        await owner.caller.record("ada", events, [[0.5, 0, 0, 0.125]] * 1000)
    text = await owner.export()
    assert len(json.loads(text)["events"]) == 10_000
    largest = text + " " * (MOST_BYTES - len(text.encode()))
    config = ProfilesConfig.from_environment(
        {"LEITMOTIF_PROFILES_REDIS_URL": empty_redis_url, "LEITMOTIF_PROFILES_LISTEN": "127.0.0.1:0"}
    )
    app = await build(config)
    server = GrpcServer(config.server, app)
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            remote = Owner(wire.caller(ProfilesServiceStub(channel)), channel)
            assert not (await remote.bring("bob", largest)).needs_rebuild
            reason, metadata = await remote.refused("bob", largest + " ", replace=True)
            assert (reason, metadata["limit"], metadata["actual"]) == ("LIMIT_EXCEEDED", str(MOST_BYTES), str(MOST_BYTES + 1))
    finally:
        await server.drain()
        await app.close()
    assert portable(await owner.export("bob")) == portable(text)
