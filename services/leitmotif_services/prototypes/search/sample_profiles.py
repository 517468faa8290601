"""Profiles as a catalogue's listeners and editors would have them: what an index is tuned for and measured with.

A history is 5 to 100 tracks like one to four others; one in ten has a single track. Edits are one to five, of 0.25 to 2 in size.
"""

import numpy as np

from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.search.scoring import Scoring

_POOL = 8192
"""Tracks that histories are drawn from."""

_LIKE = 64
"""Tracks of the pool that are like another."""


def sample_profiles(scoring: Scoring, count: int, *, edited: bool, seed: int) -> list[Profile]:
    """`count` profiles for a scoring, the same for the same seed; with `edited`, every one has edits."""
    random = np.random.default_rng([seed, 23])
    chosen = np.sort(random.choice(len(scoring), size=min(len(scoring), _POOL), replace=False))
    pool = np.asarray(scoring.affinities[chosen], np.float64)
    directions = pool / np.maximum(np.linalg.norm(pool, axis=1, keepdims=True), 1e-12)
    profiles = []
    for number in range(count):
        seeds = random.integers(len(pool), size=int(random.integers(1, 5)))
        liked = np.concatenate([np.argsort(-np.einsum("nk,k->n", directions, directions[each]))[:_LIKE] for each in seeds])
        heard = random.choice(liked, size=1 if number % 10 == 0 else int(random.integers(5, 101)))
        history = pool[heard].sum(axis=0) / np.sqrt(len(heard))
        edits = np.zeros_like(history)
        if edited:
            places = random.choice(len(edits), size=min(len(edits), int(random.integers(1, 6))), replace=False)
            edits[places] = random.choice([1.0, -1.0], p=[0.7, 0.3], size=len(places)) * random.uniform(0.25, 2.0, len(places))
        profiles.append(Profile(history.astype(np.float32), edits.astype(np.float32)))
    return profiles
