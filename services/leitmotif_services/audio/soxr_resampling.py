"""Resamples decoded audio with soxr, where what describes a track and what encodes it want different rates."""

from dataclasses import replace

import numpy as np
import soxr

from leitmotif_services.audio.waveform import Waveform


def resampled(waveform: Waveform, sample_rate_hz: int) -> Waveform:
    """The same audio at another rate; the same object when it has that rate already."""
    if waveform.sample_rate_hz == sample_rate_hz:
        return waveform
    samples = soxr.resample(waveform.samples, waveform.sample_rate_hz, sample_rate_hz, quality="HQ")
    return replace(waveform, samples=np.asarray(samples, np.float32), sample_rate_hz=sample_rate_hz)
