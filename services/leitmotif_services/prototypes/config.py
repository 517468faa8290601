"""Settings of the prototypes service."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from leitmotif_services.runtime.environment import EnvironmentReader
from leitmotif_services.runtime.server import ServerSettings

PREFIX = "LEITMOTIF_PROTOTYPES_"
DEFAULT_PORT = 50052

MAX_MESSAGE_BYTES = 16 << 20
"""Default bound of a message: the affinities of 10,000 tracks for 128 prototypes are 5 MB, above gRPC's own 4 MiB."""


@dataclass(frozen=True)
class PrototypesConfig:
    """What an operator decides about the prototypes service."""

    server: ServerSettings
    model_root: Path
    """Folder of the bundles, one below it for each model version; also holds `active.json`, so it has to be writable."""
    workers: int = 2
    """Searches that run at once."""
    waiting: int = 64
    """Searches that may wait for a worker; the next one is refused with OVERLOADED."""
    index: str = "auto"
    """What searches go to: "exact", "faiss", or "auto" for the choice by size."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "PrototypesConfig":
        """Read `LEITMOTIF_PROTOTYPES_*`; ConfigurationError names every fault."""
        reader = EnvironmentReader(PREFIX, os.environ if environ is None else environ)
        config = cls(
            server=ServerSettings.read(reader, port=DEFAULT_PORT, max_message_bytes=MAX_MESSAGE_BYTES),
            model_root=reader.path("MODEL_ROOT", default=".leitmotif/models"),
            workers=reader.integer("WORKERS", default=2, minimum=1, maximum=256),
            waiting=reader.integer("WAITING", default=64, minimum=0, maximum=100_000),
            index=reader.choice("INDEX", default="auto", allowed=("auto", "exact", "faiss")),
        )
        reader.finish()
        return config
