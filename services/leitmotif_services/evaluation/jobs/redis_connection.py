"""Connections to Redis, and what its failures mean to a caller."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from leitmotif_services.runtime.errors import Reason, ServiceError

log = logging.getLogger(__name__)

RETRY_AFTER_S = 1.0

_PASSING_CONDITIONS = ("LOADING", "MISCONF", "MASTERDOWN", "NOREPLICAS", "TRYAGAIN", "CLUSTERDOWN", "BUSY ")
"""Answers of a server that is up and will be able to help later."""


def connect(url: str) -> Any:
    """A client; connects on first use and again whenever it must."""
    return Redis.from_url(
        url,
        socket_connect_timeout=2.0,
        socket_timeout=5.0,
        health_check_interval=15,
        # Every script is written so that a repeat after a lost answer does no harm.
        retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), 1),
    )


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn a failure of the store into STORE_UNAVAILABLE; the driver's own words go to the log."""
    try:
        yield
    except (RedisConnectionError, RedisTimeoutError, ReadOnlyError, OutOfMemoryError) as error:
        raise _unavailable(error) from error
    except ResponseError as error:
        if str(error).startswith(_PASSING_CONDITIONS):
            raise _unavailable(error) from error
        raise


def _unavailable(error: Exception) -> ServiceError:
    log.warning("the store does not answer: %s", error)
    return ServiceError(Reason.STORE_UNAVAILABLE, "the job store does not answer", retry_after_s=RETRY_AFTER_S)
