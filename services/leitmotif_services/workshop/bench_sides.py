"""What embedding benchmarks measure beside the bare loop: servers in processes of their own, reached over loopback."""

import base64
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import IO, Protocol, Self

import grpc

from leitmotif.api.audio.v1 import audio_pb2

CALL_FILES = 4
"""Files in one call of the audio service."""

EMBED_TRACKS = "/leitmotif.api.audio.v1.AudioService/EmbedTracks"

START_TIMEOUT_S = 60.0

CALL_TIMEOUT_S = 60.0


class BenchError(Exception):
    """A benchmark cannot be run; the text says why."""


class Side(Protocol):
    """A server that embeds the clips it was made with."""

    name: str

    def embed(self, files: int) -> None:
        """Embed `files` files, in turn from the clips, with enough calls open to keep the server busy."""

    def embed_one(self, index: int) -> None:
        """Embed one clip in a call of its own."""


class ServerProcess:
    """A child process, with whatever it starts itself, that ends with the block."""

    def __init__(self, module: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        # Libraries of a side bring no threads of their own.
        single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env={**os.environ, **single, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,  # a group of its own: LitServe leaves its workers behind when it is slow to end
        )

    @property
    def stdout(self) -> IO[str]:
        assert self._process.stdout is not None
        return self._process.stdout

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self.stdout.close()


class AudioServiceSide:
    """The audio service as a process, called as a product would: files in, embeddings out, over gRPC."""

    name = "service"

    def __init__(self, clips: Sequence[bytes], threads: int) -> None:
        # Requests are made beforehand, as LitServe's are: it is the servers that are measured.
        self._single = [_request([clip]) for clip in clips]
        self._batches = [_request(clips[start : start + CALL_FILES]) for start in range(0, len(clips), CALL_FILES)]
        self._clips = len(clips)
        self._open_calls = 2 * threads
        settings = {"LISTEN": "127.0.0.1:0", "WORKERS": str(threads), "THREADS": "1", "WAITING": "64"}
        environment = {f"LEITMOTIF_AUDIO_{name}": value for name, value in settings.items()}
        self._server = ServerProcess("leitmotif_services.audio", (), environment)
        ready = re.search(r"port (\d+)", self._server.stdout.readline())
        if ready is None:
            self._server.stop()
            raise BenchError("the audio service did not start")
        options = [("grpc.max_send_message_length", 64 << 20), ("grpc.max_receive_message_length", 64 << 20)]
        self._channel = grpc.insecure_channel(f"127.0.0.1:{ready[1]}", options=options)
        self._embed: Callable[..., audio_pb2.EmbedTracksResponse] = self._channel.unary_unary(
            EMBED_TRACKS, response_deserializer=audio_pb2.EmbedTracksResponse.FromString
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()
        self._server.stop()

    def embed(self, files: int) -> None:
        rounds, rest = divmod(files, self._clips)
        calls = [*(self._batches * rounds), *self._single[:rest]]
        with ThreadPoolExecutor(self._open_calls) as pool:
            for _ in pool.map(self._call, calls):
                pass

    def embed_one(self, index: int) -> None:
        self._call(self._single[index % self._clips])

    def _call(self, request: bytes) -> None:
        response = self._embed(request, timeout=CALL_TIMEOUT_S)
        refused = [result.status.message for result in response.results if result.WhichOneof("outcome") != "track"]
        if refused:
            raise BenchError(f"the service refused a file: {refused[0]}")


def _request(clips: Sequence[bytes]) -> bytes:
    return audio_pb2.EmbedTracksRequest(items=[audio_pb2.AudioItem(content=clip) for clip in clips]).SerializeToString()


def has_litserve() -> bool:
    """Whether the peer can be measured."""
    return find_spec("litserve") is not None


class LitServeSide:
    """The same engine behind LitServe: as many worker processes as threads, files as base64 in JSON, its own default."""

    name = "litserve"

    def __init__(self, clips: Sequence[bytes], threads: int) -> None:
        self._bodies = [json.dumps({"content": base64.b64encode(clip).decode()}) for clip in clips]
        self._open_calls = 4 * threads
        self._port = _free_port()
        self._local = threading.local()
        self._connections: list[http.client.HTTPConnection] = []
        self._server = ServerProcess("leitmotif_services.workshop.bench_litserve_peer", (str(self._port), str(threads)), {})
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self._server.has_ended or time.monotonic() > deadline:
                self._server.stop()
                raise BenchError("LitServe did not start")
            time.sleep(0.1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._connections:
            connection.close()
        self._server.stop()

    def embed(self, files: int) -> None:
        with ThreadPoolExecutor(self._open_calls) as pool:
            for _ in pool.map(self.embed_one, range(files)):
                pass

    def embed_one(self, index: int) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=CALL_TIMEOUT_S)
            self._local.connection = connection
            self._connections.append(connection)
        body = self._bodies[index % len(self._bodies)]
        connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != http.client.OK:
            raise BenchError(f"LitServe answered {answer.status}: {content[:200]!r}")

    def _answers(self) -> bool:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=1.0)
            connection.request("GET", "/health")
            healthy = connection.getresponse().status == http.client.OK
            connection.close()
        except OSError:
            return False
        return healthy


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
