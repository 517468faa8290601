import resource
import struct

import numpy as np
import pytest

from leitmotif_services.audio import soundfile_decoder
from leitmotif_services.audio.audio_decoding import decode
from leitmotif_services.audio.soundfile_decoder import BLOCK_FRAMES
from leitmotif_services.audio.waveform import AudioLimits
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.unit.audio.audio_files import encoded, every_encoding, noise, tone

SUBTYPES = [
    *(("WAV", subtype) for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")),
    *(("FLAC", subtype) for subtype in ("PCM_S8", "PCM_16", "PCM_24")),
    ("RF64", "PCM_16"),
    ("OGG", "VORBIS"),
    ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
]


def reason_of(content, **limits):
    with pytest.raises(ServiceError) as caught:
        decode(content, 22_050, AudioLimits(**limits))
    return caught.value.reason


def loudest_hz(waveform):
    spectrum = np.abs(np.fft.rfft(waveform.samples * np.hanning(len(waveform.samples))))
    return spectrum.argmax() * waveform.sample_rate_hz / len(waveform.samples)


@pytest.mark.parametrize(("container", "subtype"), SUBTYPES)
def test_a_system_without_files_in_memory_decodes_the_same(monkeypatch, container, subtype):
    content = encoded(tone(1000.0, 2.0, 48_000), 48_000, container, subtype)
    expected = decode(content, 22_050)
    monkeypatch.delattr(soundfile_decoder.os, "memfd_create", raising=False)
    np.testing.assert_array_equal(decode(content, 22_050).samples, expected.samples)


def test_a_limit_on_the_size_of_files_does_not_concern_what_is_in_memory():
    content = encoded(tone(1000.0, 2.0, 48_000), 48_000, "WAV", "FLOAT")
    expected = decode(content, 22_050)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(content) // 2, before[1]))
    try:
        limited = decode(content, 22_050)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    np.testing.assert_array_equal(limited.samples, expected.samples)


@pytest.mark.parametrize(("container", "subtype"), SUBTYPES)
def test_every_format(container, subtype):
    waveform = decode(encoded(tone(1000.0, 2.0, 48_000), 48_000, container, subtype), 22_050)
    assert loudest_hz(waveform) == pytest.approx(1000.0, abs=1.0)
    assert waveform.rms == pytest.approx(0.5 / 2**0.5, rel=0.02)
    assert waveform.duration_s == pytest.approx(2.0, abs=0.03)
    assert len(waveform.samples) == pytest.approx(2.0 * 22_050, abs=0.03 * 22_050)
    assert (waveform.source_sample_rate_hz, waveform.source_channels, waveform.sample_rate_hz) == (48_000, 1, 22_050)
    assert waveform.samples.dtype == np.float32


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 44_100, 96_000, 192_000])
def test_every_rate(rate_hz):
    waveform = decode(encoded(tone(1000.0, 1.5, rate_hz), rate_hz), 22_050)
    assert loudest_hz(waveform) == pytest.approx(1000.0, abs=1.0)
    assert waveform.rms == pytest.approx(0.5 / 2**0.5, rel=0.01)
    assert waveform.duration_s == pytest.approx(1.5, abs=1 / rate_hz)


@pytest.mark.parametrize("channels", range(1, 9))
def test_channels_are_averaged(channels):
    gains = np.arange(1, channels + 1, dtype=np.float32) / 10
    samples = tone(1000.0, amplitude=1.0)[:, np.newaxis] * gains
    waveform = decode(encoded(samples, subtype="FLOAT"), 22_050)
    np.testing.assert_allclose(waveform.samples, tone(1000.0, amplitude=1.0) * gains.mean(), atol=1e-3)
    assert waveform.source_channels == channels


def test_blocks_are_joined_without_a_seam():
    samples = noise((3 * BLOCK_FRAMES + 7) / 22_050)
    waveform = decode(encoded(samples, subtype="FLOAT"), 22_050)
    np.testing.assert_allclose(waveform.samples, samples - samples.mean(), atol=1e-6)


def test_resampling_in_blocks_equals_resampling_at_once():
    import soxr

    samples = noise((2 * BLOCK_FRAMES + 99) / 44_100, 44_100)
    waveform = decode(encoded(samples, 44_100, subtype="FLOAT"), 22_050)
    at_once = soxr.resample(samples, 44_100, 22_050, quality="HQ")
    np.testing.assert_allclose(waveform.samples, at_once - at_once.mean(), atol=1e-4)


def test_a_constant_offset_is_taken_out():
    waveform = decode(encoded(tone(1000.0) + 0.3, subtype="FLOAT"), 22_050)
    np.testing.assert_allclose(waveform.samples, tone(1000.0), atol=1e-3)


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(1, np.float32), Reason.AUDIO_TOO_SHORT),
        (np.ones(0, np.float32), Reason.AUDIO_TOO_SHORT),
        (tone(440.0, 0.99), Reason.AUDIO_TOO_SHORT),
        (np.zeros(30_000, np.float32), Reason.AUDIO_SILENT),
        (np.full(30_000, 0.4, np.float32), Reason.AUDIO_SILENT),
        (noise(2.0, amplitude=1e-6), Reason.AUDIO_SILENT),
        (np.where(np.arange(30_000) == 29_999, np.nan, 0.1).astype(np.float32), Reason.AUDIO_NOT_FINITE),
        (np.where(np.arange(30_000) == 3, np.inf, 0.1).astype(np.float32), Reason.AUDIO_NOT_FINITE),
        (np.where(np.arange(30_000) == 3, -np.inf, 0.1).astype(np.float32), Reason.AUDIO_NOT_FINITE),
    ],
    ids=["one sample", "no sample", "just too short", "silence", "offset", "below 16 bits", "nan", "inf", "-inf"],
)
def test_audio_that_cannot_be_described(samples, reason):
    assert reason_of(encoded(samples, subtype="FLOAT")) is reason


@pytest.mark.parametrize("peak", [1e3, 1e20, 1e30])
def test_absurdly_loud_audio_stays_finite(peak):
    waveform = decode(encoded(tone(440.0, 2.0, 44_100, 0.9) * np.float32(peak), 44_100, subtype="FLOAT"), 22_050)
    assert waveform.rms == pytest.approx(0.9 * peak / 2**0.5, rel=0.01)


def test_limits():
    content = encoded(np.stack([tone(440.0, 3.0)] * 3, axis=1))
    assert reason_of(content, max_channels=2) is Reason.AUDIO_TOO_LARGE
    assert reason_of(content, max_duration_s=2.9) is Reason.AUDIO_TOO_LARGE
    assert reason_of(content, max_sample_rate_hz=16_000) is Reason.AUDIO_TOO_LARGE
    assert reason_of(content, max_bytes=len(content) - 1) is Reason.LIMIT_EXCEEDED
    assert decode(content, 22_050, AudioLimits(max_channels=3, max_duration_s=3.0, max_bytes=len(content))).duration_s == 3.0


def test_too_many_channels_and_too_high_a_rate():
    assert reason_of(encoded(np.stack([tone(440.0)] * 9, axis=1))) is Reason.AUDIO_TOO_LARGE
    assert reason_of(encoded(tone(440.0, 1.0, 200_000), 200_000)) is Reason.AUDIO_TOO_LARGE


def patched(content, offset, value):
    return content[:offset] + value + content[offset + len(value) :]


WAV = encoded(tone(440.0, 2.0))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (patched(WAV, 24, struct.pack("<I", 0)), Reason.AUDIO_CORRUPT),
        (patched(WAV, 24, struct.pack("<I", 4000)), Reason.AUDIO_FORMAT_UNKNOWN),
        (patched(WAV, 22, struct.pack("<H", 0)), Reason.AUDIO_CORRUPT),
        (patched(WAV, 40, struct.pack("<I", 10 * 3600 * 44_100)), Reason.AUDIO_CORRUPT),
        (encoded(tone(440.0), subtype="IMA_ADPCM"), Reason.AUDIO_FORMAT_UNKNOWN),
    ],
    ids=["0 Hz", "4 kHz", "0 channels", "10 hours", "ADPCM"],
)
def test_headers_that_lie(content, reason):
    assert reason_of(content) is reason


def test_flac_that_promises_ten_hours():
    content = bytearray(encoded(noise(2.0), container="FLAC"))
    # STREAMINFO begins at 8; the 36 bits of its length end at byte 18 of the block.
    content[8 + 14 : 8 + 18] = struct.pack(">I", 22_050 * 36_000)
    assert reason_of(bytes(content)) is Reason.AUDIO_TOO_LARGE
    assert reason_of(bytes(content), max_duration_s=86_400.0) is Reason.AUDIO_CORRUPT


def test_a_stream_of_unknown_length_is_read_to_its_end():
    content = patched(patched(WAV, 4, b"\xff" * 4), 40, b"\xff" * 4)
    assert decode(content, 22_050).duration_s == 2.0


@pytest.mark.parametrize("name", ["wav", "flac", "vorbis", "opus", "mp3"])
def test_files_cut_anywhere_are_refused(name):
    content = every_encoding(2.0)[name]
    rng = np.random.default_rng(0)
    for length in {1, 3, 12, 44, len(content) - 1, *rng.integers(1, len(content), 40).tolist()}:
        assert reason_of(content[:length]) in (Reason.AUDIO_CORRUPT, Reason.AUDIO_FORMAT_UNKNOWN), length
