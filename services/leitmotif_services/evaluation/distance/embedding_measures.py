"""Distances between two sets of embeddings, for many draws of rows from one matrix.

Each measure is built from all rows once and then called with the positions of two sets, so that a null of hundreds of draws
costs little more than the distance itself.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Embeddings = npt.NDArray[np.float64]
Measure = Callable[[Rows, Rows], float]
"""The distance between the rows of two sets, both without repeats."""

MOST_COMPONENTS = 128
"""Covariances are compared in the span of so many principal components of all rows at most."""


def l2(embeddings: Embeddings) -> Measure:
    """Euclidean distance of the two means."""
    return lambda first, second: float(np.linalg.norm(embeddings[first].mean(axis=0) - embeddings[second].mean(axis=0)))


def mmd2(embeddings: Embeddings) -> Measure:
    """Unbiased squared maximum mean discrepancy under k(x, y) = exp(−‖x − y‖² / 2σ²), σ the median distance of all pairs of rows.

    Gretton et al. 2012 (JMLR 13), equation 3; may be below 0 where both sets are alike.
    """
    kernel = rbf_kernel(embeddings)
    np.fill_diagonal(kernel, 0.0)

    def measure(first: Rows, second: Rows) -> float:
        m, n = len(first), len(second)
        within = kernel[np.ix_(first, first)].sum() / (m * (m - 1)) + kernel[np.ix_(second, second)].sum() / (n * (n - 1))
        return float(within - 2 * kernel[np.ix_(first, second)].mean())

    return measure


def frechet(embeddings: Embeddings) -> Measure:
    """Fréchet distance of two normal distributions, squared: ‖μ₁ − μ₂‖² + tr(C₁ + C₂ − 2 (C₁ C₂)^½).

    Dowson and Landau 1982. Covariances are shrunk towards a multiple of the identity (`shrunk_covariance`): with fewer rows than
    dimensions, the bare ones would say more of the draw than of the set. Rows are rotated to their principal components first, of
    which the first MOST_COMPONENTS are kept; nothing is lost where the embeddings have no more dimensions than that.
    """
    centred = embeddings - embeddings.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    projected = centred @ directions[:MOST_COMPONENTS].T

    def measure(first: Rows, second: Rows) -> float:
        x, y = projected[first], projected[second]
        return gaussian_frechet(x.mean(axis=0), shrunk_covariance(x), y.mean(axis=0), shrunk_covariance(y))

    return measure


def rbf_kernel(embeddings: Embeddings) -> npt.NDArray[np.float64]:
    """(n, n), with the median heuristic; ones where all rows are the same."""
    squares = (embeddings**2).sum(axis=1)
    distances = np.maximum(squares[:, None] + squares[None, :] - 2 * embeddings @ embeddings.T, 0.0)
    median = np.median(distances[np.triu_indices(len(embeddings), 1)])  # of squares: the square of the median
    return np.ones_like(distances) if median == 0.0 else np.exp(-distances / (2 * median))


def gaussian_frechet(
    first_mean: npt.NDArray[np.float64],
    first_covariance: npt.NDArray[np.float64],
    second_mean: npt.NDArray[np.float64],
    second_covariance: npt.NDArray[np.float64],
) -> float:
    """The squared Fréchet distance of two normal distributions.

    tr (C₁ C₂)^½ is the sum of the square roots of the eigenvalues of C₁^½ C₂ C₁^½, which is symmetric.
    """
    values, vectors = np.linalg.eigh(first_covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    cross = np.linalg.eigvalsh(root @ second_covariance @ root)
    traces = np.trace(first_covariance) + np.trace(second_covariance) - 2 * np.sqrt(np.maximum(cross, 0.0)).sum()
    return float(((first_mean - second_mean) ** 2).sum() + traces)


def shrunk_covariance(rows: Embeddings) -> npt.NDArray[np.float64]:
    """(1 − λ) S + λ μ I, with the λ of Ledoit and Wolf 2004 (J. Multivariate Analysis 88), section 3.3; S divides by n."""
    n, p = rows.shape
    centred = rows - rows.mean(axis=0)
    sample: npt.NDArray[np.float64] = centred.T @ centred / n
    scale = float(np.trace(sample)) / p
    spread = ((sample**2).sum() - p * scale**2) / p  # ‖S − μ I‖² / p
    if spread <= 0.0:
        return sample
    error = ((centred**2).sum(axis=1) ** 2).sum() / n**2 - (sample**2).sum() / n
    shrinkage = min(max(error / p, 0.0), spread) / spread
    shrunk: npt.NDArray[np.float64] = (1 - shrinkage) * sample + shrinkage * scale * np.eye(p)
    return shrunk
