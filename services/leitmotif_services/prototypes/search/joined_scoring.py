"""One scoring over two stretches of tracks: those of a bundle, and those that came since."""

from collections.abc import Callable
from dataclasses import fields
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.search.scoring import Contributions, Doubles, Floats, Part, Positions, Query, Scoring, in_order
from leitmotif_services.prototypes.search.track_rows import JoinedRows, TrackRows

T = TypeVar("T", np.float32, np.float64)


class JoinedScoring:
    """Implements `scoring.Scoring`: positions 0 … N − 1 are those of `first`, the M ≥ 1 behind them those of `later`."""

    def __init__(self, first: Scoring, later: Scoring) -> None:
        """`later`: from `first.of_others`, so that the margin of its queries holds for the rows of both."""
        self.first = first
        self.later = later
        self.parts = first.parts
        self._boundary = len(first)

    def __len__(self) -> int:
        return self._boundary + len(self.later)

    @property
    def rows(self) -> TrackRows:
        """See `scoring.Scoring.rows`."""
        return JoinedRows(self.first.rows, self.later.rows)

    @property
    def affinities(self) -> TrackRows:
        """See `scoring.Scoring.affinities`."""
        return JoinedRows(self.first.affinities, self.later.affinities)

    def query(self, profile: Profile) -> Query:
        """See `scoring.Scoring.query`."""
        return self.later.query(profile)

    def contributions(self, query: Query, positions: Positions) -> Contributions:
        """See `scoring.Scoring.contributions`."""
        of_later = positions >= self._boundary
        if not of_later.any():
            return self.first.contributions(query, positions)
        first = self.first.contributions(query, positions[~of_later])
        later = self.later.contributions(query, positions[of_later] - self._boundary)
        return Contributions(
            **{
                field.name: _interleaved(getattr(first, field.name), getattr(later, field.name), of_later)
                for field in fields(Contributions)
            }
        )

    def scores(self, query: Query, positions: Positions) -> Doubles:
        """See `scoring.Scoring.scores`."""
        return self._of_both(positions, lambda scoring, where: scoring.scores(query, where))

    def ordered(self, query: Query, positions: Positions) -> Positions:
        """See `scoring.Scoring.ordered`."""
        return in_order(positions, self.scores(query, positions))

    def rounded(self, query: Query) -> Floats:
        """See `scoring.Scoring.rounded`."""
        return np.concatenate([self.first.rounded(query), self.later.rounded(query)])

    def rounded_at(self, query: Query, positions: Positions) -> Floats:
        """See `scoring.Scoring.rounded_at`."""
        return self._of_both(positions, lambda scoring, where: scoring.rounded_at(query, where))

    def learned(self, positions: Positions) -> Floats:
        """See `scoring.Scoring.learned`."""
        return self._of_both(positions, lambda scoring, where: scoring.learned(where))

    def bias(self, positions: Positions) -> Floats:
        """See `scoring.Scoring.bias`."""
        return self._of_both(positions, lambda scoring, where: scoring.bias(where))

    def between(self, start: int, stop: int) -> Scoring:
        """See `scoring.Scoring.between`."""
        if stop <= self._boundary:
            return self.first.between(start, stop)
        later = self.later.between(max(start - self._boundary, 0), stop - self._boundary)
        return later if start >= self._boundary else JoinedScoring(self.first.between(start, self._boundary), later)

    def part_rows(self, part: Part, positions: Positions) -> Floats:
        """See `scoring.Scoring.part_rows`."""
        return self._of_both(positions, lambda scoring, where: scoring.part_rows(part, where))

    def row_scores(self, query: Query, rows: Floats) -> Doubles:
        """See `scoring.Scoring.row_scores`."""
        return self.first.row_scores(query, rows)

    def of_others(self, learned: Floats, affinities: Floats, bias: Floats, *, measured: int = 0) -> Scoring:
        """See `scoring.Scoring.of_others`."""
        return self.later.of_others(learned, affinities, bias, measured=measured)

    def _of_both(self, positions: Positions, answer: Callable[[Scoring, Positions], NDArray[T]]) -> NDArray[T]:
        of_later = positions >= self._boundary
        if not of_later.any():
            return answer(self.first, positions)
        later = answer(self.later, positions[of_later] - self._boundary)
        return _interleaved(answer(self.first, positions[~of_later]), later, of_later)


def _interleaved(first: NDArray[T], later: NDArray[T], of_later: NDArray[np.bool_]) -> NDArray[T]:
    """(n, …): those of the first and of the later tracks, each at the places that `of_later` (n,) gives them."""
    joined = np.empty((len(of_later), *first.shape[1:]), first.dtype)
    joined[~of_later] = first
    joined[of_later] = later
    return joined
