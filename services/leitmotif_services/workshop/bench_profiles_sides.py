"""What the benchmark of profiles compares: the use cases, a bare redis-py loop of the same commands, and a gRPC hop on top."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, Self

import grpc
from redis.asyncio import Redis

from leitmotif.api.profiles.v1 import profiles_pb2 as pb2
from leitmotif.api.profiles.v1.profiles_pb2_grpc import ProfilesServiceStub
from leitmotif_services.profiles.store.redis_client import RedisClient
from leitmotif_services.profiles.store.redis_scripts import COMMIT, Script
from leitmotif_services.profiles.store.redis_socket import Argument
from leitmotif_services.profiles.store.redis_store import RedisStore
from leitmotif_services.profiles.taste.control import ControlAction, ControlChange
from leitmotif_services.profiles.use_cases.editing import Editing
from leitmotif_services.profiles.use_cases.known_spaces import KnownSpaces
from leitmotif_services.profiles.use_cases.outcomes import Conditions
from leitmotif_services.profiles.use_cases.profile_updates import ProfileUpdates
from leitmotif_services.profiles.use_cases.reading import Reading
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.workshop.bench_profiles_users import SPACE, user_id
from leitmotif_services.workshop.bench_sides import BenchError, ServerProcess

KEY_PREFIX = "bench"
CONNECTIONS = 64
TIMEOUT_S = 10.0

_UP = ControlChange(SPACE.prototype_ids[0], ControlAction.SET, 1.0)
_DOWN = ControlChange(SPACE.prototype_ids[0], ControlAction.SET, 0.5)

Operation = Callable[[int], Awaitable[object]]
"""Does something with one listener."""


class Side(Protocol):
    """Reads and edits profiles."""

    async def read(self, number: int) -> object:
        """Read the profile of one listener."""

    async def edit(self, number: int) -> object:
        """Change it."""


class UseCaseSide:
    """What the service does in process, without its transport."""

    def __init__(self, redis_url: str) -> None:
        self.client = RedisClient(redis_url, pool_size=CONNECTIONS, timeout_s=TIMEOUT_S, allow_volatile=False)
        self.heavy = Admission("bench", workers=1, waiting=64)
        self.store = RedisStore(self.client, key_prefix=KEY_PREFIX, decoding=self.heavy)
        self.spaces = KnownSpaces(self.store)
        updates = ProfileUpdates(self.store, self.spaces, self.heavy)
        self._reading = Reading(updates)
        self._editing = Editing(updates)
        self._edits = 0

    async def read(self, number: int) -> object:
        """What a recommendation reads."""
        return await self._reading.read_for_scoring(user_id(number))

    async def edit(self, number: int) -> object:
        """One change, without conditions."""
        self._edits += 1
        change = _UP if self._edits % 2 else _DOWN
        return await self._editing.edit(user_id(number), [change], Conditions(), actor="user")

    async def close(self) -> None:
        """Close every connection."""
        await self.spaces.close()
        await self.client.close()
        await self.heavy.close()


class _Recorder:
    """Stands before a client and notes the last script that was run, keys and arguments."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client
        self.keys: Sequence[str] = ()
        self.arguments: list[Argument] = []

    async def script(self, script: Script, keys: Sequence[str], *arguments: Argument) -> object:
        self.keys, self.arguments = keys, list(arguments)
        return await self._client.script(script, keys, *arguments)

    def __getattr__(self, name: str) -> object:
        return getattr(self._client, name)


class BareSide:
    """The same commands through redis-py's own client, encoded beforehand: GET, and GET then the very script of an edit.

    The two states of each profile take turns, so that every script finds the version that it expects and writes as much as an
    edit does.
    """

    def __init__(self, redis_url: str) -> None:
        self._redis: Any = Redis.from_url(redis_url, max_connections=CONNECTIONS, protocol=2)
        self._edits: dict[int, list[tuple[str | int | bytes, ...]]] = {}

    async def prepare(self, ours: UseCaseSide, numbers: range) -> None:
        """Note what an edit of each listener sends, there and back."""
        recorder: Any = _Recorder(ours.client)
        store = RedisStore(recorder, key_prefix=KEY_PREFIX, decoding=ours.heavy)
        editing = Editing(ProfileUpdates(store, ours.spaces, ours.heavy))
        for number in numbers:
            key = self._key(number)
            before = await self._redis.get(key)
            await editing.edit(user_id(number), [_UP], Conditions(), actor="user")
            there, keys = recorder.arguments, recorder.keys
            between = await self._redis.get(key)
            await editing.edit(user_id(number), [_DOWN], Conditions(), actor="user")
            back = recorder.arguments
            back[1] = before
            await self._redis.set(key, before)
            assert there[1] == between
            self._edits[number] = [(len(keys), *keys, *arguments) for arguments in (there, back)]

    async def read(self, number: int) -> object:
        """One GET."""
        return await self._redis.get(self._key(number))

    async def edit(self, number: int) -> object:
        """One GET and one script."""
        await self._redis.get(self._key(number))
        turns = self._edits[number]
        turns.reverse()
        written = await self._redis.evalsha(COMMIT.digest, *turns[1])
        if written != 1:
            raise BenchError("the bare loop's script was refused: its profile has changed")
        return written

    async def close(self) -> None:
        """Close every connection."""
        await self._redis.aclose()

    @staticmethod
    def _key(number: int) -> str:
        return f"{KEY_PREFIX}:{{{user_id(number)}}}:profile"


class ServiceSide:
    """The service as a process of its own, called over loopback."""

    def __init__(self, redis_url: str) -> None:
        settings = {"LISTEN": "127.0.0.1:0", "REDIS_URL": redis_url, "KEY_PREFIX": KEY_PREFIX}
        environment = {f"LEITMOTIF_PROFILES_{name}": value for name, value in settings.items()}
        self._server = ServerProcess("leitmotif_services.profiles", (), {**environment, "LEITMOTIF_LOG_LEVEL": "WARNING"})
        ready = re.search(r"port (\d+)", self._server.stdout.readline())
        if ready is None:
            self._server.stop()
            raise BenchError("the profiles service did not start")
        self._channel = grpc.aio.insecure_channel(f"127.0.0.1:{ready[1]}")
        self._stub: Any = ProfilesServiceStub(self._channel)
        self._edits = 0

    async def read(self, number: int) -> object:
        """What the gateway calls for a recommendation."""
        return await self._stub.GetProfileVector(pb2.GetProfileVectorRequest(user_id=user_id(number)), timeout=TIMEOUT_S)

    async def edit(self, number: int) -> object:
        """One change."""
        self._edits += 1
        change = pb2.ControlChange(
            prototype_id=SPACE.prototype_ids[0], action=pb2.CONTROL_ACTION_SET, amount=1.0 if self._edits % 2 else 0.5
        )
        request = pb2.EditProfileRequest(user_id=user_id(number), changes=[change], actor="user")
        return await self._stub.EditProfile(request, timeout=TIMEOUT_S)

    async def close(self) -> None:
        """Close the channel and end the process."""
        await self._channel.close()
        self._server.stop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
