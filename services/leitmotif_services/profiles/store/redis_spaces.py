"""Keeps prototype spaces in Redis; all tenants share them.

<prefix>:{.spaces}:ids:<model>    string   a prototype space, see `msgpack_spaces`
<prefix>:{.spaces}:latest         string   the model version registered last
"""

from collections.abc import Callable
from functools import partial
from hashlib import sha1
from typing import TypeVar

from leitmotif_services.profiles.store.msgpack_spaces import decode_space, encode_space
from leitmotif_services.profiles.store.redis_client import RedisClient
from leitmotif_services.profiles.store.redis_failures import RETRY_AFTER_S
from leitmotif_services.profiles.store.redis_keys import TenantKeys
from leitmotif_services.profiles.store.redis_scripts import KEEP_SPACE
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError

_TRIES = 16

# What takes longer than about a millisecond is encoded and decoded in a thread.
_PROTOTYPES_ON_LOOP = 500
_BYTES_ON_LOOP = 8192

T = TypeVar("T")
V = TypeVar("V")


class RedisSpaces:
    """The part of a `ProfileStore` that is about prototype spaces."""

    def __init__(self, client: RedisClient, keys: TenantKeys, heavy: Admission) -> None:
        self._client = client
        self._keys = keys
        self._heavy = heavy

    async def register(self, space: PrototypeSpace) -> PrototypeSpace:
        """See `ProfileStore.register_space`."""
        key = self._keys.space(space.model_version)
        encoded = await self._run(encode_space, space, heavy=space.size > _PROTOTYPES_ON_LOOP)
        for _ in range(_TRIES):
            value = await self._client.command("GET", key)
            if value is not None:
                kept = await self._decoded(space.model_version, value)
                if kept != space:
                    return kept
            found = b"" if value is None else sha1(value, usedforsecurity=False).hexdigest()
            keep = b"" if value == encoded else encoded
            reply = await self._client.script(KEEP_SPACE, (key, self._keys.latest_space), found, keep, space.model_version)
            if reply.value:
                return space
        raise ServiceError(
            Reason.STORE_UNAVAILABLE, "a prototype space is registered by too many at once", retry_after_s=RETRY_AFTER_S
        )

    async def read(self, model_version: str) -> PrototypeSpace | None:
        """The space of a model version."""
        value = await self._client.command("GET", self._keys.space(model_version))
        return None if value is None else await self._decoded(model_version, value)

    async def latest(self) -> str | None:
        """The model version that was registered last."""
        value = await self._client.command("GET", self._keys.latest_space)
        return None if value is None else value.decode()

    async def _decoded(self, model_version: str, value: bytes) -> PrototypeSpace:
        return await self._run(partial(decode_space, model_version), value, heavy=len(value) > _BYTES_ON_LOOP)

    async def _run(self, function: Callable[[V], T], value: V, *, heavy: bool) -> T:
        return await self._heavy.run(function, value) if heavy else function(value)
