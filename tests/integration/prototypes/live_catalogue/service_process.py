"""The service as a process of its own, to be killed."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import grpc

from leitmotif.api.prototypes.v1 import catalogue_pb2_grpc, models_pb2_grpc, prototypes_pb2_grpc

COMMAND = [sys.executable, "-m", "leitmotif_services.prototypes"]


class ServiceProcess:
    """Started over a model folder; `log` is what it wrote to its standard error so far."""

    def __init__(self, root: Path, log: Path, **settings: object) -> None:
        own = {"LISTEN": "127.0.0.1:0", "MODEL_ROOT": root, **settings}
        environ = os.environ | {f"LEITMOTIF_PROTOTYPES_{name}": str(value) for name, value in own.items()}
        with log.open("ab") as errors:
            self._process = subprocess.Popen(COMMAND, env=environ, stdout=subprocess.PIPE, stderr=errors, text=True)

    async def connect(self) -> None:
        """Wait until it answers."""
        assert self._process.stdout is not None
        line = await asyncio.to_thread(self._process.stdout.readline)
        ready = re.search(r"ready on port (\d+)", line)
        assert ready is not None, "the service did not start"
        self._channel = grpc.aio.insecure_channel(f"127.0.0.1:{ready[1]}")
        self.catalogue = catalogue_pb2_grpc.CatalogueServiceStub(self._channel)
        self.models = models_pb2_grpc.ModelsServiceStub(self._channel)
        self.stub = prototypes_pb2_grpc.PrototypesServiceStub(self._channel)

    async def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        await asyncio.to_thread(self._process.wait)

    async def close(self) -> None:
        """Kill it, where it lives, and let go of the connection."""
        await self.kill()
        assert self._process.stdout is not None
        self._process.stdout.close()
        if hasattr(self, "_channel"):
            await self._channel.close()
