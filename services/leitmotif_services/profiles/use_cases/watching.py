"""Tells of a profile whenever it has changed, for as long as somebody wants to know."""

import asyncio
import random
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from leitmotif_services.profiles.store.change_feed import ChangeFeed
from leitmotif_services.profiles.store.profile_store import Stored
from leitmotif_services.profiles.taste.profile import Profile
from leitmotif_services.profiles.use_cases.outcomes import Viewed
from leitmotif_services.profiles.use_cases.profile_updates import ProfileUpdates
from leitmotif_services.runtime.errors import Reason, ServiceError

MOST_WATCHES = 10_000

PACE_S = 0.1
"""Between two answers of a watch; what changes meanwhile comes as one."""

RECHECK_S = 60.0
"""A profile is looked at so often though nothing was heard of it: a message may be lost where a Redis fails over."""

OUTAGE_S = 60.0
"""A watch lives through an outage of the store of that length; a longer one ends it with STORE_UNAVAILABLE."""

_READING_AT_ONCE = 64
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
_SHORTEST_WAIT_S = 0.001
_RETRY_AFTER_S = 1.0
_PASSING = frozenset({Reason.STORE_UNAVAILABLE, Reason.OVERLOADED})


class WatchRoom:
    """What the watches of a process share: how many there may be, and how many of them read at the same time."""

    def __init__(self, most: int = MOST_WATCHES) -> None:
        self._most = most
        self.open = 0
        """Watches that are open now."""
        self.reading = asyncio.Semaphore(_READING_AT_ONCE)
        """Held while reading: all watches wake at once after a broken connection, and other callers want to read too."""

    @contextmanager
    def taken(self) -> Iterator[None]:
        """The room of one watch; OVERLOADED when there is none."""
        if self.open >= self._most:
            raise ServiceError(
                Reason.OVERLOADED, f"{self._most} profiles are watched already", retry_after_s=_RETRY_AFTER_S, limit=self._most
            )
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1


class _State(NamedTuple):
    """What tells one answer from the next."""

    etag: str
    """Empty while there is no profile."""
    has_preset: bool
    """Whether a preset lies over the profile: it ends by the clock, without a new version."""


class Watching:
    """Reads a profile again whenever the feed says that it may have changed."""

    def __init__(self, updates: ProfileUpdates, feed: ChangeFeed, room: WatchRoom) -> None:
        self._updates = updates
        self._feed = feed
        self._room = room

    async def watch(self, user_id: str, known_etag: str = "") -> AsyncGenerator[Viewed | None, None]:
        """The profile now, unless the caller has that version, then again after each change; None while there is none.

        OVERLOADED where too many are watched. STORE_UNAVAILABLE where the first read fails, or reads have failed for `OUTAGE_S`.
        """
        loop = asyncio.get_running_loop()
        told: _State | None = None
        with self._room.taken():
            async with self._feed.listen(user_id) as changed:
                changed.clear()
                stored = await self._read(user_id)
                while True:
                    now_us = self._updates.now_us()
                    state, ends_at_us = _state_of(stored.profile, now_us)
                    if told is None and stored.profile is not None and _is_known(stored.profile, known_etag, now_us):
                        told = state
                    if state != told:
                        told = state
                        told_at = loop.time()
                        # Nothing of the profile is kept while a caller, of many, has nothing to do but wait.
                        yield await self._viewed(stored, now_us)
                        del stored
                        await asyncio.sleep(max(0.0, told_at + PACE_S - loop.time()))
                    else:
                        del stored
                    await self._wait(changed, ends_at_us)
                    stored = await self._read_patiently(user_id, changed)

    async def _viewed(self, stored: Stored, now_us: int) -> Viewed | None:
        if stored.profile is None:
            return None
        return Viewed(stored.profile.as_of(now_us), await self._updates.spaces.of(stored.profile.model_version))

    async def _wait(self, changed: asyncio.Event, ends_at_us: int | None) -> None:
        """Until the profile may have changed, or its preset ends."""
        wait_s = RECHECK_S * random.uniform(0.75, 1.0)
        if ends_at_us is not None:
            wait_s = min(wait_s, max(_SHORTEST_WAIT_S, (ends_at_us - self._updates.now_us()) / 1e6))
        await _set_within(changed, wait_s)

    async def _read(self, user_id: str) -> Stored:
        async with self._room.reading:
            return await self._updates.store.read(user_id)

    async def _read_patiently(self, user_id: str, changed: asyncio.Event) -> Stored:
        """As `_read`, through an outage of the store."""
        loop = asyncio.get_running_loop()
        fails_since: float | None = None
        pause_s = _FIRST_PAUSE_S
        while True:
            changed.clear()
            try:
                return await self._read(user_id)
            except ServiceError as error:
                if fails_since is None:
                    fails_since = loop.time()
                if error.reason not in _PASSING or loop.time() - fails_since >= OUTAGE_S:
                    raise
            await _set_within(changed, pause_s * random.uniform(0.5, 1.0))
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _state_of(profile: Profile | None, now_us: int) -> tuple[_State, int | None]:
    """What there is to tell, and when it changes by itself."""
    if profile is None:
        return _State("", False), None
    preset = profile.as_of(now_us).active_preset
    return _State(profile.version.etag, preset is not None), preset.expires_at_us if preset else None


def _is_known(profile: Profile, etag: str, now_us: int) -> bool:
    """Whether who has that version knows the profile as it is; it does not where a preset has ended since."""
    return profile.version.etag == etag and profile.as_of(now_us) is profile


async def _set_within(event: asyncio.Event, timeout_s: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()
