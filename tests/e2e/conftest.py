"""A whole deployment for the tests: a Redis and the five services, each a process of its own, on free ports."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from leitmotif import Client
from leitmotif_services.embedded.redis_server import EmbeddedRedis
from leitmotif_services.workshop.audience import simulate_audience, write_interactions
from leitmotif_services.workshop.ingest import ingest
from leitmotif_services.workshop.local_embedder import LocalEmbedder
from leitmotif_services.workshop.music_writing import TAGS_FILE, write_music


@dataclass
class Service:
    """One service as a process; killed and started again at the same address."""

    name: str
    environment: dict[str, str]
    log: Path
    port: int = 0
    process: subprocess.Popen | None = None

    def start(self):
        listen = {f"LEITMOTIF_{self.name.upper()}_LISTEN": f"127.0.0.1:{self.port}"}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", f"leitmotif_services.{self.name}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **self.environment, **listen, "LEITMOTIF_FOLLOW_STDIN": "1"},
            )
        ready = self.process.stdout.readline()
        assert ready.startswith(f"leitmotif {self.name} ready on port "), self.log.read_text()[-2000:]
        self.port = int(ready.split()[-1])
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self._reap()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=40)
            finally:
                self.kill() if self.process.poll() is None else self._reap()

    def _reap(self):
        self.process.wait(timeout=20)
        self.process.stdin.close()
        self.process.stdout.close()


@dataclass
class Deployment:
    """The running services by name."""

    redis: EmbeddedRedis
    models: Path
    language_models: Path
    services: dict[str, Service] = field(default_factory=dict)

    @property
    def address(self):
        return f"127.0.0.1:{self.services['gateway'].port}"

    def log_of(self, name):
        return self.services[name].log.read_text()


def deploy(folder, models):
    """Start everything below `folder` over the bundles of `models`; yields the deployment and ends every process."""
    deployment = Deployment(EmbeddedRedis(folder / "redis", append_fsync="always"), models, folder / "language-models")
    deployment.language_models.mkdir()
    (folder / "texts").mkdir()
    deployment.redis.start()
    try:
        environments = {
            "audio": {},
            "prototypes": {"LEITMOTIF_PROTOTYPES_MODEL_ROOT": str(models)},
            "profiles": {"LEITMOTIF_PROFILES_REDIS_URL": deployment.redis.url},
            "evaluation": {
                "LEITMOTIF_EVALUATION_REDIS_URL": deployment.redis.url,
                "LEITMOTIF_EVALUATION_MODEL_ROOT": str(deployment.language_models),
                "LEITMOTIF_EVALUATION_TEXT_ROOT": str(folder / "texts"),
            },
        }
        for name, environment in environments.items():
            deployment.services[name] = Service(name, environment, folder / f"{name}.log").start()
        upstreams = {
            f"LEITMOTIF_GATEWAY_{name.upper()}_ADDRESS": f"127.0.0.1:{service.port}"
            for name, service in deployment.services.items()
        }
        deployment.services["gateway"] = Service("gateway", upstreams, folder / "gateway.log").start()
        yield deployment
    finally:
        for service in reversed(deployment.services.values()):
            service.stop()
        deployment.redis.stop()


@dataclass(frozen=True)
class ComposedCatalogue:
    """Composed music with its bundle, and what one simulated listener heard."""

    music: Path
    models: Path
    model_version: str
    user_id: str
    heard: list[str]


@pytest.fixture(scope="session")
def composed(tmp_path_factory):
    """Thirty short composed pieces, a simulated audience, and the bundle that was trained on both."""
    folder = tmp_path_factory.mktemp("composed")
    music = folder / "music"
    written = write_music(music, tracks=30, seed=5, duration_s=8.0)
    audience = simulate_audience({track.track_id: track.piece.tag_weights for track in written}, listeners=60, seed=5)
    write_interactions(folder / "interactions.csv", audience.interactions)
    with LocalEmbedder(workers=2) as embedder:
        report = ingest(
            music,
            embedder=embedder,
            models_root=folder / "models",
            interactions_csv=folder / "interactions.csv",
            tags_csv=music / TAGS_FILE,
        )
    assert report.failed == ()
    user_id = audience.listeners[0].user_id
    heard = [entry.track_id for entry in audience.interactions if entry.user_id == user_id]
    return ComposedCatalogue(music, folder / "models", report.model_version, user_id, heard)


@pytest.fixture(scope="module")
def deployment(composed, tmp_path_factory):
    """Five processes and a Redis, shared by the tests of a module; one that kills a process starts it again."""
    yield from deploy(tmp_path_factory.mktemp("deployment"), composed.models)


@pytest.fixture
def client(deployment):
    """The SDK's client of the deployment's public endpoint."""
    with Client(deployment.address) as client:
        yield client
