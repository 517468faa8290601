"""What CreatePrototype answered in the last 24 hours, so that a repeat under the same request_id gets the same answer.

{"schema_version": 1, "sha256": "…", "creations":
 {request_id: {"request": "3f…", "at": 1738324800.0, "prototype_id": "…", "answer": "base64" or null}}}
"""

import base64
import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from leitmotif_services.prototypes.models.durable_file import read_bounded, replace_durably
from leitmotif_services.runtime.errors import Reason, ServiceError

CREATIONS = "created-prototypes.json"
"""Name of the file, in the model folder."""

KEPT_S = 24 * 3600.0
"""How long an answer is remembered."""

CREATIONS_LIMIT = 1000
"""Most that are remembered: another prototype is created when the oldest has been forgotten."""

SCHEMA_VERSION = 1
_BYTES_LIMIT = 64 << 20

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Creation:
    """What came of a request."""

    request: str
    """Digest of the request."""
    prototype_id: str
    answer: bytes | None
    """As it was sent; None when it was interrupted before it was answered, with the prototype made or not."""
    at: float = 0.0
    """When it was remembered, in seconds since 1970."""


class CreationLog:
    """The creations of one model folder; who uses it makes sure that one thread does at a time."""

    def __init__(self, root: Path, *, now: Callable[[], float] = time.time) -> None:
        self._path = root / CREATIONS
        self._now = now

    def find(self, request_id: str, request: str) -> Creation | None:
        """What came of a request of that digest under that id; None where the id is new.

        REQUEST_ID_REUSED when it was given to another request, OVERLOADED when no more ids can be remembered,
        STORED_VALUE_UNREADABLE when the file is damaged, STORE_UNAVAILABLE when it cannot be read.
        """
        creations = self._read()
        first = creations.get(request_id)
        if first is not None:
            if first.request != request:
                raise ServiceError(Reason.REQUEST_ID_REUSED, f"request_id {request_id!r} was used for another request")
            return first
        if len(creations) >= CREATIONS_LIMIT:
            retry_s = min(creation.at for creation in creations.values()) + KEPT_S - self._now()
            raise ServiceError(
                Reason.OVERLOADED,
                f"{CREATIONS_LIMIT} prototypes were created in the last 24 hours",
                retry_after_s=max(retry_s, 1.0),
                limit=CREATIONS_LIMIT,
            )
        return None

    def remember(self, request_id: str, creation: Creation) -> None:
        """Remember a creation from now on, durably. STORE_UNAVAILABLE when it cannot be written."""
        creations = self._read() | {request_id: replace(creation, at=self._now())}
        try:
            replace_durably(self._path, _rendered(creations))
        except OSError as error:
            log.error("cannot write %s: %s", CREATIONS, error)
            raise ServiceError(Reason.STORE_UNAVAILABLE, "the model folder cannot be written") from error

    def _read(self) -> dict[str, Creation]:
        try:
            raw = read_bounded(self._path, _BYTES_LIMIT)
            creations = {} if raw is None else _parsed(raw)
        except OSError as error:
            log.error("cannot read %s: %s", CREATIONS, error)
            raise ServiceError(Reason.STORE_UNAVAILABLE, "the model folder cannot be read") from error
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
            log.error("%s is damaged: %s", CREATIONS, error)
            raise ServiceError(
                Reason.STORED_VALUE_UNREADABLE, f"{CREATIONS} is damaged; it has to be repaired or removed"
            ) from error
        return {request_id: creation for request_id, creation in creations.items() if creation.at + KEPT_S > self._now()}


def _rendered(creations: Mapping[str, Creation]) -> bytes:
    record = {
        "schema_version": SCHEMA_VERSION,
        "creations": {
            request_id: {
                "request": creation.request,
                "prototype_id": creation.prototype_id,
                "answer": None if creation.answer is None else base64.b64encode(creation.answer).decode(),
                "at": creation.at,
            }
            for request_id, creation in creations.items()
        },
    }
    return json.dumps(record | {"sha256": _digest(record)}, sort_keys=True, indent=1).encode("ascii")


def _parsed(raw: bytes) -> dict[str, Creation]:
    record = json.loads(raw)
    claimed = record.pop("sha256")
    if record["schema_version"] != SCHEMA_VERSION or claimed != _digest(record):
        raise ValueError("is of another schema, or does not match its checksum")
    return {request_id: _creation(fields) for request_id, fields in record["creations"].items()}


def _creation(fields: Mapping[str, Any]) -> Creation:
    answer = None if fields["answer"] is None else base64.b64decode(fields["answer"], validate=True)
    return Creation(str(fields["request"]), str(fields["prototype_id"]), answer, float(fields["at"]))


def _digest(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode("ascii")).hexdigest()
