"""The port behind which a causal language model stands, and the batches of windows that it is asked about."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

TokenIds = npt.NDArray[np.int64]


@dataclass(frozen=True)
class WindowBatch:
    """Windows of one length L, computed together: at position j of a row, `target_ids` holds the token after `input_ids`."""

    input_ids: TokenIds
    """(B, L), what the model reads."""
    target_ids: TokenIds
    """(B, L), what it is to predict at each position."""
    scored: npt.NDArray[np.bool_]
    """(B, L), True where the prediction counts; elsewhere the position is context only."""


class LanguageModel(Protocol):
    """A causal language model with its tokenizer."""

    @property
    def context_length(self) -> int | None:
        """Longest window that the model reads, in tokens; None where it names no bound."""

    @property
    def bos_token_id(self) -> int | None:
        """Id of the beginning-of-sequence token; None where the tokenizer has none."""

    @property
    def dtype(self) -> str:
        """Data type of the weights during the computation, such as "float32"."""

    @property
    def sha256(self) -> str:
        """SHA-256 over the files that define the model, lower-case hexadecimal."""

    def tokenize(self, text: str) -> TokenIds:
        """Ids of the text, without any special token added; shape (n,)."""

    def require_memory(self, *, context: int, batch_size: int) -> None:
        """Raise LIMIT_EXCEEDED when windows of that size would not fit into the memory limit."""

    def token_nll(self, batch: WindowBatch) -> npt.NDArray[np.float64]:
        """Negative log likelihood in nats at each scored position, row after row; shape (batch.scored.sum(),)."""

    def token_nll_and_ranks(self, batch: WindowBatch) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """As `token_nll`, and the rank of each target among the vocabulary: 1 for the likeliest, ties in its favour."""

    @property
    def tokenizer_sha256(self) -> str:
        """SHA-256 over what decides how a text becomes ids: two models with the same can be compared token by token."""

    def token_texts(self, token_ids: TokenIds) -> list[str]:
        """What each id stands for by itself, as text; bytes that are no UTF-8 by themselves as U+FFFD."""

    def mean_states(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Mean of the last layer's states over the tokens of each text, cut to the model's length: (texts, D).

        Zeros for a text without a token. The result does not depend on which texts are given together.
        """
