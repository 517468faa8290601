"""The platform's reasons for what goes wrong with Redis."""

import logging
import re

from redis.exceptions import AskError, RedisError, ResponseError

from leitmotif_services.profiles.store.redis_node import NoConnectionFreeError
from leitmotif_services.runtime.errors import Reason, ServiceError

log = logging.getLogger(__name__)

RETRY_AFTER_S = 1.0

DRIVER_ERRORS = (RedisError, OSError, NoConnectionFreeError)
"""What sending a command may raise."""

# A script's error carries the code of the command that failed somewhere inside its text, so the codes are searched for.
_UNAVAILABLE = re.compile(
    r"\b(LOADING|READONLY|OOM|MISCONF|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|NOAUTH|WRONGPASS|NOPERM|BUSY|UNKILLABLE)\b"
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
        if not isinstance(error, AskError) and not _UNAVAILABLE.search(text):
            return error
    log.warning("Redis failed a call: %s: %s", type(error).__name__, text)
    return StoreUnreachableError("is loading its data" if text.startswith("LOADING") else "does not answer")
