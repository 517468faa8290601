"""Runs one service as a process: settings, logs, server, signals, drain, exit code."""

import logging
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

import uvloop

from leitmotif_services.runtime.app import App
from leitmotif_services.runtime.environment import ConfigurationError
from leitmotif_services.runtime.errors import ServiceError
from leitmotif_services.runtime.logs import configure_logs
from leitmotif_services.runtime.server import GrpcServer, ServerSettings
from leitmotif_services.runtime.stop_request import StopRequest

log = logging.getLogger(__name__)


class ServiceConfig(Protocol):
    """What every service's configuration has."""

    @property
    def server(self) -> ServerSettings: ...


C = TypeVar("C", bound=ServiceConfig)

READY_LINE = "leitmotif {name} ready on port {port}"
"""Printed on stdout once a service answers; who starts a process waits for it instead of polling."""


def run_service(name: str, read_config: Callable[[Mapping[str, str]], C], build: Callable[[C], Awaitable[App]]) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code: 0 drained, 1 failed to start, 2 wrong configuration."""
    try:
        configure_logs(name)
        config = read_config(os.environ)
    except ConfigurationError as error:
        for problem in error.problems:
            print(f"leitmotif {name}: {problem}", file=sys.stderr)
        return 2
    try:
        uvloop.run(_serve(name, config, build))
    except (OSError, ServiceError) as error:
        log.error("cannot start: %s", error)
        return 1
    return 0


def serve_metrics(settings: ServerSettings, app: App) -> int | None:
    """Serve the app's figures until it closes, and return the port; None where none was asked for."""
    if not settings.metrics_listen:
        return None
    # Imported here alone: a process without the endpoint does not pay for the library.
    from leitmotif_services.runtime.prometheus_client_endpoint import MetricsEndpoint

    endpoint = MetricsEndpoint(settings.metrics_listen, app.collectors)
    app.on_close(endpoint.close)
    return endpoint.port


async def _serve(name: str, config: C, build: Callable[[C], Awaitable[App]]) -> None:
    with StopRequest() as stop:
        app = await build(config)
        try:
            server = GrpcServer(config.server, app)
            serve_metrics(config.server, app)
            await server.start()
            print(READY_LINE.format(name=name, port=server.port), flush=True)
            await stop.wait()
            await server.drain()
        finally:
            await app.close()
