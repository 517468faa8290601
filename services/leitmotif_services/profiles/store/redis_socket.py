"""A connection to Redis: commands go out as bytes in one write, and their answers come back as one list.

redis-py's own connections go through streams, several coroutines and a task for each command, which together cost more than the
rest of a read of a profile. This one is what is needed here and no more: hiredis parses, and the event loop calls with what came.
URL, TLS settings and errors are redis-py's.
"""

import asyncio
from collections.abc import Sequence
from ssl import SSLContext
from typing import Any, TypeAlias, cast

import hiredis
from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AskError,
    ClusterDownError,
    InvalidResponse,
    MovedError,
    NoScriptError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError

Argument: TypeAlias = bytes | str | int
Address: TypeAlias = tuple[str, int]

_CLIENT_NAME = "leitmotif-profiles"

_MORE = object()
"""What hiredis returns while an answer is not complete."""

_ERRORS: dict[str, type[ResponseError]] = {
    "ASK": AskError,
    "CLUSTERDOWN": ClusterDownError,
    "MOVED": MovedError,
    "NOSCRIPT": NoScriptError,
    "TRYAGAIN": TryAgainError,
}


def encoded(*arguments: Argument) -> bytes:
    """A command as it goes over the wire."""
    return cast(bytes, hiredis.pack_command(cast(Any, arguments)))


class RedisSocket(asyncio.Protocol):
    """A connection that is open. One exchange at a time; whoever begins one waits for its end."""

    def __init__(self) -> None:
        self.usable = True
        """False once it is closed, by either side, or holds what nobody asked for."""
        self._transport: asyncio.Transport | None = None
        self._reader = hiredis.Reader(replyError=_error, protocolError=InvalidResponse, notEnoughData=_MORE)
        self._loop = asyncio.get_running_loop()
        self._answered: asyncio.Future[list[Any]] | None = None
        self._values: list[Any] = []
        self._wanted = 0

    async def exchange(self, commands: Sequence[bytes], timeout_s: float) -> list[Any]:
        """The answers to commands, a ResponseError where one was refused.

        TimeoutError, or RedisError when the connection breaks; it is closed then, as it is when the caller is cancelled.
        """
        if self._transport is None or not self.usable:
            raise RedisConnectionError("the connection is closed")
        answered: asyncio.Future[list[Any]] = self._loop.create_future()
        self._answered = answered
        self._values = []
        self._wanted = len(commands)
        timer = self._loop.call_later(timeout_s, self._break, TimeoutError("Redis did not answer in time"))
        try:
            self._transport.write(commands[0] if len(commands) == 1 else b"".join(commands))
            return await answered
        except asyncio.CancelledError:
            self.close()
            raise
        finally:
            timer.cancel()

    def close(self) -> None:
        """Close it at once."""
        self.usable = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._reader.feed(data)
            while (value := self._reader.gets()) is not _MORE:
                answered = self._answered
                if answered is None:
                    raise InvalidResponse("an answer that nobody asked for")
                self._values.append(value)
                if len(self._values) == self._wanted:
                    self._answered = None
                    if not answered.done():  # done: its caller was cancelled
                        answered.set_result(self._values)
        except InvalidResponse as error:
            self._break(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._break(RedisConnectionError(f"the connection broke: {exc or 'Redis closed it'}"))

    def _break(self, error: Exception) -> None:
        self.close()
        answered, self._answered = self._answered, None
        if answered is not None and not answered.done():
            answered.set_exception(error)


class ConnectionSettings:
    """How servers are reached. Servers of one cluster differ in host and port alone."""

    def __init__(self, url: str, *, timeout_s: float) -> None:
        options: dict[str, Any] = dict(parse_url(url))
        self._kind: type[AbstractConnection] = options.pop("connection_class", Connection)
        self._options = {name: value for name, value in options.items() if name != "max_connections"}
        self._timeout_s = timeout_s
        self._tls: SSLContext | None = None
        if issubclass(self._kind, SSLConnection):
            self._tls = cast(Any, self.subscriber(None)).ssl_context.get()
        self._greetings = self._made_greetings()

    @property
    def address(self) -> Address | None:
        """Host and port that the URL names; None for a Unix socket."""
        if issubclass(self._kind, UnixDomainSocketConnection):
            return None
        return self._options.get("host", "localhost"), self._options.get("port", 6379)

    async def connect(self, address: Address | None) -> RedisSocket:
        """A connection that is open and has been let in.

        TimeoutError, RedisConnectionError; ResponseError when the server does not let it in.
        """
        loop = asyncio.get_running_loop()
        socket: RedisSocket | None = None
        try:
            async with asyncio.timeout(self._timeout_s):
                if address is None:
                    _, socket = await loop.create_unix_connection(RedisSocket, self._options["path"])
                else:
                    _, socket = await loop.create_connection(RedisSocket, *address, ssl=self._tls)
                *answers, _ = await socket.exchange(self._greetings, self._timeout_s)
                for answer in answers:
                    if isinstance(answer, ResponseError):
                        raise answer
        except BaseException as error:
            if socket is not None:
                socket.close()
            if isinstance(error, OSError) and not isinstance(error, TimeoutError):
                raise RedisConnectionError(f"no connection: {error}") from error
            raise
        return socket

    def subscriber(self, address: Address | None) -> AbstractConnection:
        """A connection of redis-py's, not connected yet, for whoever subscribes."""
        options = self._options | {
            "socket_timeout": self._timeout_s,
            "socket_connect_timeout": self._timeout_s,
            "retry": Retry(NoBackoff(), 0),
            "protocol": 2,
            "decode_responses": False,
            "client_name": _CLIENT_NAME,
        }
        if address is not None:
            options |= {"host": address[0], "port": address[1]}
        return self._kind(**options)

    def _made_greetings(self) -> list[bytes]:
        greetings = []
        username, password, database = (self._options.get(name) for name in ("username", "password", "db"))
        if username or password:
            greetings.append(encoded("AUTH", *([username] if username else []), password or ""))
        if database:
            greetings.append(encoded("SELECT", database))
        # A courtesy to whoever lists the clients; `connect` lets it be refused, as an access list may.
        return [*greetings, encoded("CLIENT", "SETNAME", _CLIENT_NAME)]


def _error(text: str) -> ResponseError:
    """With its code, but for those that say where to go, which redis-py takes apart without."""
    code, _, rest = text.partition(" ")
    kind = _ERRORS.get(code)
    return ResponseError(text) if kind is None else kind(rest if issubclass(kind, AskError) else text)
