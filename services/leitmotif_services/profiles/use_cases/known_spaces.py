"""Prototype spaces at hand, so that a call seldom waits for one.

The ids of a space never change, but its labels and directions may, and another process may change them. So a space is read again
when it was read a while ago, beside the calls that use it meanwhile as it was.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from leitmotif_services.profiles.store.profile_store import ProfileStore
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace, unknown_space
from leitmotif_services.runtime.errors import ServiceError, invalid_field

FRESH_S = 60.0
"""How long a space is taken to be as it was read."""

log = logging.getLogger(__name__)


@dataclass
class _Remembered:
    space: PrototypeSpace
    fresh_until_s: float


class KnownSpaces:
    """Reads and registers prototype spaces, and remembers the `most` used last. `now_s` is a steady clock."""

    def __init__(self, store: ProfileStore, *, most: int = 32, now_s: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._most = most
        self._now_s = now_s
        self._remembered: OrderedDict[str, _Remembered] = OrderedDict()
        self._reads: dict[str, asyncio.Task[PrototypeSpace | None]] = {}

    async def register(self, space: PrototypeSpace) -> None:
        """Keep a space; FIELD_INVALID when other prototypes are registered under its model version."""
        kept = await self._store.read_space(space.model_version)
        if kept is None or kept == space:
            kept = await self._store.register_space(space)
        self._remember(kept)
        if kept != space:
            raise invalid_field("prototype_ids", f"differ from those registered for model version {space.model_version!r}")

    async def of(self, model_version: str) -> PrototypeSpace:
        """The space of a model version; PROTOTYPE_SPACE_UNKNOWN when it was never registered."""
        remembered = self._remembered.get(model_version)
        if remembered is not None:
            self._remembered.move_to_end(model_version)
            if remembered.fresh_until_s <= self._now_s():
                self._read(model_version)
            return remembered.space
        # Whoever waits for a read may give up without ending it for the others.
        space = await asyncio.shield(self._read(model_version))
        if space is None:
            raise unknown_space(model_version)
        return space

    async def latest(self) -> PrototypeSpace:
        """The space registered last; PROTOTYPE_SPACE_UNKNOWN when there is none at all."""
        model_version = await self._store.latest_model_version()
        if model_version is None:
            raise unknown_space("")
        return await self.of(model_version)

    async def close(self) -> None:
        """End the reads that are under way."""
        for task in tuple(self._reads.values()):
            task.cancel()
            with suppress(asyncio.CancelledError, ServiceError):
                await task

    def _read(self, model_version: str) -> asyncio.Task[PrototypeSpace | None]:
        """The one read of a space that is under way, begun now if there is none."""
        task = self._reads.get(model_version)
        if task is None:
            task = self._reads[model_version] = asyncio.create_task(self._read_and_remember(model_version))
            task.add_done_callback(lambda done: self._finished(model_version, done))
        return task

    async def _read_and_remember(self, model_version: str) -> PrototypeSpace | None:
        before = self._remembered.get(model_version)
        space = await self._store.read_space(model_version)
        # One that was registered meanwhile is newer than what was read.
        if space is not None and self._remembered.get(model_version) is before:
            self._remember(space)
        return space

    def _finished(self, model_version: str, task: asyncio.Task[PrototypeSpace | None]) -> None:
        del self._reads[model_version]
        if task.cancelled():
            return
        remembered = self._remembered.get(model_version)
        error = task.exception()
        if remembered is not None and (error is not None or task.result() is None):
            # Tried again after a while, not with every call.
            remembered.fresh_until_s = self._now_s() + FRESH_S
            log.warning("the prototype space of %r could not be read again; it is used as it was", model_version)

    def _remember(self, space: PrototypeSpace) -> None:
        self._remembered[space.model_version] = _Remembered(space, self._now_s() + FRESH_S)
        self._remembered.move_to_end(space.model_version)
        if len(self._remembered) > self._most:
            self._remembered.popitem(last=False)
