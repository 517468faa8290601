"""The file of the model folder that says which model answers, so that a restart answers alike.

    {"model_version": "3f…", "earlier": ["a0…"],
     "trial": {"model_version": "77…", "share": 0.5, "name": "spring", "started_at": "2025-01-31T12:00:00+00:00"} or null}

Releases before trials wrote `model_version` alone.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from leitmotif_services.prototypes.models.durable_file import read_bounded, replace_durably
from leitmotif_services.prototypes.models.trial import Trial
from leitmotif_services.runtime.errors import Reason, ServiceError

POINTER = "active.json"
"""Name of the file; the registry alone writes it."""

EARLIER_LIMIT = 16
"""Activations that can be rolled back, one after the other; older ones are forgotten."""

_BYTES_LIMIT = 16_384


@dataclass(frozen=True)
class Pointer:
    """What is remembered of who answers."""

    model_version: str
    """The active model."""
    earlier: tuple[str, ...] = ()
    """Those that were active before, the latest first; at most EARLIER_LIMIT."""
    trial: Trial | None = None


def read_pointer(root: Path) -> Pointer | None:
    """The pointer below `root`; None where none was written. MODEL_NOT_LOADED when it is damaged, OSError as it comes."""
    try:
        raw = read_bounded(root / POINTER, _BYTES_LIMIT)
        return None if raw is None else _parsed(json.loads(raw))
    except (KeyError, RecursionError, TypeError, ValueError) as error:
        raise ServiceError(Reason.MODEL_NOT_LOADED, f"{POINTER} is damaged") from error


def write_pointer(root: Path, pointer: Pointer) -> None:
    """Write the pointer durably. OSError when it cannot be written."""
    trial = pointer.trial
    record = {
        "model_version": pointer.model_version,
        "earlier": list(pointer.earlier),
        "trial": None
        if trial is None
        else {
            "model_version": trial.model_version,
            "share": trial.share,
            "name": trial.name,
            "started_at": trial.started_at.isoformat(),
        },
    }
    replace_durably(root / POINTER, json.dumps(record, indent=2).encode("ascii"))


def _parsed(record: Any) -> Pointer:
    return Pointer(
        model_version=str(record["model_version"]),
        earlier=tuple(str(version) for version in record.get("earlier", ()))[:EARLIER_LIMIT],
        trial=_trial(record.get("trial")),
    )


def _trial(record: Any) -> Trial | None:
    if record is None:
        return None
    started_at = datetime.fromisoformat(record["started_at"])
    share = float(record["share"])
    if started_at.utcoffset() != timedelta(0) or not 0.0 < share <= 1.0:
        raise ValueError("trial")
    return Trial(str(record["model_version"]), share, str(record["name"]), started_at)
