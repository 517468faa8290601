"""Settings of the prototypes service."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from leitmotif_services.runtime.environment import ConfigurationError, EnvironmentReader
from leitmotif_services.runtime.server import ServerSettings

PREFIX = "LEITMOTIF_PROTOTYPES_"
DEFAULT_PORT = 50052

MAX_MESSAGE_BYTES = 16 << 20
"""Default bound of a message: the affinities of 10,000 tracks for 128 prototypes are 5 MB, above gRPC's own 4 MiB."""

MIN_KEY_CHARACTERS = 16


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
    cursor_key: str = field(default="", repr=False)
    """Secret that page tokens of rankings are signed with, the same at every replica. Empty: one is drawn at every start, and
    pages cannot be turned across a restart or from replica to replica."""

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
            cursor_key=reader.secret("CURSOR_KEY"),
        )
        reader.finish()
        if config.cursor_key and len(config.cursor_key) < MIN_KEY_CHARACTERS:
            raise ConfigurationError([f"{PREFIX}CURSOR_KEY must have at least {MIN_KEY_CHARACTERS} characters"])
        return config
