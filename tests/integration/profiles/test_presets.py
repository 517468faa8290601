"""Every method of PresetsService over a real Redis."""

import time
from collections.abc import AsyncIterator
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from leitmotif.api.profiles.v1 import presets_pb2 as pb
from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif.api.profiles.v1.presets_pb2_grpc import PresetsServiceStub
from leitmotif.api.profiles.v1.profiles_pb2_grpc import ProfilesServiceStub
from leitmotif_services.profiles.app import build
from leitmotif_services.profiles.config import ProfilesConfig
from leitmotif_services.runtime.local_channel import LocalChannel
from leitmotif_services.runtime.server import ServerSettings


class Person:
    """A user with listening and edits: history (1, 0.5, 0, 0), calm +1, sad -2, loud muted."""

    def __init__(self, caller: Any, presets: Any, wire: Any) -> None:
        self.caller = caller
        self.presets = presets
        self.wire = wire

    async def begin(self) -> None:
        await self.caller.register()
        await self.caller.record("u", [self.wire.play("e1", "t1")], [[1, 0.5, 0, 0]])
        changes = (("calm", "BOOST", 1.0), ("sad", "SET", -2.0), ("loud", "MUTE", None))
        await self.caller.edit("u", *(self.wire.change(*change) for change in changes))

    async def save(self, preset_id: str, controls: dict[str, float], **fields: Any) -> pb.SavePresetResponse:
        messages = [pb.PresetControl(prototype_id=name, edit=edit) for name, edit in controls.items()]
        preset = pb.Preset(preset_id=preset_id, label=fields.pop("label", ""), controls=messages)
        response: pb.SavePresetResponse = await self.presets.SavePreset(
            pb.SavePresetRequest(user_id="u", preset=preset, **fields)
        )
        return response

    async def activate(self, preset_id: str, **fields: Any) -> profiles_pb2.Profile:
        response = await self.presets.ActivatePreset(pb.ActivatePresetRequest(user_id="u", preset_id=preset_id, **fields))
        profile: profiles_pb2.Profile = response.profile
        return profile

    async def deactivate(self, **fields: Any) -> profiles_pb2.Profile:
        response = await self.presets.DeactivatePreset(pb.DeactivatePresetRequest(user_id="u", **fields))
        profile: profiles_pb2.Profile = response.profile
        return profile

    async def listed(self) -> pb.ListPresetsResponse:
        response: pb.ListPresetsResponse = await self.presets.ListPresets(pb.ListPresetsRequest(user_id="u"))
        return response

    async def vector(self, preset: profiles_pb2.AppliedPreset | None = None) -> Any:
        request = profiles_pb2.GetProfileVectorRequest(user_id="u", preset=preset)
        return (await self.caller.stub.GetProfileVector(request)).vector

    async def weights(self) -> list[float]:
        return [entry.weight for entry in (await self.caller.profile("u")).weights]


@pytest.fixture
async def person(empty_redis_url: str, wire: Any) -> AsyncIterator[Person]:
    app = await build(ProfilesConfig(server=ServerSettings(listen="127.0.0.1:0"), redis_url=empty_redis_url))
    channel = LocalChannel(app).as_channel()
    person = Person(wire.caller(ProfilesServiceStub(channel)), PresetsServiceStub(channel), wire)
    await person.begin()
    yield person
    await app.close()


async def test_a_preset_from_saving_to_its_end(person: Person) -> None:
    before, vector, weights = await person.caller.profile("u"), await person.vector(), await person.weights()
    assert weights == [2.0, 0.0, 0.0, -2.0]
    saved = await person.save("focus", {"calm": 4.0, "fast": -1.0, "sad": -4.0}, label="Focus")
    assert (saved.preset.preset_id, saved.preset.label) == ("focus", "Focus")
    assert {control.prototype_id: control.edit for control in saved.preset.controls} == {"calm": 4.0, "fast": -1.0, "sad": -4.0}
    assert saved.preset.HasField("updated_at")
    assert saved.etag not in ("", before.etag)
    assert await person.weights() == weights
    listed = await person.listed()
    assert (list(listed.presets), listed.HasField("active"), listed.etag) == ([saved.preset], False, saved.etag)

    active = await person.activate("focus", share=0.5)
    assert active == await person.caller.profile("u")
    assert [entry.weight for entry in active.weights] == [1 + 1 + 2.0, 0.0, -0.5, -4.0]
    assert [entry.edit for entry in active.weights] == [1.0, 0.0, 0.0, -2.0], "the person's own stay as they are"
    assert [entry.overlay for entry in active.weights] == [2.0, 0.0, -0.5, -2.0]
    assert (active.active_preset.preset_id, active.active_preset.share) == ("focus", 0.5)
    assert not active.active_preset.HasField("expires_at")
    assert (await person.listed()).active == active.active_preset
    overlaid = await person.vector()
    assert list(np.frombuffer(overlaid.edits, "<f4")) == [3.0, 0.0, -0.5, -4.0]

    after = await person.deactivate()
    assert await person.vector() == vector, "bit for bit"
    assert not after.HasField("active_preset")
    assert list(after.weights) == list(before.weights)
    assert (await person.deactivate()).etag == after.etag, "there is nothing to end any more"


async def test_a_preset_mutes_whatever_the_share(person: Person) -> None:
    preset = pb.Preset(preset_id="quiet", controls=[pb.PresetControl(prototype_id="calm", muted=True)])
    await person.presets.SavePreset(pb.SavePresetRequest(user_id="u", preset=preset))
    active = await person.activate("quiet", share=0.001)
    assert active.weights[0].weight == 0.0
    assert [entry.muted_by_preset for entry in active.weights] == [True, False, False, False]
    assert [entry.muted for entry in active.weights] == [False, True, False, False]
    assert list((await person.vector()).muted) == [0, 1]


async def test_a_preset_for_one_request(person: Person) -> None:
    await person.save("a", {"calm": 1.0})
    await person.save("b", {"fast": 1.0})
    plain = await person.vector()
    await person.activate("a")
    active = await person.vector()
    assert active != plain
    assert await person.vector(profiles_pb2.AppliedPreset(preset_id="")) == plain
    other = await person.vector(profiles_pb2.AppliedPreset(preset_id="b", share=0.5))
    assert list(np.frombuffer(other.edits, "<f4")) == [1.0, 0.0, 0.5, -2.0]
    assert await person.vector() == active, "the active one stays"
    unknown = person.vector(profiles_pb2.AppliedPreset(preset_id="c"))
    assert await person.caller.refusal(unknown) == (grpc.StatusCode.NOT_FOUND, "PRESET_NOT_FOUND")


async def test_edits_beneath_an_active_preset_are_the_persons_own(person: Person) -> None:
    await person.save("a", {"calm": 1.0})
    await person.activate("a")
    edited = await person.caller.edit("u", person.wire.change("calm", "BOOST", 0.5))
    assert (edited.profile.weights[0].edit, edited.profile.weights[0].weight) == (1.5, 3.5)
    undone = await person.caller.stub.UndoEdit(profiles_pb2.UndoEditRequest(user_id="u"))
    assert (undone.profile.weights[0].edit, undone.profile.weights[0].weight) == (1.0, 3.0)
    log = await person.caller.stub.ListEdits(profiles_pb2.ListEditsRequest(user_id="u"))
    assert [edit.sequence for edit in log.edits] == [2, 1], "presets are no edits"


async def test_a_preset_ends_by_the_clock(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    await person.save("a", {"calm": 1.0})
    weights, vector = await person.weights(), await person.vector()
    active = await person.activate("a", duration=Duration(seconds=3600))
    ends_us = active.active_preset.expires_at.ToMicroseconds()
    assert 0 <= active.updated_at.ToMicroseconds() + 3600 * 1_000_000 - ends_us < 1_000_000
    assert (await person.weights())[0] == 3.0
    real_ns = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real_ns() + 3_600_000_000_000)
    over = await person.caller.profile("u")
    assert (over.HasField("active_preset"), over.etag) == (False, active.etag)
    assert (await person.weights(), await person.vector()) == (weights, vector)
    assert not (await person.listed()).HasField("active")


async def test_parts_are_replaced_by_the_mask(person: Person) -> None:
    first = (await person.save("a", {"calm": 1.0}, label="Before")).preset
    renamed = (await person.save("a", {}, label="After", update_mask=FieldMask(paths=["label"]))).preset
    assert (renamed.label, renamed.controls) == ("After", first.controls)
    replaced = (await person.save("a", {"sad": 1.0}, label="Ignored", update_mask=FieldMask(paths=["controls"]))).preset
    assert (replaced.label, replaced.controls[0].prototype_id) == ("After", "sad")
    refused = person.save("a", {}, update_mask=FieldMask(paths=["updated_at"]))
    assert await person.caller.refusal(refused) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")


async def test_present_controls_become_a_preset(person: Person) -> None:
    preset = (await person.save("mine", {}, from_present_controls=True)).preset
    assert {control.prototype_id: (control.edit, control.muted) for control in preset.controls} == {
        "calm": (1.0, False),
        "loud": (0.0, True),
        "sad": (-2.0, False),
    }
    both = person.save("mine", {"calm": 1.0}, from_present_controls=True)
    assert await person.caller.refusal(both) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")


async def test_saving_and_deleting_the_active_one(person: Person) -> None:
    await person.save("a", {"calm": 1.0})
    weights = [2.0, 0.0, 0.0, -2.0]
    await person.activate("a", share=0.5, duration=Duration(seconds=60))
    await person.save("a", {"fast": 2.0})
    assert await person.weights() == [2.0, 0.0, 1.0, -2.0]
    deleted = await person.presets.DeletePreset(pb.DeletePresetRequest(user_id="u", preset_id="a"))
    assert await person.weights() == weights
    listed = await person.listed()
    assert (list(listed.presets), listed.HasField("active"), listed.etag) == ([], False, deleted.etag)


async def test_etags_limits_and_what_is_not_there(person: Person) -> None:
    stale = (await person.caller.profile("u")).etag
    current = (await person.save("a", {"calm": 1.0}, etag=stale)).etag
    mismatch = (grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
    delete = pb.DeletePresetRequest(user_id="u", preset_id="a", etag=stale)
    for call in (
        person.save("a", {"calm": 2.0}, etag=stale),
        person.activate("a", etag=stale),
        person.deactivate(etag=stale),
        person.presets.DeletePreset(delete),
    ):
        assert await person.caller.refusal(call) == mismatch
    assert (await person.caller.profile("u")).etag == current
    missing = (grpc.StatusCode.NOT_FOUND, "PRESET_NOT_FOUND")
    assert await person.caller.refusal(person.activate("b")) == missing
    unknown = person.presets.DeletePreset(pb.DeletePresetRequest(user_id="u", preset_id="b"))
    assert await person.caller.refusal(unknown) == missing
    nobody = person.presets.ListPresets(pb.ListPresetsRequest(user_id="nobody"))
    assert await person.caller.refusal(nobody) == (grpc.StatusCode.NOT_FOUND, "PROFILE_NOT_FOUND")
    nowhere = person.save("b", {"calm": 1.0, "nowhere": 1.0})
    assert await person.caller.refusal(nowhere) == (grpc.StatusCode.NOT_FOUND, "PROTOTYPE_NOT_FOUND")
    for number in range(31):
        await person.save(f"p{number}", {"calm": 1.0})
    one_more = person.save("b", {"calm": 1.0})
    assert await person.caller.refusal(one_more) == (grpc.StatusCode.INVALID_ARGUMENT, "LIMIT_EXCEEDED")
    assert len((await person.listed()).presets) == 32
    invalid = (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")
    for call in (
        person.save("a", {"calm": float("nan")}),
        person.save("a{", {"calm": 1.0}),
        person.activate("a", share=0.0),
        person.activate("a", share=1.5),
        person.activate("a", duration=Duration()),
        person.activate("a", duration=Duration(seconds=367 * 24 * 3600)),
    ):
        assert await person.caller.refusal(call) == invalid


async def test_presets_outlive_a_rebuild_and_go_with_the_profile(person: Person) -> None:
    await person.save("a", {"calm": 1.0, "sad": 1.0})
    await person.activate("a")
    await person.caller.register("m2", ("new", "calm"))
    request = profiles_pb2.RebuildProfileRequest(user_id="u", model_version="m2")
    rebuilt = (await person.caller.stub.RebuildProfile(request)).profile
    assert rebuilt.active_preset.preset_id == "a"
    assert [entry.overlay for entry in rebuilt.weights] == [0.0, 1.0], "what the model does not have is passed over"
    await person.caller.stub.DeleteProfile(profiles_pb2.DeleteProfileRequest(user_id="u"))
    await person.caller.edit("u", person.wire.change("calm", "BOOST"), allow_missing=True)
    assert list((await person.listed()).presets) == []
