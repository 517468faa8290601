"""Answers a stream of requests, several at once, in the order in which they came."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


async def in_order_of_requests(
    requests: AsyncIterator[Q], answer: Callable[[int, Q], Awaitable[A]], *, at_once: int
) -> AsyncIterator[A]:
    """`answer(index, request)` of each request, index from 0, at most `at_once` ≥ 1 being worked on or waiting to be read.

    The next request is read when there is room for its answer: who does not read answers stops the work, and the sender.
    """
    working: deque[asyncio.Task[A]] = deque()
    reading: asyncio.Task[Q] | None = None
    index, ended = 0, False
    try:
        while True:
            if reading is None and not ended and len(working) < at_once:
                reading = asyncio.ensure_future(_next(requests))
            if reading is None and not working:
                return
            # What has come first: an answer that is due, or the next request.
            due = [working[0]] if working else []
            await asyncio.wait([*due, *([reading] if reading else [])], return_when=asyncio.FIRST_COMPLETED)
            if reading is not None and reading.done():
                try:
                    working.append(asyncio.ensure_future(_awaited(answer(index, reading.result()))))
                    index += 1
                except StopAsyncIteration:
                    ended = True
                reading = None
            elif working and working[0].done():
                yield working.popleft().result()
    finally:
        for task in (*working, *([reading] if reading else [])):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task


async def _next(requests: AsyncIterator[Q]) -> Q:
    return await anext(requests)


async def _awaited(answer: Awaitable[A]) -> A:
    return await answer
