"""The whole platform on one machine, from one process.

Gateway, profiles and prototypes share this process and call each other through the local channel; audio and LM
evaluation, which burn CPU, are children of their own; Redis is a real server on a Unix socket below the data folder.
"""

import asyncio
import logging
import os
import socket
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from leitmotif_services.embedded.data_folder_lock import DataFolderLock
from leitmotif_services.embedded.redis_server import SOCKET_PATH_MAX_BYTES, EmbeddedRedis
from leitmotif_services.embedded.service_process import ServiceProcess
from leitmotif_services.gateway.app import build as build_gateway
from leitmotif_services.gateway.config import GatewayConfig
from leitmotif_services.profiles.app import build as build_profiles
from leitmotif_services.profiles.config import ProfilesConfig
from leitmotif_services.prototypes.app import build as build_prototypes
from leitmotif_services.prototypes.config import PrototypesConfig
from leitmotif_services.runtime.local_channel import LocalChannel
from leitmotif_services.runtime.server import GrpcServer
from leitmotif_services.runtime.stop_request import StopRequest

log = logging.getLogger(__name__)

_FIRST_LOOK_S = 0.25
_LONGEST_LOOK_S = 10.0
"""Between two looks at whether Redis lives; the longer one where it keeps dying."""


@dataclass(frozen=True)
class PlatformSettings:
    """What `leitmotif up` decides."""

    data_folder: Path
    """Holds `redis/` (profiles and jobs), `models/` (bundles), `language-models/` and `texts/` (for evaluation)."""
    port: int
    """Port of the gateway on the loopback interface; 0 takes a free one."""
    redis_url: str | None = None
    """A Redis to use instead of the embedded one."""

    @property
    def models_folder(self) -> Path:
        """Where bundles are looked for."""
        return self.data_folder / "models"


class Platform:
    """An async context manager: everything is up inside the block, and drained in reverse order behind it."""

    def __init__(self, settings: PlatformSettings) -> None:
        self._settings = settings
        self._exit = AsyncExitStack()
        self.port = 0
        """Port of the gateway, once up."""

    async def __aenter__(self) -> "Platform":
        try:
            await self._start()
        except BaseException:
            await self._exit.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exit.aclose()

    async def _start(self) -> None:
        for name in ("models", "language-models", "texts"):
            (self._settings.data_folder / name).mkdir(parents=True, exist_ok=True)
        lock = DataFolderLock(self._settings.data_folder)
        self._exit.callback(lock.release)
        _check_port(self._settings.port)
        redis_url = self._settings.redis_url or self._start_redis()
        sockets = self._socket_folder()
        addresses = {name: f"unix:{sockets / name}.sock" for name in ("audio", "evaluation")}
        # Children come first: a process must not be forked once gRPC runs in this one.
        await asyncio.gather(
            self._start_service("audio", {"LISTEN": addresses["audio"]}),
            self._start_service(
                "evaluation",
                {
                    "LISTEN": addresses["evaluation"],
                    "REDIS_URL": redis_url,
                    "MODEL_ROOT": str(self._settings.data_folder / "language-models"),
                    "TEXT_ROOT": str(self._settings.data_folder / "texts"),
                },
            ),
        )
        profiles_config = ProfilesConfig.from_environment(_environment("PROFILES", {"REDIS_URL": redis_url}))
        profiles = await build_profiles(profiles_config)
        self._exit.push_async_callback(profiles.close)
        prototypes_config = PrototypesConfig.from_environment(
            _environment("PROTOTYPES", {"MODEL_ROOT": str(self._settings.models_folder)})
        )
        prototypes = await build_prototypes(prototypes_config)
        self._exit.push_async_callback(prototypes.close)

        local = LocalChannel(profiles, prototypes).as_channel()
        gateway_config = GatewayConfig.from_environment(
            _environment(
                "GATEWAY",
                {
                    "LISTEN": f"127.0.0.1:{self._settings.port}",
                    "AUDIO_ADDRESS": addresses["audio"],
                    "EVALUATION_ADDRESS": addresses["evaluation"],
                },
            )
        )
        gateway = await build_gateway(gateway_config, channels={"profiles": local, "prototypes": local})
        self._exit.push_async_callback(gateway.close)
        server = GrpcServer(gateway_config.server, gateway)
        await server.start()
        self._exit.push_async_callback(server.drain)
        self.port = server.port

    def _start_redis(self) -> str:
        redis = EmbeddedRedis(self._settings.data_folder / "redis")
        # In this thread, blocking: the kernel ends Redis with the thread that started it, and nothing is served yet.
        redis.start()
        self._exit.push_async_callback(asyncio.to_thread, redis.stop)
        watch = asyncio.create_task(_keep_alive(redis), name="keep Redis alive")
        self._exit.callback(watch.cancel)
        return redis.url

    async def _start_service(self, name: str, settings: dict[str, str]) -> None:
        process = ServiceProcess(name, f"leitmotif_services.{name}", _environment(name.upper(), settings))
        self._exit.push_async_callback(process.stop)
        await process.start()

    def _socket_folder(self) -> Path:
        folder = self._settings.data_folder.resolve() / "run"
        if len(os.fsencode(folder / "evaluation.sock")) > SOCKET_PATH_MAX_BYTES:
            short = tempfile.TemporaryDirectory(prefix="leitmotif-")
            self._exit.callback(short.cleanup)
            return Path(short.name)
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def _check_port(port: int) -> None:
    """OSError when the port is taken: told before anything is started, not behind it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise OSError(f"cannot listen at 127.0.0.1:{port}: {error.strerror}; choose another with --port") from error


async def _keep_alive(redis: EmbeddedRedis) -> None:
    """Start Redis again when it dies: its append-only file has what was acknowledged."""
    wait_s = _FIRST_LOOK_S
    while True:
        await asyncio.sleep(wait_s)
        if redis.revive():
            log.error("Redis ended; started it again over the same data")
            wait_s = min(2 * wait_s, _LONGEST_LOOK_S)
        else:
            wait_s = _FIRST_LOOK_S


def _environment(service: str, settings: dict[str, str]) -> dict[str, str]:
    """A service's variables: what the operator set, overlaid by what the composition decides."""
    prefix = f"LEITMOTIF_{service}_"
    given = {name: value for name, value in os.environ.items() if name.startswith(prefix)}
    return {**given, **{prefix + name: value for name, value in settings.items()}}


async def serve_platform(settings: PlatformSettings, on_ready: Callable[[int], Coroutine[object, object, None]]) -> None:
    """Serve until SIGTERM or SIGINT; `on_ready` is awaited with the gateway's port once everything answers."""
    with StopRequest() as stop:
        async with Platform(settings) as platform:
            await stop.unless_asked(on_ready(platform.port))
            await stop.wait()
