"""Cuts a token sequence into windows such that each token is scored exactly once.

The sequence s_0 … s_n yields n predictions: position i reads s_i and predicts s_{i+1}. Window k reads the positions from
k·stride on, at most `context` of them. Its first context − stride positions were scored by the windows before it and
serve as context only; the last window is as long as what is left. With stride = context the windows are disjoint, and the
first prediction of a window has one token of context.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from leitmotif_services.evaluation.models.language_model import TokenIds, WindowBatch


@dataclass(frozen=True)
class Window:
    """Positions start … start + length − 1 of the sequence; those from `scored_from` on (counted in the window) are scored."""

    start: int
    length: int
    scored_from: int


def windows(predictions: int, *, context: int, stride: int) -> Iterator[Window]:
    """The windows over a sequence with so many predictions, in order. Needs 1 ≤ stride ≤ context."""
    if not 1 <= stride <= context:
        raise ValueError(f"stride must be 1 to {context}, is {stride}")
    start = scored = 0
    while scored < predictions:
        length = min(context, predictions - start)
        yield Window(start, length, scored - start)
        scored = start + length
        start += stride


def window_batches(sequence: TokenIds, *, context: int, stride: int, batch_size: int) -> Iterator[WindowBatch]:
    """The windows of a sequence (n + 1,), in order, `batch_size` at a time; windows of differing length are never mixed."""
    pending: list[Window] = []
    for window in windows(len(sequence) - 1, context=context, stride=stride):
        if pending and (len(pending) == batch_size or pending[0].length != window.length):
            yield _batch(sequence, pending)
            pending = []
        pending.append(window)
    if pending:
        yield _batch(sequence, pending)


def _batch(sequence: TokenIds, batch: list[Window]) -> WindowBatch:
    positions = np.arange(batch[0].length)
    rows = np.array([window.start for window in batch])[:, None] + positions
    scored = positions >= np.array([window.scored_from for window in batch])[:, None]
    return WindowBatch(input_ids=sequence[rows], target_ids=sequence[rows + 1], scored=scored)
