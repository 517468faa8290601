"""What intervals and tests draw: documents or, where there are too few of them, blocks of tokens."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leitmotif_services.evaluation.scoring.token_scores import TokenScores
from leitmotif_services.runtime.errors import invalid_field

FEWEST_DOCUMENTS = 20
"""With fewer documents, their variation says little, and blocks are drawn instead."""

BLOCK_TOKENS = 256
"""Long enough for what neighbouring tokens share to stay within a block, mostly."""


@dataclass(frozen=True, eq=False)
class PairedUnits:
    """Sums of each unit, in the order of the text; u of them."""

    kind: str
    """"documents" or "blocks"."""
    changes: npt.NDArray[np.float64]
    """(u,), adapted less base, summed over the unit's tokens, in nats."""
    tokens: npt.NDArray[np.float64]
    """(u,), tokens of the unit, each at least 1."""


def paired_units(base: TokenScores, adapted: TokenScores) -> PairedUnits:
    """The units of two scorings; FIELD_INVALID unless both are of the very same tokens."""
    check_same_tokens(base, adapted)
    documents = np.unique(base.documents)
    if len(documents) >= FEWEST_DOCUMENTS:
        kind, unit_of_token = "documents", np.searchsorted(documents, base.documents)
    else:
        kind, unit_of_token = "blocks", _blocks(base.documents)
    return PairedUnits(
        kind,
        changes=np.bincount(unit_of_token, adapted.nll - base.nll).astype(np.float64, copy=False),
        tokens=np.bincount(unit_of_token).astype(np.float64),
    )


def check_same_tokens(base: TokenScores, adapted: TokenScores) -> None:
    """FIELD_INVALID where the two were not scored on the same tokens of the same documents."""
    same = np.array_equal(base.token_ids, adapted.token_ids) and np.array_equal(base.documents, adapted.documents)
    if not same:
        raise invalid_field("adapted_model", "has another tokenizer than the base model: tokens cannot be compared one by one")


def _blocks(documents: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Number of the block of each token: no block spans two documents, and a document's last one may be shorter."""
    starts = np.flatnonzero(np.diff(documents, prepend=documents[0] - 1))
    within = np.arange(len(documents)) - np.repeat(starts, np.diff(starts, append=len(documents)))
    return np.cumsum(within % BLOCK_TOKENS == 0) - 1
