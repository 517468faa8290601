"""The platform's reasons for what goes wrong with Redis."""

import asyncio
import logging
import re

from redis.exceptions import BusyLoadingError, RedisError, ResponseError

from leitmotif_services.profiles.store.redis_node import NoConnectionFreeError
from leitmotif_services.runtime.errors import Reason, ServiceError

log = logging.getLogger(__name__)

RETRY_AFTER_S = 1.0

DRIVER_ERRORS = (RedisError, OSError, asyncio.IncompleteReadError, NoConnectionFreeError)
"""What sending a command may raise."""

# A script's error carries the code of the command that failed somewhere inside its text, so the codes are searched for.
_UNAVAILABLE = re.compile(
    r"\b(LOADING|READONLY|OOM|MISCONF|MASTERDOWN|CLUSTERDOWN|MOVED|ASK|TRYAGAIN|NOREPLICAS|NOAUTH|WRONGPASS|NOPERM|BUSY|UNKILLABLE)\b"
)
_UNREADABLE = re.compile(r"\bWRONGTYPE\b|bad data format")


class StoreUnreachableError(ServiceError):
    """STORE_UNAVAILABLE because Redis cannot serve a call now; it may a moment later."""

    def __init__(self, state: str) -> None:
        super().__init__(Reason.STORE_UNAVAILABLE, f"the profile store {state}", retry_after_s=RETRY_AFTER_S)


def translated(error: Exception) -> Exception:
    """The platform's error for one of the driver's; a ResponseError that nobody expects is a defect, and stays as it is."""
    text = str(error)
    if isinstance(error, NoConnectionFreeError):
        return ServiceError(Reason.OVERLOADED, "every connection to the profile store is in use", retry_after_s=RETRY_AFTER_S)
    if isinstance(error, ResponseError):
        if _UNREADABLE.search(text):
            log.error("Redis holds a foreign value: %s", text)
            return ServiceError(Reason.STORED_VALUE_UNREADABLE, "a stored value is not of this service")
        # redis-py takes the code out of the text.
        if not _UNAVAILABLE.search(f"{getattr(error, 'status_code', None)} {text}"):
            return error
    log.warning("Redis failed a call: %s: %s", type(error).__name__, text)
    return StoreUnreachableError("is loading its data" if isinstance(error, BusyLoadingError) else "does not answer")
