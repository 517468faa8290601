"""Whatever becomes of a decoding process, and of the service: one file is refused, nothing else, and nothing is left behind.

The processes are real, and really die; where a decoder must do what only a hostile file makes it do, `deadly_worker` does it.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import grpc
import numpy as np
import pytest

from leitmotif.api.audio.v1 import audio_pb2_grpc
from leitmotif_services.audio import decoding_process
from leitmotif_services.audio.app import build
from leitmotif_services.audio.config import AudioConfig
from leitmotif_services.audio.decoding_pool import DecodingPool
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.integration.audio.serving import figures_once, info_of, request_of, scraped, served
from tests.unit.audio.audio_files import encoded, music

ROOT = Path(__file__).resolve().parents[3]
RESTARTS = 'leitmotif_audio_decoder_restarts_total{cause="%s"}'

GOOD = encoded(music(2.0), 24_000)
OTHER_GOOD = encoded(music(3.0), 24_000, "FLAC")

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def deadly(monkeypatch):
    """Decoding processes whose decoder does what certain files tell it to."""
    monkeypatch.setattr(decoding_process, "_MODULE", "tests.integration.audio.deadly_worker")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def children_of(pid):
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            parent = int(status.read_text().split("PPid:")[1].split()[0])
            command = (status.parent / "cmdline").read_bytes()
        except OSError:  # it has just gone
            continue
        if parent == pid and b"worker" in command:
            found.append(int(status.parent.name))
    return found


def is_running(pid):
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def embeddings_of(response):
    return [result.track.embedding.SerializeToString() for result in response.results]


@pytest.mark.parametrize(
    ("content", "cause", "restarts"),
    [(b"segfault", "crashed", 1), (b"be killed", "killed", 2), (b"hang on for ever", "timed_out", 1)],
)
async def test_a_file_that_ends_its_process_is_refused_and_harms_no_neighbour(deadly, content, cause, restarts):
    """A process that was killed from outside may have been so for no fault of the file, which is tried once more."""
    async with served(WORKERS=2, MAX_DECODE_S=1.5, METRICS_LISTEN="127.0.0.1:0") as channel:
        stub = audio_pb2_grpc.AudioServiceStub(channel)
        alone = embeddings_of(await stub.EmbedTracks(request_of(GOOD, OTHER_GOOD)))
        response = await stub.EmbedTracks(request_of(GOOD, content, OTHER_GOOD, GOOD))
        refused = response.results[1].status
        assert (info_of(refused).reason, refused.code) == ("AUDIO_CORRUPT", 3)
        assert ("within 1.5 s" if cause == "timed_out" else "crashed the process") in refused.message
        embeddings = embeddings_of(response)
        assert [embeddings[0], embeddings[2], embeddings[3]] == [alone[0], alone[1], alone[0]]
        seen = await asyncio.to_thread(scraped, channel.metrics_port)
        assert {name: seen[RESTARTS % name] for name in ("crashed", "killed", "timed_out")} == {
            name: restarts if name == cause else 0 for name in ("crashed", "killed", "timed_out")
        }
        assert seen['leitmotif_audio_failures_total{reason="AUDIO_CORRUPT"}'] == 1
        assert embeddings_of(await stub.EmbedTracks(request_of(GOOD, OTHER_GOOD))) == alone


async def test_a_batch_of_nothing_but_deadly_files(deadly):
    async with served(WORKERS=2, METRICS_LISTEN="127.0.0.1:0") as channel:
        stub = audio_pb2_grpc.AudioServiceStub(channel)
        response = await stub.EmbedTracks(request_of(*[b"segfault"] * 8))
        assert [info_of(result.status).reason for result in response.results] == ["AUDIO_CORRUPT"] * 8
        assert (await stub.EmbedTracks(request_of(GOOD))).results[0].track.segments
        seen = await figures_once(channel.metrics_port, lambda seen: seen["leitmotif_audio_items_in_flight"] == 0)
        assert seen[RESTARTS % "crashed"] == 8


def test_what_a_decoder_asks_for_beyond_its_memory_is_refused_and_a_defect_is_none_of_the_files(deadly):
    pool = DecodingPool(1, longest_s=60.0)
    try:
        for _ in range(2):
            with pytest.raises(ServiceError) as caught:
                pool.decode(b"hog all memory", 16_000)
            assert caught.value.reason is Reason.AUDIO_TOO_LARGE
        with pytest.raises(RuntimeError, match="LookupError: of the decoder's own"):
            pool.decode(b"a defect", 16_000)
        with pytest.raises(ServiceError) as caught:
            pool.decode(b"rambling of a library on stdout", 16_000)
        assert caught.value.reason is Reason.AUDIO_FORMAT_UNKNOWN
        assert pool.decode(GOOD, 16_000).duration_s == 2.0
    finally:
        pool.close()


@needs_proc
def test_a_decoding_process_can_write_no_file_dumps_no_core_and_knows_no_secret(monkeypatch):
    monkeypatch.setenv("LEITMOTIF_PROFILES_REDIS_URL", "redis://:secret@example")
    pool = DecodingPool(1, longest_s=60.0)
    try:
        pool.wait_ready()
        (pid,) = children_of(os.getpid())
        limits = Path(f"/proc/{pid}/limits").read_text()
        for name in ("Max file size", "Max core file size"):
            (line,) = (line for line in limits.splitlines() if line.startswith(name))
            assert line.split()[-3:-1] == ["0", "0"]
        assert b"secret" not in Path(f"/proc/{pid}/environ").read_bytes()
        pool.decode(GOOD, 16_000)
        (line,) = (line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if line.startswith("Max address"))
        assert 1 << 28 < int(line.split()[3]) < 4 << 30
        assert "grpc" not in Path(f"/proc/{pid}/maps").read_text()
    finally:
        pool.close()
    assert not is_running(pid)


@needs_proc
async def test_a_process_that_is_killed_while_it_decodes_costs_nothing():
    """By the system, or an operator: every item of the batch is embedded, the one that it held on another process."""
    async with served(WORKERS=1, METRICS_LISTEN="127.0.0.1:0") as channel:
        stub = audio_pb2_grpc.AudioServiceStub(channel)
        alone = embeddings_of(await stub.EmbedTracks(request_of(GOOD, OTHER_GOOD)))
        (pid,) = children_of(os.getpid())
        os.kill(pid, signal.SIGSTOP)
        call = asyncio.ensure_future(stub.EmbedTracks(request_of(GOOD, OTHER_GOOD, GOOD)))
        await figures_once(channel.metrics_port, lambda seen: seen["leitmotif_audio_items_in_flight"] == 3)
        os.kill(pid, signal.SIGKILL)
        assert embeddings_of(await call) == [alone[0], alone[1], alone[0]]
        seen = await asyncio.to_thread(scraped, channel.metrics_port)
        assert seen[RESTARTS % "killed"] == 1
        (other,) = children_of(os.getpid())
        assert other != pid
        # One that is killed while it waits is found out by the next file, which is no fault of that either.
        os.kill(other, signal.SIGKILL)
        assert embeddings_of(await stub.EmbedTracks(request_of(GOOD))) == alone[:1]


async def test_processes_that_cannot_start_stop_the_start_of_the_service(monkeypatch):
    monkeypatch.setattr(decoding_process, "_MODULE", "no_such_module")
    config = AudioConfig.from_environment({"LEITMOTIF_AUDIO_DECODERS": "2"})
    with pytest.raises(ServiceError) as caught:
        await build(config)
    assert caught.value.reason is Reason.UPSTREAM_UNAVAILABLE


def test_a_pool_whose_processes_cannot_be_replaced_says_so_and_recovers(deadly, monkeypatch):
    pool = DecodingPool(1, longest_s=60.0)
    try:
        pool.wait_ready()
        with monkeypatch.context() as broken:
            broken.setattr(decoding_process, "_MODULE", "no_such_module")
            for reason in (Reason.AUDIO_CORRUPT, Reason.UPSTREAM_UNAVAILABLE, Reason.UPSTREAM_UNAVAILABLE):
                with pytest.raises(ServiceError) as caught:
                    pool.decode(b"segfault", 16_000)
                assert caught.value.reason is reason
        started = time.monotonic()
        while True:
            try:
                assert pool.decode(GOOD, 16_000).duration_s == 2.0
                break
            except ServiceError as error:
                assert error.reason is Reason.UPSTREAM_UNAVAILABLE
                assert time.monotonic() - started < 20
    finally:
        pool.close()


@pytest.fixture
def service():
    """A process of the service with two decoders, which can be told to hang."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "LEITMOTIF_AUDIO_LISTEN": "127.0.0.1:0", "LEITMOTIF_AUDIO_WORKERS": "2"}
    script = (
        "import sys; from leitmotif_services.audio import decoding_process;"
        "decoding_process._MODULE = 'tests.integration.audio.deadly_worker';"
        "import runpy; runpy.run_module('leitmotif_services.audio', run_name='__main__')"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    )
    try:
        process.port = int(process.stdout.readline().rsplit(" ", 1)[1])
        yield process
    finally:
        process.kill()
        process.communicate()


@needs_proc
@pytest.mark.parametrize("hangs", [False, True])
async def test_a_service_that_is_killed_leaves_no_process_behind(service, hangs):
    decoders = children_of(service.pid)
    assert len(decoders) == 2
    async with grpc.aio.insecure_channel(f"127.0.0.1:{service.port}") as channel:
        if hangs:
            call = audio_pb2_grpc.AudioServiceStub(channel).EmbedTracks(request_of(*[b"hang on for ever"] * 2))
            calling = asyncio.ensure_future(asyncio.wait_for(call, 30))
            asleep = [Path(f"/proc/{pid}/wchan") for pid in decoders]
            await until(lambda: all("nanosleep" in path.read_text() for path in asleep))
        service.kill()
        await until(lambda: not any(map(is_running, decoders)))
        if hangs:
            with pytest.raises(grpc.aio.AioRpcError):
                await calling


@needs_proc
async def test_a_service_that_stops_answers_what_it_decodes_and_leaves_no_process_behind(service):
    """The whole group is asked to stop at once, as Ctrl-C and some process managers do."""
    decoders = children_of(service.pid)
    content = encoded(np.tile(music(10.0, 44_100), 30), 44_100, "FLAC")
    options = [("grpc.max_send_message_length", 64 << 20)]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{service.port}", options=options) as channel:
        call = asyncio.ensure_future(audio_pb2_grpc.AudioServiceStub(channel).EmbedTracks(request_of(content, content)))
        for pid in decoders:
            before = cpu_ticks(pid)
            await until(lambda pid=pid, before=before: cpu_ticks(pid) > before + 2)
        for pid in (service.pid, *decoders):
            os.kill(pid, signal.SIGTERM)
        assert [result.track.duration_s for result in (await call).results] == [300.0] * 2
        assert await asyncio.to_thread(service.wait, 20) == 0
        assert not any(map(is_running, decoders))


def cpu_ticks(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
