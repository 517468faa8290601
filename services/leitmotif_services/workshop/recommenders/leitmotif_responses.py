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

G is N by N, but never written out: all that is asked of it is G R for some columns R, and

    G R = Zᵀ (Z R),   Z = [W^(1/2) X; β^(1/2) F] sparse,

takes time and memory that grow with what is heard and tagged.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.listening.listening_data import TrainingData

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = NDArray[np.float64]

SELF_LEFT_OUT = 0.25
"""t."""

_FEWEST_CARRIERS = 5
"""Of a tag that counts as a listener."""

_JITTER = 1e-6
"""Added to the diagonal of M, relative to its mean: prototypes may depend on each other linearly."""

POPULARITY_DISCOUNT = 0.1
"""v_i is divided by (p_i + 1) to this power: squared error favours what many hear, a ranking need not."""

_BIAS = 1e-3
"""b_i = _BIAS · the share of people who heard i: it orders the list of an empty history, and hardly any other."""

_BLOCK = 2**24
"""Numbers in a temporary: 128 MiB."""


@dataclass(frozen=True)
class Responses:
    """v and b of the score."""

    responses: Doubles
    """(N, K)."""
    bias: Doubles
    """(N,)."""


class Gram(Protocol):
    """A symmetric positive semidefinite (N, N), as what it does to columns."""

    def __matmul__(self, right: Doubles, /) -> Doubles:
        """(N, C) or (N,) to the same shape."""


@dataclass(frozen=True)
class FactoredGram:
    """ZᵀZ."""

    rows: "csr_array"
    """Z (U + T', N)."""

    def __matmul__(self, right: Doubles, /) -> Doubles:
        if right.ndim == 1:
            return np.asarray(self._columns @ (self.rows @ right), np.float64)
        product = np.empty(right.shape)
        width = max(1, _BLOCK // max(self.rows.shape[0], 1))
        for start in range(0, right.shape[1], width):
            product[:, start : start + width] = self._columns @ (self.rows @ right[:, start : start + width])
        return product

    @cached_property
    def _columns(self) -> "csr_array":
        return self.rows.T.tocsr()


def heard_and_tagged_together(data: TrainingData, *, tag_weight: float) -> FactoredGram:
    """G (N, N), with β = `tag_weight`."""
    return heard_together_beside(data, tag_rows(data), weight=tag_weight)


def heard_together_beside(data: TrainingData, rows: "csr_array", *, weight: float) -> FactoredGram:
    """G (N, N) with β = `weight` and Fᵀ = `rows` (N, T'): any listeners who are no people."""
    from scipy.sparse import csr_array, vstack

    sizes = np.diff(data.heard.indptr).astype(np.float64)
    weights = 1.0 / np.sqrt(np.maximum(sizes, 1.0) / max(float(sizes.mean()), 1.0))
    heard = data.heard.multiply(np.sqrt(weights)[:, None])
    return FactoredGram(csr_array(vstack([heard, np.sqrt(weight) * rows.T], format="csr")))


def tag_rows(data: TrainingData) -> "csr_array":
    """Fᵀ (N, T') over the tags that enough items carry."""
    from scipy.sparse import csr_array

    carriers = np.bincount(data.tag_counts.tocoo().coords[1], minlength=len(data.tags))
    chosen = np.flatnonzero(carriers >= _FEWEST_CARRIERS)
    rarity = np.log(data.tag_counts.shape[0] / carriers[chosen])
    rows = data.tag_counts[:, chosen].log1p().multiply(rarity[None, :])
    length = float(np.sqrt((rows.data**2).sum() / max(rows.shape[0], 1)))
    return csr_array(rows / length if length > 0.0 else rows)


def ridge_by_popularity(data: TrainingData, *, ridge: float) -> Doubles:
    """λ_j (N,), with λ = `ridge`."""
    listeners = popularity(data) + 1.0
    return np.asarray(ridge * np.sqrt(listeners / listeners.mean()), np.float64)


def popularity(data: TrainingData) -> Doubles:
    """p_j (N,): how many people heard each item."""
    return np.bincount(data.heard.indices, minlength=data.heard.shape[1]).astype(np.float64)


def fitted_responses(data: TrainingData, affinities: Doubles, together: Gram, ridge: Doubles) -> Responses:
    """V and b that are served: what many hear is discounted, and an empty history ranks by popularity."""
    heard = popularity(data)
    discount = ((heard + 1.0) / (heard + 1.0).mean()) ** -POPULARITY_DISCOUNT
    responses = fit_responses(affinities, together, ridge)
    responses *= discount[:, None]
    return Responses(responses, _BIAS * heard / max(data.heard.shape[0], 1))


def fit_responses(affinities: Doubles, together: Gram, ridge: Doubles, *, self_left_out: float = SELF_LEFT_OUT) -> Doubles:
    """V (N, K) for A (N, K), G (N, N), the diagonal of Λ (N,) and t in 0 to 1."""
    from scipy.linalg import cho_factor, cho_solve

    lengths = np.linalg.norm(affinities, axis=0)
    scale = np.where(lengths > 0.0, 1.0 / np.maximum(lengths, 1e-300), 0.0)
    scaled = affinities * scale
    mapped = together @ scaled
    normal = scaled.T @ mapped
    blocks = _blocks_of_rows(affinities)
    for block in blocks:
        normal += scaled[block].T @ (ridge[block, None] * scaled[block])
    normal[np.diag_indices_from(normal)] += _JITTER * max(float(np.trace(normal)) / len(normal), 1e-12)
    factor = cho_factor(normal)
    responses = mapped
    for block in blocks:
        free = cho_solve(factor, mapped[block].T).T
        own = cho_solve(factor, scaled[block].T).T
        vouched, possible = (scaled[block] * free).sum(axis=1), (scaled[block] * own).sum(axis=1)
        multiplier = np.divide(vouched, possible, out=np.zeros_like(vouched), where=possible > 1e-12)
        responses[block] = (free - self_left_out * multiplier[:, None] * own) * scale
    return np.asarray(responses)


def _blocks_of_rows(matrix: Doubles) -> list[slice]:
    height = max(1, _BLOCK // max(matrix.shape[1], 1))
    return [slice(start, start + height) for start in range(0, len(matrix), height)]
