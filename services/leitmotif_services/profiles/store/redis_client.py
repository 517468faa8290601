"""A connection to Redis whose every failure is one of the platform's reasons, and that finds Redis again by itself."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, NoScriptError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError

from leitmotif_services.profiles.store.redis_pipelining import Argument, CommandPipeline, Reply
from leitmotif_services.profiles.store.redis_scripts import Script
from leitmotif_services.runtime.errors import Reason, ServiceError

log = logging.getLogger(__name__)

T = TypeVar("T")

RETRY_AFTER_S = 1.0

# A script's error carries the code of the command that failed somewhere inside its text, so the codes are searched for.
_UNAVAILABLE = re.compile(
    r"\b(LOADING|READONLY|OOM|MISCONF|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|NOAUTH|WRONGPASS|NOPERM|BUSY|UNKILLABLE)\b"
)
_UNREADABLE = re.compile(r"\bWRONGTYPE\b|bad data format")


class StoreUnreachableError(ServiceError):
    """STORE_UNAVAILABLE because Redis cannot serve a call now; it may a moment later."""

    def __init__(self, state: str) -> None:
        super().__init__(Reason.STORE_UNAVAILABLE, f"the profile store {state}", retry_after_s=RETRY_AFTER_S)


class RedisClient:
    """Runs commands with bounded connections and time.

    A call whose connection broke is tried once more on a new one, so every command that is passed in must be safe to
    repeat. A call that timed out is not: whoever waits has waited long enough.
    """

    def __init__(self, url: str, *, pool_size: int, timeout_s: float, allow_volatile: bool) -> None:
        # A semaphore bounds the pool's use: waiting in it costs less than redis-py's blocking pool does without waiting.
        self._slots = asyncio.Semaphore(pool_size)
        self._timeout_s = timeout_s
        self._pool = ConnectionPool.from_url(
            url,
            max_connections=pool_size,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            decode_responses=False,
            client_name="leitmotif-profiles",
        )
        self._redis = Redis(connection_pool=self._pool)
        self._pipeline = CommandPipeline(self._run)
        self._allow_volatile = allow_volatile
        self._durability_checked = False

    async def run(self, command: Callable[[Redis], Awaitable[T]]) -> T:
        """The result of `command`; STORE_UNAVAILABLE or STORED_VALUE_UNREADABLE when Redis fails it."""
        if not self._durability_checked:
            await self.check_durability()
        return await self._run(command)

    async def command(self, *arguments: Argument) -> Any:
        """The answer to one command, which may share its round trip with those of other callers."""
        if not self._durability_checked:
            await self.check_durability()
        reply = await self._pipeline.send(*arguments)
        if isinstance(reply.value, ResponseError):
            raise _translated(reply.value) from reply.value
        return reply.value

    async def script(self, script: Script, keys: Sequence[str], *arguments: Argument) -> Reply:
        """The reply to a script, run by its digest; Redis is sent the text when it does not know it (yet, or any more)."""
        if not self._durability_checked:
            await self.check_durability()
        reply = await self._pipeline.send("EVALSHA", script.digest, len(keys), *keys, *arguments)
        if isinstance(reply.value, NoScriptError):
            by_text = await self._pipeline.send("EVAL", script.text, len(keys), *keys, *arguments)
            reply = Reply(by_text.value, by_text.tries + reply.tries - 1)
        if isinstance(reply.value, ResponseError):
            raise _translated(reply.value) from reply.value
        return reply

    async def check_durability(self) -> None:
        """Refuse a Redis that would lose profiles silently: without append-only file, or with an evicting policy.

        STORE_UNAVAILABLE, until it is mended or volatility is allowed; then a warning says what may be lost.
        """
        persistence: dict[str, Any] = await self._run(lambda redis: redis.info("persistence"))
        memory: dict[str, Any] = await self._run(lambda redis: redis.info("memory"))
        faults = []
        if not persistence.get("aof_enabled"):
            faults.append("its append-only file is off (appendonly no)")
        policy = memory.get("maxmemory_policy", "noeviction")
        if policy != "noeviction":
            faults.append(f"it evicts keys when memory is short (maxmemory-policy {policy})")
        if faults:
            if not self._allow_volatile:
                raise ServiceError(
                    Reason.STORE_UNAVAILABLE,
                    f"Redis would lose profiles: {' and '.join(faults)}; "
                    "change that, or set LEITMOTIF_PROFILES_ALLOW_VOLATILE=true",
                    retry_after_s=RETRY_AFTER_S,
                )
            log.warning("profiles may be lost: %s", " and ".join(faults))
        self._durability_checked = True

    def new_connections(self) -> list[AbstractConnection]:
        """Connections of their own, not connected yet, to each node that a subscriber may listen at; whoever asks closes them."""
        return [self._pool.make_connection()]

    async def close(self) -> None:
        """Close every connection."""
        await self._pipeline.close()
        await self._redis.aclose()
        await self._pool.aclose()

    async def _run(self, command: Callable[[Redis], Awaitable[T]]) -> T:
        await self._take_slot()
        try:
            try:
                return await command(self._redis)
            except RedisConnectionError as error:
                # Its subclasses mean that Redis answered: it loads its data, or wants a password.
                if type(error) is not RedisConnectionError:
                    raise
                return await command(self._redis)
        except (RedisError, OSError, asyncio.IncompleteReadError) as error:
            raise _translated(error) from error
        finally:
            self._slots.release()

    async def _take_slot(self) -> None:
        if self._slots.locked():
            try:
                async with asyncio.timeout(self._timeout_s):
                    await self._slots.acquire()
            except TimeoutError as error:
                raise ServiceError(
                    Reason.OVERLOADED, "every connection to the profile store is in use", retry_after_s=RETRY_AFTER_S
                ) from error
        else:
            await self._slots.acquire()


def _translated(error: Exception) -> Exception:
    """The platform's error for one of the driver's; a ResponseError that nobody expects is a defect, and stays as it is."""
    text = str(error)
    if isinstance(error, ResponseError):
        if _UNREADABLE.search(text):
            log.error("Redis holds a foreign value: %s", text)
            return ServiceError(Reason.STORED_VALUE_UNREADABLE, "a stored value is not of this service")
        if not _UNAVAILABLE.search(text):
            return error
    log.warning("Redis failed a call: %s: %s", type(error).__name__, text)
    return StoreUnreachableError("is loading its data" if isinstance(error, BusyLoadingError) else "does not answer")
