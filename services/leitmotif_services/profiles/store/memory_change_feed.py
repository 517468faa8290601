"""News of changes within this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from leitmotif_services.profiles.store.change_listeners import ChangeListeners
from leitmotif_services.profiles.store.memory_store import MemoryStore


class MemoryChangeFeed:
    """A `ChangeFeed` for one tenant of a `MemoryStore`."""

    def __init__(self, store: MemoryStore, *, tenant_id: str) -> None:
        self._tenant_id = tenant_id
        self._listeners = ChangeListeners()
        store.on_change(self._tell)

    @asynccontextmanager
    async def listen(self, user_id: str) -> AsyncIterator[asyncio.Event]:
        with self._listeners.listening(user_id) as event:
            yield event

    def _tell(self, tenant_id: str, user_id: str) -> None:
        if tenant_id == self._tenant_id:
            self._listeners.wake(user_id)
