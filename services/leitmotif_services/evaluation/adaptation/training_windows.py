"""Cuts tokenized documents into windows to train on, and puts those in order.

The documents become one sequence. A window of `context` tokens to read, with the token behind it as the last target, follows the
window before it without a gap, so that each token but the first is predicted exactly once in a pass. What is left over at the
end is a shorter window when it has at least half of the context, else it is left out; nothing is padded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from leitmotif_services.evaluation.models.language_model import TokenIds


def joined_documents(documents: Sequence[TokenIds], *, bos_token_id: int | None, end_token_id: int | None) -> TokenIds:
    """One sequence, (n,): the beginning-of-sequence token before each document, as scoring has it, and the end-of-text token
    behind each.

    Where they are the same token, as in GPT-2, one stands between two documents. Where the tokenizer has neither, documents
    follow each other directly.
    """
    same = bos_token_id == end_token_id
    parts: list[TokenIds] = []
    for document in documents:
        if bos_token_id is not None:
            parts.append(np.array([bos_token_id], np.int64))
        parts.append(document)
        if end_token_id is not None and not same:
            parts.append(np.array([end_token_id], np.int64))
    if end_token_id is not None and same and parts:
        parts.append(np.array([end_token_id], np.int64))
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def training_windows(sequence: TokenIds, *, context: int) -> list[TokenIds]:
    """Views of (context + 1,) tokens, each beginning with the last token of the one before; maybe a shorter one at the end."""
    predictions = max(len(sequence) - 1, 0)
    found = [sequence[start : start + context + 1] for start in range(0, predictions - context + 1, context)]
    rest = predictions % context
    if rest and 2 * rest >= context:
        found.append(sequence[predictions - rest :])
    return found


@dataclass(frozen=True)
class TrainingOrder:
    """Which windows each step takes: a pure function of these numbers, so that a resumed run goes on where it was."""

    windows: int
    """How many there are."""
    batch_size: int
    """Windows of a step; the last one takes what is left."""
    epochs: float
    seed: int

    @property
    def window_count(self) -> int:
        """Windows that are taken, repeats included."""
        return max(1, round(self.windows * self.epochs))

    @property
    def steps(self) -> int:
        """How many there are."""
        return -(-self.window_count // self.batch_size)

    def windows_of_step(self, step: int) -> list[int]:
        """Numbers of the windows of a step. Each pass takes every window once, in an order of its own."""
        places = range(step * self.batch_size, min((step + 1) * self.batch_size, self.window_count))
        return [int(_order(self.windows, self.seed, place // self.windows)[place % self.windows]) for place in places]

    def predictions_before(self, step: int, lengths: npt.NDArray[np.int64]) -> int:
        """Tokens that are trained on before a step, where window k has lengths[k] of them."""
        taken = min(step * self.batch_size, self.window_count)
        passes, rest = divmod(taken, self.windows)
        return passes * int(lengths.sum()) + int(lengths[_order(self.windows, self.seed, passes)[:rest]].sum())


@lru_cache(maxsize=4)
def _order(windows: int, seed: int, epoch: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng([seed % (1 << 64), epoch]).permutation(windows)
