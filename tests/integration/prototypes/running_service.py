"""A service over real gRPC at a free port, and what its calls are refused with."""

import dataclasses
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2, status_pb2

from leitmotif.api.common.v1 import vectors_pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2_grpc, models_pb2_grpc, prototypes_pb2_grpc
from leitmotif_services.prototypes.app import build
from leitmotif_services.prototypes.config import PrototypesConfig
from leitmotif_services.runtime.server import GrpcServer, ServerSettings
from leitmotif_services.runtime.status import DETAILS_KEY


@dataclass(frozen=True)
class Refusal:
    code: grpc.StatusCode
    reason: str
    metadata: dict[str, str]
    fields: list[str]
    message: str


async def refusal(call: Awaitable[object]) -> Refusal:
    """What a call was refused with."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    details = dict(raised.value.trailing_metadata() or ())[DETAILS_KEY]
    info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status_pb2.Status.FromString(details).details:
        detail.Unpack(info)
        detail.Unpack(request)
    metadata = {key: value for key, value in info.metadata.items() if key != "requestId"}
    fields = [violation.field for violation in request.field_violations]
    return Refusal(raised.value.code(), info.reason, metadata, fields, raised.value.details() or "")


def vector(
    model_version: str, history: tuple[float, ...], edits: tuple[float, ...] = (), muted: tuple[int, ...] = ()
) -> vectors_pb2.ProfileVector:
    return vectors_pb2.ProfileVector(
        model_version=model_version,
        history=np.array(history, "<f4").tobytes(),
        edits=np.array(edits, "<f4").tobytes(),
        muted=muted,
    )


class Service:
    """A running service; `restart` stops it and starts another over the same folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config = PrototypesConfig(server=ServerSettings(listen="127.0.0.1:0", grace_s=5.0), model_root=root)
        self.stub: prototypes_pb2_grpc.PrototypesServiceAsyncStub
        self.catalogue: catalogue_pb2_grpc.CatalogueServiceAsyncStub
        self.models: models_pb2_grpc.ModelsServiceAsyncStub

    async def start(self, **settings: object) -> None:
        self.config = dataclasses.replace(self.config, **settings)  # type: ignore[arg-type]
        self._app = await build(self.config)
        self._server = GrpcServer(self.config.server, self._app)
        await self._server.start()
        options = [("grpc.max_receive_message_length", 64 << 20)]
        self._channel = grpc.aio.insecure_channel(f"127.0.0.1:{self._server.port}", options)
        self.stub = prototypes_pb2_grpc.PrototypesServiceStub(self._channel)  # type: ignore[assignment]
        self.catalogue = catalogue_pb2_grpc.CatalogueServiceStub(self._channel)  # type: ignore[assignment]
        self.models = models_pb2_grpc.ModelsServiceStub(self._channel)  # type: ignore[assignment]

    async def stop(self) -> None:
        await self._channel.close()
        await self._server.drain()
        await self._app.close()

    async def restart(self, **settings: object) -> None:
        await self.stop()
        await self.start(**settings)
