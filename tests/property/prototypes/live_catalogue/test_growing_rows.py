"""Views of what grows: each keeps what it saw."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from leitmotif_services.prototypes.live_catalogue.growing_rows import GrowingBits, GrowingRows
from leitmotif_services.prototypes.live_catalogue.joined_expression import JoinedExpression

SIZES = st.lists(st.integers(0, 90), min_size=1, max_size=8)


@settings(max_examples=50, deadline=None)
@given(SIZES)
def test_rows(sizes: list[int]) -> None:
    rng = np.random.default_rng(len(sizes))
    rows, seen, expected = GrowingRows(3), [], np.empty((0, 3), np.float32)
    for size in sizes:
        added = rng.normal(size=(size, 3)).astype(np.float32)
        rows.add(added)
        expected = np.concatenate([expected, added])
        seen.append((rows.view(), expected))
    assert len(rows) == len(expected)
    for view, then in seen:
        assert np.array_equal(view, then)
        assert not view.flags.writeable


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), SIZES)
def test_bits(first: int, sizes: list[int]) -> None:
    rng = np.random.default_rng(first)
    expected = rng.random((first, 4)) < 0.5
    bits = GrowingBits(np.packbits(expected.T, axis=1), first)
    seen = []
    for size in [0, *sizes]:
        added = rng.random((size, 4)) < 0.5
        bits.add(added)
        expected = np.concatenate([expected, added])
        seen.append((JoinedExpression(bits.packed, bits.count, np.zeros(4), np.zeros(4, np.int64)), expected))
    for view, then in seen:
        assert np.array_equal(np.column_stack([view.mask(column) for column in range(4)]), then)
        assert np.array_equal(view.kept([0, 2]), ~(then[:, 0] | then[:, 2]))
    where = rng.integers(0, len(expected), 10)
    assert np.array_equal(bits.at(where), expected[where])
