"""Composition root of the audio service."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from leitmotif.api.audio.v1 import audio_pb2, audio_pb2_grpc
from leitmotif_services.audio.batch_embedding import BatchEmbedder
from leitmotif_services.audio.config import AudioConfig
from leitmotif_services.audio.encoder_catalogue import EncoderCatalogue, encoder_files
from leitmotif_services.audio.engine import DEFAULT_ENCODER, AudioEngine, load_engine
from leitmotif_services.audio.servicer import AudioServicer
from leitmotif_services.audio.stream_embedding import StreamEmbedder
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.app import App

SERVICE_NAME = audio_pb2.DESCRIPTOR.services_by_name["AudioService"].full_name


async def build(config: AudioConfig, *, engines: Sequence[AudioEngine] | None = None) -> App:
    """Load and warm up every encoder (or take `engines`), then serve. An encoder that cannot be used stops the start."""
    app = App("audio")
    loaded = await asyncio.to_thread(_load, config) if engines is None else engines
    catalogue = EncoderCatalogue(loaded, config.default_encoder_id)
    admission = Admission("audio embedding", workers=config.workers, waiting=config.waiting)
    app.on_close(admission.close)
    streaming = Admission("audio streams", workers=config.workers, waiting=config.max_streams)
    app.on_close(streaming.close)
    servicer = AudioServicer(
        catalogue,
        BatchEmbedder(admission, config.workers),
        StreamEmbedder(streaming, config.max_streams, replace(config.limits, max_duration_s=config.max_stream_s)),
        max_items=config.max_items,
        stream_idle_s=config.stream_idle_s,
    )
    app.mount(SERVICE_NAME, audio_pb2_grpc.add_AudioServiceServicer_to_server, servicer)
    return app


def _load(config: AudioConfig) -> list[AudioEngine]:
    paths = [DEFAULT_ENCODER, *encoder_files(config.encoders)]
    engines = [load_engine(path, threads=config.threads, limits=config.limits) for path in paths]
    for engine in engines:
        engine.warm_up()
    return engines
