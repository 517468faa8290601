"""Resident memory of a service process under what is meant to fill it."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import grpc
import numpy as np
import pytest
import soundfile

from leitmotif.api.audio.v1 import audio_pb2 as pb
from leitmotif.api.audio.v1 import audio_pb2_grpc
from tests.integration.audio.serving import info_of, request_of, status_of_call

MIB = 1 << 20

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def process():
    own = {"LISTEN": "127.0.0.1:0", "WORKERS": "1", "MAX_HELD_BYTES": str(64 * MIB), "MAX_MESSAGE_BYTES": str(32 * MIB)}
    environment = os.environ | {f"LEITMOTIF_AUDIO_{name}": value for name, value in own.items()}
    command = [sys.executable, "-m", "leitmotif_services.audio"]
    service = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
    try:
        service.port = int(service.stdout.readline().rsplit(" ", 1)[1])
        yield service
    finally:
        service.kill()
        service.communicate()


def resident_bytes(process, line):
    """Of the service and its decoding processes together: "VmRSS", or "VmHWM" for the highest of each so far."""
    total = 0
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            status = path.read_text()
        except OSError:  # it has just gone
            continue
        if process.pid in (int(path.parent.name), int(status.split("PPid:")[1].split()[0])):
            total += int(status.split(line + ":")[1].split()[0]) * 1024
    return total


def channel_to(process):
    options = [("grpc.max_send_message_length", 64 * MIB), ("grpc.use_local_subchannel_pool", 1)]
    return grpc.aio.insecure_channel(f"127.0.0.1:{process.port}", options=options)


async def test_large_messages_of_many_callers_stay_within_the_budget(process):
    """24 callers with 16 MiB each. Four are held at a time, in up to three copies, and two more are on their way."""
    before = resident_bytes(process, "VmRSS")
    content = b"RIFF\0\0\0\0WAVE" + bytes(16 * MIB - 12 - 1024)

    async def call():
        async with channel_to(process) as channel:
            try:
                response = await audio_pb2_grpc.AudioServiceStub(channel).EmbedTracks(request_of(content))
            except grpc.aio.AioRpcError as error:
                return info_of(status_of_call(error)).reason
            return info_of(response.results[0].status).reason

    outcomes = await asyncio.gather(*(call() for _ in range(24)))
    assert set(outcomes) <= {"AUDIO_CORRUPT", "OVERLOADED"}
    assert resident_bytes(process, "VmHWM") - before < 640 * MIB  # 24 × 16 MiB in three copies are 1,152


async def test_small_files_that_decode_to_hours_are_not_kept_decoded(process, tmp_path):
    """Six files of 20 minutes of silence, 170 KB each, in one call: one at a time is decoded, to two copies of 101 MiB."""
    path = tmp_path / "silence.flac"
    with soundfile.SoundFile(path, "w", 22_050, 1, format="FLAC", subtype="PCM_16") as file:
        for _ in range(20):
            file.write(np.zeros(22_050 * 60 - 100, np.float32))
    before = resident_bytes(process, "VmRSS")
    items = [pb.AudioItem(content=path.read_bytes())] * 6
    async with channel_to(process) as channel:
        response = await audio_pb2_grpc.AudioServiceStub(channel).EmbedTracks(pb.EmbedTracksRequest(items=items))
    assert {info_of(result.status).reason for result in response.results} == {"AUDIO_SILENT"}
    assert resident_bytes(process, "VmHWM") - before < 320 * MIB
