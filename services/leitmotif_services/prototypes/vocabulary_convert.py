"""Messages about prototypes ↔ domain: what of a model is shown, and what a request asks of it."""

import unicodedata

import numpy as np
from numpy.typing import NDArray

from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif_services.prototypes import convert
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.vocabulary.prototype_creation import Wanted
from leitmotif_services.prototypes.vocabulary.prototype_edits import PrototypeEdit
from leitmotif_services.runtime.errors import invalid_field
from leitmotif_services.runtime.validation import checked_id, checked_length, checked_text

MAX_LABEL_CHARACTERS = 64
MAX_DESCRIPTION_CHARACTERS = 256
MAX_QUERY_CHARACTERS = 256
MAX_EXAMPLE_TRACKS = 1000
EDITABLE = ("label", "description", "hidden")
"""Paths that a mask of UpdatePrototype may name."""

_BREAKING = frozenset({"Cc", "Zl", "Zp"})
"""Unicode categories that have no place in a line of text: controls, line and paragraph separators."""


def message_at(model: ServedModel, position: int) -> pb2.Prototype:
    """The prototype at a position of the model, with what its catalogue says of it."""
    prototype = model.prototypes[position]
    return convert.prototype_message(
        prototype,
        position=position,
        expressed_affinity=float(model.expression.thresholds[position]),
        expressed_tracks=int(model.expression.counts[position]),
        hidden=prototype.prototype_id in model.hidden_prototype_ids,
    )


def shown_positions(model: ServedModel, *, show_hidden: bool) -> list[int]:
    """Positions of the prototypes that a list shows."""
    hidden = frozenset() if show_hidden else model.hidden_prototype_ids
    return [position for position, prototype in enumerate(model.prototypes) if prototype.prototype_id not in hidden]


def label_of(field: str, label: str) -> str:
    """A label of 1 to 64 characters on one line, not all of them blank."""
    _checked_line(field, label, MAX_LABEL_CHARACTERS)
    if not label.strip():
        raise invalid_field(field, "must not be empty")
    return label


def description_of(field: str, description: str) -> str:
    """A description of at most 256 characters on one line; may be empty."""
    return _checked_line(field, description, MAX_DESCRIPTION_CHARACTERS)


def query_of(query: str) -> str:
    """The words of a search, 1 to 256 characters, not all of them blank."""
    checked_text("query", query, maximum=MAX_QUERY_CHARACTERS)
    if not query.strip():
        raise invalid_field("query", "must not be empty")
    return query


def edit_of(request: pb2.UpdatePrototypeRequest) -> PrototypeEdit:
    """What the fields of the mask shall be; all three with an empty mask. FIELD_INVALID for an unknown path or a bad value."""
    for index, path in enumerate(request.update_mask.paths):
        if path not in EDITABLE:
            allowed = ", ".join(EDITABLE)
            raise invalid_field(f"update_mask.paths[{index}]", f"must be one of {allowed}; is {path[:64]!r}")
    paths = frozenset(request.update_mask.paths or EDITABLE)
    wanted = request.prototype
    return PrototypeEdit(
        label=label_of("prototype.label", wanted.label) if "label" in paths else None,
        description=description_of("prototype.description", wanted.description) if "description" in paths else None,
        hidden=wanted.hidden if "hidden" in paths else None,
    )


def wanted_of(request: pb2.CreatePrototypeRequest, model: ServedModel) -> Wanted:
    """The prototype that is asked for, of the model's encoder. FIELD_INVALID, or LIMIT_EXCEEDED for too many tracks."""
    label = label_of("label", request.label)
    description = description_of("description", request.description)
    match request.WhichOneof("example"):
        case "tracks":
            checked_length("tracks.track_ids", request.tracks.track_ids, minimum=1, maximum=MAX_EXAMPLE_TRACKS)
            ids = [checked_id(f"tracks.track_ids[{index}]", track_id) for index, track_id in enumerate(request.tracks.track_ids)]
            return Wanted(label, description, "tracks", tuple(ids))
        case "clip_embedding":
            return Wanted(label, description, "clip", embedding=_example("clip_embedding", request.clip_embedding, model))
        case "phrase_embedding":
            return Wanted(label, description, "phrase", embedding=_example("phrase_embedding", request.phrase_embedding, model))
    raise invalid_field("example", "must be tracks, clip_embedding or phrase_embedding")


def embedding_of(field: str, raw: bytes, model: ServedModel) -> NDArray[np.float32] | None:
    """An embedding (D,) for the model; None for no bytes. FIELD_INVALID for another length, NaN, infinity, or zeros alone."""
    if not raw:
        return None
    dimension = model.manifest.dimension
    if len(raw) != 4 * dimension:
        raise invalid_field(
            field,
            f"must have {4 * dimension} bytes, 4 for each of the {dimension} dimensions of the model's encoder; has {len(raw)}",
        )
    embedding = np.frombuffer(raw, "<f4").astype(np.float32)
    if not np.isfinite(embedding).all():
        raise invalid_field(field, "must not hold NaN or infinite values")
    if not embedding.any():
        raise invalid_field(field, "must not be all zeros")
    return embedding


def _example(field: str, raw: bytes, model: ServedModel) -> NDArray[np.float32]:
    embedding = embedding_of(field, raw, model)
    if embedding is None:
        raise invalid_field(field, "must not be empty")
    return embedding


def _checked_line(field: str, text: str, maximum: int) -> str:
    checked_text(field, text, maximum=maximum)
    if any(unicodedata.category(character) in _BREAKING for character in text):
        raise invalid_field(field, "must not contain control characters or line separators")
    return text
