"""Settings of the evaluation service and its workers."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from leitmotif_services.runtime.environment import ConfigurationError, EnvironmentReader
from leitmotif_services.runtime.server import ServerSettings

PREFIX = "LEITMOTIF_EVALUATION_"
DEFAULT_PORT = 50054
_KEY_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")


@dataclass(frozen=True)
class EvaluationConfig:
    """Everything that can be set, read from the environment once."""

    server: ServerSettings
    redis_url: str = field(repr=False)
    """redis://, rediss:// or unix://; may hold a password."""
    model_root: Path
    """Models are folders below it."""
    text_root: Path
    """Texts are files below it."""
    upload_root: Path
    """Uploaded texts are kept below it; the same folder for the service and the workers of a machine."""
    workers: int = 1
    """Worker processes that the service starts; 0 serves the API alone."""
    torch_threads: int = 1
    """Threads of each worker."""
    memory_limit_bytes: int = 8 << 30
    """Weights and activations of a worker."""
    max_text_bytes: int = 16 << 20
    """Largest text file."""
    max_upload_bytes: int = 1 << 30
    """All uploaded texts of a tenant together."""
    max_queued_jobs: int = 1000
    """Of all tenants."""
    max_tenant_jobs: int = 100
    """Jobs of a tenant that wait or run."""
    max_attempts: int = 3
    """A job that as many workers vanished from is failed: it is the likely cause."""
    retention_s: float = 7 * 86400.0
    """Jobs are kept so long after their end."""
    heartbeat_s: float = 5.0
    """How often a worker says that it lives, at least; silent for five times as long, it has lost its job."""
    checkpoint_s: float = 60.0
    """An adaptation writes a checkpoint so often: what a killed worker loses at most."""
    key_prefix: str = "leitmotif"
    """First part of every Redis key."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "EvaluationConfig":
        """Read LEITMOTIF_EVALUATION_*; ConfigurationError names every fault."""
        reader = EnvironmentReader(PREFIX, environ)
        workers = reader.integer("WORKERS", default=1, minimum=0, maximum=64)
        text_root = reader.path("TEXT_ROOT", default="texts")
        config = cls(
            server=ServerSettings.read(reader, port=DEFAULT_PORT),
            redis_url=reader.secret_url("REDIS_URL", default="redis://127.0.0.1:6379/0", schemes=("redis", "rediss", "unix")),
            model_root=reader.path("MODEL_ROOT", default="models"),
            text_root=text_root,
            upload_root=reader.path("UPLOAD_ROOT", default=str(text_root.parent / "uploads")),
            workers=workers,
            torch_threads=reader.integer(
                "TORCH_THREADS", default=max(1, (os.cpu_count() or 1) // max(1, workers)), minimum=1, maximum=256
            ),
            memory_limit_bytes=reader.integer("MEMORY_LIMIT_BYTES", default=8 << 30, minimum=1 << 20, maximum=1 << 44),
            max_text_bytes=reader.integer("MAX_TEXT_BYTES", default=16 << 20, minimum=1, maximum=1 << 32),
            max_upload_bytes=reader.integer("MAX_UPLOAD_BYTES", default=1 << 30, minimum=4096, maximum=1 << 50),
            max_queued_jobs=reader.integer("MAX_QUEUED_JOBS", default=1000, minimum=1, maximum=1_000_000),
            max_tenant_jobs=reader.integer("MAX_TENANT_JOBS", default=100, minimum=1, maximum=1_000_000),
            max_attempts=reader.integer("MAX_ATTEMPTS", default=3, minimum=1, maximum=100),
            retention_s=reader.number("RETENTION_S", default=7 * 86400.0, minimum=1.0, maximum=3650 * 86400.0),
            heartbeat_s=reader.number("HEARTBEAT_S", default=5.0, minimum=0.05, maximum=300.0),
            checkpoint_s=reader.number("CHECKPOINT_S", default=60.0, minimum=0.0, maximum=86400.0),
            key_prefix=reader.matching(
                "KEY_PREFIX", _KEY_PREFIX, "1 to 64 letters, digits, '.', '_', ':' or '-'", default="leitmotif"
            ),
        )
        reader.finish()
        config.check_upload_root()
        return config

    def check_upload_root(self) -> None:
        """ConfigurationError where uploads and the files of another root would mix: a path could name another tenant's text."""
        uploads = self.upload_root.resolve()
        for name, root in (("text", self.text_root.resolve()), ("model", self.model_root.resolve())):
            if uploads.is_relative_to(root) or root.is_relative_to(uploads):
                raise ConfigurationError([f"{PREFIX}UPLOAD_ROOT must not lie below the {name} root, nor that below it"])

    @property
    def lease_s(self) -> float:
        """Silence after which a job may be taken from its worker."""
        return 5 * self.heartbeat_s

    def worker_environment(self) -> dict[str, str]:
        """Variables that give a worker process these settings; its own LISTEN is never used."""
        settings = {
            "REDIS_URL": self.redis_url,
            "MODEL_ROOT": self.model_root.resolve(),
            "TEXT_ROOT": self.text_root.resolve(),
            "UPLOAD_ROOT": self.upload_root.resolve(),
            "WORKERS": self.workers,
            "TORCH_THREADS": self.torch_threads,
            "MEMORY_LIMIT_BYTES": self.memory_limit_bytes,
            "MAX_TEXT_BYTES": self.max_text_bytes,
            "MAX_UPLOAD_BYTES": self.max_upload_bytes,
            "MAX_QUEUED_JOBS": self.max_queued_jobs,
            "MAX_TENANT_JOBS": self.max_tenant_jobs,
            "MAX_ATTEMPTS": self.max_attempts,
            "RETENTION_S": self.retention_s,
            "HEARTBEAT_S": self.heartbeat_s,
            "CHECKPOINT_S": self.checkpoint_s,
            "KEY_PREFIX": self.key_prefix,
            "GRACE_S": self.server.grace_s,
        }
        return {PREFIX + name: str(value) for name, value in settings.items()}
