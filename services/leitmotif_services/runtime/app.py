"""A composed service: what it serves, and what must be closed when it stops."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    from prometheus_client.registry import Collector


@dataclass(frozen=True)
class Mount:
    """A servicer of one proto service, ready to be added to a server or to a local channel."""

    service_name: str
    """Full name, such as "leitmotif.api.audio.v1.AudioService"."""
    add_to_server: Callable[[Any], None]
    """Adds the servicer to anything with grpc.aio.Server's `add_*_handlers` methods."""


class App:
    """What a service's `build(config)` returns. Resources are closed in the reverse order of their `on_close`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.mounts: list[Mount] = []
        self.interceptors: list[grpc.aio.ServerInterceptor] = []
        self.collectors: list[Collector] = []
        """Figures for Prometheus. `build` adds them only where `ServerSettings.metrics_listen` asks for an endpoint."""
        self._exit = AsyncExitStack()

    @property
    def service_names(self) -> Sequence[str]:
        """Full names of the proto services it serves."""
        return [mount.service_name for mount in self.mounts]

    def mount(self, service_name: str, add: Callable[[Any, Any], None], servicer: object) -> None:
        """Serve `servicer`; `add` is the generated `add_<Service>Servicer_to_server`."""
        self.mounts.append(Mount(service_name, lambda server: add(servicer, server)))

    def on_close(self, close: Callable[[], Awaitable[object]]) -> None:
        """Await `close` when the app closes."""
        self._exit.push_async_callback(close)

    async def close(self) -> None:
        """Close what the app holds, the newest first."""
        await self._exit.aclose()
