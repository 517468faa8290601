"""A profile as scores are computed from it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WEIGHT_LIMIT = 1e6
"""Largest magnitude of a history weight or an edit: far above any real one, far below where float32 sums lose sense."""


@dataclass(frozen=True)
class Profile:
    """Weights over the K prototypes of one model version; positions are those of its prototypes."""

    history: NDArray[np.float32]
    """h, (K,): what listening says; may be negative; magnitude ≤ WEIGHT_LIMIT."""
    edits: NDArray[np.float32]
    """Δ, (K,): what the person asked for on top; magnitude ≤ WEIGHT_LIMIT."""
    muted: tuple[int, ...] = ()
    """Positions of muted prototypes, ascending, without repeats."""

    def without_muted(self) -> "Profile":
        """The profile that scores are computed with: h_k = Δ_k = 0 for each muted k."""
        if not self.muted:
            return self
        positions = list(self.muted)
        history, edits = self.history.copy(), self.edits.copy()
        history[positions] = 0.0
        edits[positions] = 0.0
        return Profile(history, edits, self.muted)
