"""Samples as their sender decoded them, to mono at the rate that an encoder wants. Nothing is parsed."""

import numpy as np

from leitmotif_services.audio.pcm import PcmAudio
from leitmotif_services.audio.soxr_resampler import MonoResampler
from leitmotif_services.audio.waveform import MINIMUM_DURATION_S, AudioLimits, Waveform, checked_samples, too_short

_BLOCK_FRAMES = 1 << 16


def resample(audio: PcmAudio, sample_rate_hz: int, limits: AudioLimits) -> Waveform:
    """Mono at `sample_rate_hz`; `PcmAudio.frames` and `audio_decoding.decode` say what is refused."""
    frames = audio.frames(limits)
    source_rate_hz = audio.format.sample_rate_hz
    duration_s = len(frames) / source_rate_hz
    if duration_s < MINIMUM_DURATION_S:
        raise too_short(duration_s)
    resampler = MonoResampler(source_rate_hz, sample_rate_hz)
    blocks = [resampler.add(frames[start : start + _BLOCK_FRAMES]) for start in range(0, len(frames), _BLOCK_FRAMES)]
    samples = np.concatenate([*blocks, resampler.end()])
    return Waveform(checked_samples(samples), sample_rate_hz, duration_s, source_rate_hz, audio.format.channels)
