from collections.abc import Sequence

import numpy as np
import pytest

from leitmotif_services.prototypes.expression import (
    SMALLEST_AFFINITY,
    Expression,
    carriers_expressed_rank,
    expressed_threshold,
    least_expressed_rank,
)


def column(*values: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array(values, dtype=np.float32)


@pytest.mark.parametrize(("tracks", "expected"), [(1, 1), (9, 1), (10, 1), (11, 2), (20, 2), (21, 3), (100, 10)])
def test_without_ties_exactly_one_in_ten_rounded_up_express_a_discovered_one(tracks: int, expected: int) -> None:
    affinities = np.random.default_rng(tracks).permutation(np.arange(1, tracks + 1)).astype(np.float32)
    expression = Expression(affinities[:, None], [least_expressed_rank(tracks)])
    assert expression.counts.tolist() == [expected]
    assert sorted(affinities[expression.mask(0)]) == list(range(tracks - expected + 1, tracks + 1))


@pytest.mark.parametrize(
    ("affinities", "carriers", "rank"),
    [
        ([0.9, 0.8, 0.7, 0.2, 0.1], [0, 1, 2], 3),  # carriers rank first: as many as they are
        ([0.9, 0.8, 0.7, 0.2, 0.1], [0, 3], 4),  # two others rank above the last carrier
        ([0.9, 0.2, 0.2, 0.2, 0.1], [0, 1], 4),  # two others tie with it
        ([0.9, 0.8, 0.7, 0.2, 0.1], [], 1),
        ([0.9], [0], 1),
        ([1.0 - 0.01 * n for n in range(21)], [0], 3),  # never fewer than the top decile
        ([1.0 - 0.01 * n for n in range(21)], range(21), 21),
    ],
)
def test_every_carrier_of_the_tag_expresses_it(affinities: list[float], carriers: Sequence[int], rank: int) -> None:
    values = column(*affinities)
    carrying = np.isin(np.arange(len(values)), list(carriers))
    assert carriers_expressed_rank(values, carrying) == rank
    expression = Expression(values[:, None], [rank])
    assert expression.mask(0)[carrying].all()
    assert expression.counts.tolist() == [rank]


def test_what_one_track_expresses_is_its_place_in_every_mask() -> None:
    affinities = np.random.default_rng(1).random((21, 5), np.float32)
    expression = Expression(affinities, [3, 8, 1, 21, 13])
    masks = np.stack([expression.mask(k) for k in range(5)])
    for position in range(21):
        assert expression.of_track(position).tolist() == masks[:, position].tolist()


def test_tracks_that_tie_with_the_threshold_all_express_it() -> None:
    affinities = column(0.5, 0.9, 0.9, 0.1, 0.9)  # ceil(5 / 10) = 1, but three tracks share the highest affinity
    assert expressed_threshold(affinities, 1) == pytest.approx(0.9)
    assert Expression(affinities[:, None], [1]).mask(0).tolist() == [False, True, True, False, True]


def test_a_track_without_affinity_never_expresses_it() -> None:
    sparse = column(*[0.0] * 28, 0.25, 0.5)  # ceil(30 / 10) = 3, but only two tracks have any
    assert expressed_threshold(sparse, 3) == SMALLEST_AFFINITY
    assert np.flatnonzero(Expression(sparse[:, None], [3]).mask(0)).tolist() == [28, 29]
    assert Expression(column(0.0, 0.0)[:, None], [1]).counts.tolist() == [0]


def test_an_affinity_too_small_for_a_normal_float_counts_as_none() -> None:
    assert Expression(column(1e-40, 0.0)[:, None], [1]).counts.tolist() == [0]


def test_kept_are_those_that_express_none_of_the_muted() -> None:
    affinities = np.zeros((11, 3), dtype=np.float32)
    affinities[[2, 3], 0] = 1.0
    affinities[[3, 7], 1] = 1.0
    expression = Expression(affinities, [2, 2, 2])
    assert np.flatnonzero(~expression.kept([0, 1])).tolist() == [2, 3, 7]
    assert np.flatnonzero(~expression.kept([1, 2])).tolist() == [3, 7]
    assert expression.kept([]).all()
    assert len(expression.kept([])) == 11
