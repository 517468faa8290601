"""What the builder of an index says of it: `index.json` of a bundle.

{"version": 1, "parts": {"listening": {"file": "index.faiss", "storage": "int4", "probes": 64, "candidates": 1000,
"recall": 0.997, "least_recall": 0.97, "profiles": 32}, …}}
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from leitmotif_services.prototypes.search.scoring import Part

RECORD_VERSION = 1
RECORD_BYTES_LIMIT = 1 << 20
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


IndexRecord = Mapping[Part, PartRecord]


def render_record(record: IndexRecord) -> bytes:
    """The bytes of the file."""
    content = {"version": RECORD_VERSION, "parts": {str(part): asdict(each) for part, each in record.items()}}
    return (json.dumps(content, sort_keys=True, indent=2, allow_nan=False) + "\n").encode("ascii")


def parse_record(raw: bytes) -> dict[Part, PartRecord]:
    """The record of a file's bytes; ValueError says why there is none."""
    content = json.loads(raw)
    if not isinstance(content, dict) or content.get("version") != RECORD_VERSION or not isinstance(content.get("parts"), dict):
        raise ValueError(f"is no record of version {RECORD_VERSION}")
    return {Part(name): _part(each) for name, each in content["parts"].items()}


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
