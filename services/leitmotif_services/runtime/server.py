"""A gRPC server with health, reflection as an option, and a drain that loses no call."""

import asyncio
import logging
from dataclasses import dataclass

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from leitmotif_services.runtime.app import App
from leitmotif_services.runtime.call_bounds import CallBounds
from leitmotif_services.runtime.environment import EnvironmentReader
from leitmotif_services.runtime.interceptors import CallBoundary
from leitmotif_services.runtime.watches import Watches

log = logging.getLogger(__name__)

_LOOK_S = 0.05
"""Between two looks at whether calls are still served."""


@dataclass(frozen=True)
class ServerSettings:
    """How a service listens and stops."""

    listen: str
    """Address as gRPC takes it: "0.0.0.0:50051", "127.0.0.1:0" (a free port), "unix:/run/x.sock"."""
    metrics_listen: str = ""
    """host:port of the HTTP endpoint that Prometheus scrapes; empty for none, and then nothing is counted."""
    reflection: bool = False
    """Offer the reflection service, for tools such as grpcurl."""
    max_message_bytes: int = 4 << 20
    """Largest message taken or sent, in bytes."""
    max_concurrent_calls: int = 1024
    """Calls open at once that answer once; one more is OVERLOADED, before its request is read. Health checks are not counted."""
    max_concurrent_streams: int = 1024
    """Calls open at once that stream their answers, watches aside; one more is OVERLOADED."""
    max_concurrent_watches: int = 4096
    """Watches open at once, such as one for each device that shows a profile; one more is OVERLOADED."""
    lame_duck_s: float = 0.0
    """After health says NOT_SERVING, wait so long before refusing new calls: the time load balancers need to notice."""
    grace_s: float = 30.0
    """Calls in flight get so long to finish before they are cancelled. Watches are ended at once, with SERVER_DRAINING."""

    @classmethod
    def read(cls, reader: EnvironmentReader, *, port: int, max_message_bytes: int = 4 << 20) -> "ServerSettings":
        """Read the server's part of a service's settings; `port` is the service's documented default."""
        return cls(
            listen=reader.address("LISTEN", default=f"127.0.0.1:{port}"),
            metrics_listen=reader.address("METRICS_LISTEN", default="", unix=False),
            reflection=reader.flag("REFLECTION", default=False),
            max_message_bytes=reader.integer("MAX_MESSAGE_BYTES", default=max_message_bytes, minimum=1 << 16, maximum=1 << 30),
            max_concurrent_calls=reader.integer("MAX_CONCURRENT_CALLS", default=1024, minimum=1, maximum=1_000_000),
            max_concurrent_streams=reader.integer("MAX_CONCURRENT_STREAMS", default=1024, minimum=1, maximum=1_000_000),
            max_concurrent_watches=reader.integer("MAX_CONCURRENT_WATCHES", default=4096, minimum=1, maximum=1_000_000),
            lame_duck_s=reader.number("LAME_DUCK_S", default=0.0, minimum=0.0, maximum=300.0),
            grace_s=reader.number("GRACE_S", default=30.0, minimum=0.0, maximum=600.0),
        )


class GrpcServer:
    """Serves the servicers of an `App` at one address."""

    def __init__(self, settings: ServerSettings, app: App) -> None:
        self._settings = settings
        self._app = app
        self._health = health.aio.HealthServicer()
        self._watches = Watches()
        self._bounds = CallBounds(
            max_calls=settings.max_concurrent_calls,
            max_streams=settings.max_concurrent_streams,
            max_watches=settings.max_concurrent_watches,
        )
        self._server = grpc.aio.server(
            interceptors=[CallBoundary(), self._bounds, *app.interceptors, self._watches],
            options=[
                # One process listens at an address; a second one is an error, not a silent split of connections.
                ("grpc.so_reuseport", 0),
                ("grpc.max_receive_message_length", settings.max_message_bytes),
                ("grpc.max_send_message_length", settings.max_message_bytes),
                # Clients may ping each 10 s, also between calls; without these a server closes on too_many_pings.
                ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
            ],
        )
        for mount in app.mounts:
            mount.add_to_server(self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        if settings.reflection:
            names = [*app.service_names, health.SERVICE_NAME, reflection.SERVICE_NAME]
            reflection.enable_server_reflection(names, self._server)
        self.port = 0
        """The port that is listened at, once started; 0 for a Unix socket."""

    async def start(self) -> None:
        """Listen, and report SERVING; OSError when the address cannot be had."""
        try:
            self.port = self._server.add_insecure_port(self._settings.listen)
        except RuntimeError as error:  # grpc's own text names internals; the address is what an operator needs
            raise OSError(f"cannot listen at {self._settings.listen}: it is in use, or not an address of this machine") from error
        await self._server.start()
        for name in ("", *self._app.service_names):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        log.info("serving", extra={"listen": self._settings.listen, "port": self.port})

    async def drain(self) -> None:
        """Report NOT_SERVING, wait for load balancers, refuse new calls, end watches, let the other calls in flight finish."""
        await self._health.enter_graceful_shutdown()
        if self._settings.lame_duck_s:
            await asyncio.sleep(self._settings.lame_duck_s)
        # Connections are told to go before watches end: whoever reconnects must not come back here.
        stopping = asyncio.create_task(self._server.stop(self._settings.grace_s))
        if await self._watches.end():
            while self._bounds.open and not stopping.done():
                await asyncio.wait({stopping}, timeout=_LOOK_S)
            # Nothing is served any more; what gRPC still has open are the calls that were cut off.
            await self._server.stop(0)
        await stopping
        log.info("drained")
