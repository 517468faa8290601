"""Prototype spaces as messages."""

from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif_services.profiles.taste.prototype_space import MOST_PROTOTYPES, PrototypeSpace
from leitmotif_services.runtime.errors import invalid_field
from leitmotif_services.runtime.validation import checked_id, checked_length


def space_of(request: profiles_pb2.RegisterPrototypeSpaceRequest) -> PrototypeSpace:
    """The space to register."""
    checked_length("prototype_ids", request.prototype_ids, minimum=1, maximum=MOST_PROTOTYPES)
    ids = tuple(checked_id(f"prototype_ids[{index}]", value) for index, value in enumerate(request.prototype_ids))
    if len(set(ids)) != len(ids):
        raise invalid_field("prototype_ids", "must not repeat an id")
    return PrototypeSpace(checked_id("model_version", request.model_version), ids)
