"""kill -9 of Redis, and of the service, at random moments under load: what is lost is at most what the settings promise.

`appendfsync always` promises all that was acknowledged, `everysec` all but about the last second. A kill ends the process alone:
what it had handed to the kernel is written all the same, which is all it acknowledged unless the disk was slow. What a failure of
the machine takes beside is shown by cutting off the end of the append-only file.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import grpc
import pytest

from leitmotif.api.profiles.v1 import profiles_pb2 as pb
from leitmotif.api.profiles.v1.profiles_pb2_grpc import ProfilesServiceStub
from leitmotif_services.embedded.redis_server import EmbeddedRedis
from leitmotif_services.profiles.app import build
from leitmotif_services.profiles.config import ProfilesConfig
from leitmotif_services.runtime.local_channel import LocalChannel
from leitmotif_services.runtime.server import ServerSettings
from tests.integration.profiles.service_process import service

KILLS = int(os.environ.get("LEITMOTIF_TEST_KILLS", "6"))
USERS = 12

MAY_LOSE_S = {"always": 0.0, "everysec": 2.0}
"""Redis puts off a write for up to two seconds while a sync of the disk is under way."""


@dataclass
class User:
    """Edits one after the other, until the store or the service dies."""

    user_id: str
    acknowledged: dict[int, tuple[pb.Edit, float]] = field(default_factory=dict)
    """By sequence: the edit, and when it was acknowledged."""
    asked: tuple[str, float] | None = None
    """Request id and value of the edit that was not answered for: it may have been made or not."""

    async def edit(self, caller: Any, wire: Any) -> None:
        while True:
            self.asked = f"{random.getrandbits(64):x}", random.uniform(-4, 4)
            try:
                await self._ask(caller, wire)
            except grpc.aio.AioRpcError as error:
                assert error.code() is grpc.StatusCode.UNAVAILABLE, error
                return
            await asyncio.sleep(0.005)

    async def _ask(self, caller: Any, wire: Any) -> None:
        assert self.asked is not None
        request_id, value = self.asked
        edited = await caller.edit(
            self.user_id, wire.change("calm", "SET", value), request_id=request_id, allow_missing=True, reason=request_id
        )
        self.acknowledged[edited.edit.sequence] = edited.edit, time.monotonic()
        self.asked = None

    async def check(self, caller: Any, wire: Any) -> list[tuple[pb.Edit, float]]:
        """Acknowledged edits that are lost, and when they were acknowledged; what is there must be whole."""
        log = await self._log(caller)
        found = {edit.sequence: edit for edit in log}
        oldest = min(found, default=1)
        lost = [
            (edit, when)
            for sequence, (edit, when) in self.acknowledged.items()
            if sequence >= oldest and found.get(sequence) != edit
        ]
        if log:
            assert sorted(found) == list(range(oldest, log[0].sequence + 1)), "the log has no gaps"
            value = log[0].changes[0].amount
            assert (await caller.profile(self.user_id)).weights[0].edit == value, "profile and log are of one state"
        assert all(edit.sequence > max(found.keys() - {each.sequence for each, _ in lost}, default=0) for edit, _ in lost), (
            "only the newest may be lost"
        )
        if self.asked is not None:
            request_id = self.asked[0]
            await self._ask(caller, wire)
            log = await self._log(caller)
            assert sum(edit.reason == request_id for edit in log) == 1, "a repeat counts once"
        self.acknowledged = {edit.sequence: (edit, 0.0) for edit in log}
        return lost

    async def _log(self, caller: Any) -> list[pb.Edit]:
        try:
            return list((await caller.stub.ListEdits(pb.ListEditsRequest(user_id=self.user_id, page_size=200))).edits)
        except grpc.aio.AioRpcError as error:
            assert error.code() is grpc.StatusCode.NOT_FOUND, error
            return []


@asynccontextmanager
async def serving(redis: EmbeddedRedis, wire: Any) -> AsyncIterator[Any]:
    server = ServerSettings(listen="127.0.0.1:0", grace_s=1.0)
    app = await build(ProfilesConfig(server=server, redis_url=redis.url, redis_timeout_s=2.0))
    try:
        yield wire.caller(ProfilesServiceStub(LocalChannel(app).as_channel()))
    finally:
        await app.close()


@pytest.mark.parametrize("policy", ["always", "everysec"])
async def test_redis_is_killed(tmp_path: Path, wire: Any, policy: Literal["always", "everysec"]) -> None:
    redis = EmbeddedRedis(tmp_path, append_fsync=policy)
    users = [User(f"u{number}") for number in range(USERS)]
    acknowledged = 0
    lost: list[float] = []
    with redis:
        async with serving(redis, wire) as caller:
            await caller.register()
            for _ in range(KILLS):
                tasks = [asyncio.create_task(user.edit(caller, wire)) for user in users]
                await asyncio.sleep(random.uniform(0.1, 1.0))
                assert not any(task.done() for task in tasks)
                killed_at = time.monotonic()
                os.kill(redis.pid, signal.SIGKILL)
                await asyncio.gather(*tasks)
                acknowledged += sum(when > 0.0 for user in users for _, when in user.acknowledged.values())
                redis.stop()
                redis.start()
                for user in users:
                    lost += [killed_at - when for _, when in await user.check(caller, wire)]
    print(f"\nappendfsync {policy}: {KILLS} kills, {acknowledged} edits acknowledged, {len(lost)} lost")
    assert acknowledged > USERS * KILLS
    assert all(ago <= MAY_LOSE_S[policy] for ago in lost), lost
    if policy == "always":
        assert not lost


async def test_the_end_of_the_append_only_file_is_gone(tmp_path: Path, wire: Any) -> None:
    lost = 0
    for number in range(KILLS):
        # A folder for each: Redis 6.2 leaves the beginning of a transaction that was cut within a command in its file, and joins
        # it with the next one when it starts once more.
        folder = tmp_path / str(number)
        redis = EmbeddedRedis(folder)
        users = [User(f"u{number}") for number in range(USERS)]
        with redis:
            async with serving(redis, wire) as caller:
                await caller.register()
                tasks = [asyncio.create_task(user.edit(caller, wire)) for user in users]
                await asyncio.sleep(random.uniform(0.2, 0.5))
                os.kill(redis.pid, signal.SIGKILL)
                await asyncio.gather(*tasks)
                redis.stop()
                # Redis 7 keeps a folder of files, of which the last is written to.
                written = max(folder.rglob("appendonly*.aof"), key=lambda path: (path.stat().st_mtime_ns, path.name))
                os.truncate(written, written.stat().st_size - random.randint(1, 20_000))
                redis.start()
                for user in users:
                    lost += len(await user.check(caller, wire))
    print(f"\n{KILLS} times the end of the append-only file was cut off: {lost} edits lost, the newest, and none in part")
    assert lost > 0


async def test_the_service_is_killed(tmp_path: Path, wire: Any) -> None:
    users = [User(f"u{number}") for number in range(USERS)]
    acknowledged = lost = 0
    with EmbeddedRedis(tmp_path) as redis:
        for kill in range(KILLS // 2 + 1):
            async with service(redis.url) as (process, port), grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                caller = wire.caller(ProfilesServiceStub(channel))
                await caller.register()
                for user in users:
                    lost += len(await user.check(caller, wire))
                if kill == KILLS // 2:
                    break
                tasks = [asyncio.create_task(user.edit(caller, wire)) for user in users]
                await asyncio.sleep(random.uniform(0.1, 1.0))
                process.send_signal(signal.SIGKILL)
                await asyncio.gather(*tasks)
                acknowledged += sum(when > 0.0 for user in users for _, when in user.acknowledged.values())
    print(f"\nthe service was killed {KILLS // 2} times: {acknowledged} edits acknowledged, {lost} lost")
    assert acknowledged > USERS
    assert lost == 0
