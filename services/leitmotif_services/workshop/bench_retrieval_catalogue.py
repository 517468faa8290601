"""Catalogues and profiles for the retrieval benchmark: clustered, sparse and skewed as a trained model's are, not uniform.

A track belongs to one of many styles, of very different size; a style has a few prototypes that it expresses, and a track
expresses them more or less, and one or two others besides. Responses are what training makes of affinities: a signed linear map
of them, learned the better the more people heard the track, and so of different length. Popularity falls as a power of the rank.
A profile comes from the tracks of a history as the service's own does; its edits are a person's, one to five.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.search.linear_scoring import LinearScoring

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_BLOCK = 65_536
_STYLE_SIZE_EXPONENT = 0.8
_POPULARITY_EXPONENT = 0.7
_SPECTRUM_EXPONENT = 0.8


@dataclass(frozen=True)
class SampleCatalogue:
    """N tracks over K prototypes."""

    affinities: Floats
    """(N, K), ≥ 0, most of them 0."""
    responses: Floats
    """(N, K), signed."""
    bias: Floats
    """(N,): a popularity."""
    edit_gain: float
    styles: NDArray[np.int64]
    """(N,): the style of each track."""

    def scoring(self) -> LinearScoring:
        """The scoring that a bundle of it has."""
        return LinearScoring(self.responses, self.affinities, self.bias, self.edit_gain)


def sample_catalogue(tracks: int, prototypes: int, *, seed: int) -> SampleCatalogue:
    """A catalogue of `tracks` over `prototypes`, the same for the same seed."""
    random = np.random.default_rng([seed, 17])
    count = max(8, min(2000, tracks // 50))
    size = np.arange(1, count + 1) ** -_STYLE_SIZE_EXPONENT
    typical = np.zeros((count, prototypes))
    for style in typical:
        expressed = random.choice(prototypes, size=min(prototypes, int(random.integers(4, 13))), replace=False)
        style[expressed] = random.gamma(2.0, 0.25, size=len(expressed))
    turned, _ = np.linalg.qr(random.normal(size=(prototypes, prototypes)))
    learned = (np.arange(1, prototypes + 1) ** -_SPECTRUM_EXPONENT * turned) @ turned.T + 0.2 * np.eye(prototypes)
    styles = random.choice(count, size=tracks, p=size / size.sum())
    heard = (1.0 + random.permutation(tracks)) ** -_POPULARITY_EXPONENT
    heard = np.maximum(heard, 1e-4)
    affinities, responses = np.empty((tracks, prototypes), np.float32), np.empty((tracks, prototypes), np.float32)
    for start in range(0, tracks, _BLOCK):
        part = slice(start, min(start + _BLOCK, tracks))
        own = typical[styles[part]]
        rows = own * random.lognormal(0.0, 0.5, size=own.shape)
        besides = random.random(own.shape) < 1.5 / prototypes
        rows += besides * random.gamma(2.0, 0.15, size=own.shape)
        rows = np.minimum(rows + random.gamma(1.0, 0.03, size=own.shape), 1.5)
        affinities[part] = rows
        length = heard[part, None] ** 0.1 * random.lognormal(0.0, 0.2, size=(len(rows), 1))
        responses[part] = 0.3 * length * (rows @ learned + 0.05 * random.normal(size=rows.shape))
    return SampleCatalogue(affinities, responses, (0.3 * heard).astype(np.float32), 0.2, styles)


def sample_profiles(catalogue: SampleCatalogue, count: int, *, edited: bool, seed: int) -> list[Profile]:
    """Profiles of listeners: a history of 5 to 100 tracks of one to four styles; with `edited`, up to five edits of 0.25 to 2."""
    random = np.random.default_rng([seed, 18])
    prototypes = catalogue.affinities.shape[1]
    order = np.argsort(catalogue.styles, kind="stable")
    starts = np.searchsorted(catalogue.styles[order], np.arange(int(catalogue.styles.max()) + 2))
    profiles = []
    for _ in range(count):
        seeds = random.integers(0, len(order), size=int(random.integers(1, 5)))
        liked = [order[starts[style] : starts[style + 1]] for style in catalogue.styles[seeds]]
        length = int(random.integers(5, 101))
        heard = np.array([random.choice(liked[int(random.integers(len(liked)))]) for _ in range(length)])
        history = catalogue.affinities[heard].sum(axis=0, dtype=np.float64) / np.sqrt(length)
        edits = np.zeros(prototypes)
        if edited:
            chosen = random.choice(prototypes, size=int(random.integers(1, 6)), replace=False)
            edits[chosen] = random.choice([-1.0, 1.0], p=[0.3, 0.7], size=len(chosen)) * random.uniform(
                0.25, 2.0, size=len(chosen)
            )
        profiles.append(Profile(history.astype(np.float32), edits.astype(np.float32)))
    return profiles
