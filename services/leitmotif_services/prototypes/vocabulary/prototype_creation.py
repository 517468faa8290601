"""Makes a prototype, from tracks, a clip or a phrase, and lets a model that has it answer."""

import hashlib
import json
import logging
import re
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.bundle_writing import Trained
from leitmotif_services.prototypes.manifest import COUNT_LIMITS
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.models.model_registry import ModelRegistry
from leitmotif_services.prototypes.prototype import Prototype
from leitmotif_services.prototypes.vocabulary.creation_log import Creation, CreationLog
from leitmotif_services.prototypes.vocabulary.exemplar_choice import strongest_exemplars
from leitmotif_services.prototypes.vocabulary.extended_model import extended
from leitmotif_services.prototypes.vocabulary.new_prototype import (
    NewColumn,
    column_from_clip,
    column_from_phrase,
    column_from_tracks,
)
from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field

_SLUG_CHARACTERS = 32

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """The prototype that somebody asks for."""

    label: str
    description: str
    source: Literal["tracks", "clip", "phrase"]
    track_ids: tuple[str, ...] = ()
    """Of "tracks": what they have in common."""
    embedding: NDArray[np.float32] | None = None
    """(D,), of "clip" and "phrase": by the model's encoder, or by its text tower."""

    @property
    def digest(self) -> str:
        """Of all of it, 64 hexadecimal digits."""
        sound = b"" if self.embedding is None else self.embedding.tobytes()
        words = json.dumps([self.label, self.description, self.source, self.track_ids]).encode()
        return hashlib.sha256(hashlib.sha256(words).digest() + sound).hexdigest()


class PrototypeCreation:
    """Creates prototypes one after the other. Reads and writes whole bundles: belongs on a thread."""

    def __init__(
        self,
        registry: ModelRegistry,
        log: CreationLog,
        content_of: Callable[[ServedModel], Trained],
        write: Callable[[Trained, ServedModel], Path],
        on_created: Callable[[], None],
    ) -> None:
        """`content_of`: what a model's bundle would be if it were written now, with all changes of its catalogue. `write`: puts a
        bundle that comes of that below the model folder, durably. `on_created` is called once such a bundle has taken over.
        """
        self._registry = registry
        self._log = log
        self._content_of = content_of
        self._write = write
        self._on_created = on_created

    def create(self, wanted: Wanted, request_id: str, answer: Callable[[ServedModel, str], bytes]) -> bytes:
        """Create the prototype and activate the model that has it; what `answer` makes of that model and the prototype's id.

        A trial goes on, against the new model. A repeat under the same `request_id` gets the first answer; "" for no repeats.
        TRACK_NOT_FOUND, FIELD_INVALID where nothing sets the example apart, LIMIT_EXCEEDED beyond the most prototypes that a
        model may have, STORE_UNAVAILABLE when nothing can be written, those of `CreationLog`, and those of
        `ModelRegistry.activate`.
        """
        with self._registry.exclusive():
            model = self._registry.current()
            earlier = self._log.find(request_id, wanted.digest) if request_id else None
            if earlier is not None and earlier.answer is not None:
                return earlier.answer
            creation = earlier or Creation(wanted.digest, _new_id(wanted.label), None)
            # Whether an interrupted creation came as far as the activation, the model tells.
            if creation.prototype_id not in model.prototype_positions:
                content = self._extended(model, wanted, creation.prototype_id)
                if request_id:
                    self._log.remember(request_id, creation)
                model = self._registry.succeed(self._written(content, model))
                self._on_created()
            answered = answer(model, creation.prototype_id)
            if request_id:
                self._log.remember(request_id, replace(creation, answer=answered))
            return answered

    def _written(self, content: Trained, model: ServedModel) -> str:
        try:
            return self._write(content, model).name
        except OSError as error:
            log.error("cannot write the bundle of a new prototype: %s", error)
            raise ServiceError(Reason.STORE_UNAVAILABLE, "the model folder cannot be written") from error

    def _extended(self, model: ServedModel, wanted: Wanted, prototype_id: str) -> Trained:
        limit = COUNT_LIMITS["prototypes"]
        if len(model.prototypes) >= limit:
            raise ServiceError(
                Reason.LIMIT_EXCEEDED,
                f"the model has {limit} prototypes, which is the most that one may have",
                limit=limit,
                actual=limit + 1,
            )
        content = self._content_of(model)
        column = _column(content, wanted)
        exemplars = strongest_exemplars(content.tracks, column.affinities, content.prototypes)
        prototype = Prototype(prototype_id, wanted.label, wanted.description, wanted.source, None, exemplars, expressed_rank=1)
        return extended(content, prototype, column)


def _column(content: Trained, wanted: Wanted) -> NewColumn:
    if wanted.source == "tracks":
        rows = {track.track_id: row for row, track in enumerate(content.tracks)}
        for track_id in wanted.track_ids:
            if track_id not in rows:
                raise ServiceError(Reason.TRACK_NOT_FOUND, f"no track {track_id!r} in the catalogue", track_id=track_id)
        return column_from_tracks(content.embeddings, [rows[track_id] for track_id in dict.fromkeys(wanted.track_ids)])
    if wanted.embedding is None:
        raise invalid_field(f"{wanted.source}_embedding", "must not be empty")
    make = column_from_clip if wanted.source == "clip" else column_from_phrase
    return make(content.embeddings, wanted.embedding)


def _new_id(label: str) -> str:
    """An id that no other prototype has, with something of the label in it for people."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_SLUG_CHARACTERS].strip("-") or "prototype"
    return f"{slug}-{secrets.token_hex(6)}"
