"""A service as a process of its own, scraped over HTTP: its figures are what was sent."""

import asyncio
import json
import os
import signal
import subprocess
import sys

import grpc
import pytest

from leitmotif.api.audio.v1 import audio_pb2 as pb
from leitmotif.api.audio.v1 import audio_pb2_grpc
from tests.integration.audio.serving import figures_once, refusal, request_of, scraped, stream_messages
from tests.unit.audio.audio_files import encoded, music

NAME = "leitmotif_audio_"
STREAMED = f'{NAME}embedded_seconds_total{{method="EmbedStream"}}'


@pytest.fixture
def process(tmp_path):
    """Ports of gRPC and metrics, and the process."""
    own = {"LISTEN": "127.0.0.1:0", "METRICS_LISTEN": "127.0.0.1:0", "WORKERS": "1"}
    environment = os.environ | {f"LEITMOTIF_AUDIO_{name}": value for name, value in own.items()}
    with (tmp_path / "log").open("w+") as log:
        command = [sys.executable, "-m", "leitmotif_services.audio"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        try:
            port = int(process.stdout.readline().rsplit(" ", 1)[1])
            log.seek(0)
            (entry,) = (entry for entry in map(json.loads, log) if entry["message"] == "serving metrics")
            yield port, entry["port"], process
        finally:
            process.kill()
            process.communicate()


async def test_the_figures_are_what_was_sent(process):
    port, metrics_port, service = process
    files = [encoded(music(seconds), 24_000) for seconds in (2.0, 3.0, 11.0)]
    samples = music(12.0, 22_050)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = audio_pb2_grpc.AudioServiceStub(channel)
        await stub.EmbedTracks(request_of(files[0], b"", files[1]))
        response = await stub.EmbedTracks(request_of(files[2], b"no audio", b"no audio", files[0][:100]))
        assert response.results[0].track.duration_s == 11.0
        await refusal(stub.EmbedTracks(pb.EmbedTracksRequest()))
        await refusal(stub.EmbedTracks(request_of(*[b""] * 17)))
        await refusal(stub.EmbedTracks(request_of(files[0], encoder_id="nope")))
        call = stub.EmbedStream()
        messages = list(stream_messages(samples))
        for message in messages:
            await call.write(message)
        assert (await call.read()).segment.segment.start_s == 0.0
        meanwhile = await figures_once(metrics_port, lambda seen: seen[STREAMED] > 11.9)
        assert meanwhile[f"{NAME}streams_open"] == 1
        await call.done_writing()
        while await call.read() is not grpc.aio.EOF:
            pass
        seen = await asyncio.to_thread(scraped, metrics_port)
    assert (seen[f"{NAME}batch_items_count"], seen[f"{NAME}batch_items_sum"]) == (2, 7)
    assert (seen[f'{NAME}batch_items_bucket{{le="2.0"}}'], seen[f'{NAME}batch_items_bucket{{le="4.0"}}']) == (0, 2)
    assert seen[f'{NAME}embedded_seconds_total{{method="EmbedTracks"}}'] == pytest.approx(16.0)
    assert seen[STREAMED] == pytest.approx(12.0)
    counts = {stage: seen[f'{NAME}stage_seconds_count{{stage="{stage}"}}'] for stage in ("queue", "decode", "compute")}
    assert counts == {"queue": 2, "decode": 7, "compute": 3}
    assert seen[f'{NAME}stage_seconds_sum{{stage="decode"}}'] > 0
    compute_s = seen[f'{NAME}stage_seconds_sum{{stage="compute"}}']
    assert response.timings.compute_s < compute_s < 10
    prefix = f'{NAME}failures_total{{reason="'
    failures = {name[len(prefix) : -2]: value for name, value in seen.items() if name.startswith(prefix)}
    assert failures == {
        "AUDIO_EMPTY": 1,
        "AUDIO_FORMAT_UNKNOWN": 2,
        "AUDIO_CORRUPT": 1,
        "FIELD_INVALID": 1,
        "LIMIT_EXCEEDED": 1,
        "ENCODER_NOT_FOUND": 1,
    }
    for gauge in ("queue_depth", "calls_in_flight", "items_in_flight", "held_bytes", "streams_open", "dropped_calls_total"):
        assert seen[NAME + gauge] == 0
    if sys.platform == "linux":
        assert seen["process_resident_memory_bytes"] > 1 << 20
    service.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(service.wait, 20) == 0


def test_an_address_for_metrics_that_cannot_be_had_stops_the_start():
    environment = os.environ | {"LEITMOTIF_AUDIO_LISTEN": "127.0.0.1:0", "LEITMOTIF_AUDIO_METRICS_LISTEN": "203.0.113.1:1"}
    command = [sys.executable, "-m", "leitmotif_services.audio"]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert ended.returncode == 1
    assert "cannot listen for metrics at 203.0.113.1:1" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_the_setting_the_library_is_not_imported():
    script = """
import asyncio, sys
from leitmotif_services.audio.app import build
from leitmotif_services.audio.config import AudioConfig
app = asyncio.run(build(AudioConfig.from_environment({})))
print(len(app.collectors), "prometheus_client" in sys.modules)
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout.split() == ["0", "False"]
