"""Composes the prototypes service."""

import asyncio

from leitmotif.api.prototypes.v1 import prototypes_pb2_grpc
from leitmotif_services.prototypes.config import PrototypesConfig
from leitmotif_services.prototypes.model_registry import ModelRegistry
from leitmotif_services.prototypes.safetensors_bundle import load_bundle, read_manifest, read_snippet
from leitmotif_services.prototypes.servicer import PrototypesServicer
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.app import App

SERVICE_NAME = "leitmotif.api.prototypes.v1.PrototypesService"

WAITING_ACTIVATIONS = 4
"""Activations that may wait for the one at work: each loads a whole model."""


async def build(config: PrototypesConfig) -> App:
    """The service over the bundles of `config.model_root`, with a model loaded where one is found that verifies."""
    app = App("prototypes")
    registry = ModelRegistry(config.model_root, lambda folder: load_bundle(folder, index=config.index), read_manifest)
    searches = Admission("prototype-search", workers=config.workers, waiting=config.waiting)
    app.on_close(searches.close)
    activations = Admission("model-activation", workers=1, waiting=WAITING_ACTIVATIONS)
    app.on_close(activations.close)
    await asyncio.to_thread(registry.start)
    servicer = PrototypesServicer(
        registry, searches, activations, read_snippet, max_message_bytes=config.server.max_message_bytes
    )
    app.mount(SERVICE_NAME, prototypes_pb2_grpc.add_PrototypesServiceServicer_to_server, servicer)
    return app
