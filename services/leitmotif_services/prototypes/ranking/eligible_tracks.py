"""Which tracks of a model a list may hold."""

from collections.abc import Iterable, Sequence

import numpy as np

from leitmotif_services.prototypes.live_catalogue.filters import Filter
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.search.scoring import Mask
from leitmotif_services.runtime.errors import Reason, ServiceError


def known_position(model: ServedModel, track_id: str) -> int:
    """Position of a track; TRACK_NOT_FOUND when the catalogue has none of that id."""
    position = model.catalogue.position_of(track_id)
    if position is None:
        raise ServiceError(Reason.TRACK_NOT_FOUND, f"no track {track_id!r} in the catalogue", track_id=track_id)
    return position


def positions_of(model: ServedModel, track_ids: Iterable[str]) -> list[int]:
    """Positions of those tracks that the catalogue has."""
    return [position for track_id in track_ids if (position := model.catalogue.position_of(track_id)) is not None]


def eligible(
    model: ServedModel, *, muted: Sequence[int] = (), passing: Filter | None = None, left_out: Sequence[int] = ()
) -> Mask | None:
    """(N,): True for tracks that are there, express none of the muted prototypes, pass the filter and are not at the positions
    that are `left_out`; one's own. None where that is every track.

    FIELD_INVALID for a filter of a field that there is not.
    """
    mask = model.expression.kept(muted) if muted else None
    if passing is not None:
        mask = _both(mask, model.catalogue.fields.mask(passing))
    if model.alive is not None:
        mask = model.alive.copy() if mask is None else _both(mask, model.alive)
    if left_out:
        if mask is None:
            mask = np.ones(len(model.scoring), np.bool_)
        mask[list(left_out)] = False
    return mask


def _both(mask: Mask | None, other: Mask) -> Mask:
    return other if mask is None else np.logical_and(mask, other, out=mask)
