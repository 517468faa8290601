"""Where Prometheus scrapes a process: the collectors of its app, and the process' own memory, CPU time and open files.

HTTP on a port of its own, answered in threads of its own, so that a scrape neither waits for the event loop nor shows
operators' figures to callers. Figures that the app keeps anyway are read when a scrape asks for them.
"""

import asyncio
import logging
from collections.abc import Iterable

from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.registry import Collector

log = logging.getLogger(__name__)


class MetricsEndpoint:
    """GET /metrics at one address, from construction until `close`."""

    def __init__(self, address: str, collectors: Iterable[Collector]) -> None:
        """`address` is host:port, port 0 for a free one; OSError when it cannot be had."""
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        for collector in (PLATFORM_COLLECTOR, GC_COLLECTOR, *collectors):
            registry.register(collector)
        host, _, port = address.rpartition(":")
        try:
            self._server, self._thread = start_http_server(int(port), host.strip("[]"), registry)
        except OSError as error:
            raise OSError(f"cannot listen for metrics at {address}: it is in use, or not an address of this machine") from error
        self.port = self._server.server_port
        log.info("serving metrics", extra={"listen": address, "port": self.port})

    async def close(self) -> None:
        """Stop listening; a scrape in progress is answered."""
        await asyncio.to_thread(self._server.shutdown)
        self._thread.join()
        self._server.server_close()
