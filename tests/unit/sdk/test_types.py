import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitmotif.types import JobState, Recommendations, Vectors


@given(st.integers(1, 5).flatmap(lambda n: st.lists(st.lists(st.floats(width=32, allow_nan=False), min_size=n, max_size=n))))
def test_vectors_hold_their_rows(rows):
    dimension = len(rows[0]) if rows else 1
    packed = b"".join(struct.pack(f"<{dimension}f", *row) for row in rows)
    vectors = Vectors(packed, dimension)
    assert len(vectors) == len(rows)
    assert list(vectors) == [tuple(row) for row in rows]
    assert [vectors[place - len(rows)] for place in range(len(rows))] == list(vectors)
    as_numpy = vectors.to_numpy()
    assert as_numpy.dtype == np.float32
    assert as_numpy.shape == (len(rows), dimension)
    assert as_numpy.tolist() == rows


@pytest.mark.parametrize("row", [2, -3])
def test_rows_outside_are_refused(row):
    with pytest.raises(IndexError, match=f"row {row} of 2"):
        Vectors(bytes(8), 1)[row]


def test_no_vectors():
    assert list(Vectors(b"", 0)) == []
    assert Vectors(b"", 0).to_numpy().shape == (0, 1)


def test_a_ranking_is_its_tracks():
    ranking = Recommendations(("a", "b"), "m", "e")
    assert list(ranking) == ["a", "b"]
    assert len(ranking) == 2


def test_final_states():
    assert {state.value for state in JobState if state.final} == {"succeeded", "failed", "cancelled"}
