"""What people changed about prototypes: another label, another description, hidden. It lies over every model that has them.

    {"schema_version": 1, "prototypes": {"piano": {"label": "grand piano", "hidden": true}}, "sha256": "…"}

Bundles are immutable, and a bundle that comes later may have the same prototypes: so the changes are kept beside them, by
prototype_id, in a file of the model folder. One lies on disk before its call is answered.
"""

import hashlib
import json
import logging
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.models.durable_file import read_bounded, replace_durably
from leitmotif_services.runtime.errors import Reason, ServiceError

EDITS = "prototype-edits.json"
"""Name of the file."""

SCHEMA_VERSION = 1

EDITED_LIMIT = 4096
"""Most prototypes that may be edited, those of models that are gone included."""

_BYTES_LIMIT = 16 << 20
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PrototypeEdit:
    """What was changed of one prototype; None for what is as it was."""

    label: str | None = None
    description: str | None = None
    hidden: bool | None = None

    def over(self, earlier: "PrototypeEdit") -> "PrototypeEdit":
        """What holds when this edit comes after an earlier one."""
        return PrototypeEdit(
            **{name: value for edit in (earlier, self) for name, value in asdict(edit).items() if value is not None}
        )


class PrototypeEdits:
    """The edits of one model folder. Safe to use from several threads; `update` writes a file and belongs on one."""

    def __init__(self, root: Path) -> None:
        """Reads the file.

        A damaged one is told in the log and by every `update`, until it is repaired or removed; models keep the labels of their
        bundles meanwhile.
        """
        self._path = root / EDITS
        self._edits: Mapping[str, PrototypeEdit] = {}
        self._problem = ""
        self._writing = threading.Lock()
        self._read()

    def applied(self, model: ServedModel) -> ServedModel:
        """The model with the edits of its prototypes."""
        edits = self._edits
        prototypes = tuple(
            prototype
            if (edit := edits.get(prototype.prototype_id)) is None
            else replace(
                prototype,
                label=prototype.label if edit.label is None else edit.label,
                description=prototype.description if edit.description is None else edit.description,
            )
            for prototype in model.prototypes
        )
        hidden = frozenset(prototype_id for prototype_id, edit in edits.items() if edit.hidden) & model.prototype_positions.keys()
        return replace(model, prototypes=prototypes, hidden_prototype_ids=hidden)

    def update(
        self, prototype_id: str, edit: PrototypeEdit, relabel: Callable[[Callable[[ServedModel], ServedModel]], None]
    ) -> None:
        """Remember an edit, durably, then have `relabel` apply all of them to the models in memory.

        STORED_VALUE_UNREADABLE while the file is damaged, STORE_UNAVAILABLE when it cannot be written, LIMIT_EXCEEDED beyond
        EDITED_LIMIT prototypes; nothing has changed then.
        """
        with self._writing:
            if self._problem:
                self._read()
            if self._problem:
                raise ServiceError(Reason.STORED_VALUE_UNREADABLE, f"{EDITS} {self._problem}; it has to be repaired or removed")
            edits = dict(self._edits)
            edits[prototype_id] = edit.over(edits.get(prototype_id, PrototypeEdit()))
            if len(edits) > EDITED_LIMIT:
                raise ServiceError(
                    Reason.LIMIT_EXCEEDED,
                    f"{len(edits)} prototypes would be edited, {EDITED_LIMIT} are allowed",
                    limit=EDITED_LIMIT,
                    actual=len(edits),
                )
            try:
                replace_durably(self._path, _rendered(edits))
            except OSError as error:
                log.error("cannot write %s: %s", EDITS, error)
                raise ServiceError(Reason.STORE_UNAVAILABLE, "the model folder cannot be written") from error
            self._edits = edits
            relabel(self.applied)

    def _read(self) -> None:
        try:
            raw = read_bounded(self._path, _BYTES_LIMIT)
            self._edits = {} if raw is None else _parsed(raw)
            self._problem = ""
        except OSError as error:
            log.error("cannot read %s: %s", EDITS, error)
            self._problem = "cannot be read"
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
            log.error("%s is damaged: prototypes have the labels of their bundles: %s", EDITS, error)
            self._problem = "is damaged"


def _rendered(edits: Mapping[str, PrototypeEdit]) -> bytes:
    record = {
        "schema_version": SCHEMA_VERSION,
        "prototypes": {
            prototype_id: {name: value for name, value in asdict(edit).items() if value is not None}
            for prototype_id, edit in edits.items()
        },
    }
    return (json.dumps(record | {"sha256": _digest(record)}, sort_keys=True, indent=1) + "\n").encode("ascii")


def _parsed(raw: bytes) -> dict[str, PrototypeEdit]:
    record = json.loads(raw)
    claimed = record.pop("sha256")
    if record["schema_version"] != SCHEMA_VERSION:
        raise ValueError(f"has schema version {record['schema_version']!r:.40}, this release reads {SCHEMA_VERSION}")
    if claimed != _digest(record):
        raise ValueError("does not match its checksum")
    edits = {prototype_id: _edit(prototype_id, fields) for prototype_id, fields in record["prototypes"].items()}
    if len(edits) > EDITED_LIMIT:
        raise ValueError(f"edits {len(edits)} prototypes, {EDITED_LIMIT} are allowed")
    return edits


def _edit(prototype_id: str, fields: Any) -> PrototypeEdit:
    edit = PrototypeEdit(**fields)
    texts = (edit.label, edit.description)
    if not (_ID.fullmatch(prototype_id) and all(text is None or isinstance(text, str) for text in texts)):
        raise ValueError(f"prototype {prototype_id!r:.40}")
    if edit.hidden not in (None, False, True) or edit.label == "":
        raise ValueError(f"prototype {prototype_id!r:.40}")
    return edit


def _digest(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode("ascii")).hexdigest()
