"""News of changes that whichever process made, by Redis' own messages.

The scripts that change or erase a profile publish on the channel `…:{<user>}:changed`, named as the user's keys are.
"""

import asyncio
from contextlib import AbstractAsyncContextManager

from leitmotif_services.profiles.store.redis_keys import TenantKeys
from leitmotif_services.profiles.store.redis_subscriptions import RedisSubscriptions
from leitmotif_services.runtime.request_context import DEFAULT_TENANT


class RedisChangeFeed:
    """A `ChangeFeed` for one tenant; all of a process share the subscriptions."""

    def __init__(self, subscriptions: RedisSubscriptions, *, key_prefix: str, tenant_id: str = DEFAULT_TENANT) -> None:
        self._subscriptions = subscriptions
        self._keys = TenantKeys(key_prefix, tenant_id)

    def listen(self, user_id: str) -> AbstractAsyncContextManager[asyncio.Event]:
        return self._subscriptions.listen(self._keys.base(user_id) + "changed")
