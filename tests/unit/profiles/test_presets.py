import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from hypothesis import given, settings
from hypothesis import strategies as st

from leitmotif.api.profiles.v1 import presets_pb2 as pb
from leitmotif.api.profiles.v1.profiles_pb2 import AppliedPreset
from leitmotif_services.profiles.presets_convert import (
    LONGEST_DURATION_US,
    active_preset_message,
    duration_of,
    parts_of,
    preset_message,
    share_of,
)
from leitmotif_services.profiles.store.memory_store import MemoryStore
from leitmotif_services.profiles.taste.control import ControlAction, ControlChange
from leitmotif_services.profiles.taste.history import History
from leitmotif_services.profiles.taste.presets import ActivePreset, Preset, PresetControl
from leitmotif_services.profiles.taste.profile import Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.use_cases.editing import Editing
from leitmotif_services.profiles.use_cases.known_spaces import KnownSpaces
from leitmotif_services.profiles.use_cases.outcomes import Conditions
from leitmotif_services.profiles.use_cases.preset_changes import PresetChanges, PresetParts
from leitmotif_services.profiles.use_cases.profile_updates import ProfileUpdates
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError

SPACE = PrototypeSpace("m1", ("calm", "loud", "fast", "sad"))
HOUR_US = 3600 * 1_000_000


class Person:
    """One user's profile in memory, with a clock that only tests move."""

    def __init__(self, updates: ProfileUpdates, store: MemoryStore) -> None:
        self.now_us = 1_700_000_000_000_000
        self.store = store
        self.updates = updates
        self.presets = PresetChanges(updates)
        self.editing = Editing(updates)

    async def edit(self, prototype_id: str, action: ControlAction, amount: float | None = None) -> Profile:
        edited = await self.editing.edit("u", [ControlChange(prototype_id, action, amount)], Conditions(), allow_missing=True)
        return edited.profile

    async def save(
        self, preset_id: str, controls: dict[str, PresetControl], *, label: str = "", etag: str = ""
    ) -> tuple[Preset, str]:
        whole = PresetParts(label, controls)
        saved = await self.presets.save("u", preset_id, whole=whole, parts=whole, etag=etag)
        return saved.preset, saved.version.etag

    async def kept(self) -> Profile:
        profile = (await self.store.read("u")).profile
        assert profile is not None
        return profile

    async def base(self) -> tuple[Any, ...]:
        """Everything that presets must not change."""
        profile = await self.kept()
        history = profile.history
        return (
            *(history.weighted_sum.tobytes(), history.magnitude, history.event_count, history.reference_us),
            *(profile.controls, profile.settled, profile.carried, profile.undoable, profile.redoable, profile.last_edit),
            *(await self.store.read_edits("u", 1, profile.last_edit), profile.exclusion_count, profile.last_event),
        )

    async def weights(self) -> list[float]:
        """Effective weights, as they are now."""
        profile = (await self.kept()).as_of(self.now_us)
        return profile.effective(SPACE).weights()


def with_person(test: Callable[[Person], Awaitable[None]]) -> None:
    """Run a test on a person with an edit each of two prototypes: calm +1, loud muted."""

    async def run() -> None:
        heavy = Admission("heavy", workers=1, waiting=8)
        person: Person
        store = MemoryStore(lambda: person.now_us)
        spaces = KnownSpaces(store)
        person = Person(ProfileUpdates(store, spaces, heavy, now_us=lambda: person.now_us), store)
        await spaces.register(SPACE)
        await person.edit("calm", ControlAction.BOOST, 1.0)
        await person.edit("loud", ControlAction.MUTE)
        try:
            await test(person)
        finally:
            await heavy.close()

    asyncio.run(run())


async def refusal(call: Awaitable[object]) -> ServiceError:
    with pytest.raises(ServiceError) as refused:
        await call
    return refused.value


# The use case


def test_a_preset_is_laid_over_by_its_share_and_taken_off_bit_for_bit() -> None:
    async def test(person: Person) -> None:
        before = await person.weights()
        assert before == [1.0, 0.0, 0.0, 0.0]
        await person.save("focus", {"calm": PresetControl(4.0), "fast": PresetControl(-2.0), "sad": PresetControl(1.0, True)})
        assert await person.weights() == before, "a saved preset does nothing yet"
        await person.presets.activate("u", "focus", share=0.5)
        assert await person.weights() == [3.0, 0.0, -1.0, 0.0]
        await person.presets.activate("u", "focus", share=1.0)
        assert await person.weights() == [4.0, 0.0, -2.0, 0.0], "the sum is kept within 4"
        await person.presets.deactivate("u")
        assert await person.weights() == before

    with_person(test)


def test_each_change_has_an_etag_of_its_own_and_one_that_is_stale_is_refused() -> None:
    async def test(person: Person) -> None:
        stale = (await person.kept()).version.etag
        _, saved = await person.save("a", {"calm": PresetControl(1.0)}, etag=stale)
        assert saved != stale
        activated = (await person.presets.activate("u", "a", share=1.0, etag=saved)).profile.version.etag
        deactivated = (await person.presets.deactivate("u", etag=activated)).profile.version.etag
        before = await person.base()
        for call in (
            person.save("a", {"calm": PresetControl(2.0)}, etag=stale),
            person.presets.activate("u", "a", share=1.0, etag=stale),
            person.presets.deactivate("u", etag=stale),
            person.presets.delete("u", "a", etag=stale),
        ):
            error = await refusal(call)
            assert error.reason is Reason.ETAG_MISMATCH
            assert error.metadata["current_etag"] == deactivated
        assert await person.base() == before
        assert (await person.kept()).version.etag == deactivated
        deleted = (await person.presets.delete("u", "a", etag=deactivated)).etag
        assert len({stale, saved, activated, deactivated, deleted}) == 5

    with_person(test)


def test_deactivating_without_an_active_preset_writes_nothing() -> None:
    async def test(person: Person) -> None:
        before = await person.kept()
        assert (await person.presets.deactivate("u")).profile.version == before.version
        assert await person.kept() is before

    with_person(test)


def test_saving_the_active_preset_shows_at_once_and_keeps_share_and_end() -> None:
    async def test(person: Person) -> None:
        await person.save("a", {"calm": PresetControl(1.0)})
        await person.save("b", {"calm": PresetControl(1.0)})
        await person.presets.activate("u", "a", share=0.5, duration_us=HOUR_US)
        await person.save("b", {"sad": PresetControl(4.0)})
        assert await person.weights() == [1.5, 0.0, 0.0, 0.0]
        await person.save("a", {"sad": PresetControl(4.0)})
        assert await person.weights() == [1.0, 0.0, 0.0, 2.0]
        active = (await person.kept()).active_preset
        assert active is not None
        assert (active.share, active.expires_at_us) == (0.5, person.now_us + HOUR_US)

    with_person(test)


def test_deleting_the_active_preset_ends_it() -> None:
    async def test(person: Person) -> None:
        await person.save("a", {"calm": PresetControl(1.0)})
        await person.save("b", {"fast": PresetControl(1.0)})
        await person.presets.activate("u", "a", share=1.0)
        await person.presets.delete("u", "b")
        assert await person.weights() == [2.0, 0.0, 0.0, 0.0]
        await person.presets.delete("u", "a")
        assert await person.weights() == [1.0, 0.0, 0.0, 0.0]
        assert (await person.presets.list_all("u")).presets == ()

    with_person(test)


def test_a_preset_ends_by_the_clock_and_is_forgotten_with_the_next_write() -> None:
    async def test(person: Person) -> None:
        await person.save("a", {"calm": PresetControl(1.0)})
        await person.presets.activate("u", "a", share=1.0, duration_us=HOUR_US)
        person.now_us += HOUR_US - 1
        assert await person.weights() == [2.0, 0.0, 0.0, 0.0]
        assert (await person.presets.list_all("u")).profile.active_preset is not None
        person.now_us += 1
        assert await person.weights() == [1.0, 0.0, 0.0, 0.0]
        assert (await person.presets.list_all("u")).profile.active_preset is None
        assert (await person.kept()).active_preset is not None, "a read writes nothing"
        await person.edit("sad", ControlAction.BOOST, 1.0)
        assert (await person.kept()).active_preset is None
        await person.save("a", {"fast": PresetControl(1.0)})
        assert await person.weights() == [1.0, 0.0, 0.0, 1.0], "saving one that is over does not begin it anew"

    with_person(test)


def test_parts_of_a_preset_can_be_replaced_on_their_own() -> None:
    async def test(person: Person) -> None:
        controls = {"calm": PresetControl(1.0)}
        await person.save("a", controls, label="Before")
        whole = PresetParts("After", {"sad": PresetControl(1.0)})
        saved = await person.presets.save("u", "a", whole=whole, parts=PresetParts("After", None))
        assert (saved.preset.label, saved.preset.controls) == ("After", controls)
        saved = await person.presets.save("u", "a", whole=whole, parts=PresetParts(None, whole.controls))
        assert (saved.preset.label, saved.preset.controls) == ("After", whole.controls)
        saved = await person.presets.save("u", "new", whole=whole, parts=PresetParts(None, whole.controls))
        assert (saved.preset.label, saved.preset.controls) == ("After", whole.controls), "a new one takes all"
        assert saved.preset.updated_at_us == person.now_us
        error = await refusal(person.presets.save("u", "bare", whole=PresetParts("x", {}), parts=PresetParts("x", None)))
        assert (error.reason, error.violations[0].field) == (Reason.FIELD_INVALID, "preset.controls")

    with_person(test)


def test_present_edits_and_mutes_become_a_preset() -> None:
    async def test(person: Person) -> None:
        await person.edit("loud", ControlAction.SET, -0.5)
        await person.edit("sad", ControlAction.PIN)
        parts = PresetParts("", {}, from_present_controls=True)
        saved = await person.presets.save("u", "mine", whole=parts, parts=parts)
        assert saved.preset.controls == {"calm": PresetControl(1.0, False), "loud": PresetControl(-0.5, True)}
        for prototype_id in SPACE.prototype_ids:
            await person.edit(prototype_id, ControlAction.RESET)
        error = await refusal(person.presets.save("u", "mine", whole=parts, parts=parts))
        assert (error.reason, error.violations[0].field) == (Reason.FIELD_INVALID, "from_present_controls")

    with_person(test)


def test_a_prototype_must_be_of_the_profiles_model_or_the_latest() -> None:
    async def test(person: Person) -> None:
        await person.updates.spaces.register(PrototypeSpace("m2", ("calm", "new")))
        await person.save("a", {"new": PresetControl(2.0), "sad": PresetControl(1.0)})
        await person.presets.activate("u", "a", share=1.0)
        assert await person.weights() == [1.0, 0.0, 0.0, 1.0], "what the profile's model does not have is passed over"
        before = await person.base()
        error = await refusal(person.save("b", {"calm": PresetControl(1.0), "nowhere": PresetControl(1.0)}))
        assert (error.reason, error.metadata["prototype_id"]) == (Reason.PROTOTYPE_NOT_FOUND, "nowhere")
        assert await person.base() == before
        assert len((await person.presets.list_all("u")).presets) == 1

    with_person(test)


def test_32_presets_and_no_more() -> None:
    async def test(person: Person) -> None:
        for number in range(32):
            await person.save(f"p{number:02d}", {"calm": PresetControl(1.0)})
        error = await refusal(person.save("one-more", {"calm": PresetControl(1.0)}))
        assert (error.reason, error.metadata) == (Reason.LIMIT_EXCEEDED, {"limit": "32", "actual": "33"})
        await person.save("p00", {"calm": PresetControl(2.0)})
        await person.presets.delete("u", "p31")
        await person.save("one-more", {"calm": PresetControl(1.0)})
        listed = (await person.presets.list_all("u")).presets
        assert [preset.preset_id for preset in listed] == ["one-more", *(f"p{number:02d}" for number in range(31))]

    with_person(test)


def test_what_is_not_there_is_told() -> None:
    async def test(person: Person) -> None:
        controls = PresetParts("", {"calm": PresetControl(1.0)})
        for call in (person.presets.activate("u", "x", share=1.0), person.presets.delete("u", "x")):
            error = await refusal(call)
            assert (error.reason, error.metadata) == (Reason.PRESET_NOT_FOUND, {"user_id": "u", "preset_id": "x"})
        calls: tuple[Awaitable[object], ...] = (
            person.presets.activate("nobody", "x", share=1.0),
            person.presets.deactivate("nobody"),
            person.presets.delete("nobody", "x"),
            person.presets.save("nobody", "x", whole=controls, parts=controls),
            person.presets.list_all("nobody"),
        )
        for nobodys in calls:
            assert (await refusal(nobodys)).reason is Reason.PROFILE_NOT_FOUND

    with_person(test)


_controls = st.dictionaries(
    st.sampled_from(SPACE.prototype_ids), st.builds(PresetControl, st.floats(-4.0, 4.0), st.booleans()), min_size=1
)
_ids = st.sampled_from(["a", "b"])
_steps = st.one_of(
    st.tuples(st.just("save"), _ids, _controls),
    st.tuples(st.just("save_present"), _ids),
    st.tuples(st.just("delete"), _ids),
    st.tuples(st.just("activate"), _ids, st.floats(0.0, 1.0, exclude_min=True), st.sampled_from([None, 1, HOUR_US])),
    st.tuples(st.just("deactivate")),
    st.tuples(st.just("wait"), st.sampled_from([1, HOUR_US])),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_steps, max_size=20))
def test_no_sequence_of_preset_changes_touches_the_profile_itself(steps: list[tuple[Any, ...]]) -> None:
    async def test(person: Person) -> None:
        history = History(np.array([0.1, 0.7, 1e-9, 0.3]), 3.0, 2, 7)
        profile = replace(await person.kept(), history=history)
        commit = person.updates.commit(await person.store.read("u"), person.updates.stamped(profile))
        assert await person.store.commit(commit)
        base, weights = await person.base(), await person.weights()
        presets: dict[str, dict[str, PresetControl]] = {}
        active: str | None = None
        ends_us: int | None = None
        mine = PresetParts("", {}, from_present_controls=True)
        for name, *arguments in steps:
            if name == "wait":
                person.now_us += arguments[0]
            elif name == "deactivate":
                await person.presets.deactivate("u")
                active = None
            elif name == "save":
                await person.save(arguments[0], arguments[1])
                presets[arguments[0]] = arguments[1]
            elif name == "save_present":
                saved = await person.presets.save("u", arguments[0], whole=mine, parts=mine)
                presets[arguments[0]] = dict(saved.preset.controls)
            elif arguments[0] not in presets:
                call = person.presets.delete("u", arguments[0]) if name == "delete" else None
                call_or_other = call or person.presets.activate("u", arguments[0], share=arguments[1])
                assert (await refusal(call_or_other)).reason is Reason.PRESET_NOT_FOUND
            elif name == "delete":
                await person.presets.delete("u", arguments[0])
                del presets[arguments[0]]
                active = None if active == arguments[0] else active
            else:
                active, share, duration_us = arguments
                await person.presets.activate("u", arguments[0], share=share, duration_us=duration_us)
                ends_us = None if duration_us is None else person.now_us + duration_us
            if active is not None and ends_us is not None and person.now_us >= ends_us:
                active = None
            assert await person.base() == base
            listed = await person.presets.list_all("u")
            assert {preset.preset_id: preset.controls for preset in listed.presets} == presets
            laid = listed.profile.active_preset
            assert (laid.preset_id if laid else None) == active
            if laid is not None:
                assert laid.controls == presets[laid.preset_id]
            else:
                assert await person.weights() == weights
        await person.presets.deactivate("u")
        assert await person.weights() == weights
        assert np.array(await person.weights()).tobytes() == np.array(weights).tobytes(), "bit for bit"

    with_person(test)


# Messages


def save_request(**fields: Any) -> pb.SavePresetRequest:
    controls = fields.pop("controls", [pb.PresetControl(prototype_id="calm", edit=1.0)])
    paths = fields.pop("paths", ())
    preset = pb.Preset(preset_id="a", label=fields.pop("label", ""), controls=controls)
    return pb.SavePresetRequest(user_id="u", preset=preset, update_mask=FieldMask(paths=paths), **fields)


@given(_controls, st.text(st.characters(min_codepoint=32, exclude_characters="\x7f", codec="utf-8"), max_size=64))
def test_presets_go_both_ways(controls: dict[str, PresetControl], label: str) -> None:
    preset = Preset("a", label, controls, 1_700_000_000_000_001)
    message = preset_message(preset)
    whole, parts = parts_of(pb.SavePresetRequest(preset=message))
    assert whole == parts == PresetParts(label, controls)
    assert message.updated_at.ToMicroseconds() == preset.updated_at_us


def test_the_mask_names_what_is_taken_of_one_that_is_there() -> None:
    controls = {"calm": PresetControl(1.0)}
    whole, parts = parts_of(save_request(label="x", paths=["label"]))
    assert (whole, parts) == (PresetParts("x", controls), PresetParts("x", None))
    whole, parts = parts_of(save_request(label="x", paths=["controls"]))
    assert (whole, parts) == (PresetParts("x", controls), PresetParts(None, controls))
    whole, parts = parts_of(save_request(label="x", controls=(), paths=["label"]))
    assert (whole, parts) == (PresetParts("x", {}), PresetParts("x", None))
    whole, parts = parts_of(save_request(controls=(), from_present_controls=True))
    assert whole == parts == PresetParts("", {}, from_present_controls=True)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (save_request(paths=["label", "updated_at"]), "update_mask.paths[1]"),
        (save_request(label="x" * 65), "preset.label"),
        (save_request(label="a\nb"), "preset.label"),
        (save_request(controls=()), "preset.controls"),
        (save_request(controls=(), paths=["controls"]), "preset.controls"),
        (save_request(from_present_controls=True), "preset.controls"),
        (save_request(controls=(), from_present_controls=True, paths=["label"]), "from_present_controls"),
        (save_request(controls=[pb.PresetControl(prototype_id="{x}")]), "preset.controls[0].prototype_id"),
        (save_request(controls=[pb.PresetControl(prototype_id="x")] * 2), "preset.controls[1].prototype_id"),
        (save_request(controls=[pb.PresetControl(prototype_id="x", edit=4.5)]), "preset.controls[0].edit"),
        (save_request(controls=[pb.PresetControl(prototype_id="x", edit=float("nan"))]), "preset.controls[0].edit"),
    ],
)
def test_what_is_wrong_with_a_preset_is_named(request_: pb.SavePresetRequest, field: str) -> None:
    with pytest.raises(ServiceError) as refused:
        parts_of(request_)
    assert refused.value.reason is Reason.FIELD_INVALID
    assert refused.value.violations[0].field == field


def test_200_controls_and_no_more() -> None:
    controls = [pb.PresetControl(prototype_id=f"p{number}", muted=True) for number in range(201)]
    assert len(parts_of(save_request(controls=controls[:200]))[0].controls or ()) == 200
    with pytest.raises(ServiceError) as refused:
        parts_of(save_request(controls=controls))
    assert refused.value.reason is Reason.LIMIT_EXCEEDED


def test_shares_and_durations_have_bounds() -> None:
    assert share_of("share", pb.ActivatePresetRequest()) == 1.0
    assert share_of("preset.share", AppliedPreset(share=0.25)) == 0.25
    for share in (0.0, -0.1, 1.1, float("nan")):
        with pytest.raises(ServiceError):
            share_of("share", pb.ActivatePresetRequest(share=share))
    assert duration_of("duration", Duration(seconds=90)) == 90_000_000
    assert duration_of("duration", Duration(nanos=1)) == 1, "what is above 0 stays so"
    assert duration_of("duration", Duration(seconds=366 * 24 * 3600)) == LONGEST_DURATION_US
    for duration in (
        Duration(),
        Duration(seconds=-1),
        Duration(nanos=-1),
        Duration(seconds=1, nanos=-5),
        Duration(seconds=366 * 24 * 3600, nanos=1000),
        Duration(seconds=2**62),
        Duration(nanos=1_000_000_000),
    ):
        with pytest.raises(ServiceError) as refused:
            duration_of("duration", duration)
        assert refused.value.violations[0].field.startswith("duration")


def test_an_active_preset_as_a_message() -> None:
    message = active_preset_message(ActivePreset("a", 0.5, 1_700_000_000_000_001, {}))
    assert (message.preset_id, message.share) == ("a", 0.5)
    assert message.expires_at.ToMicroseconds() == 1_700_000_000_000_001
    assert not active_preset_message(ActivePreset("a", 0.5, None, {})).HasField("expires_at")
