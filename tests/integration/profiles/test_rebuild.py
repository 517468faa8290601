"""Profiles under another model, over a real Redis: what is carried over, what is lost, and what undo makes of it then."""

import math
from collections.abc import AsyncIterator
from typing import Any

import pytest

from leitmotif.api.profiles.v1 import presets_pb2
from leitmotif.api.profiles.v1 import profiles_pb2 as pb
from leitmotif.api.profiles.v1.presets_pb2_grpc import PresetsServiceStub
from leitmotif.api.profiles.v1.profiles_pb2_grpc import ProfilesServiceStub
from leitmotif_services.profiles.app import build
from leitmotif_services.profiles.config import ProfilesConfig
from leitmotif_services.runtime.local_channel import LocalChannel
from leitmotif_services.runtime.server import ServerSettings

# Angles of the prototypes on a circle, in degrees.
M1 = {"calm": 0, "loud": 90, "sad": 180}
M2 = {"fast": 45, "calm": 300, "noisy": 100, "still": 10}  # calm lies elsewhere, but is itself; sad is near to nothing
M3 = {"din": 110, "hushed": 290}


class Owner:
    """A user whose controls are read by name."""

    def __init__(self, caller: Any, presets: Any, wire: Any) -> None:
        self.caller = caller
        self.presets = presets
        self.wire = wire

    async def register(self, model_version: str, degrees: dict[str, int], labels: tuple[str, ...] = ()) -> None:
        rows = [[math.cos(math.radians(angle)), math.sin(math.radians(angle))] for angle in degrees.values()]
        await self.caller.stub.RegisterPrototypeSpace(
            pb.RegisterPrototypeSpaceRequest(
                model_version=model_version,
                prototype_ids=list(degrees),
                labels=labels,
                directions=self.wire.matrix(rows),
                encoder_id="enc",
            )
        )

    async def edit(self, *changes: tuple[str, str, float | None]) -> pb.Profile:
        edited = await self.caller.edit("u", *(self.wire.change(*change) for change in changes), allow_missing=True)
        profile: pb.Profile = edited.profile
        return profile

    async def rebuild(self, model_version: str, **fields: Any) -> pb.RebuildProfileResponse:
        response: pb.RebuildProfileResponse = await self.caller.stub.RebuildProfile(
            pb.RebuildProfileRequest(user_id="u", model_version=model_version, **fields)
        )
        return response

    async def undo(self, sequence: int = 0) -> pb.Profile:
        profile: pb.Profile = (await self.caller.stub.UndoEdit(pb.UndoEditRequest(user_id="u", sequence=sequence))).profile
        return profile

    async def redo(self, sequence: int = 0) -> pb.Profile:
        profile: pb.Profile = (await self.caller.stub.RedoEdit(pb.RedoEditRequest(user_id="u", sequence=sequence))).profile
        return profile


def asked(profile: pb.Profile) -> dict[str, tuple[float, bool]]:
    return {entry.prototype_id: (entry.edit, entry.muted) for entry in profile.weights if entry.edit or entry.muted}


def carried(rebuilt: pb.RebuildProfileResponse) -> dict[str, str]:
    return {entry.from_prototype_id: entry.to_prototype_id for entry in rebuilt.carried}


@pytest.fixture
async def owner(empty_redis_url: str, wire: Any) -> AsyncIterator[Owner]:
    config = ProfilesConfig(server=ServerSettings(listen="127.0.0.1:0", grace_s=5.0), redis_url=empty_redis_url)
    app = await build(config)
    channel = LocalChannel(app).as_channel()
    owner = Owner(wire.caller(ProfilesServiceStub(channel)), PresetsServiceStub(channel), wire)
    await owner.register("m2", M2)
    await owner.register("m3", M3)
    await owner.register("m1", M1)
    yield owner
    await app.close()


async def test_controls_go_by_identity_and_then_to_the_nearest(owner: Owner) -> None:
    await owner.edit(("calm", "BOOST", 1.0), ("loud", "SET", -2.0), ("loud", "MUTE", None), ("sad", "BOOST", 0.5))
    rebuilt = await owner.rebuild("m2")
    assert asked(rebuilt.profile) == {"calm": (1.0, False), "noisy": (-2.0, True)}
    assert carried(rebuilt) == {"loud": "noisy"}
    assert rebuilt.carried[0].similarity == pytest.approx(math.cos(math.radians(10)), abs=1e-6)
    assert list(rebuilt.dropped_prototype_ids) == ["sad"]
    assert rebuilt.profile == await owner.caller.profile("u")


async def test_a_person_is_told_until_the_next_edit_what_a_change_of_model_did(owner: Owner) -> None:
    assert not (await owner.edit(("calm", "BOOST", 1.0))).HasField("controls_moved")
    await owner.rebuild("m2")
    assert not (await owner.caller.profile("u")).HasField("controls_moved"), "all has its place"
    await owner.rebuild("m1")
    await owner.edit(("loud", "MUTE", None), ("sad", "BOOST", 0.5))
    rebuilt = await owner.rebuild("m2")
    told = (await owner.caller.profile("u")).controls_moved
    assert told == rebuilt.profile.controls_moved
    assert list(told.carried) == list(rebuilt.carried)
    assert (list(told.dropped_prototype_ids), told.from_model_version) == (["sad"], "m1")
    await owner.rebuild("m2")
    assert (await owner.caller.profile("u")).controls_moved == told
    assert not (await owner.undo()).HasField("controls_moved")


async def test_edits_of_the_model_before_are_undone_and_redone_where_they_went(owner: Owner) -> None:
    await owner.edit(("loud", "BOOST", 1.0))
    await owner.edit(("loud", "BOOST", 0.3), ("calm", "MUTE", None), ("sad", "MUTE", None))
    await owner.edit(("calm", "BOOST", 2.0))
    await owner.undo()
    await owner.rebuild("m2")
    assert asked(await owner.caller.profile("u")) == {"noisy": (1.3, False), "calm": (0.0, True)}
    assert asked(await owner.redo()) == {"noisy": (1.3, False), "calm": (2.0, True)}
    assert asked(await owner.edit(("noisy", "BOOST", 0.1))) == {"noisy": (1.3 + 0.1, False), "calm": (2.0, True)}
    # What the second edit did is taken out from under the fourth.
    assert asked(await owner.undo(2)) == {"noisy": (1.1, False), "calm": (2.0, False)}
    assert asked(await owner.redo(2)) == {"noisy": (1.3 + 0.1, False), "calm": (2.0, True)}


async def test_a_chain_of_models_and_back(owner: Owner) -> None:
    before = await owner.edit(("loud", "BOOST", 1.0), ("sad", "BOOST", 0.5))
    await owner.rebuild("m2")
    await owner.edit(("noisy", "BOOST", 0.5), ("calm", "MUTE", None))
    third = await owner.rebuild("m3")
    assert carried(third) == {"noisy": "din", "calm": "hushed"}
    assert asked(third.profile) == {"din": (1.5, False), "hushed": (0.0, True)}
    # The first edit named "loud", which led to "noisy", and that to "din".
    assert asked(await owner.undo(1)) == {"din": (0.5, False), "hushed": (0.0, True)}
    await owner.redo(1)
    # din lies 20 degrees from loud; hushed 70 from calm, but calm is named by an edit, and is there itself.
    back = await owner.rebuild("m1")
    assert carried(back) == {"din": "loud"}
    assert asked(back.profile) == {"loud": (1.5, False), "sad": (0.5, False), "calm": (0.0, True)}
    assert asked(await owner.undo(2)) == asked(before)


async def test_a_pin_keeps_its_number(owner: Owner) -> None:
    await owner.caller.record("u", [owner.wire.play("e1", "t1")], [[0.0, 0.75, 0.0]])
    await owner.edit(("loud", "PIN", None))
    rebuilt = await owner.rebuild("m2", track_ids=["t1"], affinities=owner.wire.matrix([[1.0, 2.0, 3.0, 4.0]]))
    noisy = rebuilt.profile.weights[2]
    assert (noisy.prototype_id, noisy.history, noisy.pinned_history, noisy.weight) == ("noisy", 3.0, 0.75, 0.75)
    assert rebuilt.counted_events == 1


async def test_presets_follow_to_the_nearest_too(owner: Owner) -> None:
    await owner.edit(("calm", "BOOST", 1.0))
    controls = [presets_pb2.PresetControl(prototype_id=name, edit=edit) for name, edit in (("loud", 2.0), ("sad", 1.0))]
    preset = presets_pb2.Preset(preset_id="party", controls=controls)
    await owner.presets.SavePreset(presets_pb2.SavePresetRequest(user_id="u", preset=preset))
    activate = presets_pb2.ActivatePresetRequest(user_id="u", preset_id="party")
    await owner.presets.ActivatePreset(activate)
    rebuilt = await owner.rebuild("m2")
    overlays = {entry.prototype_id: entry.overlay for entry in rebuilt.profile.weights if entry.overlay}
    assert overlays == {"noisy": 2.0}
    assert (carried(rebuilt), list(rebuilt.dropped_prototype_ids)) == ({}, []), "it is no control of the person's"
    # Laid over anew, it does the same.
    again = (await owner.presets.ActivatePreset(activate)).profile
    assert {entry.prototype_id: entry.overlay for entry in again.weights if entry.overlay} == overlays
    back = await owner.rebuild("m1")
    assert [entry.overlay for entry in back.profile.weights] == [0.0, 2.0, 1.0]


async def test_a_preset_does_not_keep_a_control_from_its_place(owner: Owner) -> None:
    await owner.edit(("loud", "BOOST", 1.0))
    preset = presets_pb2.Preset(
        preset_id="party", controls=[presets_pb2.PresetControl(prototype_id=name, edit=1.5) for name in ("loud", "noisy")]
    )
    # Both are known: of the profile's model the one, of the one registered last the other.
    await owner.register("m2", M2)
    await owner.presets.SavePreset(presets_pb2.SavePresetRequest(user_id="u", preset=preset))
    await owner.presets.ActivatePreset(presets_pb2.ActivatePresetRequest(user_id="u", preset_id="party"))
    noisy = (await owner.rebuild("m2")).profile.weights[2]
    assert (noisy.prototype_id, noisy.edit, noisy.overlay, noisy.weight) == ("noisy", 1.0, 1.5, 2.5)


async def test_a_rebuild_under_the_same_model_leaves_controls_alone(owner: Owner) -> None:
    await owner.edit(("loud", "BOOST", 1.0))
    await owner.rebuild("m2")
    before = await owner.edit(("noisy", "MUTE", None))
    again = await owner.rebuild("m2")
    assert asked(again.profile) == asked(before) == {"noisy": (1.0, True)}
    assert asked(await owner.undo(1)) == {"noisy": (0.0, True)}


async def test_labels_are_shown_and_replaced(owner: Owner) -> None:
    await owner.edit(("loud", "BOOST", 1.0))
    await owner.register("m1", M1, labels=("Calm", "Loud", ""))
    assert [entry.label for entry in (await owner.caller.profile("u")).weights] == ["Calm", "Loud", ""]
    await owner.register("m1", M1, labels=("Quiet", "Noisy", "Sad"))
    assert [entry.label for entry in (await owner.caller.profile("u")).weights] == ["Quiet", "Noisy", "Sad"]
    # Without directions, nothing is near.
    await owner.caller.register("m1", tuple(M1))
    assert list((await owner.rebuild("m2")).dropped_prototype_ids) == ["loud"]
