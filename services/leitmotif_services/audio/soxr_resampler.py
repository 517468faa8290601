"""Turns frames of any rate and channel count into mono samples at the rate that an encoder wants, piece by piece, with soxr."""

from dataclasses import replace

import numpy as np
import soxr
from numpy.typing import NDArray

from leitmotif_services.audio.waveform import Samples, Waveform, not_finite


class MonoResampler:
    """Averages channels and resamples. Pieces of any length give what the whole would."""

    def __init__(self, source_rate_hz: int, target_rate_hz: int) -> None:
        same = source_rate_hz == target_rate_hz
        self._stream = None if same else soxr.ResampleStream(source_rate_hz, target_rate_hz, 1, dtype="float32", quality="HQ")

    def add(self, frames: NDArray[np.float32]) -> Samples:
        """The samples that (n, channels) frames complete, a copy; AUDIO_NOT_FINITE."""
        mono = _mono(frames)
        return mono if self._stream is None else self._stream.resample_chunk(mono)

    def end(self) -> Samples:
        """The samples that were held back for the filter."""
        nothing = np.empty(0, np.float32)
        return nothing if self._stream is None else self._stream.resample_chunk(nothing, last=True)


def resampled(waveform: Waveform, sample_rate_hz: int) -> Waveform:
    """Decoded audio at another rate; the same object when it has that rate already."""
    if waveform.sample_rate_hz == sample_rate_hz:
        return waveform
    samples = soxr.resample(waveform.samples, waveform.sample_rate_hz, sample_rate_hz, quality="HQ")
    return replace(waveform, samples=np.asarray(samples, np.float32), sample_rate_hz=sample_rate_hz)


def _mono(frames: NDArray[np.float32]) -> Samples:
    """Mean over channels of (n, channels), a copy. Scaled before it is summed, so that it cannot overflow."""
    if not bool(np.isfinite(frames).all()):
        raise not_finite()
    # Channel by channel: einsum takes six times as long, and lets no other thread run meanwhile.
    share = np.float32(1.0 / frames.shape[1])
    mono = frames[:, 0] * share
    for channel in range(1, frames.shape[1]):
        mono += frames[:, channel] * share
    return mono
