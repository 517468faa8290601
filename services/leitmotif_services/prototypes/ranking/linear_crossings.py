"""Where a track and its rivals change places as one edit grows, when scores are linear in the edits.

With g_j = s_j − s_i, and c_j = γ (a_jk − a_ik) by which an edit of prototype k changes it, rival j is ahead of track i at an
edit of δ when g_j + δ c_j > 0. So each rival changes sides once at the most, at δ = −g_j / c_j, and counting those changes
step by step gives the track's rank at every step.
"""

import numpy as np

from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.ranking.edit_range import STEPS_PER_UNIT, EditRange
from leitmotif_services.prototypes.search.scoring import Doubles, Floats, Mask, Positions, Query
from leitmotif_services.prototypes.search.track_rows import JoinedRows, TrackRows


class LinearCrossings:
    """The rivals of one track for one profile; from rounded scores, so that what it finds is close, not certain."""

    def __init__(self, model: ServedModel, query: Query, position: int, kept: Mask | None) -> None:
        self._affinities = model.scoring.affinities
        self._gain = model.manifest.edit_gain
        self._position = position
        self._kept = kept
        rounded = model.scoring.rounded(query).astype(np.float64)
        lead = rounded - rounded[position]
        self._lead = lead if kept is None else lead[kept]
        self._ahead = np.flatnonzero(self._lead > 0)

    def lower_bound(self, tried: EditRange, allowed: int) -> float:
        """No fewer steps leave at most `allowed` rivals ahead: those that are ahead have to fall behind. Infinite for never."""
        surplus = len(self._ahead) - allowed
        if surplus <= 0:
            return 0.0
        slopes = tried.direction * self._slopes(tried.prototype, self._ahead)
        falling = slopes < 0
        if int(falling.sum()) < surplus:
            return float("inf")
        crossings = self._lead[self._ahead][falling] / -slopes[falling]
        return float(np.partition(crossings, surplus - 1)[surplus - 1]) * STEPS_PER_UNIT

    def reaching(self, tried: EditRange, allowed: int) -> Positions:
        """The steps of the range, ascending, at which at most `allowed` rivals are ahead."""
        slopes = tried.direction * self._slopes(tried.prototype, None)
        with np.errstate(divide="ignore", invalid="ignore"):
            crossings = self._lead / -slopes * STEPS_PER_UNIT
        changing = (slopes != 0) & (crossings >= 0) & (crossings <= tried.last)
        crossings, was_ahead = crossings[changing], self._lead[changing] > 0
        # One step past the crossing in either case; a tie counts as behind, which exact scores have to confirm.
        falls = np.bincount(np.ceil(crossings[was_ahead]).astype(np.int64), minlength=tried.last + 2)
        rises = np.bincount(np.floor(crossings[~was_ahead]).astype(np.int64) + 1, minlength=tried.last + 2)
        ahead = len(self._ahead) + np.cumsum(rises[: tried.last + 1] - falls[: tried.last + 1])
        steps = np.flatnonzero(ahead <= allowed)
        return steps[steps >= tried.first]

    def _slopes(self, prototype: int, rivals: Positions | None) -> Doubles:
        own = float(self._affinities[self._position][prototype])
        column = _column(self._affinities, prototype)
        column = column if self._kept is None else column[self._kept]
        return self._gain * ((column if rivals is None else column[rivals]).astype(np.float64) - own)


def _column(rows: TrackRows, number: int) -> Floats:
    if isinstance(rows, JoinedRows):
        return np.concatenate([_column(rows.first, number), _column(rows.later, number)])
    return np.asarray(rows)[:, number]
