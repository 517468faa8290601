"""The port to news of changes: who watches a profile learns that it has changed, whichever process changed it."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class ChangeFeed(Protocol):
    """Tells of changes to the profiles of one tenant."""

    def listen(self, user_id: str) -> AbstractAsyncContextManager[asyncio.Event]:
        """An event that is set whenever the profile may have changed, for as long as the context lasts; whoever waits clears it.

        It may be set without a change, as after a broken connection; it is never left unset after one for longer than that
        connection takes to be made anew.
        """
        ...
