"""Composes the prototypes service."""

import asyncio
import logging
import secrets

from leitmotif.api.prototypes.v1 import catalogue_pb2, models_pb2, prototypes_pb2
from leitmotif.api.prototypes.v1.catalogue_pb2_grpc import add_CatalogueServiceServicer_to_server
from leitmotif.api.prototypes.v1.models_pb2_grpc import add_ModelsServiceServicer_to_server
from leitmotif.api.prototypes.v1.prototypes_pb2_grpc import add_PrototypesServiceServicer_to_server
from leitmotif_services.prototypes.bounded_calls import BoundedCalls
from leitmotif_services.prototypes.catalogue_servicer import CatalogueServicer
from leitmotif_services.prototypes.config import PrototypesConfig
from leitmotif_services.prototypes.models.model_registry import ModelRegistry
from leitmotif_services.prototypes.models_servicer import ModelsServicer
from leitmotif_services.prototypes.ranking.cursor import Cursors
from leitmotif_services.prototypes.safetensors_bundle import load_bundle, read_manifest, read_snippet
from leitmotif_services.prototypes.servicer import PrototypesServicer
from leitmotif_services.prototypes.vocabulary.prototype_edits import PrototypeEdits
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.app import App

WAITING_ACTIVATIONS = 4
"""Activations that may wait for the one at work: each loads a whole model."""

log = logging.getLogger(__name__)


async def build(config: PrototypesConfig) -> App:
    """The service over the bundles of `config.model_root`, with a model loaded where one is found that verifies."""
    app = App("prototypes")
    edits = await asyncio.to_thread(PrototypeEdits, config.model_root)
    registry = ModelRegistry(
        config.model_root, lambda folder: load_bundle(folder, index=config.index), read_manifest, prepare=edits.applied
    )
    searches = Admission("prototype-search", workers=config.workers, waiting=config.waiting)
    app.on_close(searches.close)
    activations = Admission("model-activation", workers=1, waiting=WAITING_ACTIVATIONS)
    app.on_close(activations.close)
    await asyncio.to_thread(registry.start)
    calls = BoundedCalls(searches, max_message_bytes=config.server.max_message_bytes)
    app.mount(
        prototypes_pb2.DESCRIPTOR.services_by_name["PrototypesService"].full_name,
        add_PrototypesServiceServicer_to_server,
        PrototypesServicer(registry, calls, read_snippet, Cursors(_cursor_key(config)), edits),
    )
    app.mount(
        catalogue_pb2.DESCRIPTOR.services_by_name["CatalogueService"].full_name,
        add_CatalogueServiceServicer_to_server,
        CatalogueServicer(registry, calls),
    )
    app.mount(
        models_pb2.DESCRIPTOR.services_by_name["ModelsService"].full_name,
        add_ModelsServiceServicer_to_server,
        ModelsServicer(registry, calls, activations),
    )
    return app


def _cursor_key(config: PrototypesConfig) -> bytes:
    if config.cursor_key:
        return config.cursor_key.encode()
    log.warning("page tokens of rankings end with this process: LEITMOTIF_PROTOTYPES_CURSOR_KEY is not set")
    return secrets.token_bytes(32)
