"""Settings of the prototypes service."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from leitmotif_services.prototypes.search.index_record import MOST_SHARDS, STORAGES
from leitmotif_services.runtime.environment import ConfigurationError, EnvironmentReader
from leitmotif_services.runtime.server import ServerSettings

PREFIX = "LEITMOTIF_PROTOTYPES_"
DEFAULT_PORT = 50052

_NAMES = re.compile(r"([a-z][a-z0-9_]{0,63}(,[a-z][a-z0-9_]{0,63}){0,63})?")

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
    """What searches go to: "exact", "faiss", or "auto" for the choice by size and by the recall measured at the build."""
    index_storage: str = "auto"
    """How indexes that the service itself builds store rows: "flat", "float32", "float16", "int8", "int4", or "auto" by size."""
    index_shards: int = 1
    """Stretches of tracks that such an index is divided into; a search goes through all of them at once, on so many cores."""
    filterable: tuple[str, ...] = ()
    """Further fields of tracks that filters may test, beside tags, artist, year and duration_s."""
    journal_sync_interval_s: float = 0.0
    """0: every change of the catalogue is on disk before its call is answered. Else the journal is forced to disk that often, and
    a crash of the machine, not of the process, may lose what was answered in between."""
    max_later: int = 50_000
    """Changes of the catalogue that may wait for a compaction; more are refused with OVERLOADED."""
    compact_share: float = 0.1
    """Changes above which the catalogue is compacted, as a share of the bundle's tracks, but at least 100 …"""
    compact_at: int = 10_000
    """… and at most so many."""
    kept_compactions: int = 2
    """Bundles of earlier compactions, and as many with created prototypes, that stay beside those that answer or can be rolled
    back to. Older ones are removed, wherever they were written; those as they were trained always stay."""
    journal_kept_mib: int = 1024
    """Size up to which the journal keeps changes that only bundles need which do not answer: for activating them."""
    kept_beside_s: float = 600.0
    """How long a model that no longer answers stays loaded at least, so that pages begun with it can be turned to their end."""
    cursor_key: str = field(default="", repr=False)
    """Secret that page tokens of rankings are signed with, the same at every replica. Empty: one is kept beside the bundles, so
    that services with folders of their own do not turn each other's pages."""

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
            index_storage=reader.choice("INDEX_STORAGE", default="auto", allowed=("auto", *STORAGES)),
            index_shards=reader.integer("INDEX_SHARDS", default=1, minimum=1, maximum=MOST_SHARDS),
            filterable=_names(reader, "FILTERABLE"),
            journal_sync_interval_s=_sync_interval_s(reader),
            max_later=reader.integer("MAX_DELTA", default=50_000, minimum=1, maximum=10_000_000),
            compact_share=reader.number("COMPACT_SHARE", default=0.1, minimum=0.0, maximum=100.0),
            compact_at=reader.integer("COMPACT_AT", default=10_000, minimum=1, maximum=10_000_000),
            kept_compactions=reader.integer("KEPT_COMPACTIONS", default=2, minimum=0, maximum=1000),
            journal_kept_mib=reader.integer("JOURNAL_KEPT_MIB", default=1024, minimum=0, maximum=1 << 20),
            kept_beside_s=reader.number("KEPT_BESIDE_S", default=600.0, minimum=0.0, maximum=86_400.0),
            cursor_key=reader.secret("CURSOR_KEY"),
        )
        reader.finish()
        if config.cursor_key and len(config.cursor_key) < MIN_KEY_CHARACTERS:
            raise ConfigurationError([f"{PREFIX}CURSOR_KEY must have at least {MIN_KEY_CHARACTERS} characters"])
        return config


def _names(reader: EnvironmentReader, name: str) -> tuple[str, ...]:
    raw = reader.matching(name, _NAMES, "names of fields, such as bpm, separated by commas", default="")
    return tuple(dict.fromkeys(raw.split(","))) if raw else ()


def _sync_interval_s(reader: EnvironmentReader) -> float:
    policy = reader.choice("JOURNAL_FSYNC", default="always", allowed=("always", "interval"))
    interval_s = reader.number("JOURNAL_FSYNC_INTERVAL_S", default=1.0, minimum=0.01, maximum=3600.0)
    return interval_s if policy == "interval" else 0.0
