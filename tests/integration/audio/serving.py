"""The audio service over a real gRPC server at a free port, and how to read its refusals."""

import asyncio
import re
import threading
import urllib.request
from contextlib import asynccontextmanager

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2, status_pb2

from leitmotif.api.audio.v1 import audio_pb2 as pb
from leitmotif_services.audio.app import build
from leitmotif_services.audio.config import AudioConfig
from leitmotif_services.audio.encoder_artifact import METADATA_KEY
from leitmotif_services.audio.engine import DEFAULT_ENCODER, load_engine
from leitmotif_services.runtime.main import serve_metrics
from leitmotif_services.runtime.server import GrpcServer
from leitmotif_services.runtime.status import DETAILS_KEY


@asynccontextmanager
async def served(engines=None, **settings):
    """A channel; where METRICS_LISTEN is set, `channel.metrics_port` is the port to scrape."""
    environ = {"LEITMOTIF_AUDIO_LISTEN": "127.0.0.1:0"} | {f"LEITMOTIF_AUDIO_{k}": str(v) for k, v in settings.items()}
    config = AudioConfig.from_environment(environ)
    app = await build(config, engines=engines)
    server = GrpcServer(config.server, app)
    metrics_port = serve_metrics(config.server, app)
    await server.start()
    options = [("grpc.max_send_message_length", 64 << 20), ("grpc.max_receive_message_length", 64 << 20)]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}", options=options) as channel:
        channel.metrics_port = metrics_port
        try:
            yield channel
        finally:
            await server.drain()
            await app.close()


def request_of(*contents, encoder_id=""):
    items = [pb.AudioItem(track_id=f"t{index}", content=content) for index, content in enumerate(contents)]
    return pb.EmbedTracksRequest(items=items, encoder_id=encoder_id)


def info_of(status):
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.domain == "leitmotif"
    return info


def retry_delay_s(status):
    """Of the status' RetryInfo, which must be there."""
    retry = error_details_pb2.RetryInfo()
    assert any(detail.Unpack(retry) for detail in status.details)
    return retry.retry_delay.ToMilliseconds() / 1e3


async def refusal(call):
    """The google.rpc.Status of a call that must fail."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return status_of_call(caught.value)


def status_of_call(error):
    return status_pb2.Status.FromString(dict(error.trailing_metadata())[DETAILS_KEY])


def stream_messages(samples, sample_rate_hz=22_050, piece=8192, **start):
    yield pb.EmbedStreamRequest(start=pb.StreamStart(sample_rate_hz=sample_rate_hz, channels=1, **start))
    for first in range(0, len(samples), piece):
        yield pb.EmbedStreamRequest(samples=np.ascontiguousarray(samples[first : first + piece], "<f4").tobytes())


def scraped(port):
    """Figures by name and labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {name: float(value) for name, value in re.findall(r"^([^#\s]\S*) (\S+)$", text, re.MULTILINE)}


async def figures_once(port, condition):
    """What a scrape tells as soon as `condition` holds of it."""
    async with asyncio.timeout(20):
        while not condition(figures := await asyncio.to_thread(scraped, port)):
            await asyncio.sleep(0.01)
    return figures


class Gated:
    """A real engine that waits at a gate before each file."""

    def __init__(self):
        self.engine = load_engine()
        self.encoder = self.engine.encoder
        self.gate, self.waiting = threading.Event(), threading.Semaphore(0)

    def embed(self, content):
        self.waiting.release()
        assert self.gate.wait(20)
        return self.engine.embed(content)


def further_encoder(path, encoder_id):
    """Write the package's encoder under another id."""
    import onnx

    model = onnx.load(DEFAULT_ENCODER)
    own_id = load_engine().encoder.encoder_id
    (metadata,) = (entry for entry in model.metadata_props if entry.key == METADATA_KEY)
    assert metadata.value.count(own_id) == 1
    metadata.value = metadata.value.replace(own_id, encoder_id)
    onnx.save(model, path)
