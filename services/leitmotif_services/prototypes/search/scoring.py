"""The port behind which a kind of model scores the catalogue, and what it answers with.

Two precisions work together. A search computes float32 inner products of a query with the rows of the scoring, fast but
rounded. The score itself is computed in float64; every order and every answer rests on it. `rounding_margin` bounds the gap, so
that a search knows how many near ties it has to settle exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Query:
    """A profile in the form that a scoring is searched with."""

    vector: Floats
    """(d,): its inner product with a row is that track's score, but for rounding."""
    history: Doubles
    """h, (K,); 0 where muted."""
    edit_weights: Doubles
    """γΔ, (K,); 0 where muted."""
    rounding_margin: float
    """No float32 inner product of `vector` with a row is further than this from the exact score."""


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

    @property
    def rows(self) -> TrackRows:
        """(N, d): what a search takes inner products with."""
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

    def rows_of(self, affinities: Floats, learned: Floats, bias: Floats) -> Floats:
        """(n, d): the rows of other tracks, given their affinities (n, K), what stands for the learned (n, L), and b (n,)."""
        ...

    def of_others(self, rows: Floats, affinities: Floats) -> "Scoring":
        """How the same model scores other tracks with `rows` (n, d) of `rows_of` and affinities (n, K); neither is copied."""
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

    def ordered(self, query: Query, positions: Positions) -> Positions:
        """`positions` by falling exact score, ties by rising position."""
        ...

    def extended(self, affinities: Floats) -> "Scoring":
        """With one more prototype, the last, of affinities (N,), ≥ 0: only its edit has weight, whatever its history."""
        ...


def in_order(positions: Positions, scores: Doubles) -> Positions:
    """`positions` (n,) by falling score (n,), ties by rising position."""
    return positions[np.lexsort((positions, -scores))]


def in_blocks(positions: Positions, scores_of: Callable[[Positions], Doubles]) -> Doubles:
    """The scores (n,) of `positions` (n,), BLOCK of them at once."""
    blocks = [scores_of(positions[start : start + BLOCK]) for start in range(0, len(positions), BLOCK)]
    return np.concatenate(blocks) if blocks else np.empty(0)


def typical(popularity: NDArray[np.floating]) -> float:
    """What a track's score for an empty profile, one of (N,), has to exceed for it to be called widely heard.

    The larger of median and mean: training gives tracks that nobody heard yet the mean popularity, which lies above the median.
    """
    return max(float(np.median(popularity)), float(popularity.mean(dtype=np.float64)))


def column_maxima(rows: Floats) -> Doubles:
    """(d,): the largest magnitude in each column of (N, d)."""
    return np.asarray(np.maximum(rows.max(axis=0), -rows.min(axis=0)), np.float64)


def rounding_margin(vector: Floats, maxima: Doubles) -> float:
    """Bounds the rounding of inner products of float32 with rows whose `column_maxima` are given, and of `vector` itself.

    The textbook bound of a sum of d rounded products in any order, d·u / (1 − d·u) · Σ|q_k r_k| with u = 2⁻²⁴, and one u more
    for the rounding of the query's entries; 1e-30 covers products too small for a relative bound.
    """
    length = len(vector) + 2
    relative = length * 2.0**-24 / (1.0 - length * 2.0**-24)
    return relative * float(np.abs(vector).astype(np.float64) @ maxima) + 1e-30
