"""What the builder of an index says of it: `index.json` of a bundle.

{"version": 1, "shards": [{"stop": N, "parts": {"listening": {"file": "index.faiss", "storage": "int4", "probes": 64,
"candidates": 1024, "recall": 0.997, "least_recall": 0.97, "profiles": 48}, …}}]}
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from leitmotif_services.prototypes.search.scoring import Part

RECORD_VERSION = 1
RECORD_BYTES_LIMIT = 1 << 20

MOST_SHARDS = 64

STORAGES = ("flat", "float32", "float16", "int8", "int4")
"""How rows are stored: "flat" in one piece, as they are; the others in lists, each entry of a row in so many bits."""


@dataclass(frozen=True)
class PartRecord:
    """What is known of the index of one part."""

    file: str
    storage: str
    """One of STORAGES."""
    probes: int
    """Lists that an unfiltered search looks into, ≥ 1."""
    candidates: int
    """Best tracks by the codes whose scores are computed, ≥ 1."""
    recall: float
    """Share of the true best 100 that were found, mean over profiles that nothing was tuned with."""
    least_recall: float
    """That of the worst of these profiles."""
    profiles: int
    """How many they were."""


@dataclass(frozen=True)
class ShardRecord:
    """What is known of the index of a stretch of tracks, which begins where the one before stops."""

    stop: int
    """Position behind its last track."""
    parts: Mapping[Part, PartRecord]


IndexRecord = Sequence[ShardRecord]


def least_recall(record: IndexRecord) -> float:
    """The recall of the part of a shard that was measured to find the least."""
    return min(part.recall for shard in record for part in shard.parts.values())


def render_record(record: IndexRecord) -> bytes:
    """The bytes of the file."""
    shards = [{"stop": shard.stop, "parts": {str(part): asdict(each) for part, each in shard.parts.items()}} for shard in record]
    content = {"version": RECORD_VERSION, "shards": shards}
    return (json.dumps(content, sort_keys=True, indent=2, allow_nan=False) + "\n").encode("ascii")


def parse_record(raw: bytes) -> tuple[ShardRecord, ...]:
    """The record of a file's bytes; ValueError says why there is none."""
    content = json.loads(raw)
    shards = content.get("shards") if isinstance(content, dict) and content.get("version") == RECORD_VERSION else None
    if not isinstance(shards, list) or not 1 <= len(shards) <= MOST_SHARDS:
        raise ValueError(f"is no record of version {RECORD_VERSION} and of 1 to {MOST_SHARDS} shards")
    return tuple(_shard(each) for each in shards)


def _shard(content: Any) -> ShardRecord:
    if not isinstance(content, dict) or content.keys() != {"stop", "parts"} or not isinstance(content["parts"], dict):
        raise ValueError("a shard needs stop and parts")
    stop = content["stop"]
    if not isinstance(stop, int) or isinstance(stop, bool):
        raise ValueError(f"stop is {stop!r:.40}")  # noqa: TRY004 - of the file, not of the program
    return ShardRecord(stop, {Part(name): _part(each) for name, each in content["parts"].items()})


def _part(content: Any) -> PartRecord:
    kinds: Mapping[str, type | tuple[type, ...]] = {
        "file": str, "storage": str, "probes": int, "candidates": int, "recall": (int, float), "least_recall": (int, float),
        "profiles": int,
    }  # fmt: skip
    if not isinstance(content, dict) or content.keys() != kinds.keys():
        raise ValueError(f"a part needs {', '.join(kinds)}")
    for name, kind in kinds.items():
        value = content[name]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ValueError(f"{name} is {value!r:.40}")  # noqa: TRY004 - of the file, not of the program
    part = PartRecord(**content)
    if part.storage not in STORAGES:
        raise ValueError(f"storage {part.storage!r:.40} is none of {', '.join(STORAGES)}")
    if min(part.probes, part.candidates) < 1 or part.profiles < 0:
        raise ValueError("probes, candidates or profiles is too small")
    if not all(math.isfinite(value) and 0 <= value <= 1 for value in (part.recall, part.least_recall)):
        raise ValueError("recall is not between 0 and 1")
    return part
