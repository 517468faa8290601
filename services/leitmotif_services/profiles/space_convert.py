"""Prototype spaces as messages."""

import numpy as np
from numpy.typing import NDArray

from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif_services.profiles.event_convert import matrix_of
from leitmotif_services.profiles.taste.prototype_space import MOST_PROTOTYPES, PrototypeSpace
from leitmotif_services.runtime.errors import invalid_field
from leitmotif_services.runtime.validation import checked_id, checked_length, checked_text

MOST_LABEL_CHARACTERS = 256

_LENGTH_TOLERANCE = 1e-3


def space_of(request: profiles_pb2.RegisterPrototypeSpaceRequest) -> PrototypeSpace:
    """The space to register."""
    checked_length("prototype_ids", request.prototype_ids, minimum=1, maximum=MOST_PROTOTYPES)
    ids = tuple(checked_id(f"prototype_ids[{index}]", value) for index, value in enumerate(request.prototype_ids))
    if len(set(ids)) != len(ids):
        raise invalid_field("prototype_ids", "must not repeat an id")
    model_version = checked_id("model_version", request.model_version)
    labels = _labels_of(request, len(ids))
    directions = _directions_of(request, len(ids)) if request.HasField("directions") else None
    encoder_id = checked_id("encoder_id", request.encoder_id) if request.encoder_id or directions is not None else ""
    return PrototypeSpace(model_version, ids, labels, directions, encoder_id)


def _labels_of(request: profiles_pb2.RegisterPrototypeSpaceRequest, prototypes: int) -> tuple[str, ...]:
    if request.labels and len(request.labels) != prototypes:
        raise invalid_field(
            "labels", f"must have {prototypes} entries, one for each prototype, or none; has {len(request.labels)}"
        )
    return tuple(
        checked_text(f"labels[{index}]", label, maximum=MOST_LABEL_CHARACTERS) for index, label in enumerate(request.labels)
    )


def _directions_of(request: profiles_pb2.RegisterPrototypeSpaceRequest, prototypes: int) -> NDArray[np.float32]:
    """(K, D), read-only: rows of unit length to 1e-3, or zeros."""
    directions = matrix_of(request.directions, rows=prototypes, field="directions")
    lengths = np.linalg.norm(directions, axis=1)
    wrong = np.flatnonzero((np.abs(lengths - 1.0) > _LENGTH_TOLERANCE) & directions.any(axis=1))
    if wrong.size:
        raise invalid_field(
            "directions.values", f"row {wrong[0]} must be of unit length, or zeros; its length is {lengths[wrong[0]]:.6g}"
        )
    return directions
