"""The ends of columns are the true ones, in order, whatever ties there are; and a query looks to the ends that it weighs."""

import numpy as np
import pytest

from leitmotif_services.prototypes.search.column_extremes import LONGEST, ColumnExtremes
from leitmotif_services.prototypes.search.linear_scoring import LinearScoring
from leitmotif_services.prototypes.search.scoring import Part

TRACKS = 10_000


def scoring_of(affinities: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> LinearScoring:
    """Rows of the whole part are [responses (zeros) | affinities | bias (zeros)]."""
    rows = affinities.astype(np.float32)
    return LinearScoring(np.zeros_like(rows), rows, np.zeros(len(rows), np.float32), 1.0)


def end(extremes: ColumnExtremes, column: int, sign: float) -> list[int]:
    query = np.zeros(len(extremes.spread), np.float32)
    query[column] = sign
    best = extremes.best_of_one(query)
    assert best is not None
    assert extremes.nearest(query).tolist() == best.tolist()
    return [int(position) for position in best]


@pytest.mark.parametrize("steps", [0, 2000])
def test_an_end_is_the_top_of_its_column(steps: int) -> None:
    random = np.random.default_rng(4)
    values = random.normal(size=(TRACKS, 3)) ** 3
    if steps:  # so that values tie
        values = np.round(values * steps) / steps
    extremes = ColumnExtremes.of(scoring_of(values), Part.WHOLE)
    rows = values.astype(np.float32)
    for column in range(3):
        for sign in (1.0, -1.0):
            found = end(extremes, 3 + column, sign)
            assert 32 <= len(found) <= LONGEST
            assert found == np.lexsort((np.arange(TRACKS), -sign * rows[:, column]))[: len(found)].tolist()


def test_a_column_of_few_values_may_have_a_short_end() -> None:
    values = np.zeros((TRACKS, 1))
    values[0] = 1.0
    extremes = ColumnExtremes.of(scoring_of(values), Part.WHOLE)
    assert end(extremes, 1, 1.0) == [0]
    assert end(extremes, 1, -1.0) == []
    assert end(extremes, 0, 1.0) == []


def test_memory_is_bounded() -> None:
    extremes = ColumnExtremes.of(scoring_of(np.random.default_rng(1).normal(size=(TRACKS, 4))), Part.WHOLE)
    assert extremes.positions.nbytes <= 2 * 9 * 64 * 4


def test_breadth_counts_the_columns_that_count() -> None:
    extremes = ColumnExtremes.of(scoring_of(np.tile(np.arange(TRACKS)[:, None] / TRACKS, (1, 4))), Part.WHOLE)
    query = np.zeros(9, np.float32)
    query[4:7] = 2.0
    assert extremes.breadth(query) == pytest.approx(3.0)
    query[:4] = 5.0  # columns of zeros tell nothing apart
    assert extremes.breadth(query) == pytest.approx(3.0)
    assert extremes.breadth(np.zeros(9, np.float32)) == 0.0
    assert extremes.nearest(np.zeros(9, np.float32)).tolist() == []
    assert extremes.best_of_one(query) is None
