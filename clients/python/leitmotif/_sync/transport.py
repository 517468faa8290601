# Generated from leitmotif/_async/transport.py by clients/python/generate_sync.py; edit that file instead.
"""The one place where calls are made: deadline, request id, retries, and every failure as a LeitmotifError."""

import secrets
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import TypeVar

import grpc

from leitmotif._convert.status import error_of_call
from leitmotif._retry import Attempts
from leitmotif._settings import ClientSettings
from leitmotif._sync.stubs import Stubs
from leitmotif.errors import ClientClosedError, DeadlineExceededError, LeitmotifError, UnavailableError

STREAM_TIMEOUT_S = 300.0
"""A watch is opened anew after so long, so that one whose peer has silently gone cannot hang, in seconds."""

UNLIMITED_S = 365 * 86_400.0
"""The deadline of a watch without one, in seconds."""

Request = TypeVar("Request")
Response = TypeVar("Response")


class Transport:
    """A channel to the gateway, opened by the first call."""

    def __init__(self, settings: ClientSettings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._closed = False
        self._channel: grpc.Channel | None = None
        self._stubs: Stubs | None = None

    @property
    def stubs(self) -> Stubs:
        """The stubs; ClientClosedError once the client is closed."""
        # Not in __init__: a channel belongs to the event loop that runs when it is made.
        with self._lock:
            if self._closed:
                raise ClientClosedError
            if self._stubs is None:
                self._channel = self._open()
                self._stubs = Stubs(self._channel)
            return self._stubs

    def _open(self) -> grpc.Channel:
        settings = self.settings
        if settings.tls:
            credentials = grpc.ssl_channel_credentials(settings.root_certificates)
            return grpc.secure_channel(settings.address, credentials, options=settings.channel_options())
        return grpc.insecure_channel(settings.address, options=settings.channel_options())

    def close(self) -> None:
        """Close the channel; calls in flight are cancelled."""
        with self._lock:
            self._closed = True
            channel, self._channel, self._stubs = self._channel, None, None
        if channel is not None:
            channel.close()

    def attempts(self, timeout_s: float | None, *, repeatable: bool) -> Attempts:
        """The attempts of a new call; `timeout_s` None stands for the client's own."""
        limit_s = self.settings.timeout_s if timeout_s is None else timeout_s
        return Attempts(self.settings.retry, timeout_s=limit_s, repeatable=repeatable)

    def call(
        self,
        method: "grpc.UnaryUnaryMultiCallable[Request, Response]",
        request: Request,
        *,
        timeout_s: float | None,
        repeatable: bool,
    ) -> Response:
        """Call a method that answers once. `repeatable`: a repeat changes nothing that the first call did not."""
        attempts = self.attempts(timeout_s, repeatable=repeatable)
        request_id = secrets.token_hex(8)

        def once() -> Response:
            try:
                return method(request, timeout=attempts.remaining_s(), metadata=self.settings.metadata(request_id))
            except grpc.RpcError as error:
                raise error_of_call(error, self.settings.address, request_id, attempts.timeout_s) from error

        return _until_done(once, attempts)

    def stream(
        self,
        method: "grpc.UnaryStreamMultiCallable[Request, Response]",
        request: Request,
        *,
        timeout_s: float,
    ) -> Generator[Response, None, None]:
        """Call a method that streams its answer, once. Closing the generator cancels the call."""
        request_id = secrets.token_hex(8)
        call = method(request, timeout=timeout_s, metadata=self.settings.metadata(request_id))
        try:
            yield from call
        except grpc.RpcError as error:
            raise error_of_call(error, self.settings.address, request_id, timeout_s) from error
        finally:
            call.cancel()

    def watch(
        self,
        method: "grpc.UnaryStreamMultiCallable[Request, Response]",
        request: Callable[[], Request],
        *,
        timeout_s: float | None,
    ) -> Generator[Response, None, None]:
        """Call a method that streams what happens until the caller has seen enough; opened anew where it breaks off.

        `request` makes the request, anew for each attempt. DeadlineExceededError after `timeout_s`, by default never;
        UnavailableError once nothing came in several attempts, or the stream ended by itself so often.
        """
        attempts = self.attempts(UNLIMITED_S if timeout_s is None else timeout_s, repeatable=True)
        while True:
            limit_s = min(STREAM_TIMEOUT_S, attempts.remaining_s())
            try:
                with closing(self.stream(method, request(), timeout_s=limit_s)) as responses:
                    for response in responses:
                        attempts.succeeded()
                        yield response
                raise UnavailableError("the server ended a watch before there was nothing left to see")
            except LeitmotifError as failure:
                # A stream that was open for long enough to expire is opened anew as if it had been cut.
                expired = isinstance(failure, DeadlineExceededError) and attempts.remaining_s() > 0.0
                wait_s = attempts.wait_before_retry_s(UnavailableError(failure.message) if expired else failure)
                if wait_s is None:
                    raise
            time.sleep(wait_s)

    def exchange(
        self,
        method: "grpc.StreamStreamMultiCallable[Request, Response]",
        requests: Iterator[Request],
        *,
        timeout_s: float,
    ) -> Generator[Response, None, None]:
        """As `stream`, for a method that takes a stream of requests; they must not raise."""
        request_id = secrets.token_hex(8)
        call = method(requests, timeout=timeout_s, metadata=self.settings.metadata(request_id))
        try:
            yield from call
        except grpc.RpcError as error:
            raise error_of_call(error, self.settings.address, request_id, timeout_s) from error
        finally:
            call.cancel()

    def intake(
        self,
        method: "grpc.StreamUnaryMultiCallable[Request, Response]",
        requests: Callable[[], Iterator[Request]],
        *,
        timeout_s: float,
    ) -> Response:
        """Call a method that takes a stream of requests and answers once; a repeat must change nothing that the first did not.

        `requests` makes the stream, anew for each attempt; the stream must not raise.
        """
        attempts = self.attempts(timeout_s, repeatable=True)
        request_id = secrets.token_hex(8)

        def once() -> Response:
            metadata = self.settings.metadata(request_id)
            try:
                return method(requests(), timeout=attempts.remaining_s(), metadata=metadata)
            except grpc.RpcError as error:
                raise error_of_call(error, self.settings.address, request_id, attempts.timeout_s) from error

        return _until_done(once, attempts)

    def collect(
        self,
        method: "grpc.UnaryStreamMultiCallable[Request, Response]",
        request: Request,
        *,
        timeout_s: float | None,
    ) -> list[Response]:
        """Call a method that streams its answer and only reads; returns the whole stream, read anew after a failure."""
        attempts = self.attempts(timeout_s, repeatable=True)

        def once() -> list[Response]:
            return list(self.stream(method, request, timeout_s=attempts.remaining_s()))

        return _until_done(once, attempts)

    def pages(self, fetch: Callable[[str], Response]) -> Iterator[Response]:
        """The responses of a paged method; `fetch` calls it with a page token."""
        page_token = ""
        while True:
            response = fetch(page_token)
            yield response
            page_token = response.next_page_token  # type: ignore[attr-defined] # every paged response has it
            if not page_token:
                return


def _until_done(once: Callable[[], Response], attempts: Attempts) -> Response:
    while True:
        try:
            return once()
        except LeitmotifError as failure:
            wait_s = attempts.wait_before_retry_s(failure)
            if wait_s is None:
                raise
        time.sleep(wait_s)
