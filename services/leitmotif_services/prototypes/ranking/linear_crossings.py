"""Where a track and its rivals change places as one edit grows, when scores are linear in the edits.

With g_j = s_j − s_i, and c_j = γ (a_jk − a_ik) by which an edit of prototype k changes it, rival j is ahead of track i at an
edit of δ when g_j + δ c_j > 0, or when that is 0 and j comes first by position. So each rival changes sides once at the most,
at δ = −g_j / c_j, and counting those changes step by step gives the track's rank at every step.
"""

from collections.abc import Sequence

import numpy as np

from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.ranking.edit_range import STEPS_PER_UNIT, EditRange
from leitmotif_services.prototypes.search.scoring import Doubles, Floats, Mask, Positions, Query
from leitmotif_services.prototypes.search.track_rows import JoinedRows, TrackRows

COLUMNS = 16
"""Prototypes whose affinities are read together: they lie in one cache line, and reading one of them costs as much as all."""


class LinearCrossings:
    """The rivals of one track for one profile; scores are rounded but for near ties, so what it finds is close, not certain."""

    def __init__(self, model: ServedModel, query: Query, position: int, kept: Mask | None) -> None:
        self._affinities = model.scoring.affinities
        self._gain = model.manifest.edit_gain
        self._position = position
        rounded = model.scoring.rounded(query).astype(np.float64)
        self._rivals = np.arange(len(rounded)) if kept is None else np.flatnonzero(kept)
        self._lead = (rounded - rounded[position])[self._rivals]
        # Ties are common, not chance: without plays and history all scores are 0. Rounding must neither make nor hide one.
        near = np.abs(self._lead) <= 2.0 * query.rounding_margin
        exact = model.scoring.scores(query, np.append(self._rivals[near], position))
        self._lead[near] = exact[:-1] - exact[-1]
        self._is_ahead = (self._lead > 0) | ((self._lead == 0) & (self._rivals < position))
        self._ahead = int(np.count_nonzero(self._is_ahead))

    def lower_bounds(self, ranges: Sequence[EditRange], allowed: int) -> Doubles:
        """(n,): for each range, no fewer steps than that leave at most `allowed` rivals ahead, infinite for never.

        Of those that are ahead, so many have to fall behind; who gets ahead meanwhile does not help.
        """
        surplus = self._ahead - allowed
        if surplus <= 0:
            return np.zeros(len(ranges))
        bounds = np.full(len(ranges), np.inf)
        lead = self._lead[self._is_ahead]
        ahead = self._rivals[self._is_ahead]
        block, first = np.empty((0, 0), np.float32), -COLUMNS
        for number in sorted(range(len(ranges)), key=lambda number: ranges[number].prototype):
            tried = ranges[number]
            if tried.prototype >= first + COLUMNS:
                first = tried.prototype - tried.prototype % COLUMNS
                block = _columns(self._affinities, first, ahead)
            slopes = tried.direction * self._slopes(block[tried.prototype - first], tried.prototype)
            falling = slopes < 0
            if int(np.count_nonzero(falling)) >= surplus:
                crossings = lead[falling] / -slopes[falling]
                bounds[number] = np.partition(crossings, surplus - 1)[surplus - 1] * STEPS_PER_UNIT
        return bounds

    def reaching(self, tried: EditRange, allowed: int) -> Positions:
        """The steps of the range, ascending, at which at most `allowed` rivals are ahead."""
        first = tried.prototype - tried.prototype % COLUMNS
        column = _columns(self._affinities, first, self._rivals)[tried.prototype - first]
        slopes = tried.direction * self._slopes(column, tried.prototype)
        with np.errstate(divide="ignore", invalid="ignore"):
            crossings = self._lead / -slopes * STEPS_PER_UNIT
        changing = np.where(self._is_ahead, slopes < 0, slopes > 0) & (crossings <= tried.last)
        crossings, was_ahead = crossings[changing], self._is_ahead[changing]
        # A tie at a step counts as behind, which exact scores have to confirm.
        falls = np.bincount(np.ceil(crossings[was_ahead]).astype(np.int64), minlength=tried.last + 2)
        rises = np.bincount(np.floor(crossings[~was_ahead]).astype(np.int64) + 1, minlength=tried.last + 2)
        ahead = self._ahead + np.cumsum(rises[: tried.last + 1] - falls[: tried.last + 1])
        steps = np.flatnonzero(ahead <= allowed)
        return steps[steps >= tried.first]

    def _slopes(self, column: Floats, prototype: int) -> Doubles:
        own = float(self._affinities[self._position][prototype])
        return self._gain * (column.astype(np.float64) - own)


def _columns(rows: TrackRows, first: int, positions: Positions) -> Floats:
    """(COLUMNS, n), fewer at the end: the columns from `first` on of the rows at `positions` (n,)."""
    if isinstance(rows, JoinedRows):
        boundary = int(np.searchsorted(positions, len(rows.first)))
        later = _columns(rows.later, first, positions[boundary:] - len(rows.first))
        return np.hstack([_columns(rows.first, first, positions[:boundary]), later])
    stretch = np.asarray(rows)[:, first : first + COLUMNS]
    return np.ascontiguousarray((stretch if len(positions) == len(stretch) else stretch[positions]).T)
