"""Decoded audio, the bounds it must keep, and the checks that do not depend on the format it came in."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.runtime.errors import Reason, ServiceError

Samples = NDArray[np.float32]

MINIMUM_DURATION_S = 1.0
"""The shortest audio that an embedding can describe: long enough for a beat or a chord."""

SILENT_PEAK = 2.0**-14
"""At most two steps of 16-bit audio: what dither leaves of nothing."""


_BLOCK_SAMPLES = 1 << 20

_REMEDIES = {
    "seconds": "send a part of it, or stream it",
    "channels": "mix it down",
    "Hz of sample rate": "resample it",
}


@dataclass(frozen=True)
class AudioLimits:
    """Bounds on what is decoded. Whatever a header claims, no more than this is ever held."""

    max_bytes: int = 512 << 20
    """Of the file. A service that takes files in messages sets less."""
    max_duration_s: float = 1200.0
    max_channels: int = 8
    min_sample_rate_hz: int = 8_000
    max_sample_rate_hz: int = 192_000


@dataclass(frozen=True)
class Waveform:
    """Mono audio at the rate that an encoder wants."""

    samples: Samples
    """(n,) float32, nominally within -1 to 1, its mean removed."""
    sample_rate_hz: int
    duration_s: float
    """Length as decoded, in seconds."""
    source_sample_rate_hz: int
    source_channels: int

    @cached_property
    def rms(self) -> float:
        """Root of the mean square, > 0 for a waveform that `checked_samples` let through."""
        total = 0.0
        for start in range(0, len(self.samples), _BLOCK_SAMPLES):  # in double precision, but without a copy of all of it
            total += float(np.sum(np.square(self.samples[start : start + _BLOCK_SAMPLES], dtype=np.float64)))
        return float(np.sqrt(total / len(self.samples)))


def checked_samples(samples: Samples) -> Samples:
    """`samples` (n ≥ 1) without its mean; AUDIO_NOT_FINITE, or AUDIO_SILENT when nothing is left.

    A constant offset is inaudible, but it would count as energy everywhere.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        centred: Samples = samples - np.float32(samples.mean(dtype=np.float64))
    highest, lowest = float(centred.max()), float(centred.min())  # NaN when any sample is
    if not np.isfinite(highest - lowest):
        raise not_finite()
    if max(highest, -lowest) <= SILENT_PEAK:
        raise silent()
    return centred


def checked_rate_and_channels(sample_rate_hz: int, channels: int, limits: AudioLimits) -> None:
    """AUDIO_TOO_LARGE, or AUDIO_FORMAT_UNKNOWN for a rate below the lowest, as a file states them."""
    if channels > limits.max_channels:
        raise too_large("channels", limits.max_channels, channels)
    if sample_rate_hz > limits.max_sample_rate_hz:
        raise too_large("Hz of sample rate", limits.max_sample_rate_hz, sample_rate_hz)
    if sample_rate_hz < limits.min_sample_rate_hz:
        raise ServiceError(
            Reason.AUDIO_FORMAT_UNKNOWN,
            f"the sample rate is {sample_rate_hz} Hz; {limits.min_sample_rate_hz} Hz is the lowest that is decoded: resample it",
            limit=limits.min_sample_rate_hz,
            actual=sample_rate_hz,
        )


def not_finite() -> ServiceError:
    """AUDIO_NOT_FINITE."""
    return ServiceError(Reason.AUDIO_NOT_FINITE, "the audio holds NaN or infinite samples; write it anew with finite ones")


def silent() -> ServiceError:
    """AUDIO_SILENT."""
    return ServiceError(
        Reason.AUDIO_SILENT, "every sample of the audio is (nearly) zero; leave it out, there is nothing to embed"
    )


def too_short(duration_s: float) -> ServiceError:
    """AUDIO_TOO_SHORT."""
    return ServiceError(
        Reason.AUDIO_TOO_SHORT,
        f"the audio lasts {duration_s:.3f} s; {MINIMUM_DURATION_S:g} s is the shortest that can be embedded; send more of it",
        limit=MINIMUM_DURATION_S,
        actual=round(duration_s, 3),
    )


def too_large(what: str, limit: float, actual: float) -> ServiceError:
    """AUDIO_TOO_LARGE; `what` names the quantity with its unit, one of those that have a remedy."""
    return ServiceError(
        Reason.AUDIO_TOO_LARGE,
        f"the audio has {actual:g} {what}; at most {limit:g} are allowed: {_REMEDIES[what]}",
        limit=limit,
        actual=actual,
    )
