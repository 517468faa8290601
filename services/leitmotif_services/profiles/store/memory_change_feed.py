"""News of changes within this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from leitmotif_services.profiles.store.change_listeners import ChangeListeners


class MemoryChangeFeed:
    """A `ChangeFeed` that whoever changes a profile tells itself."""

    def __init__(self) -> None:
        self._listeners = ChangeListeners()

    @asynccontextmanager
    async def listen(self, user_id: str) -> AsyncIterator[asyncio.Event]:
        with self._listeners.listening(user_id) as event:
            yield event

    def tell(self, user_id: str) -> None:
        """The user's profile has changed, or is gone."""
        self._listeners.wake(user_id)
