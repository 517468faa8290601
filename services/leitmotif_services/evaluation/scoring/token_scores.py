"""What a model makes of a text, token by token."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leitmotif_services.evaluation.models.language_model import TokenIds


@dataclass(frozen=True, eq=False)
class TokenScores:
    """Scored tokens in the order of the text; n of them."""

    token_ids: TokenIds
    """(n,)"""
    nll: npt.NDArray[np.float64]
    """(n,), negative log likelihood in nats."""
    documents: npt.NDArray[np.int64]
    """(n,), which document each is of, from 0, ascending."""
    ranks: npt.NDArray[np.int64] | None = None
    """(n,), rank of the token among the vocabulary, 1 for the likeliest; None unless asked for."""

    @property
    def perplexity(self) -> float:
        """Exp of the mean; infinite beyond the range of a double."""
        with np.errstate(over="ignore"):
            return float(np.exp(self.nll.mean()))
