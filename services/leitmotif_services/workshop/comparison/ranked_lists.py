"""The top of people's lists, from scores of the whole catalogue."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = NDArray[np.float64]
Positions = NDArray[np.int64]
Mask = NDArray[np.bool_]

PEOPLE = 256
"""Scored at a time: 256 x 10,000 scores are 20 MB."""


def blocks(people: int) -> Iterator[slice]:
    """Slices of at most PEOPLE people that cover all of them."""
    for start in range(0, people, PEOPLE):
        yield slice(start, min(start + PEOPLE, people))


def dense_mask(rows: "csr_array") -> Mask:
    """(V, N): where the rows have entries."""
    return np.asarray(rows.toarray() > 0)


def top_items(scores: Doubles, left_out: Mask, length: int) -> tuple[Positions, Mask]:
    """The items (V, R) of the R = min(length, N) highest scores, best first, and which of these places are filled (V, R).

    Items that `left_out` (V, N) marks, such as the history, and items of score -inf are in no list: a list that has too few
    others ends with places that are not filled. Of items with the same score, that with the lower position comes first,
    save at the end of the list, where which of them is in it is arbitrary, though always the same.
    """
    allowed = np.where(left_out, -np.inf, scores)
    length = min(length, allowed.shape[1])
    if length < allowed.shape[1]:
        found = np.sort(np.argpartition(-allowed, length - 1, axis=1)[:, :length], axis=1)
    else:
        found = np.broadcast_to(np.arange(length), allowed.shape)
    values = np.take_along_axis(allowed, found, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    filled = np.isfinite(np.take_along_axis(values, order, axis=1))
    return np.take_along_axis(found, order, axis=1).astype(np.int64), filled
