"""Places of many tracks in the ranking of a whole catalogue, for one pass over it."""

import numpy as np

from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.search.scoring import Mask, Positions, Query


def places(model: ServedModel, query: Query, positions: Positions, kept: Mask | None) -> list[int]:
    """Place, from 1, of each of the tracks at `positions` (n,) among all that are kept, themselves among them.

    Float32 products settle all but near ties, which exact scores do: see `scoring.rounding_margin`.
    """
    if not len(positions):
        return []
    rounded = model.scoring.rounded(query).astype(np.float64)
    ascending = np.sort(rounded if kept is None else rounded[kept])
    highest = rounded[positions] + 2.0 * query.rounding_margin
    lowest = rounded[positions] - 2.0 * query.rounding_margin
    above = len(ascending) - np.searchsorted(ascending, highest, side="right")
    near = len(ascending) - above - np.searchsorted(ascending, lowest, side="left")
    found = []
    for number, position in enumerate(positions.tolist()):
        place = int(above[number]) + 1
        if near[number] > 1:
            close = (rounded >= lowest[number]) & (rounded <= highest[number])
            ties = np.flatnonzero(close if kept is None else close & kept)
            place += int(np.flatnonzero(model.scoring.ordered(query, ties) == position)[0])
        found.append(place)
    return found
