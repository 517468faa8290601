"""`python -m leitmotif_services.profiles` as a process of its own."""

import asyncio
import os
import signal
import sys
from typing import Any

import grpc

from leitmotif.api.profiles.v1 import profiles_pb2 as pb
from leitmotif.api.profiles.v1.profiles_pb2_grpc import ProfilesServiceStub
from tests.integration.profiles.service_process import service


async def test_killed_after_acknowledged_edits_nothing_is_missing(empty_redis_url: str, wire: Any) -> None:
    acknowledged: list[pb.Edit] = []
    async with service(empty_redis_url) as (process, port):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            caller = wire.caller(ProfilesServiceStub(channel))
            await caller.register()
            await caller.record("u", [wire.play("e1", "t1")], [[1, 0, 0, 0]])

            async def write(number: int) -> None:
                for _ in range(1000):
                    try:
                        edited = await caller.edit("u", wire.change("calm", "BOOST", 0.001), actor=f"w{number}")
                    except grpc.aio.AioRpcError as error:
                        assert error.code() is grpc.StatusCode.UNAVAILABLE, error
                        return
                    acknowledged.append(edited.edit)
                    if len(acknowledged) == 50:
                        process.send_signal(signal.SIGKILL)

            await asyncio.gather(*(write(number) for number in range(4)))
        assert await process.wait() == -signal.SIGKILL
    assert len(acknowledged) >= 50
    async with service(empty_redis_url) as (process, port):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            caller = wire.caller(ProfilesServiceStub(channel))
            log = (await caller.stub.ListEdits(pb.ListEditsRequest(user_id="u", page_size=200))).edits
            kept = {edit.sequence: edit for edit in log}
            assert all(kept[edit.sequence] == edit for edit in acknowledged)
            profile = await caller.profile("u")
            assert profile.event_count == 1
            assert abs(profile.weights[0].edit - 0.001 * len(kept)) < 1e-9
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 20) == 0


async def test_a_wrong_setting_ends_the_start_with_its_name(empty_redis_url: str) -> None:
    environ = dict(os.environ) | {
        "LEITMOTIF_PROFILES_REDIS_URL": "http://user:hunter2@x",
        "LEITMOTIF_PROFILES_REDIS_POOLSIZE": "3",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "leitmotif_services.profiles"), env=environ, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 2
    assert b"LEITMOTIF_PROFILES_REDIS_POOLSIZE is not a setting" in errors
    assert b"hunter2" not in errors
