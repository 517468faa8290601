import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from leitmotif_services.profiles.store.memory_store import MemoryStore
from leitmotif_services.profiles.store.profile_store import Commit, LoggedEvent, Verified
from leitmotif_services.profiles.taste.control import NEUTRAL, Control, ControlAction, ControlChange
from leitmotif_services.profiles.taste.profile import Edit, Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.transfer.export_document import export_json
from leitmotif_services.profiles.transfer.import_document import read_document
from leitmotif_services.profiles.use_cases.custody import EXPORT_TRIES, Custody
from leitmotif_services.profiles.use_cases.editing import Editing
from leitmotif_services.profiles.use_cases.known_spaces import KnownSpaces
from leitmotif_services.profiles.use_cases.outcomes import Conditions
from leitmotif_services.profiles.use_cases.profile_updates import ProfileUpdates
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError

NOW_US = 1_700_000_000_000_000
SPACE = PrototypeSpace("m1", ("calm", "loud"))


class RestlessStore(MemoryStore):
    """Somebody edits the profile `changes` times, each time while its event log is being read; scans take `scan_s`."""

    def __init__(self) -> None:
        super().__init__(lambda: NOW_US)
        self.changes = 0
        self.reads = 0
        self.scan_s = 0.0
        self.scan_error: ServiceError | None = None
        self.change: Callable[[], Awaitable[object]] | None = None

    async def read_events(self, user_id: str, first: int, last: int) -> list[LoggedEvent]:
        events = await super().read_events(user_id, first, last)
        self.reads += 1
        if self.changes:
            self.changes -= 1
            assert self.change is not None
            await self.change()
        return events

    async def verify_erased(self, user_id: str) -> Verified:
        await asyncio.sleep(self.scan_s)
        if self.scan_error:
            raise self.scan_error
        return await super().verify_erased(user_id)


class Keeper:
    def __init__(self, store: RestlessStore, heavy: Admission, spaces: KnownSpaces) -> None:
        updates = ProfileUpdates(store, spaces, heavy, now_us=lambda: NOW_US)
        self.store, self.spaces = store, spaces
        self.custody, self.editing = Custody(updates), Editing(updates)
        store.change = self.boost

    async def export(self, user_id: str) -> str:
        return export_json(await self.custody.everything(user_id))

    async def boost(self) -> None:
        change = ControlChange("calm", ControlAction.BOOST, 0.125)
        await self.editing.edit("wanderer", [change], Conditions(), allow_missing=True)


@pytest.fixture
async def keeper() -> Any:
    heavy = Admission("heavy", workers=1, waiting=4)
    store = RestlessStore()
    spaces = KnownSpaces(store)
    await spaces.register(SPACE)
    keeper = Keeper(store, heavy, spaces)
    await keeper.boost()
    yield keeper
    await spaces.close()
    await heavy.close()


async def refusal(call: Awaitable[object]) -> ServiceError:
    with pytest.raises(ServiceError) as refused:
        await call
    return refused.value


async def test_an_export_is_of_one_version(keeper: Keeper) -> None:
    keeper.store.changes = 3
    document = json.loads(await keeper.export("wanderer"))
    assert keeper.store.reads == 4
    assert [edit["sequence"] for edit in document["edits"]] == [1, 2, 3, 4]
    assert document["controls"][0]["edit"] == 0.5
    profile = (await keeper.store.read("wanderer")).profile
    assert profile is not None
    assert document["etag"] == profile.version.etag


async def test_an_export_gives_up_on_a_profile_that_never_rests(keeper: Keeper) -> None:
    keeper.store.changes = 1000
    assert (await refusal(keeper.export("wanderer"))).reason is Reason.PROFILE_CONTENDED
    assert keeper.store.reads == EXPORT_TRIES


async def test_a_profile_of_the_schema_before_is_exported_with_what_its_log_tells(keeper: Keeper) -> None:
    boost = ControlChange("calm", ControlAction.BOOST, 1.0)
    mute = ControlChange("loud", ControlAction.MUTE)
    edits = (
        Edit(8, (boost,), "", "", NOW_US, {"calm": Control(0.5)}, {"calm": Control(1.5)}),
        Edit(9, (mute,), "", "", NOW_US, {"loud": NEUTRAL}, {"loud": Control(0.0, True)}),
    )
    old = replace(
        Profile.empty("old", SPACE, NOW_US).stamped(bytes(8), NOW_US),
        controls={0: Control(1.5)},
        settled=None,
        last_edit=9,
        undoable=(8,),
        redoable=(9,),
    )
    assert await keeper.store.commit(Commit(None, old, edits=edits))
    text = await keeper.export("old")
    document = json.loads(text)
    assert [(entry["prototype_id"], entry["edit"]) for entry in document["settled"]] == [("calm", 0.5)]
    assert [edit["undone"] for edit in document["edits"]] == [False, True]
    await keeper.custody.put_in_place("new", read_document(text, NOW_US), replaces=False)
    undone = await keeper.editing.undo("new", Conditions())
    assert undone.profile.controls == {0: Control(0.5)}

    # A rebuild under schema 1 dropped what edits ask for, and their log does not say so: they are not done again by an import.
    assert (await keeper.store.delete("old")).keys
    assert await keeper.store.commit(Commit(None, replace(old, controls={}), edits=edits))
    text = await keeper.export("old")
    imported = await keeper.custody.put_in_place("new", read_document(text, NOW_US), replaces=True)
    assert (imported.profile.controls, imported.profile.undoable) == ({}, ())


async def test_a_receipt_tells_what_was_done_and_the_log_does_not_tell_of_whom(
    keeper: Keeper, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first = await keeper.custody.erase("wanderer", verify=True, time_left_s=60.0)
    second = await keeper.custody.erase("wanderer")
    assert (first.erased_keys, first.erased_at_us, first.verified) == (1, NOW_US, Verified(1, 0))
    assert (second.erased_keys, second.verified) == (0, None)
    assert len({first.receipt_id, second.receipt_id}) == 2
    told = [{**vars(record), "message": record.getMessage()} for record in caplog.records if hasattr(record, "receipt_id")]
    assert [(each["receipt_id"], each.get("erased_keys"), each.get("scanned_keys")) for each in told] == [
        (first.receipt_id, 1, None),
        (first.receipt_id, None, 1),
        (second.receipt_id, 0, None),
    ]
    assert told[1]["remaining_keys"] == 0
    assert not any("wanderer" in str(value) for record in caplog.records for value in vars(record).values())


async def test_an_erasure_that_there_is_no_time_to_verify_has_been_done(keeper: Keeper) -> None:
    keeper.store.scan_s = 60.0
    error = await refusal(keeper.custody.erase("wanderer", verify=True, time_left_s=0.1))
    assert error.reason is Reason.DEADLINE_EXCEEDED
    assert error.message.startswith(f"everything was erased (receipt {error.metadata['receipt_id']}, 1 keys), but not verified")
    assert error.metadata["erased_keys"] == "1"
    assert (await keeper.store.read("wanderer")).profile is None


async def test_an_erasure_that_the_store_fails_to_verify_has_been_done(keeper: Keeper) -> None:
    keeper.store.scan_error = ServiceError(Reason.STORE_UNAVAILABLE, "the profile store does not answer", retry_after_s=2.0)
    error = await refusal(keeper.custody.erase("wanderer", verify=True))
    assert (error.reason, error.retry_after_s) == (Reason.STORE_UNAVAILABLE, 2.0)
    assert "everything was erased" in error.message
    assert "does not answer" in error.message
    assert (await keeper.store.read("wanderer")).profile is None


async def test_an_import_needs_some_model(keeper: Keeper) -> None:
    text = await keeper.export("wanderer")
    heavy = Admission("heavy", workers=1, waiting=4)
    elsewhere = MemoryStore(lambda: NOW_US)
    custody = Custody(ProfileUpdates(elsewhere, KnownSpaces(elsewhere), heavy, now_us=lambda: NOW_US))
    error = await refusal(custody.put_in_place("wanderer", read_document(text, NOW_US), replaces=False))
    assert error.reason is Reason.PROTOTYPE_SPACE_UNKNOWN
    assert (await elsewhere.read("wanderer")).profile is None
    await heavy.close()
