"""32 writers of every kind on one profile: what comes of it is what the acknowledged calls make, one after the other.

Every change of a profile is one more revision, which its etag tells: the acknowledgements are in an order, and nothing is missing
between them that was lost, nor beside them that was refused.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest

from leitmotif.api.profiles.v1 import profiles_pb2 as pb
from leitmotif.api.profiles.v1.profiles_pb2_grpc import ProfilesServiceStub
from leitmotif_services.profiles.app import build
from leitmotif_services.profiles.config import ProfilesConfig
from leitmotif_services.profiles.store.redis_client import RedisClient
from leitmotif_services.profiles.store.redis_store import RedisStore
from leitmotif_services.profiles.taste.profile import EDIT_LOG_LENGTH, Edit
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.local_channel import LocalChannel
from leitmotif_services.runtime.server import ServerSettings
from leitmotif_services.runtime.status import upstream_error
from tests.property.profiles.plain_profile import ProfileModel

PROTOTYPE_IDS = ("calm", "loud", "fast")
WRITERS = 32
TURNS = 8

REFUSALS = {"ETAG_MISMATCH", "PROFILE_CONTENDED", "NOTHING_TO_UNDO"}


@dataclass
class Acknowledged:
    """What became of the calls of all writers."""

    changes: dict[int, tuple[str, int]] = field(default_factory=dict)
    """By the revision that a call made: what it was, and of which edit."""
    reasons: dict[int, str] = field(default_factory=dict)
    """By sequence: the reason that an acknowledged edit gave."""
    refused: list[str] = field(default_factory=list)
    """The reasons that refused edits gave."""

    def note(self, etag: str, kind: str, sequence: int = 0) -> None:
        revision = int(etag.split("-")[0], 16)
        assert revision not in self.changes, "two calls were told to have made the same revision"
        self.changes[revision] = (kind, sequence)


@pytest.fixture
async def processes(empty_redis_url: str, wire: Any) -> AsyncIterator[list[Any]]:
    """Two services over one Redis, as two processes would be: their writers meet in Redis alone."""
    config = ProfilesConfig(server=ServerSettings(listen="127.0.0.1:0"), redis_url=empty_redis_url)
    apps = [await build(config) for _ in range(2)]
    callers = [wire.caller(ProfilesServiceStub(LocalChannel(app).as_channel())) for app in apps]
    await callers[0].register("m1", PROTOTYPE_IDS)
    yield callers
    for app in apps:
        await app.close()


class Writer:
    """Edits, undoes, redoes and listens; the odd ones say which version they mean."""

    def __init__(self, number: int, caller: Any, wire: Any, acknowledged: Acknowledged) -> None:
        self.number = number
        self.caller = caller
        self.wire = wire
        self.acknowledged = acknowledged
        self.dice = random.Random(number)

    async def run(self) -> None:
        for turn in range(TURNS):
            etag = (await self.caller.profile("u")).etag if self.number % 2 else ""
            kind = self.dice.choice(["edit"] * 6 + ["undo", "undo", "redo", "listen"])
            try:
                await getattr(self, kind)(f"{self.number}.{turn}", etag)
            except grpc.aio.AioRpcError as error:
                assert upstream_error(error, "profiles").reason in REFUSALS, error
                if kind == "edit":
                    self.acknowledged.refused.append(f"{self.number}.{turn}")

    async def edit(self, name: str, etag: str) -> None:
        action = self.dice.choice(["BOOST", "REDUCE", "SET", "MUTE", "UNMUTE", "RESET", "PIN", "UNPIN"])
        amount = self.dice.uniform(0.1, 2.0) if action in ("BOOST", "REDUCE", "SET") else None
        change = self.wire.change(self.dice.choice(PROTOTYPE_IDS), action, amount)
        edited = await self.caller.edit("u", change, etag=etag, reason=name)
        self.acknowledged.note(edited.profile.etag, "edit", edited.edit.sequence)
        self.acknowledged.reasons[edited.edit.sequence] = name

    async def undo(self, name: str, etag: str) -> None:
        sequence = self.dice.choice([0, *self.acknowledged.reasons])
        undone = await self.caller.stub.UndoEdit(pb.UndoEditRequest(user_id="u", etag=etag, sequence=sequence))
        self.acknowledged.note(undone.profile.etag, "undo", undone.edit.sequence)

    async def redo(self, name: str, etag: str) -> None:
        redone = await self.caller.stub.RedoEdit(pb.RedoEditRequest(user_id="u", etag=etag))
        self.acknowledged.note(redone.profile.etag, "redo", redone.edit.sequence)

    async def listen(self, name: str, etag: str) -> None:
        recorded = await self.caller.record("u", [self.wire.play(name, "t1")], [[self.dice.random(), 0, 1]])
        self.acknowledged.note(recorded.etag, "listen")


async def logged_edits(redis_url: str) -> list[Edit]:
    """The log as it is stored: what a pin keeps is no part of the messages."""
    client = RedisClient(redis_url, pool_size=1, timeout_s=5.0, allow_volatile=False)
    heavy = Admission("heavy", workers=1, waiting=1)
    try:
        return await RedisStore(client, key_prefix="leitmotif", decoding=heavy).read_edits("u", 1, EDIT_LOG_LENGTH)
    finally:
        await heavy.close()
        await client.close()


async def test_acknowledged_calls_make_what_they_make_one_after_the_other(
    processes: list[Any], wire: Any, empty_redis_url: str
) -> None:
    acknowledged = Acknowledged()
    first = await processes[0].edit("u", wire.change("calm", "BOOST"), allow_missing=True, reason="first")
    acknowledged.note(first.profile.etag, "edit", 1)
    acknowledged.reasons[1] = "first"
    writers = [Writer(number, processes[number % 2], wire, acknowledged) for number in range(WRITERS)]
    await asyncio.gather(*(writer.run() for writer in writers))
    assert acknowledged.refused, "the writers never met, so this proved nothing"
    assert {kind for kind, _ in acknowledged.changes.values()} >= {"edit", "undo", "listen"}

    # Nothing was applied that was not acknowledged: the revisions follow each other without a gap.
    final = await processes[0].profile("u")
    assert sorted(acknowledged.changes) == list(range(1, int(final.etag.split("-")[0], 16) + 1))

    # Nothing acknowledged was lost, and nothing refused is there.
    log = await logged_edits(empty_redis_url)
    assert {edit.sequence: edit.reason for edit in log} == acknowledged.reasons
    assert not {edit.reason for edit in log} & set(acknowledged.refused)
    edits_made = [sequence for _, (kind, sequence) in sorted(acknowledged.changes.items()) if kind == "edit"]
    assert edits_made == [edit.sequence for edit in log]

    model = ProfileModel("m1", edit_log_length=EDIT_LOG_LENGTH)
    steps = {edit.sequence: edit.changes for edit in log}
    apply: dict[str, Callable[[int], None]] = {
        "edit": lambda sequence: model.edit(steps[sequence]),
        "undo": model.undo,
        "redo": model.redo_edit,
        "listen": lambda _: None,
    }
    for _, (kind, sequence) in sorted(acknowledged.changes.items()):
        apply[kind](sequence)
    for caller in processes:
        profile = await caller.profile("u")
        shown = {
            entry.prototype_id: (entry.edit, entry.muted, entry.pinned_history if entry.HasField("pinned_history") else None)
            for entry in profile.weights
        }
        assert {name: asked for name, asked in shown.items() if asked != (0.0, False, None)} == model.controls()
        assert (profile.can_undo, profile.can_redo) == (bool(model.in_force), bool(model.redo))
        listed = (await caller.stub.ListEdits(pb.ListEditsRequest(user_id="u", page_size=200))).edits
        assert [edit.sequence for edit in listed if not edit.undone] == model.in_force[::-1]
