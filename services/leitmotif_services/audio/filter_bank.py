"""Triangular filter banks over the bins of a power spectrum, without a matrix product.

Between two neighbouring centres every bin is shared by the two filters in proportion to its distance. Two sums over each
such interval therefore give all filters at once, in one thread and in a tenth of a dense product's arithmetic.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class FilterBank(NamedTuple):
    """Built by `triangular`; F filters whose n-th rises from centre n − 1 to centre n and falls to centre n + 1."""

    starts: NDArray[np.intp]
    """(F + 2,) first bin at or above each centre, with the lower and upper edge as the first and the last."""
    rising: NDArray[np.float32]
    """Weight of each bin within `starts[0]` to `starts[-1]` in the filter that rises over it."""
    scale: NDArray[np.float32]
    """(F,) one over the sum of each filter's weights, so that white noise comes out flat."""

    def apply(self, power: NDArray[np.float32]) -> NDArray[np.float32]:
        """(T, bins) power to (T, F) mean power within each filter."""
        inside = power[:, self.starts[0] : self.starts[-1]]
        offsets = self.starts[:-1] - self.starts[0]
        rise = np.add.reduceat(inside * self.rising, offsets, axis=1)
        whole = np.add.reduceat(inside, offsets, axis=1)
        return np.asarray((rise[:, :-1] + (whole - rise)[:, 1:]) * self.scale)


def triangular(centres_hz: NDArray[np.float64], bin_hz: float, bins: int) -> FilterBank:
    """The bank for F + 2 ascending centres, the first and the last of which are edges without a filter.

    ValueError when the last lies above the last of `bins` bins, or when two centres have no bin between them: the frame
    is too short for so narrow a filter.
    """
    starts = np.ceil(centres_hz / bin_hz).astype(np.intp)
    if starts[-1] > bins:
        raise ValueError(f"filters up to {centres_hz[-1]:.0f} Hz lie above the highest frequency, {(bins - 1) * bin_hz:.0f} Hz")
    if np.any(np.diff(starts) < 1):
        raise ValueError(f"bins of {bin_hz:.2f} Hz are too coarse for filters {np.diff(centres_hz).min():.2f} Hz apart")
    bins_hz = np.arange(starts[0], starts[-1]) * bin_hz
    interval = np.searchsorted(centres_hz, bins_hz, side="right") - 1
    interval = np.clip(interval, 0, len(centres_hz) - 2)
    low, high = centres_hz[interval], centres_hz[interval + 1]
    rising = np.clip((bins_hz - low) / (high - low), 0.0, 1.0)
    offsets = starts[:-1] - starts[0]
    rise = np.add.reduceat(rising, offsets)
    fall = np.add.reduceat(1.0 - rising, offsets)
    return FilterBank(starts, rising.astype(np.float32), (1.0 / (rise[:-1] + fall[1:])).astype(np.float32))


def mel_centres_hz(filters: int, low_hz: float, high_hz: float) -> NDArray[np.float64]:
    """`filters` + 2 frequencies evenly spaced on the mel scale of Slaney's Auditory Toolbox (1998)."""
    low, high = (_hz_to_mel(hz) for hz in (low_hz, high_hz))
    mel = np.linspace(low, high, filters + 2)
    linear = mel * _HZ_PER_MEL
    return np.where(mel < _KNEE_MEL, linear, _KNEE_HZ * np.exp((mel - _KNEE_MEL) * _LOG_STEP))


def semitone_centres_hz(lowest_midi: int, semitones: int) -> NDArray[np.float64]:
    """`semitones` + 2 frequencies a semitone apart; the first, an edge, lies one below `lowest_midi` (69 = 440 Hz)."""
    midi = np.arange(lowest_midi - 1, lowest_midi + semitones + 1)
    return 440.0 * 2.0 ** ((midi - 69) / 12.0)


_HZ_PER_MEL = 200.0 / 3.0
_KNEE_HZ = 1000.0
_KNEE_MEL = _KNEE_HZ / _HZ_PER_MEL
_LOG_STEP = float(np.log(6.4)) / 27.0


def _hz_to_mel(hz: float) -> float:
    return hz / _HZ_PER_MEL if hz < _KNEE_HZ else _KNEE_MEL + float(np.log(hz / _KNEE_HZ)) / _LOG_STEP
