"""The one place where calls are made: deadline, request id, retries, and every failure as a LeitmotifError."""

import asyncio
import secrets
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

import grpc
import grpc.aio

from leitmotif._async.stubs import AsyncStubs
from leitmotif._convert.status import error_of_call
from leitmotif._retry import Attempts
from leitmotif._settings import ClientSettings
from leitmotif.errors import ClientClosedError, DeadlineExceededError, LeitmotifError, UnavailableError

STREAM_TIMEOUT_S = 300.0
"""A watch is opened anew after so long, so that one whose peer has silently gone cannot hang, in seconds."""

UNLIMITED_S = 365 * 86_400.0
"""The deadline of a watch without one, in seconds."""

Request = TypeVar("Request")
Response = TypeVar("Response")


class AsyncTransport:
    """A channel to the gateway, opened by the first call."""

    def __init__(self, settings: ClientSettings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._closed = False
        self._channel: grpc.aio.Channel | None = None
        self._stubs: AsyncStubs | None = None

    @property
    def stubs(self) -> AsyncStubs:
        """The stubs; ClientClosedError once the client is closed."""
        # Not in __init__: a channel belongs to the event loop that runs when it is made.
        with self._lock:
            if self._closed:
                raise ClientClosedError
            if self._stubs is None:
                self._channel = self._open()
                self._stubs = AsyncStubs(self._channel)
            return self._stubs

    def _open(self) -> grpc.aio.Channel:
        settings = self.settings
        if settings.tls:
            credentials = grpc.ssl_channel_credentials(settings.root_certificates)
            return grpc.aio.secure_channel(settings.address, credentials, options=settings.channel_options())
        return grpc.aio.insecure_channel(settings.address, options=settings.channel_options())

    async def close(self) -> None:
        """Close the channel; calls in flight are cancelled."""
        with self._lock:
            self._closed = True
            channel, self._channel, self._stubs = self._channel, None, None
        if channel is not None:
            await channel.close()

    def attempts(self, timeout_s: float | None, *, repeatable: bool) -> Attempts:
        """The attempts of a new call; `timeout_s` None stands for the client's own."""
        limit_s = self.settings.timeout_s if timeout_s is None else timeout_s
        return Attempts(self.settings.retry, timeout_s=limit_s, repeatable=repeatable)

    async def call(
        self,
        method: "grpc.aio.UnaryUnaryMultiCallable[Request, Response]",
        request: Request,
        *,
        timeout_s: float | None,
        repeatable: bool,
    ) -> Response:
        """Call a method that answers once. `repeatable`: a repeat changes nothing that the first call did not."""
        attempts = self.attempts(timeout_s, repeatable=repeatable)
        request_id = secrets.token_hex(8)

        async def once() -> Response:
            try:
                return await method(request, timeout=attempts.remaining_s(), metadata=self.settings.metadata(request_id))
            except grpc.RpcError as error:
                raise error_of_call(error, self.settings.address, request_id, attempts.timeout_s) from error

        return await _until_done(once, attempts)

    async def stream(
        self,
        method: "grpc.aio.UnaryStreamMultiCallable[Request, Response]",
        request: Request,
        *,
        timeout_s: float,
    ) -> AsyncGenerator[Response, None]:
        """Call a method that streams its answer, once. Closing the generator cancels the call."""
        request_id = secrets.token_hex(8)
        call = method(request, timeout=timeout_s, metadata=self.settings.metadata(request_id))
        try:
            async for response in call:
                yield response
        except grpc.RpcError as error:
            raise error_of_call(error, self.settings.address, request_id, timeout_s) from error
        finally:
            call.cancel()

    async def watch(
        self,
        method: "grpc.aio.UnaryStreamMultiCallable[Request, Response]",
        request: Callable[[], Request],
        *,
        timeout_s: float | None,
    ) -> AsyncGenerator[Response, None]:
        """Call a method that streams what happens until the caller has seen enough; opened anew where it breaks off.

        `request` makes the request, anew for each attempt. DeadlineExceededError after `timeout_s`, by default never;
        UnavailableError once nothing came in several attempts, or the stream ended by itself so often.
        """
        attempts = self.attempts(UNLIMITED_S if timeout_s is None else timeout_s, repeatable=True)
        while True:
            limit_s = min(STREAM_TIMEOUT_S, attempts.remaining_s())
            try:
                async with aclosing(self.stream(method, request(), timeout_s=limit_s)) as responses:
                    async for response in responses:
                        attempts.succeeded()
                        yield response
                raise UnavailableError("the server ended a watch before there was nothing left to see")
            except LeitmotifError as failure:
                # A stream that was open for long enough to expire is opened anew as if it had been cut.
                expired = isinstance(failure, DeadlineExceededError) and attempts.remaining_s() > 0.0
                wait_s = attempts.wait_before_retry_s(UnavailableError(failure.message) if expired else failure)
                if wait_s is None:
                    raise
            await asyncio.sleep(wait_s)

    async def exchange(
        self,
        method: "grpc.aio.StreamStreamMultiCallable[Request, Response]",
        requests: AsyncIterator[Request],
        *,
        timeout_s: float,
    ) -> AsyncGenerator[Response, None]:
        """As `stream`, for a method that takes a stream of requests; they must not raise."""
        request_id = secrets.token_hex(8)
        call = method(requests, timeout=timeout_s, metadata=self.settings.metadata(request_id))
        try:
            async for response in call:
                yield response
        except grpc.RpcError as error:
            raise error_of_call(error, self.settings.address, request_id, timeout_s) from error
        finally:
            call.cancel()

    async def intake(
        self,
        method: "grpc.aio.StreamUnaryMultiCallable[Request, Response]",
        requests: Callable[[], AsyncIterator[Request]],
        *,
        timeout_s: float,
    ) -> Response:
        """Call a method that takes a stream of requests and answers once; a repeat must change nothing that the first did not.

        `requests` makes the stream, anew for each attempt; the stream must not raise.
        """
        attempts = self.attempts(timeout_s, repeatable=True)
        request_id = secrets.token_hex(8)

        async def once() -> Response:
            metadata = self.settings.metadata(request_id)
            try:
                return await method(requests(), timeout=attempts.remaining_s(), metadata=metadata)
            except grpc.RpcError as error:
                raise error_of_call(error, self.settings.address, request_id, attempts.timeout_s) from error

        return await _until_done(once, attempts)

    async def collect(
        self,
        method: "grpc.aio.UnaryStreamMultiCallable[Request, Response]",
        request: Request,
        *,
        timeout_s: float | None,
    ) -> list[Response]:
        """Call a method that streams its answer and only reads; returns the whole stream, read anew after a failure."""
        attempts = self.attempts(timeout_s, repeatable=True)

        async def once() -> list[Response]:
            return [response async for response in self.stream(method, request, timeout_s=attempts.remaining_s())]

        return await _until_done(once, attempts)

    async def pages(self, fetch: Callable[[str], Awaitable[Response]]) -> AsyncIterator[Response]:
        """The responses of a paged method; `fetch` calls it with a page token."""
        page_token = ""
        while True:
            response = await fetch(page_token)
            yield response
            page_token = response.next_page_token  # type: ignore[attr-defined] # every paged response has it
            if not page_token:
                return


async def _until_done(once: Callable[[], Awaitable[Response]], attempts: Attempts) -> Response:
    while True:
        try:
            return await once()
        except LeitmotifError as failure:
            wait_s = attempts.wait_before_retry_s(failure)
            if wait_s is None:
                raise
        await asyncio.sleep(wait_s)
