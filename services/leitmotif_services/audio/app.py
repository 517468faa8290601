"""Composition root of the audio service."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace

from leitmotif.api.audio.v1 import audio_pb2, audio_pb2_grpc
from leitmotif_services.audio.batch_embedding import BatchEmbedder
from leitmotif_services.audio.config import AudioConfig
from leitmotif_services.audio.decoding_pool import DecodingPool
from leitmotif_services.audio.embedding_metrics import EmbeddingMetrics, NoMetrics
from leitmotif_services.audio.encoder_catalogue import EncoderCatalogue, encoder_files
from leitmotif_services.audio.engine import DEFAULT_ENCODER, AudioEngine, load_engine
from leitmotif_services.audio.held_content import HeldContent
from leitmotif_services.audio.onnxruntime_graph import open_graph
from leitmotif_services.audio.onnxruntime_text_encoder import load_text_engine
from leitmotif_services.audio.servicer import AudioServicer
from leitmotif_services.audio.stream_embedding import StreamEmbedder
from leitmotif_services.audio.text_embedding import TextEmbedder, TextEngine
from leitmotif_services.audio.text_encoder_artifact import TEXT_METADATA_KEY
from leitmotif_services.audio.text_encoder_catalogue import TextEncoderCatalogue
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.app import App
from leitmotif_services.runtime.message_receipt import MessageReceipt

SERVICE_NAME = audio_pb2.DESCRIPTOR.services_by_name["AudioService"].full_name

RECEIPT_S = 120.0
"""A request of EmbedTracks must have come within so long: time for the largest one at 5 Mbit/s."""


async def build(
    config: AudioConfig, *, engines: Sequence[AudioEngine] | None = None, text_engines: Sequence[TextEngine] = ()
) -> App:
    """Load and warm up every encoder and decoder (or take `engines`), then serve. One that cannot be used stops the start."""
    app = App("audio")
    try:
        return await _compose(app, config, engines, text_engines)
    except BaseException:
        await app.close()
        raise


async def _compose(
    app: App, config: AudioConfig, engines: Sequence[AudioEngine] | None, text_engines: Sequence[TextEngine]
) -> App:
    loaded, loaded_texts, decoding = engines or (), text_engines, None
    if engines is None:
        if config.decoders:
            decoding = DecodingPool(config.decoders, config.max_decode_s)
            app.on_close(lambda: asyncio.to_thread(decoding.close))
        loaded, loaded_texts = await asyncio.to_thread(_load, config, decoding)
    catalogue = EncoderCatalogue(loaded, config.default_encoder_id)
    text_encoders = TextEncoderCatalogue(loaded_texts, catalogue.encoders())
    # Both are kept busy only by as many files as both can take.
    at_once = config.workers + (0 if decoding is None else config.decoders)
    admission = Admission("audio embedding", workers=at_once, waiting=config.waiting)
    app.on_close(admission.close)
    streaming = Admission("audio streams", workers=config.workers, waiting=config.max_streams)
    app.on_close(streaming.close)
    texts = Admission("text embedding", workers=1, waiting=config.waiting)
    app.on_close(texts.close)
    held = HeldContent(config.max_held_bytes)
    embedder = BatchEmbedder(admission, held)
    streams = StreamEmbedder(streaming, config.max_streams, replace(config.limits, max_duration_s=config.max_stream_s))
    metrics = embedder.metrics = streams.metrics = _metrics(config, app, admission, held, embedder, streams)
    if decoding is not None:
        decoding.on_restart = metrics.decoder_restarted
    servicer = AudioServicer(
        catalogue,
        embedder,
        streams,
        text_encoders,
        TextEmbedder(texts),
        max_items=config.max_items,
        max_texts=config.max_texts,
        stream_idle_s=config.stream_idle_s,
        metrics=metrics,
    )
    messages = max(1, config.max_held_bytes // config.server.max_message_bytes)
    app.interceptors.append(MessageReceipt(frozenset({f"/{SERVICE_NAME}/EmbedTracks"}), at_once=messages, receipt_s=RECEIPT_S))
    app.mount(SERVICE_NAME, audio_pb2_grpc.add_AudioServiceServicer_to_server, servicer)
    return app


def _metrics(
    config: AudioConfig, app: App, admission: Admission, held: HeldContent, embedder: BatchEmbedder, streams: StreamEmbedder
) -> EmbeddingMetrics:
    if not config.server.metrics_listen:
        return NoMetrics()
    # Imported here alone: a service that nobody watches does not pay for the library.
    from leitmotif_services.audio.prometheus_client_metrics import PrometheusMetrics

    metrics = PrometheusMetrics(
        {
            "queue_depth": lambda: admission.waiting,
            "calls_in_flight": lambda: embedder.calls,
            "items_in_flight": lambda: embedder.items,
            "held_bytes": lambda: held.held_bytes,
            "streams_open": lambda: streams.open,
        }
    )
    app.collectors.append(metrics)
    return metrics


def _load(config: AudioConfig, decoding: DecodingPool | None) -> tuple[list[AudioEngine], list[TextEngine]]:
    computing = threading.Semaphore(config.workers)
    graphs = [open_graph(path, threads=config.threads) for path in (DEFAULT_ENCODER, *encoder_files(config.encoders))]
    engines = [
        load_engine(graph, limits=config.limits, decoders=decoding, computing=computing)
        for graph in graphs
        if TEXT_METADATA_KEY not in graph.metadata
    ]
    text_engines = [load_text_engine(graph) for graph in graphs if TEXT_METADATA_KEY in graph.metadata]
    if decoding is not None:
        decoding.wait_ready()
    for engine in engines:
        engine.warm_up()
    for text_engine in text_engines:
        text_engine.warm_up()
    return engines, text_engines
