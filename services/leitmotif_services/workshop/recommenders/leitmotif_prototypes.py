"""The prototypes of `leitmotif` where people listen: anchored on tags, and discovered in what is heard together.

**Anchored.** People's tags say which items a prototype is about, and their listening says which of those stand for it best. With
c_uk the share of person u's items that carry tag k, and r_ik = Σ_{u heard i} c_uk how much the tag's own listeners hear item i,

    a_ik = log(1 + r_ik) / max_j log(1 + r_jk), at least CARRIED,   where i carries k;   0 elsewhere.

So no item that people do not call k stands above one that they do: a boost fills a list with carriers, those that the tag's
listeners know first, and a mute reaches each of them.

**Discovered.** The D leading eigenvectors of S = Λ^(-1/2) G Λ^(-1/2) span what a map of rank D can best restore of G, the matrix
of what is heard and tagged together (`leitmotif_responses`). Varimax turns them so that each weighs few items much: a scene.
With heavy tails this finds the non-negative factors that k-means and NMF look for, in closed form but for the rotation (Rohe and
Zeng, "Vintage factor analysis with Varimax performs statistical inference", JRSS B 2023). The affinity is the positive side.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.listening.listening_data import TrainingData
from leitmotif_services.workshop.recommenders.leitmotif_responses import Gram

Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]

FEWEST_CARRIERS = 3
"""Items that a tag needs to anchor a prototype."""

CARRIED = 0.05
"""The least affinity of an item that carries the tag."""

DISCOVERED_SHARE = 0.25
"""Of all prototypes; more where too few tags are there to anchor the others."""

_NOTHING = 1e-9
"""Eigenvalues that are smaller, relative to the largest, span what nobody heard."""

_ROTATIONS = 30
"""At most; the span, on which accuracy rests, is the same at each."""
_CONVERGED = 1e-3


@dataclass(frozen=True)
class ListeningPrototypes:
    """K prototypes: first those that are anchored, the most carried first, then the discovered ones, the widest first."""

    labels: tuple[str, ...]
    """(K,), each different."""
    affinities: Doubles
    """(N, K) in 0 to 1."""
    carriers: Mask
    """(N, number of anchored ones)."""

    @property
    def anchors(self) -> dict[str, int]:
        """Position of the prototype of each tag that has one."""
        return {label: position for position, label in enumerate(self.labels[: self.carriers.shape[1]])}


def find_prototypes(data: TrainingData, together: Gram, ridge: Doubles, *, count: int) -> ListeningPrototypes:
    """`count` prototypes, or as many as N items and their tags have.

    `together`: G (N, N); `ridge`: the diagonal of Λ (N,), > 0.
    """
    tags = anchoring_tags(data, count - round(DISCOVERED_SHARE * count))
    counts = np.asarray(data.tag_counts[:, tags].toarray(), np.float64)
    scenes = co_heard_scenes(together, ridge, count - len(tags))
    names = tuple(data.tags[tag] for tag in tags)
    return ListeningPrototypes(
        labels=names + _scene_labels(scenes, counts, names),
        affinities=np.hstack([typicality(data, counts > 0), scenes]),
        carriers=counts > 0,
    )


def anchoring_tags(data: TrainingData, most: int) -> NDArray[np.int64]:
    """Positions of the `most` tags that most items carry, ties by name; none that fewer than FEWEST_CARRIERS carry, or all."""
    carried = np.bincount(data.tag_counts.tocoo().coords[1], minlength=len(data.tags))
    usable = np.flatnonzero((carried >= FEWEST_CARRIERS) & (carried < data.tag_counts.shape[0]))
    return np.array(sorted(usable.tolist(), key=lambda tag: (-carried[tag], data.tags[tag]))[:most], np.int64)


def typicality(data: TrainingData, carriers: Mask) -> Doubles:
    """(N, T): a_ik of the module's formula for carriers (N, T)."""
    heard = np.maximum(np.diff(data.heard.indptr), 1)
    listeners = (data.heard @ carriers.astype(np.float64)) / heard[:, None]
    known = np.where(carriers, np.log1p(data.heard.T @ listeners), 0.0)
    relative = known / np.maximum(known.max(axis=0, initial=0.0), 1e-12)
    return np.where(carriers, np.maximum(relative, CARRIED), 0.0)


def co_heard_scenes(together: Gram, ridge: Doubles, count: int) -> Doubles:
    """(N, D), D ≤ min(count, N - 1): discovered affinities, each column's largest 1; columns by falling sum."""
    from scipy.sparse.linalg import LinearOperator, eigsh

    items = len(ridge)
    count = min(count, items - 1)
    if count < 1:
        return np.zeros((items, 0))
    scale = 1.0 / np.sqrt(ridge)

    def weighted(vector: Doubles) -> Doubles:
        return scale * (together @ (scale * vector.reshape(-1)))

    # The start is the sum of the rows, so that neither a seed nor the order of the items decides.
    operator = LinearOperator((items, items), matvec=weighted, dtype=np.float64)
    values, vectors = eigsh(operator, k=count, v0=weighted(np.ones(items)) + 1e-12, which="LA")
    rotated = varimax(vectors[:, values > _NOTHING * values.max()][:, ::-1])
    rotated *= np.where((rotated**3).sum(axis=0) < 0.0, -1.0, 1.0)
    scenes = np.maximum(rotated, 0.0) * scale[:, None]
    scenes /= np.maximum(scenes.max(axis=0), 1e-12)
    return np.asarray(scenes[:, np.argsort(-scenes.sum(axis=0), kind="stable")])


def varimax(vectors: Doubles) -> Doubles:
    """Orthonormal columns (N, D), rotated so that the variance of the squares within columns is largest.

    Kaiser, Psychometrika 1958. The mean square of a column is 1 / N under every rotation, so what is to be maximised is Σ r⁴
    over all entries. That is convex in the rotation: to take the rotation nearest to its gradient, by a singular value
    decomposition, never lowers it.
    """
    rotation = np.eye(vectors.shape[1])
    for _ in range(_ROTATIONS):
        left, _, right = np.linalg.svd(vectors.T @ (vectors @ rotation) ** 3)
        step, rotation = np.abs(left @ right - rotation).max(initial=0.0), left @ right
        if step < _CONVERGED:
            break
    return np.asarray(vectors @ rotation)


def _scene_labels(scenes: Doubles, counts: Doubles, names: tuple[str, ...]) -> tuple[str, ...]:
    """Such as "scene 3: shoegaze, dream pop": the two tags that the scene's items are given most beyond what any item is."""
    usual = counts.mean(axis=0)
    labels = []
    for number, scene in enumerate(scenes.T, start=1):
        beyond = scene @ counts / max(float(scene.sum()), 1e-12) - usual
        nearest = [names[tag] for tag in np.argsort(-beyond, kind="stable")[:2] if beyond[tag] > 0.0]
        labels.append(f"scene {number}: {', '.join(nearest)}" if nearest else f"scene {number}")
    return tuple(labels)
