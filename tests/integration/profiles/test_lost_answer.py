"""Redis applies a change and the connection breaks before the answer is read: nothing may be applied twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import pytest

from leitmotif.api.profiles.v1 import profiles_pb2 as pb
from leitmotif.api.profiles.v1.profiles_pb2_grpc import ProfilesServiceStub
from leitmotif_services.profiles.app import build
from leitmotif_services.profiles.config import ProfilesConfig
from leitmotif_services.runtime.local_channel import LocalChannel
from leitmotif_services.runtime.server import ServerSettings


class AnswerLoser:
    """A proxy before Redis. Once armed, it swallows the next answer to a script and breaks that connection."""

    def __init__(self, redis_path: str) -> None:
        self._redis_path = redis_path
        self._before_breaking: Callable[[], Awaitable[object]] | None = None
        self.lost = 0
        self._serving: set[asyncio.Task[None] | None] = set()

    def arm(self, before_breaking: Callable[[], Awaitable[object]]) -> None:
        self._before_breaking = before_breaking

    async def wait_closed(self) -> None:
        while serving := [task for task in self._serving if task is not None and not task.done()]:
            await asyncio.wait(serving)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving.add(asyncio.current_task())
        redis_reader, redis_writer = await asyncio.open_unix_connection(self._redis_path)
        is_script = False

        async def requests() -> None:
            nonlocal is_script
            while data := await reader.read(1 << 20):
                is_script = b"EVALSHA" in data or b"EVAL\r" in data
                redis_writer.write(data)

        async def answers() -> None:
            while data := await redis_reader.read(1 << 20):
                if is_script and self._before_breaking is not None and not data.startswith(b"-NOSCRIPT"):
                    action, self._before_breaking = self._before_breaking, None
                    await action()
                    self.lost += 1
                    return
                writer.write(data)

        tasks = [asyncio.create_task(requests()), asyncio.create_task(answers())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for each in (writer, redis_writer):
            each.close()
            with suppress(OSError):
                await each.wait_closed()


async def nothing() -> None:
    pass


class Pair:
    """Two services over one Redis, the first of them through the proxy."""

    def __init__(self, loser: AnswerLoser, behind_proxy: Any, direct: Any) -> None:
        self.loser = loser
        self.behind_proxy = behind_proxy
        self.direct = direct


@pytest.fixture
async def pair(empty_redis_url: str, tmp_path: Path, wire: Any) -> AsyncIterator[Pair]:
    loser = AnswerLoser(empty_redis_url.removeprefix("unix://"))
    proxy_path = tmp_path / "proxy.sock"
    proxy = await asyncio.start_unix_server(loser.serve, proxy_path)
    apps = []
    callers = []
    for url in (f"unix://{proxy_path}", empty_redis_url):
        app = await build(ProfilesConfig(server=ServerSettings(listen="127.0.0.1:0"), redis_url=url))
        apps.append(app)
        callers.append(wire.caller(ProfilesServiceStub(LocalChannel(app).as_channel())))
    await callers[0].register()
    await callers[0].edit("u", wire.change("calm", "BOOST"), allow_missing=True)
    yield Pair(loser, *callers)
    for app in apps:
        await app.close()
    proxy.close()
    await proxy.wait_closed()
    await loser.wait_closed()


async def test_a_change_whose_answer_was_lost_is_not_applied_again(pair: Pair, wire: Any) -> None:
    pair.loser.arm(nothing)
    edited = await pair.behind_proxy.edit("u", wire.change("calm", "BOOST"))
    assert pair.loser.lost == 1
    assert edited.edit.sequence == 2
    assert (await pair.direct.profile("u")).weights[0].edit == 2.0
    pair.loser.arm(nothing)
    await pair.behind_proxy.stub.UndoEdit(pb.UndoEditRequest(user_id="u"))
    assert pair.loser.lost == 2
    assert (await pair.direct.profile("u")).weights[0].edit == 1.0


async def test_an_answer_lost_while_another_writes_is_found_by_its_request_id(pair: Pair, wire: Any) -> None:
    pair.loser.arm(lambda: pair.direct.edit("u", wire.change("loud", "MUTE")))
    edited = await pair.behind_proxy.edit("u", wire.change("calm", "BOOST"), request_id="r1")
    assert pair.loser.lost == 1
    assert edited.edit.sequence == 2
    profile = await pair.direct.profile("u")
    assert (profile.weights[0].edit, profile.weights[1].muted) == (2.0, True)


async def test_without_a_request_id_the_caller_is_told_that_it_cannot_be_known(pair: Pair, wire: Any) -> None:
    pair.loser.arm(lambda: pair.direct.edit("u", wire.change("loud", "MUTE")))
    call = pair.behind_proxy.edit("u", wire.change("calm", "BOOST"))
    assert await pair.behind_proxy.refusal(call) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")
    assert pair.loser.lost == 1
    assert (await pair.direct.profile("u")).weights[0].edit == 2.0


async def test_events_whose_answer_was_lost_count_once(pair: Pair, wire: Any) -> None:
    pair.loser.arm(lambda: pair.direct.edit("u", wire.change("loud", "MUTE")))
    await pair.behind_proxy.record("u", [wire.play("e1", "t1")], [[1, 0, 0, 0]])
    assert pair.loser.lost == 1
    assert (await pair.direct.profile("u")).event_count == 1
