"""Composes the prototypes service."""

import asyncio
from functools import partial
from pathlib import Path

from leitmotif.api.prototypes.v1 import catalogue_pb2, models_pb2, prototypes_pb2
from leitmotif.api.prototypes.v1.catalogue_pb2_grpc import add_CatalogueServiceServicer_to_server
from leitmotif.api.prototypes.v1.models_pb2_grpc import add_ModelsServiceServicer_to_server
from leitmotif.api.prototypes.v1.prototypes_pb2_grpc import add_PrototypesServiceServicer_to_server
from leitmotif_services.prototypes.bounded_calls import BoundedCalls
from leitmotif_services.prototypes.bundle_writing import Trained, write_bundle
from leitmotif_services.prototypes.catalogue_servicer import CatalogueServicer
from leitmotif_services.prototypes.config import PrototypesConfig
from leitmotif_services.prototypes.cursor_key_file import kept_key
from leitmotif_services.prototypes.live_catalogue.catalogue_writer import CatalogueWriter
from leitmotif_services.prototypes.live_catalogue.compaction import content_of
from leitmotif_services.prototypes.live_catalogue.compactor import TEMPORARY_PREFIX, CompactionSettings, Compactor
from leitmotif_services.prototypes.live_catalogue.file_journal import FileJournal
from leitmotif_services.prototypes.live_catalogue.replay import caught_up
from leitmotif_services.prototypes.manifest import ENCODER
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.models.model_registry import ModelRegistry
from leitmotif_services.prototypes.models_servicer import ModelsServicer
from leitmotif_services.prototypes.ranking.cursor import Cursors
from leitmotif_services.prototypes.safetensors_bundle import load_bundle, read_manifest, read_snippet
from leitmotif_services.prototypes.servicer import PrototypesServicer
from leitmotif_services.prototypes.vocabulary.creation_log import CreationLog
from leitmotif_services.prototypes.vocabulary.prototype_creation import PrototypeCreation
from leitmotif_services.prototypes.vocabulary.prototype_directions import Directions
from leitmotif_services.prototypes.vocabulary.prototype_edits import PrototypeEdits
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.app import App

WAITING_ACTIVATIONS = 4
"""Activations that may wait for the one at work: each loads a whole model."""


async def build(config: PrototypesConfig) -> App:
    """The service over the bundles of `config.model_root`, with a model loaded where one is found that verifies."""
    app = App("prototypes")
    edits = await asyncio.to_thread(PrototypeEdits, config.model_root)
    journal = await asyncio.to_thread(FileJournal, config.model_root, sync_interval_s=config.journal_sync_interval_s)
    app.on_close(lambda: asyncio.to_thread(journal.close))
    registry = ModelRegistry(
        config.model_root,
        lambda folder: load_bundle(folder, index=config.index, filterable=config.filterable),
        read_manifest,
        prepare=lambda model: edits.applied(caught_up(model, journal)),
    )
    searches = Admission("prototype-search", workers=config.workers, waiting=config.waiting)
    app.on_close(searches.close)
    activations = Admission("model-activation", workers=1, waiting=WAITING_ACTIVATIONS)
    app.on_close(activations.close)
    compactor = Compactor(registry, journal, _compaction(config), read_snippet)
    app.on_close(lambda: asyncio.to_thread(compactor.close))
    await asyncio.to_thread(_start, registry, journal, compactor)
    writer = CatalogueWriter(
        journal,
        registry,
        most_later=config.max_later,
        on_change=compactor.wake,
        sync_interval_s=config.journal_sync_interval_s,
    )
    app.on_close(lambda: asyncio.to_thread(writer.close))
    creation = PrototypeCreation(
        registry,
        CreationLog(config.model_root),
        lambda model: content_of(model, read_snippet),
        partial(_write, config),
        compactor.tidy,
    )
    cursor_key = config.cursor_key.encode() or await asyncio.to_thread(kept_key, config.model_root)
    calls = BoundedCalls(searches, max_message_bytes=config.server.max_message_bytes)
    directions = Directions()
    working_out = Admission("prototype-directions", workers=1, waiting=config.waiting)
    app.on_close(working_out.close)
    direction_calls = BoundedCalls(working_out, max_message_bytes=config.server.max_message_bytes)
    app.mount(
        prototypes_pb2.DESCRIPTOR.services_by_name["PrototypesService"].full_name,
        add_PrototypesServiceServicer_to_server,
        PrototypesServicer(registry, calls, read_snippet, Cursors(cursor_key), edits, creation, activations, directions),
    )
    app.mount(
        catalogue_pb2.DESCRIPTOR.services_by_name["CatalogueService"].full_name,
        add_CatalogueServiceServicer_to_server,
        CatalogueServicer(registry, writer, calls),
    )
    app.mount(
        models_pb2.DESCRIPTOR.services_by_name["ModelsService"].full_name,
        add_ModelsServiceServicer_to_server,
        ModelsServicer(registry, calls, activations, directions, direction_calls),
    )
    return app


def _start(registry: ModelRegistry, journal: FileJournal, compactor: Compactor) -> None:
    if journal.writes:
        compactor.clear_away()
    journal.begin_at(max((manifest.catalogue_revision for manifest in registry.manifests()), default=0))
    registry.start()
    compactor.wake()


def _write(config: PrototypesConfig, content: Trained, parent: ServedModel) -> Path:
    """Write a bundle that was made of the one of `parent`."""
    encoder = parent.folder / ENCODER if ENCODER in parent.manifest.files else None
    return write_bundle(
        content,
        config.model_root,
        encoder_artifact=encoder,
        temporary_prefix=TEMPORARY_PREFIX,
        index_storage=config.index_storage,
        index_shards=config.index_shards,
    )


def _compaction(config: PrototypesConfig) -> CompactionSettings:
    return CompactionSettings(
        share=config.compact_share,
        most=config.compact_at,
        kept_bundles=config.kept_compactions,
        kept_journal_bytes=config.journal_kept_mib << 20,
        kept_beside_s=config.kept_beside_s,
        most_beside=config.max_later,
        index_storage=config.index_storage,
        index_shards=config.index_shards,
    )
