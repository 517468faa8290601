"""The responses of `leitmotif` in closed form: how a history's weights over the prototypes move the score of each item.

With affinities A (N, K), responses V (N, K) and people's histories X (U, N), a score is s = X A Vᵀ, so B = A Vᵀ says what item j
(row) says of item i (column). V minimises

    Σ_u w_u |x_u − x_u B|² + β |F − F B|² + Σ_j λ_j |B_j|²

- w_u = (n_u / n̄)^(-1/2) for n_u items heard: who heard much does not outvote the others.
- F (T, N): each tag is one more listener, who heard what carries it: side information as in Jeunen et al., "Closed-form models
  for collaborative filtering with side-information", RecSys 2020. F_ti = log(1 + count) · log(N / carriers), scaled so that the
  mean square length of an item is 1.
- λ_j = λ √((p_j + 1) / mean(p + 1)) for p_j listeners. A ridge that grows with p_j is what random dropout of the history comes
  to: Steck, "Autoencoders that don't overfit towards the identity", NeurIPS 2020. It stands on B, not on V: so only the span of
  the affinities matters to accuracy, and no scale of a prototype favours it.

With G = Xᵀ W X + β Fᵀ F, Λ = diag(λ_j) and M = Aᵀ (G + Λ) A the minimum is V⁰ = G A M⁻¹. It lets an item vouch for itself by
B_ii = a_i·v⁰_i, which no new listener can use. Asking for B_ii = (1 − t) a_i·v⁰_i at the least cost gives, by one Lagrange
multiplier per item,

    v_i = v⁰_i − t (a_i·v⁰_i) / (a_iᵀ M⁻¹ a_i) · M⁻¹ a_i.

With A = I and t = 1 this is EASE (Steck, WWW 2019). Few prototypes cannot tell an item from its neighbours, so that to leave all
of B_ii out also takes from what the neighbours say; a quarter was best on validation people, for few prototypes and for A = I.
"""

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.listening.listening_data import TrainingData

Doubles = NDArray[np.float64]

SELF_LEFT_OUT = 0.25
"""t."""

_FEWEST_CARRIERS = 5
"""Of a tag that counts as a listener."""

_JITTER = 1e-6
"""Added to the diagonal of M, relative to its mean: prototypes may depend on each other linearly."""


def heard_and_tagged_together(data: TrainingData, *, tag_weight: float) -> Doubles:
    """G (N, N), with β = `tag_weight`."""
    sizes = np.diff(data.heard.indptr).astype(np.float64)
    weights = 1.0 / np.sqrt(np.maximum(sizes, 1.0) / max(float(sizes.mean()), 1.0))
    together = np.asarray((data.heard.T @ data.heard.multiply(weights[:, None])).toarray(), np.float64)
    rows = tag_rows(data)
    return np.asarray(together + tag_weight * (rows @ rows.T)) if rows.shape[1] else together


def tag_rows(data: TrainingData) -> Doubles:
    """Fᵀ (N, T') over the tags that enough items carry."""
    carriers = np.bincount(data.tag_counts.tocoo().coords[1], minlength=len(data.tags))
    chosen = np.flatnonzero(carriers >= _FEWEST_CARRIERS)
    rows = np.log1p(data.tag_counts[:, chosen].toarray()) * np.log(data.tag_counts.shape[0] / carriers[chosen])
    length = float(np.sqrt((rows**2).sum() / max(len(rows), 1)))
    return np.asarray(rows / length if length > 0.0 else rows, np.float64)


def ridge_by_popularity(data: TrainingData, *, ridge: float) -> Doubles:
    """λ_j (N,), with λ = `ridge`."""
    listeners = popularity(data) + 1.0
    return np.asarray(ridge * np.sqrt(listeners / listeners.mean()), np.float64)


def popularity(data: TrainingData) -> Doubles:
    """p_j (N,): how many people heard each item."""
    return np.bincount(data.heard.indices, minlength=data.heard.shape[1]).astype(np.float64)


def fit_responses(affinities: Doubles, together: Doubles, ridge: Doubles, *, self_left_out: float = SELF_LEFT_OUT) -> Doubles:
    """V (N, K) for A (N, K), G (N, N), the diagonal of Λ (N,) and t in 0 to 1."""
    from scipy.linalg import cho_factor, cho_solve

    lengths = np.linalg.norm(affinities, axis=0)
    scale = np.where(lengths > 0.0, 1.0 / np.maximum(lengths, 1e-300), 0.0)
    scaled = affinities * scale
    mapped = together @ scaled
    normal = scaled.T @ mapped + scaled.T @ (ridge[:, None] * scaled)
    normal[np.diag_indices_from(normal)] += _JITTER * max(float(np.trace(normal)) / len(normal), 1e-12)
    factor = cho_factor(normal)
    free = cho_solve(factor, mapped.T).T
    own = cho_solve(factor, scaled.T).T
    vouched, possible = (scaled * free).sum(axis=1), (scaled * own).sum(axis=1)
    multiplier = np.divide(vouched, possible, out=np.zeros_like(vouched), where=possible > 1e-12)
    return np.asarray((free - self_left_out * multiplier[:, None] * own) * scale)
