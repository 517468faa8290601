"""Major or minor, by correlation of pitch classes with key profiles."""

import numpy as np
from numpy.typing import NDArray

MAJOR_PROFILE = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR_PROFILE = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
"""How well each pitch class fits a key on C (Krumhansl, "Cognitive Foundations of Musical Pitch", 1990)."""


def _keys(profile: NDArray[np.float64]) -> NDArray[np.float64]:
    """(12, 12): the centred profile, unit length, on each tonic."""
    centred = profile - profile.mean()
    return np.asarray(np.stack([np.roll(centred, tonic) for tonic in range(12)]) / np.linalg.norm(centred))


_KEYS = np.concatenate([_keys(MAJOR_PROFILE), _keys(MINOR_PROFILE)])
"""Twelve major keys, then twelve minor ones."""


def majorness(pitch_classes: NDArray[np.floating]) -> float:
    """Best correlation with a major key minus best correlation with a minor key, limited to -1 to 1.

    `pitch_classes` is (12,), from C. 0 when all are equal: no key at all.
    """
    deviation = pitch_classes - pitch_classes.mean()
    length = float(np.linalg.norm(deviation))
    if length < 1e-9:
        return 0.0
    major, minor = (_KEYS @ (deviation / length)).reshape(2, 12).max(axis=1)
    return float(np.clip(major - minor, -1.0, 1.0))
