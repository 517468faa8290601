"""Tells watchers in this process which jobs changed: one subscription for all of them, however many watch."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from redis.exceptions import RedisError

log = logging.getLogger(__name__)

_RECONNECT_DELAY_S = 0.5


class JobChanges:
    """Sets a watcher's event when its job changed, and also when changes may have been missed."""

    def __init__(self, client: Any, channel_prefix: str) -> None:
        self._client = client
        self._channel_prefix = channel_prefix
        self._watchers: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._listener: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def watching(self, job_id: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set at each change of the job. The subscription may start later than the block: it is set then."""
        changed = asyncio.Event()
        self._watchers[job_id].add(changed)
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen())
        try:
            yield changed
        finally:
            self._watchers[job_id].discard(changed)
            if not self._watchers[job_id]:
                del self._watchers[job_id]

    async def close(self) -> None:
        """End the subscription."""
        # Again and again: while it connects, the driver may take a cancellation for a timeout of its own and swallow it.
        while self._listener is not None and not self._listener.done():
            self._listener.cancel()
            await asyncio.wait({self._listener}, timeout=0.1)

    async def _listen(self) -> None:
        while True:
            try:
                async with self._client.pubsub() as subscription:
                    await subscription.psubscribe(self._channel_prefix + "*")
                    while True:
                        message = await subscription.get_message(timeout=2.0)
                        if message is not None:
                            self._handle(message)
            except (RedisError, OSError) as error:
                log.warning("the subscription to job changes broke: %s", error)
                self._wake_all()  # their next read tells them that the store is away
                await asyncio.sleep(_RECONNECT_DELAY_S)

    def _handle(self, message: dict[str, Any]) -> None:
        if message["type"] == "psubscribe":  # also after a reconnection, when messages were missed
            self._wake_all()
        elif message["type"] == "pmessage":
            job_id = message["channel"].decode().removeprefix(self._channel_prefix)
            for changed in self._watchers.get(job_id, ()):
                changed.set()

    def _wake_all(self) -> None:
        for watchers in self._watchers.values():
            for changed in watchers:
                changed.set()
