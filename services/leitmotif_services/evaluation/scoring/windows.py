"""Cuts a token sequence into windows such that each token is scored exactly once.

The sequence s_0 … s_n yields n predictions: position i reads s_i and predicts s_{i+1}. Window k reads the positions from
k·stride on, at most `context` of them. Its first context − stride positions were scored by the windows before it and
serve as context only; the last window is as long as what is left. With stride = context the windows are disjoint, and the
first prediction of a window has one token of context.

A full last window begins earlier instead, so that it reads `context` positions as well, and scores what is left. With BOS in
front these are the windows of lm-evaluation-harness (`get_rolling_token_windows`, with context_len = context − stride + 1).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leitmotif_services.evaluation.models.language_model import TokenIds, WindowBatch


@dataclass(frozen=True)
class Window:
    """Positions start … start + length − 1 of the sequence; those from `scored_from` on (counted in the window) are scored."""

    start: int
    length: int
    scored_from: int


def windows(predictions: int, *, context: int, stride: int, full_last: bool = False) -> Iterator[Window]:
    """The windows over a sequence with so many predictions, in order. Needs 1 ≤ stride ≤ context."""
    if not 1 <= stride <= context:
        raise ValueError(f"stride must be 1 to {context}, is {stride}")
    start = scored = 0
    while scored < predictions:
        if full_last:
            start = min(start, max(0, predictions - context))
        length = min(context, predictions - start)
        yield Window(start, length, scored - start)
        scored = start + length
        start += stride


@dataclass(frozen=True)
class PlacedBatch:
    """Windows computed together, and where what they score belongs."""

    windows: WindowBatch
    places: npt.NDArray[np.int64]
    """(windows.scored.sum(),), row after row: place of each prediction among those of all sequences, one behind the other."""


def window_batches(
    sequences: Sequence[TokenIds], *, context: int, stride: int, batch_size: int, full_last: bool = False
) -> Iterator[PlacedBatch]:
    """The windows of all sequences, the longest first, `batch_size` at a time; windows of differing length are never mixed.

    So many short documents cost as few calls as one long one, and nothing is padded: a result does not depend on what it was
    computed with. No window spans two sequences.
    """
    starts = np.cumsum([0, *(len(sequence) - 1 for sequence in sequences)])
    by_length: dict[int, list[tuple[int, Window]]] = {}
    for number, sequence in enumerate(sequences):
        for window in windows(len(sequence) - 1, context=context, stride=stride, full_last=full_last):
            by_length.setdefault(window.length, []).append((number, window))
    for length in sorted(by_length, reverse=True):
        found = by_length[length]
        for first in range(0, len(found), batch_size):
            yield _batch(sequences, starts, found[first : first + batch_size], length)


def _batch(
    sequences: Sequence[TokenIds], starts: npt.NDArray[np.int64], found: list[tuple[int, Window]], length: int
) -> PlacedBatch:
    positions = np.arange(length)
    scored = positions >= np.array([window.scored_from for _, window in found])[:, None]
    places = np.array([starts[number] + window.start for number, window in found])[:, None] + positions
    batch = WindowBatch(
        input_ids=np.stack([sequences[number][window.start : window.start + length] for number, window in found]),
        target_ids=np.stack([sequences[number][window.start + 1 : window.start + length + 1] for number, window in found]),
        scored=scored,
    )
    return PlacedBatch(batch, places[scored])
