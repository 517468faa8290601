"""Items that nobody heard: their responses and affinities, from what they sound like and how people tag them.

Kernel ridge regression (Saunders, Gammerman and Vovk, ICML 1998) over the items that people did hear: what is wanted of a new
item is k (K + μI)⁻¹ Y, where Y holds the responses, or the affinities, of the heard ones. The responses to learn from are those
where no item vouches for itself (t = 1 of `leitmotif_responses`), as no new item can. The kernel is the mean of

- exp(−|x − y|² / F) of the standardised audio, F columns;
- cosine of the TF-IDF of all tags that at least two items carry;

or what there is of these. An item without audio stands at the mean of every column: it counts as one of average sound, and two of
them as alike in it. How much an item is tagged at all is the most that is known of how widely it will be heard: a
little-known item with the sound of a famous one will be heard by few. So the mean is multiplied by (1 + exp(−|z − w|² / 4)) / 2
of the standardised logarithms z of an item's assignments and of its different tags.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.listening.listening_data import TrainingData
from leitmotif_services.workshop.recommenders.leitmotif_responses import Gram, fit_responses, popularity
from leitmotif_services.workshop.recommenders.tag_features import unit_rows

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = NDArray[np.float64]

RIDGE = 1.0
"""μ."""

_FEWEST_CARRIERS = 2


@dataclass(frozen=True)
class NewItems:
    """Learned when it is first asked for."""

    data: TrainingData
    known: Doubles
    """(N, K): affinities of the items of `data`."""
    together: Gram
    """G (N, N)."""
    ridge: Doubles
    """(N,): the diagonal of Λ."""

    def responses(self, audio: Doubles, tag_counts: "csr_array | None") -> Doubles:
        """Those (M, K) of M new items with standardised audio (M, F) and tag counts (M, T), or none known."""
        return self._predicted(audio, tag_counts)[:, self.known.shape[1] :]

    def affinities(self, audio: Doubles, tag_counts: "csr_array | None") -> Doubles:
        """(M, K), ≥ 0; arguments as of `responses`."""
        return np.maximum(self._predicted(audio, tag_counts)[:, : self.known.shape[1]], 0.0)

    def _predicted(self, audio: Doubles, tag_counts: "csr_array | None") -> Doubles:
        kernel = self._from_audio if tag_counts is None else self._from_audio_and_tags
        return kernel.predicted(audio, tag_counts)

    @cached_property
    def _from_audio(self) -> "_KernelRidge":
        return _KernelRidge.fitted(self.data.audio[self._heard], None, self._wanted)

    @cached_property
    def _from_audio_and_tags(self) -> "_KernelRidge":
        return _KernelRidge.fitted(self.data.audio[self._heard], self.data.tag_counts[self._heard], self._wanted)

    @cached_property
    def _heard(self) -> NDArray[np.int64]:
        return np.flatnonzero(popularity(self.data) > 0)

    @cached_property
    def _wanted(self) -> Doubles:
        """(heard items, 2K): affinities, and responses without self."""
        responses = fit_responses(self.known, self.together, self.ridge, self_left_out=1.0)
        return np.hstack([self.known, responses])[self._heard]


@dataclass(frozen=True)
class _TagFeatures:
    """Of W items."""

    chosen: NDArray[np.int64]
    rarity: Doubles
    """log(W / carriers) of each chosen tag."""
    usual: Doubles
    """(2,): means of the extents."""
    spread: Doubles
    """(2,): their standard deviations."""

    @classmethod
    def of(cls, tag_counts: "csr_array") -> "_TagFeatures":
        carriers = np.bincount(tag_counts.tocoo().coords[1], minlength=tag_counts.shape[1])
        chosen = np.flatnonzero(carriers >= _FEWEST_CARRIERS)
        extents = _extents(tag_counts)
        rarity = np.log(tag_counts.shape[0] / carriers[chosen])
        return cls(chosen, rarity, extents.mean(axis=0), np.maximum(extents.std(axis=0), 1e-6))

    def profiles(self, tag_counts: "csr_array") -> Doubles:
        return unit_rows(np.log1p(tag_counts[:, self.chosen].toarray()) * self.rarity)

    def extents(self, tag_counts: "csr_array") -> Doubles:
        return (_extents(tag_counts) - self.usual) / self.spread


@dataclass(frozen=True)
class _KernelRidge:
    audio: Doubles
    tag_counts: "csr_array | None"
    tags: _TagFeatures | None
    dual: Doubles
    """(W, outputs): (K + μI)⁻¹ Y."""

    @classmethod
    def fitted(cls, audio: Doubles, tag_counts: "csr_array | None", wanted: Doubles) -> "_KernelRidge":
        from scipy.linalg import cho_factor, cho_solve

        tags = None if tag_counts is None else _TagFeatures.of(tag_counts)
        unfitted = cls(audio, tag_counts, tags, np.zeros((len(audio), 0)))
        kernel = unfitted._kernel(audio, tag_counts)
        kernel[np.diag_indices_from(kernel)] += RIDGE
        return cls(audio, tag_counts, tags, np.asarray(cho_solve(cho_factor(kernel), wanted)))

    def predicted(self, audio: Doubles, tag_counts: "csr_array | None") -> Doubles:
        return np.asarray(self._kernel(audio, tag_counts) @ self.dual)

    def _kernel(self, audio: Doubles, tag_counts: "csr_array | None") -> Doubles:
        """(M, W), 0 to 1."""
        columns = self.audio.shape[1]
        likeness = np.zeros((len(audio), len(self.audio)))
        if columns:
            likeness = np.exp(-_squared_distances(audio, self.audio) / columns)
        if self.tags is None or tag_counts is None or self.tag_counts is None:
            return likeness
        cosines = self.tags.profiles(tag_counts) @ self.tags.profiles(self.tag_counts).T
        widely = np.exp(-_squared_distances(self.tags.extents(tag_counts), self.tags.extents(self.tag_counts)) / 4.0)
        return np.asarray((1.0 + widely) / 2.0 * ((likeness + cosines) / 2.0 if columns else cosines))


def _extents(tag_counts: "csr_array") -> Doubles:
    """(M, 2): log(1 + assignments), log(1 + different tags)."""
    assignments = np.asarray(tag_counts.sum(axis=1)).reshape(-1)
    return np.asarray(np.log1p(np.column_stack([assignments, np.diff(tag_counts.tocsr().indptr)])), np.float64)


def _squared_distances(left: Doubles, right: Doubles) -> Doubles:
    lengths = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1)[None, :]
    return np.asarray(np.maximum(lengths - 2.0 * left @ right.T, 0.0), np.float64)
