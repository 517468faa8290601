import numpy as np
import pytest

from leitmotif_services.audio.audio_decoding import decode
from leitmotif_services.audio.pcm import PcmAudio, PcmFormat
from leitmotif_services.audio.waveform import AudioLimits
from leitmotif_services.runtime.errors import ServiceError
from tests.unit.audio.audio_files import RATE_HZ, encoded, noise, tone


def pcm(samples, rate_hz=RATE_HZ, channels=1):
    return PcmAudio(PcmFormat(rate_hz, channels), np.ascontiguousarray(samples, "<f4").tobytes())


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100, 192_000])
def test_samples_are_what_the_same_file_decodes_to(rate_hz):
    samples = np.stack([tone(440.0, 1.5, rate_hz), noise(1.5, rate_hz)], axis=1)
    of_file = decode(encoded(samples, rate_hz, subtype="FLOAT"), RATE_HZ)
    of_samples = decode(pcm(samples, rate_hz, 2), RATE_HZ)
    np.testing.assert_array_equal(of_samples.samples, of_file.samples)
    assert of_samples.duration_s == of_file.duration_s == 1.5
    assert (of_samples.source_sample_rate_hz, of_samples.source_channels) == (rate_hz, 2)


@pytest.mark.parametrize(
    ("audio", "reason"),
    [
        (pcm(tone(440.0), 0), "FIELD_INVALID"),
        (pcm(tone(440.0), -5), "FIELD_INVALID"),
        (pcm(tone(440.0), 7_999), "FIELD_INVALID"),
        (pcm(tone(440.0), 192_001), "FIELD_INVALID"),
        (pcm(tone(440.0), channels=0), "FIELD_INVALID"),
        (pcm(tone(440.0), channels=9), "FIELD_INVALID"),
        (pcm(tone(440.0)[:-1], channels=2), "FIELD_INVALID"),
        (PcmAudio(PcmFormat(RATE_HZ, 1), b"xyz"), "FIELD_INVALID"),
        (PcmAudio(PcmFormat(RATE_HZ, 1), b""), "AUDIO_EMPTY"),
        (pcm([0.5]), "AUDIO_TOO_SHORT"),
        (pcm(tone(440.0, 3.1)), "AUDIO_TOO_LARGE"),
        (pcm(np.zeros(2 * RATE_HZ)), "AUDIO_SILENT"),
        (pcm([np.nan] * 2 * RATE_HZ), "AUDIO_NOT_FINITE"),
        (pcm([*tone(440.0), np.inf]), "AUDIO_NOT_FINITE"),
        (pcm(tone(440.0, 3.0, 44_100), 44_100, 1), "LIMIT_EXCEEDED"),
    ],
)
def test_what_is_refused(audio, reason):
    with pytest.raises(ServiceError) as caught:
        decode(audio, RATE_HZ, AudioLimits(max_bytes=400_000, max_duration_s=3.0))
    assert caught.value.reason == reason


def test_samples_at_the_edge_of_float32_do_not_overflow():
    loud = np.full((2 * RATE_HZ, 8), 3e38, np.float32)
    loud[::2] = -3e38
    assert np.isfinite(decode(pcm(loud, channels=8), RATE_HZ).samples).all()
