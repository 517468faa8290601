"""Audio as it comes, to mono at the rate that an encoder wants: picks the decoder by what the bytes are."""

from leitmotif_services.audio.av_decoder import decode_with_ffmpeg
from leitmotif_services.audio.container_formats import LIBSNDFILE_FORMATS, recognise
from leitmotif_services.audio.pcm import AudioSource, PcmAudio, refuse_bytes
from leitmotif_services.audio.pcm_resampling import resample
from leitmotif_services.audio.soundfile_decoder import decode_with_libsndfile
from leitmotif_services.audio.waveform import AudioLimits, Waveform


def decode(
    source: AudioSource, sample_rate_hz: int, limits: AudioLimits | None = None, *, descriptor: int | None = None
) -> Waveform:
    """Decode a whole file, recognised by content, or take samples; mono at `sample_rate_hz`.

    In this process, which a hostile file may crash: `DecodingPool.decode` does the same in others. `descriptor` is an open
    file that holds the bytes of `source` as well, where there is one.

    Holds at most twice `limits.max_duration_s` of mono samples beside the source itself. Raises ServiceError: AUDIO_EMPTY,
    AUDIO_FORMAT_UNKNOWN, AUDIO_CORRUPT, AUDIO_TOO_SHORT, AUDIO_TOO_LARGE, AUDIO_SILENT, AUDIO_NOT_FINITE, LIMIT_EXCEEDED
    for too many bytes, or FIELD_INVALID for samples that are not what their format says.
    """
    limits = limits or AudioLimits()
    if isinstance(source, PcmAudio):
        return resample(source, sample_rate_hz, limits)
    refuse_bytes(len(source), limits)
    audio_format = recognise(source)
    if audio_format in LIBSNDFILE_FORMATS:
        return decode_with_libsndfile(source, audio_format, sample_rate_hz, limits, descriptor=descriptor)
    return decode_with_ffmpeg(source, audio_format, sample_rate_hz, limits)
