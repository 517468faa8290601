"""Audio as it comes, to mono at the rate that an encoder wants: picks the decoder by what the bytes are."""

import numpy as np

from leitmotif_services.audio.av_decoder import decode_with_ffmpeg
from leitmotif_services.audio.container_formats import LIBSNDFILE_FORMATS, recognise
from leitmotif_services.audio.pcm import AudioSource, PcmAudio, refuse_bytes
from leitmotif_services.audio.soundfile_decoder import decode_with_libsndfile
from leitmotif_services.audio.soxr_resampler import MonoResampler
from leitmotif_services.audio.waveform import MINIMUM_DURATION_S, AudioLimits, Waveform, checked_samples, too_short

_BLOCK_FRAMES = 1 << 16


def decode(source: AudioSource, sample_rate_hz: int, limits: AudioLimits | None = None) -> Waveform:
    """Decode a whole file, recognised by content, or take samples; mono at `sample_rate_hz`.

    Holds at most twice `limits.max_duration_s` of mono samples beside the source itself. Raises ServiceError: AUDIO_EMPTY,
    AUDIO_FORMAT_UNKNOWN, AUDIO_CORRUPT, AUDIO_TOO_SHORT, AUDIO_TOO_LARGE, AUDIO_SILENT, AUDIO_NOT_FINITE, LIMIT_EXCEEDED
    for too many bytes, or FIELD_INVALID for samples that are not what their format says.
    """
    limits = limits or AudioLimits()
    if isinstance(source, PcmAudio):
        return _resampled(source, sample_rate_hz, limits)
    refuse_bytes(len(source), limits)
    audio_format = recognise(source)
    decode_file = decode_with_libsndfile if audio_format in LIBSNDFILE_FORMATS else decode_with_ffmpeg
    return decode_file(source, audio_format, sample_rate_hz, limits)


def _resampled(audio: PcmAudio, sample_rate_hz: int, limits: AudioLimits) -> Waveform:
    frames = audio.frames(limits)
    source_rate_hz = audio.format.sample_rate_hz
    duration_s = len(frames) / source_rate_hz
    if duration_s < MINIMUM_DURATION_S:
        raise too_short(duration_s)
    resampler = MonoResampler(source_rate_hz, sample_rate_hz)
    blocks = [resampler.add(frames[start : start + _BLOCK_FRAMES]) for start in range(0, len(frames), _BLOCK_FRAMES)]
    samples = np.concatenate([*blocks, resampler.end()])
    return Waveform(checked_samples(samples), sample_rate_hz, duration_s, source_rate_hz, audio.format.channels)
