"""The port behind which a kind of model scores the catalogue, and what it answers with.

Two precisions work together. A search computes float32 inner products of a query with the rows of the scoring, fast but
rounded. The score itself is computed in float64; every order and every answer rests on it. `rounding_margin` bounds the gap, so
that a search knows how many near ties it has to settle exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.search.track_rows import TrackRows

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Positions = NDArray[np.int64]
Mask = NDArray[np.bool_]

BLOCK = 4096
"""Tracks scored exactly at once: bounds the float64 working memory to some megabytes."""


class Part(StrEnum):
    """Which part of what is known of a track a query weighs: a search need not look at the rest."""

    LISTENING = "listening"
    """What a profile without edits needs."""
    WHOLE = "whole"
    """All of it."""


@dataclass(frozen=True)
class Query:
    """A profile in the form that a scoring is searched with."""

    part: Part
    """The smallest part of the rows that holds all that the profile weighs."""
    vector: Floats
    """(d,): its inner product with a row of `part` is that track's score, but for rounding."""
    history: Doubles
    """h, (K,); 0 where muted."""
    edit_weights: Doubles
    """γΔ, (K,); 0 where muted."""
    rounding_margin: float
    """No float32 inner product of `vector` with a row, summed in whatever order, is further than this from the exact score."""


@dataclass(frozen=True)
class Contributions:
    """Why n tracks have their scores, in float64."""

    total: Doubles
    """(n, K): what each prototype adds to the score."""
    edited: Doubles
    """(n, K): the part of `total` that comes from the person's edits."""
    affinities: Doubles
    """(n, K): a_ik."""
    bias: Doubles
    """(n,): what no prototype adds; with the contributions it sums to the score."""
    popularity: Doubles
    """(n,): how far the score for an empty profile lies above what is typical of the catalogue: how widely a track is heard."""
    scores: Doubles
    """(n,): those of `Scoring.scores`."""


class Scoring(Protocol):
    """Scores N tracks for profiles over K prototypes. Immutable, and safe to use from several threads at once."""

    parts: tuple[Part, ...]
    """The parts that its queries weigh."""

    @property
    def rows(self) -> TrackRows:
        """(N, d): all that the kind's scores are inner products with."""
        ...

    def __len__(self) -> int: ...

    @property
    def affinities(self) -> TrackRows:
        """(N, K), ≥ 0."""
        ...

    def learned(self, positions: Positions) -> Floats:
        """(n, L): what training learned from listening about the tracks at `positions`, in the kind's own form."""
        ...

    def bias(self, positions: Positions) -> Floats:
        """(n,): b of the tracks at `positions`."""
        ...

    def of_others(self, learned: Floats, affinities: Floats, bias: Floats, *, measured: int = 0) -> "Scoring":
        """How the same model scores n other tracks with these `learned` (n, L), `affinities` (n, K), `bias` (n,); none is copied.

        Margins of its queries hold for the tracks of both. The first `measured` of the others are among this one's already.
        """
        ...

    def between(self, start: int, stop: int) -> "Scoring":
        """How the same model scores the tracks at `start` … `stop` − 1 alone; no array is copied. Its queries are this one's."""
        ...

    def part_rows(self, part: Part, positions: Positions) -> Floats:
        """(n, d): what a query of `part` takes inner products with, of the tracks at `positions`; a copy."""
        ...

    def rounded(self, query: Query) -> Floats:
        """(N,): the inner products of the query with the rows of all tracks, within its rounding margin of their scores."""
        ...

    def rounded_at(self, query: Query, positions: Positions) -> Floats:
        """(n,): those of the tracks at `positions` alone."""
        ...

    def query(self, profile: Profile) -> Query:
        """The query of a profile; what is muted weighs nothing."""
        ...

    def contributions(self, query: Query, positions: Positions) -> Contributions:
        """Why the tracks at `positions` (n,) have their scores."""
        ...

    def scores(self, query: Query, positions: Positions) -> Doubles:
        """The exact scores (n,) of the tracks at `positions`; equal rows get equal scores wherever they stand."""
        ...

    def row_scores(self, query: Query, rows: Floats) -> Doubles:
        """(n,): the exact scores of tracks, given their rows (n, d) as `part_rows` has them for the query's part."""
        ...

    def ordered(self, query: Query, positions: Positions) -> Positions:
        """`positions` by falling exact score, ties by rising position."""
        ...


def in_order(positions: Positions, scores: Doubles) -> Positions:
    """`positions` (n,) by falling score (n,), ties by rising position."""
    if len(positions) == 2:
        (first, second), (former, latter) = scores.tolist(), positions.tolist()
        return positions if first > second or (first == second and former < latter) else positions[::-1]
    return positions[np.lexsort((positions, -scores))]


def in_blocks(positions: Positions, scores_of: Callable[[Positions], Doubles]) -> Doubles:
    """The scores (n,) of `positions` (n,), BLOCK of them at once."""
    if len(positions) <= BLOCK:
        return scores_of(positions)
    blocks = [scores_of(positions[start : start + BLOCK]) for start in range(0, len(positions), BLOCK)]
    return np.concatenate(blocks)


def typical(popularity: NDArray[np.floating]) -> float:
    """What a track's score for an empty profile, one of (N,), has to exceed for it to be called widely heard.

    The larger of median and mean: training gives tracks that nobody heard yet the mean popularity, which lies above the median.
    """
    return max(float(np.median(popularity)), float(popularity.mean(dtype=np.float64)))


@dataclass(frozen=True)
class Extent:
    """How large the rows of N tracks are at most."""

    columns: Doubles
    """(d,): the largest magnitude in each column."""
    length: float
    """The largest Euclidean length of a row."""

    @classmethod
    def of(cls, rows: Floats) -> "Extent":
        """That of (N, d); of no rows, zero."""
        squares = np.vecdot(rows, rows).max(initial=0.0)
        columns = np.maximum(rows.max(axis=0, initial=0.0), -rows.min(axis=0, initial=0.0))
        # 1e-3 more than float32 says: no rounding of the squares or their sum is as large.
        return cls(np.asarray(columns, np.float64), 1.001 * float(np.sqrt(squares)) + 1e-18)

    def around(self, other: "Extent") -> "Extent":
        """That of the rows of both."""
        return Extent(np.maximum(self.columns, other.columns), max(self.length, other.length))

    def beside(self, other: "Extent") -> "Extent":
        """That of rows that continue with those of `other`."""
        return Extent(np.concatenate([self.columns, other.columns]), float(np.hypot(self.length, other.length)))

    def rounding_margin(self, vector: Floats) -> float:
        """Bounds the rounding of inner products, in float32, of `vector` (d,) with the rows, and of `vector` itself.

        The textbook bound of a sum of d rounded products in any order, d·u / (1 − d·u) · Σ|q_k r_k| with u = 2⁻²⁴, and one u
        more for the rounding of the query's entries; 1e-30 covers products too small for a relative bound. The sum is at
        most that over the largest entries of each column, and at most the product of the lengths (Cauchy and Schwarz).
        """
        terms = len(vector) + 2
        relative = terms * 2.0**-24 / (1.0 - terms * 2.0**-24)
        weights = vector.astype(np.float64)
        return relative * min(float(np.abs(weights) @ self.columns), float(np.linalg.norm(weights)) * self.length) + 1e-30
