"""The manifest of a bundle: what the folder holds, with a checksum of every file and of the manifest itself.

    {"schema_version": 3, "model_version": "3f…", "created": "2025-01-31T12:00:00+00:00", "kind": "leitmotif",
     "encoder": {"id": "…", "sha256": "…"}, "tracks": N, "prototypes": K, "dimension": D, "edit_gain": γ,
     "profile_version": "a0…" or null, "catalogue_revision": n,
     "metrics": {name: figure}, "files": {path: {"sha256": "…", "size_bytes": n}}, "manifest_sha256": "…"}

There is one way to write it (sorted keys, two spaces of indent, UTF-8, a line feed at the end), and a reader accepts
that way only, so that no byte of it can change unnoticed.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from leitmotif_services.runtime.errors import Reason, ServiceError

SCHEMA_VERSION = 3
"""Version that this release writes; it reads EARLIER_SCHEMA_VERSION too."""

EARLIER_SCHEMA_VERSION = 2
"""Knew neither `profile_version` nor `catalogue_revision`; prototypes of version 1 had no `expressed_rank`."""

MANIFEST = "manifest.json"
PROTOTYPES = "prototypes.json"
CATALOGUE = "catalogue.jsonl"
ARRAYS = "arrays.safetensors"
INDEX = "index.faiss"
INDEX_RECORD = "index.json"
AFFINITY_HEAD = "affinity.onnx"
ENCODER = "encoder.onnx"
SNIPPETS = "snippets"

REQUIRED_FILES = frozenset({PROTOTYPES, CATALOGUE, ARRAYS, INDEX, AFFINITY_HEAD})

OPTIONAL_FILES = frozenset({ENCODER, INDEX_RECORD})
"""A bundle of an earlier release has no record of its index."""

_FURTHER_INDEX = re.compile(r"index(-[1-9][0-9]?)?(-whole)?\.faiss")
"""Of another part of the rows, or of another shard."""

MANIFEST_BYTES_LIMIT = 16 << 20
"""A longer manifest is refused unread."""

SNIPPET_BYTES_LIMIT = 32 << 20
"""Largest snippet: it is read into memory whole."""

COUNT_LIMITS = {"tracks": 10_000_000, "prototypes": 10_000, "dimension": 65_536}
"""Largest N, K and D that a manifest may state: what is allocated stays bounded whatever it says."""

MIME_TYPES = {".ogg": "audio/ogg", ".wav": "audio/wav", ".flac": "audio/flac", ".mp3": "audio/mpeg"}
"""MIME type of a snippet by the extension of its file; no other extension is allowed."""

_VERSION_CHARACTERS = 16
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_UNHASHED = ("model_version", "created", "manifest_sha256")
_EARLIER_KEYS = frozenset(
    {"schema_version", "kind", "encoder", "tracks", "prototypes", "dimension", "edit_gain", "metrics", "files", *_UNHASHED}
)
_LATER_KEYS = frozenset({"profile_version", "catalogue_revision"})


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of the bundle as it was written."""

    sha256: str
    """64 lower-case hexadecimal digits."""
    size_bytes: int


@dataclass(frozen=True)
class Manifest:
    """What a bundle says of itself."""

    kind: str
    encoder_id: str
    encoder_sha256: str
    track_count: int
    """N ≥ 1."""
    prototype_count: int
    """K ≥ 1."""
    dimension: int
    """D ≥ 1, of the embeddings."""
    edit_gain: float
    """γ ≥ 0 of the score."""
    metrics: Mapping[str, float]
    created: datetime
    """UTC."""
    files: Mapping[str, FileEntry]
    """Every file of the folder but the manifest, by its path with forward slashes."""
    taken_over_from: str | None = None
    """`profile_version` of the model whose prototypes it took over unchanged, as a compaction does; None for its own."""
    catalogue_revision: int = 0
    """Number of the last change of the catalogue that the bundle holds; 0 for the catalogue of training."""
    schema_version: int = SCHEMA_VERSION
    """SCHEMA_VERSION, or EARLIER_SCHEMA_VERSION for one that was read."""

    @property
    def profile_version(self) -> str:
        """Model version that profiles for it carry."""
        return self.taken_over_from or self.model_version

    @cached_property
    def model_version(self) -> str:
        """Hash of all of it but `created`, the checksums of the files included: 16 hexadecimal digits, valid as an id."""
        return _digest(_content(self))[:_VERSION_CHARACTERS]

    def rendered(self) -> bytes:
        """The bytes of the manifest file."""
        record = _content(self) | {"created": self.created.isoformat(), "model_version": self.model_version}
        return _rendered(record | {"manifest_sha256": _digest(record)})


def corrupt(file: str, problem: str) -> ServiceError:
    """BUNDLE_CORRUPT for a file of a bundle, named by its path in it."""
    return ServiceError(Reason.BUNDLE_CORRUPT, f"{file}: {problem}", file=file)


def is_snippet_name(name: str) -> bool:
    """Whether a file of that name may lie below `snippets/`."""
    return _ID.fullmatch(name) is not None and any(name.endswith(extension) for extension in MIME_TYPES)


def parse_manifest(raw: bytes) -> Manifest:
    """The manifest of a file's bytes; BUNDLE_CORRUPT or BUNDLE_SCHEMA_UNKNOWN says why there is none."""
    try:
        record = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise corrupt(MANIFEST, "is not valid JSON") from error
    if not isinstance(record, dict):
        raise corrupt(MANIFEST, "is not a JSON object")
    # The checksum comes before the schema version: a damaged version number is damage, not another schema.
    unsigned = {key: value for key, value in record.items() if key != "manifest_sha256"}
    claimed = record.get("manifest_sha256")
    if claimed is not None and claimed != _digest(unsigned):
        raise corrupt(MANIFEST, "does not match its own checksum")
    schema = record.get("schema_version")
    if schema not in (EARLIER_SCHEMA_VERSION, SCHEMA_VERSION) or not isinstance(schema, int):
        raise ServiceError(
            Reason.BUNDLE_SCHEMA_UNKNOWN,
            f"the bundle has schema version {schema!r}, this release reads {EARLIER_SCHEMA_VERSION} and {SCHEMA_VERSION}",
            schema_version=schema,
        )
    try:
        manifest = _parsed(record)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise corrupt(MANIFEST, f"is malformed ({error})") from error
    if raw != manifest.rendered():
        raise corrupt(MANIFEST, "is not what its content renders to")
    return manifest


def _parsed(record: dict[str, Any]) -> Manifest:
    schema = record["schema_version"]
    keys = _EARLIER_KEYS if schema == EARLIER_SCHEMA_VERSION else _EARLIER_KEYS | _LATER_KEYS
    if record.keys() != keys:
        raise ValueError(f"keys {sorted(record.keys() ^ keys)}")
    created = datetime.fromisoformat(_text(record["created"]))
    if created.utcoffset() != timedelta(0):
        raise ValueError("created is not in UTC")
    encoder = record["encoder"]
    if encoder.keys() != {"id", "sha256"} or not _SHA256.fullmatch(_text(encoder["sha256"])):
        raise ValueError("encoder")
    counts = {name: _whole(record[name], minimum=1, maximum=limit) for name, limit in COUNT_LIMITS.items()}
    files = {path: _file_entry(path, entry) for path, entry in record["files"].items()}
    if missing := sorted(REQUIRED_FILES - files.keys()):
        raise ValueError(f"does not list {missing[0]}")
    edit_gain = _number(record["edit_gain"])
    if edit_gain < 0:
        raise ValueError("edit_gain is negative")
    taken_over_from = record.get("profile_version")
    return Manifest(
        kind=_identifier(record["kind"]),
        encoder_id=_identifier(encoder["id"]),
        encoder_sha256=encoder["sha256"],
        track_count=counts["tracks"],
        prototype_count=counts["prototypes"],
        dimension=counts["dimension"],
        edit_gain=edit_gain,
        metrics={name: _number(figure) for name, figure in record["metrics"].items()},
        created=created,
        files=files,
        taken_over_from=None if taken_over_from is None else _identifier(taken_over_from),
        catalogue_revision=_whole(record.get("catalogue_revision", 0), minimum=0, maximum=2**63 - 1),
        schema_version=schema,
    )


def _file_entry(path: str, entry: Any) -> FileEntry:
    folder, _, name = path.rpartition("/")
    listed = path in REQUIRED_FILES | OPTIONAL_FILES or _FURTHER_INDEX.fullmatch(path) is not None
    if not listed and not (folder == SNIPPETS and is_snippet_name(name)):
        raise ValueError(f"lists {path[:80]!r}, which no bundle holds")
    if entry.keys() != {"sha256", "size_bytes"} or not _SHA256.fullmatch(_text(entry["sha256"])):
        raise ValueError(f"entry of {path}")
    limit = SNIPPET_BYTES_LIMIT if folder == SNIPPETS else 1 << 50
    return FileEntry(entry["sha256"], _whole(entry["size_bytes"], minimum=0, maximum=limit))


def _content(manifest: Manifest) -> dict[str, Any]:
    content = {
        "schema_version": manifest.schema_version,
        "kind": manifest.kind,
        "encoder": {"id": manifest.encoder_id, "sha256": manifest.encoder_sha256},
        "tracks": manifest.track_count,
        "prototypes": manifest.prototype_count,
        "dimension": manifest.dimension,
        "edit_gain": manifest.edit_gain,
        "metrics": dict(manifest.metrics),
        "files": {path: {"sha256": entry.sha256, "size_bytes": entry.size_bytes} for path, entry in manifest.files.items()},
    }
    if manifest.schema_version == EARLIER_SCHEMA_VERSION:
        return content
    return content | {"profile_version": manifest.taken_over_from, "catalogue_revision": manifest.catalogue_revision}


def _rendered(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, sort_keys=True, indent=2, ensure_ascii=True, allow_nan=False) + "\n").encode("ascii")


def _digest(record: Mapping[str, Any]) -> str:
    try:
        return hashlib.sha256(_rendered(record)).hexdigest()
    except (ValueError, RecursionError):  # NaN and infinity, which json.loads takes: no checksum is right for them
        return ""


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is not text")
    return value


def _identifier(value: Any) -> str:
    if not _ID.fullmatch(_text(value)):
        raise ValueError(f"{value!r:.40} is not an id")
    return str(value)


def _whole(value: Any, *, minimum: int, maximum: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
        raise ValueError(f"{value!r:.40} is not a whole number of {minimum} to {maximum}")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{value!r:.40} is not a finite number")
    return float(value)
