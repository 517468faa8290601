"""Chance that can be repeated: what exploration adds to a score depends on the seed and the track's id, and on nothing else."""

import hashlib
from collections.abc import Iterable
from statistics import NormalDist

import numpy as np

from leitmotif_services.prototypes.search.scoring import Doubles

_NORMAL = NormalDist()


def noise(seed: int, track_ids: Iterable[str]) -> Doubles:
    """(n,): a standard normal number for each track, independent of each other and of those of another seed.

    A 64-bit hash of the id, keyed by the seed, taken as a number between 0 and 1, through the inverse of the normal distribution.
    """
    key = seed.to_bytes(8, "little", signed=True)
    hashes = b"".join([hashlib.blake2b(track_id.encode(), digest_size=8, key=key).digest() for track_id in track_ids])
    shares = ((np.frombuffer(hashes, "<u8") >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    return np.fromiter(map(_NORMAL.inv_cdf, shares.tolist()), np.float64, len(shares))
