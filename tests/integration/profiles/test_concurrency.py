"""32 writers on one profile: nothing acknowledged is lost, nothing refused is applied."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import grpc
import numpy as np
import pytest

from leitmotif.api.profiles.v1 import profiles_pb2 as pb
from leitmotif.api.profiles.v1.profiles_pb2_grpc import ProfilesServiceStub
from leitmotif_services.profiles.app import build
from leitmotif_services.profiles.config import ProfilesConfig
from leitmotif_services.profiles.taste.control import ControlAction, ControlChange, Controls, apply_changes
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.runtime.local_channel import LocalChannel
from leitmotif_services.runtime.server import ServerSettings

PROTOTYPE_IDS = ("calm", "loud", "fast", "sad")
SPACE = PrototypeSpace("m1", PROTOTYPE_IDS)
WRITERS = 32
EDITS_EACH = 5


@pytest.fixture
async def replicas(empty_redis_url: str, wire: Any) -> AsyncIterator[list[Any]]:
    """Four services over one Redis: writers of different ones meet in Redis alone."""
    config = ProfilesConfig(server=ServerSettings(listen="127.0.0.1:0"), redis_url=empty_redis_url)
    apps = [await build(config) for _ in range(4)]
    callers = [wire.caller(ProfilesServiceStub(LocalChannel(app).as_channel())) for app in apps]
    await callers[0].register("m1", PROTOTYPE_IDS)
    yield callers
    for app in apps:
        await app.close()


def replayed(edits: list[pb.Edit]) -> dict[int, tuple[float, bool]]:
    controls: Controls = {}
    for edit in sorted(edits, key=lambda edit: edit.sequence):
        changes = [
            ControlChange(entry.prototype_id, ControlAction(entry.action), entry.amount if entry.HasField("amount") else None)
            for entry in edit.changes
        ]
        controls, _ = apply_changes(controls, changes, SPACE, np.zeros(SPACE.size))
    return {position: (control.edit, control.muted) for position, control in controls.items()}


def shown(profile: pb.Profile) -> dict[int, tuple[float, bool]]:
    return {
        position: (entry.edit, entry.muted) for position, entry in enumerate(profile.weights) if entry.edit != 0.0 or entry.muted
    }


def random_change(dice: random.Random, wire: Any) -> pb.ControlChange:
    action = dice.choice(["BOOST", "REDUCE", "SET", "MUTE", "UNMUTE", "RESET"])
    amount = dice.uniform(0.1, 2.0) if action in ("BOOST", "REDUCE", "SET") else None
    change: pb.ControlChange = wire.change(dice.choice(PROTOTYPE_IDS), action, amount)
    return change


async def test_writers_without_etags(replicas: list[Any], wire: Any) -> None:
    async def write(number: int) -> list[pb.Edit]:
        dice = random.Random(number)
        acknowledged = []
        for _ in range(EDITS_EACH):
            try:
                edited = await replicas[number % len(replicas)].edit("u", random_change(dice, wire), allow_missing=True)
            except grpc.aio.AioRpcError as error:
                assert error.code() is grpc.StatusCode.ABORTED, error  # contended: refused, so it must not be applied
            else:
                acknowledged.append(edited.edit)
        return acknowledged

    edits = [edit for batch in await asyncio.gather(*map(write, range(WRITERS))) for edit in batch]
    profile = await replicas[0].profile("u")
    assert sorted(edit.sequence for edit in edits) == list(range(1, len(edits) + 1))
    assert len(edits) > WRITERS * EDITS_EACH * 0.9
    assert shown(profile) == replayed(edits)
    log = (await replicas[0].stub.ListEdits(pb.ListEditsRequest(user_id="u", page_size=200))).edits
    assert sorted(log, key=lambda edit: edit.sequence) == sorted(edits, key=lambda edit: edit.sequence)


async def test_writers_with_etags(replicas: list[Any], wire: Any) -> None:
    await replicas[0].edit("u", wire.change("calm", "BOOST"), allow_missing=True)
    refused = 0

    async def write(number: int) -> list[pb.Edit]:
        nonlocal refused
        dice = random.Random(number)
        caller = replicas[number % len(replicas)]
        acknowledged: list[pb.Edit] = []
        while len(acknowledged) < 2:
            etag = (await caller.profile("u")).etag
            try:
                edited = await caller.edit("u", random_change(dice, wire), etag=etag)
            except grpc.aio.AioRpcError as error:
                assert error.code() is grpc.StatusCode.ABORTED, error
                refused += 1
            else:
                acknowledged.append(edited.edit)
        return acknowledged

    edits = [edit for batch in await asyncio.gather(*map(write, range(WRITERS))) for edit in batch]
    first = (await replicas[0].stub.ListEdits(pb.ListEditsRequest(user_id="u", page_size=200))).edits[-1]
    assert sorted(edit.sequence for edit in [first, *edits]) == list(range(1, WRITERS * 2 + 2))
    assert refused > 0, "the writers never met, so this proved nothing"
    assert shown(await replicas[0].profile("u")) == replayed([first, *edits])


async def test_the_same_request_from_everywhere_is_applied_once(replicas: list[Any], wire: Any) -> None:
    await replicas[0].edit("u", wire.change("calm", "SET", 0.0), allow_missing=True)
    answers = await asyncio.gather(
        *(replicas[number % 4].edit("u", wire.change("calm", "BOOST", 0.25), request_id="tap") for number in range(WRITERS))
    )
    assert all(answer == answers[0] for answer in answers)
    assert shown(await replicas[0].profile("u")) == {0: (0.25, False)}


async def test_the_same_events_from_everywhere_count_once(replicas: list[Any], wire: Any) -> None:
    async def send(number: int) -> int:
        events = [wire.play(f"e{index}", f"t{index}") for index in range(number % 8, number % 8 + 4)]
        response: pb.RecordEventsResponse = await replicas[number % 4].record("u", events, [[1, 0, 0, 0]] * 4)
        return response.recorded

    recorded = await asyncio.gather(*map(send, range(WRITERS)))
    assert sum(recorded) == 11
    profile = await replicas[0].profile("u")
    assert profile.event_count == 11
    # Some are older than others by as long as this takes.
    assert profile.weights[0].history == pytest.approx(11 / 11**0.5, rel=1e-6)
