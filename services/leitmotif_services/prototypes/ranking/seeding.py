"""Tracks to start from: how they change what a profile says of a person's listening."""

from collections.abc import Sequence

import numpy as np

from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.search.track_rows import TrackRows


def blended(profile: Profile, affinities: TrackRows, seeds: Sequence[int], weight: float) -> Profile:
    """The profile of a person who listened to the seeds as well; edits and mutes stay as they are.

        h' = (1 − w) h + w g m,   m = mean affinities of the seeds,   g = |h| / |m|, or √n where h is 0

    `affinities` (N, K), `seeds`: n ≥ 1 positions, `weight` w above 0, at most 1. A history is Σ c_j a_j / √Σ c_j, so that of n
    plays and nothing else is √n m. Beside a long history it would be lost, and what w means would depend on how much a
    person has listened; hence the seeds get the length of the history that is there, and the person's edits and the tracks'
    biases, which act beside the history, weigh as much as they did.
    """
    mean = np.asarray(affinities[list(seeds)]).astype(np.float64).mean(axis=0)
    history = profile.history.astype(np.float64)
    length, wanted = float(np.linalg.norm(mean)), float(np.linalg.norm(history))
    gain = (wanted / length if length > 0 else 0.0) if wanted > 0 else float(np.sqrt(len(seeds)))
    return Profile(((1.0 - weight) * history + weight * gain * mean).astype(np.float32), profile.edits, profile.muted)
