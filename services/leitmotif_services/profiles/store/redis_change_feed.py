"""News of changes that whichever process made, by Redis' own messages.

The scripts that change or erase a profile publish on `<prefix>:{<user>}:changed`, or `<prefix>:<tenant>:{<user>}:changed`.
"""

import asyncio
from contextlib import AbstractAsyncContextManager

from leitmotif_services.profiles.store.redis_subscriptions import RedisSubscriptions
from leitmotif_services.runtime.request_context import DEFAULT_TENANT


class RedisChangeFeed:
    """A `ChangeFeed` for one tenant; all of a process share the subscriptions."""

    def __init__(self, subscriptions: RedisSubscriptions, *, key_prefix: str, tenant_id: str = DEFAULT_TENANT) -> None:
        self._subscriptions = subscriptions
        self._prefix = key_prefix if tenant_id == DEFAULT_TENANT else f"{key_prefix}:{tenant_id}"

    def listen(self, user_id: str) -> AbstractAsyncContextManager[asyncio.Event]:
        return self._subscriptions.listen(f"{self._prefix}:{{{user_id}}}:changed")
