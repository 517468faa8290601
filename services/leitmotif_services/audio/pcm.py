"""Audio that its sender has decoded: what may be in it, and its samples as an array."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.audio.waveform import AudioLimits, too_large
from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field

SAMPLE_BYTES = 4


@dataclass(frozen=True)
class PcmFormat:
    """Rate and channels of uncompressed audio; `checked` tells whether they are allowed."""

    sample_rate_hz: int
    channels: int

    @property
    def frame_bytes(self) -> int:
        return SAMPLE_BYTES * self.channels

    def checked(self, limits: AudioLimits) -> "PcmFormat":
        """The format itself; FIELD_INVALID when it is outside the limits."""
        low_hz, high_hz = limits.min_sample_rate_hz, limits.max_sample_rate_hz
        if not low_hz <= self.sample_rate_hz <= high_hz:
            raise invalid_field("sample_rate_hz", f"must be {low_hz} to {high_hz}, is {self.sample_rate_hz}")
        if not 1 <= self.channels <= limits.max_channels:
            raise invalid_field("channels", f"must be 1 to {limits.max_channels}, is {self.channels}")
        return self

    def frames(self, samples: bytes) -> NDArray[np.float32]:
        """Interleaved little-endian float32 as (n, channels), not copied; FIELD_INVALID unless they are whole frames."""
        if len(samples) % self.frame_bytes:
            raise invalid_field("samples", f"{len(samples)} bytes are no whole number of frames of {self.frame_bytes} bytes")
        return np.frombuffer(samples, "<f4").reshape(-1, self.channels)


@dataclass(frozen=True)
class PcmAudio:
    """Uncompressed audio, whole."""

    format: PcmFormat
    samples: bytes = field(repr=False)
    """Little-endian float32, interleaved."""

    def frames(self, limits: AudioLimits) -> NDArray[np.float32]:
        """(n ≥ 1, channels). FIELD_INVALID, AUDIO_EMPTY, AUDIO_TOO_LARGE or LIMIT_EXCEEDED where the audio is refused."""
        refuse_bytes(len(self.samples), limits)
        audio_format = self.format.checked(limits)
        frames = audio_format.frames(self.samples)
        if not len(frames):
            raise ServiceError(Reason.AUDIO_EMPTY, "the audio has no samples; send at least a second of them")
        duration_s = len(frames) / audio_format.sample_rate_hz
        if duration_s > limits.max_duration_s:
            raise too_large("seconds", limits.max_duration_s, round(duration_s, 3))
        return frames


AudioSource = bytes | PcmAudio
"""What can be embedded: a whole audio file, or samples."""


def refuse_bytes(size: int, limits: AudioLimits) -> None:
    """LIMIT_EXCEEDED for an item of more bytes than are taken."""
    if size > limits.max_bytes:
        raise ServiceError(
            Reason.LIMIT_EXCEEDED,
            f"the audio has {size} bytes; at most {limits.max_bytes} are allowed: compress it, or send a part of it",
            limit=limits.max_bytes,
            actual=size,
        )
