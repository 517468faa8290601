"""The prototypes of one model version, in the order of their positions."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from leitmotif_services.runtime.errors import Reason, ServiceError

MOST_PROTOTYPES = 10_000


@dataclass(frozen=True)
class PrototypeSpace:
    """What the positions of a profile's vectors mean. Never changes once registered."""

    model_version: str
    prototype_ids: tuple[str, ...]
    """1 to 10,000 ids without repeats; the index is the position."""

    def __hash__(self) -> int:
        return hash(self.model_version)

    @property
    def size(self) -> int:
        """Number of prototypes, K."""
        return len(self.prototype_ids)

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """Position of each prototype id."""
        return {prototype_id: position for position, prototype_id in enumerate(self.prototype_ids)}

    def position(self, prototype_id: str) -> int:
        """Position of a prototype; PROTOTYPE_NOT_FOUND when the model has none of that id."""
        position = self.positions.get(prototype_id)
        if position is None:
            raise ServiceError(
                Reason.PROTOTYPE_NOT_FOUND,
                f"model version {self.model_version!r} has no prototype {prototype_id!r}",
                prototype_id=prototype_id,
                model_version=self.model_version,
            )
        return position


def unknown_space(model_version: str) -> ServiceError:
    """PROTOTYPE_SPACE_UNKNOWN; an empty version stands for "none is registered at all"."""
    described = f"no prototype space of model version {model_version!r} is" if model_version else "no prototype space is"
    return ServiceError(Reason.PROTOTYPE_SPACE_UNKNOWN, f"{described} registered", model_version=model_version)
