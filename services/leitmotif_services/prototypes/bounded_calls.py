"""How the servicers answer: on a search thread, within the deadline, with a message that can be sent."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError

Context = grpc.aio.ServicerContext[Any, Any]
M = TypeVar("M", bound=Message)
R = TypeVar("R")

_LONGEST_WAIT_S = 0.25
"""Between two looks whether there is room."""


class BoundedCalls:
    """Work of at most so many calls at once, and answers of at most so many bytes."""

    def __init__(self, searches: Admission, *, max_message_bytes: int) -> None:
        self._searches = searches
        self._max_message_bytes = max_message_bytes

    @property
    def workers(self) -> int:
        """Calls that run at once."""
        return self._searches.workers

    async def on_thread(self, context: Context, work: Callable[[], R]) -> R:
        """Run `work` on a search thread, unless the caller's deadline passes while it waits for one."""
        remaining_s = context.time_remaining()
        deadline = None if remaining_s is None else time.monotonic() + remaining_s

        def timely() -> R:
            if deadline is not None and time.monotonic() > deadline:
                raise ServiceError(Reason.DEADLINE_EXCEEDED, "the deadline passed before the work began")
            return work()

        return await self._searches.run(timely)

    async def on_free_thread(self, context: Context, work: Callable[[], R]) -> R:
        """As `on_thread`; where that would be refused as OVERLOADED, wait until there is room. For calls that are in no hurry."""
        while True:
            try:
                return await self.on_thread(context, work)
            except ServiceError as error:
                if error.reason is not Reason.OVERLOADED:
                    raise
                await asyncio.sleep(min(error.retry_after_s or _LONGEST_WAIT_S, _LONGEST_WAIT_S))

    def fitting(self, response: M) -> M:
        """`response` when it can be sent; LIMIT_EXCEEDED tells more than gRPC's own refusal to send it."""
        self.check_size(response.ByteSize())
        return response

    def check_size(self, size_bytes: int) -> None:
        if size_bytes > self._max_message_bytes:
            raise ServiceError(
                Reason.LIMIT_EXCEEDED,
                f"the answer has {size_bytes} bytes, {self._max_message_bytes} can be sent; ask for less at once",
                limit=self._max_message_bytes,
                actual=size_bytes,
            )
