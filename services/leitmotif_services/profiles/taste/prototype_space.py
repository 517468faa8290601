"""The prototypes of one model version, in the order of their positions."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.runtime.errors import Reason, ServiceError

MOST_PROTOTYPES = 10_000


@dataclass(frozen=True, eq=False)
class PrototypeSpace:
    """What the positions of a profile's vectors mean. Once registered, only labels and directions may change."""

    model_version: str
    prototype_ids: tuple[str, ...]
    """1 to 10,000 ids without repeats; the index is the position."""
    labels: tuple[str, ...] = ()
    """Names for people, in the same order; empty for none."""
    directions: NDArray[np.float32] | None = None
    """(K, D), where the prototypes lie in the encoder's space: rows of unit length, or zeros for one that lies nowhere; None for
    unknown. Read-only."""
    encoder_id: str = ""
    """The encoder of the directions."""

    def __eq__(self, other: object) -> bool:
        """Of the same model version with the same prototypes, whatever those are called."""
        if not isinstance(other, PrototypeSpace):
            return NotImplemented
        return (self.model_version, self.prototype_ids) == (other.model_version, other.prototype_ids)

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
