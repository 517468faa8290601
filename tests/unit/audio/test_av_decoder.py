import struct

import numpy as np
import pytest

from leitmotif_services.audio.audio_decoding import decode
from leitmotif_services.audio.waveform import AudioLimits
from leitmotif_services.runtime.errors import ServiceError
from tests.unit.audio.audio_files import music, noise, tone
from tests.unit.audio.av_files import ENCODINGS, av_encoded, streamable_m4a

RATE_HZ = 48_000
LOSSLESS = ("alac", "aiff", "caf", "au", "wavpack")


def reason_of(content, **limits):
    with pytest.raises(ServiceError) as caught:
        decode(content, RATE_HZ, AudioLimits(**limits))
    return caught.value.reason, caught.value.message


@pytest.mark.parametrize("name", ENCODINGS)
def test_every_container_gives_the_samples_back(name):
    samples = music(3.0, RATE_HZ)
    waveform = decode(av_encoded(samples, RATE_HZ, *ENCODINGS[name]), RATE_HZ)
    assert waveform.duration_s == pytest.approx(3.0, abs=0.1)
    assert (waveform.source_sample_rate_hz, waveform.source_channels, waveform.sample_rate_hz) == (RATE_HZ, 1, RATE_HZ)
    if name in LOSSLESS:
        np.testing.assert_allclose(
            waveform.samples, samples - samples.mean(dtype=np.float64), atol=1e-3 if name != "wavpack" else 1e-2
        )
    else:
        assert waveform.rms == pytest.approx(float(samples.std()), rel=0.05)


def test_channels_are_averaged_and_resampled():
    left, right = tone(440.0, 2.0, RATE_HZ, 0.4), noise(2.0, RATE_HZ, 0.1)
    waveform = decode(av_encoded(np.stack([left, right], axis=1), RATE_HZ, "aiff", "pcm_s16be"), RATE_HZ)
    np.testing.assert_allclose(waveform.samples, (left + right) / 2, atol=1e-3)
    assert waveform.source_channels == 2
    assert len(decode(av_encoded(left, RATE_HZ, "mp4", "aac"), 22_050).samples) == pytest.approx(2.0 * 22_050, abs=2_500)


@pytest.mark.parametrize("codec", ["pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"])
def test_every_sample_width_has_the_same_full_scale(codec):
    samples = tone(440.0, 1.5, RATE_HZ, 0.5)
    waveform = decode(av_encoded(samples, RATE_HZ, "matroska", codec), RATE_HZ)
    assert waveform.rms == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize("container", ["mp4", "matroska", "avi", "asf", "flv", "mpegts", "mpeg"])
def test_a_film_is_refused_with_its_reason(container):
    codec = "mp2" if container in ("mpegts", "mpeg") else "aac"
    rate_hz = 44_100
    if container == "flv":
        content = b"FLV\x01\x05\x00\x00\x00\x09" + bytes(2000)
    else:
        content = av_encoded(music(2.0, rate_hz), rate_hz, container, codec, video=True)
    reason, message = reason_of(content)
    assert reason == "AUDIO_FORMAT_UNKNOWN"
    assert container == "mpegts" or "holds video" in message


@pytest.mark.parametrize("where", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("name", ["m4a", "alac", "aiff", "wma"])
def test_a_file_that_was_cut_is_corrupt(name, where, tmp_path):
    content = av_encoded(music(4.0, RATE_HZ), RATE_HZ, *ENCODINGS[name])
    if name == "m4a":
        content = streamable_m4a(music(4.0, RATE_HZ), RATE_HZ, tmp_path)
        assert decode(content, RATE_HZ).duration_s == pytest.approx(4.0, abs=0.1)
    assert reason_of(content[: int(len(content) * where)])[0] == "AUDIO_CORRUPT"


def test_limits():
    content = av_encoded(music(4.0, RATE_HZ), RATE_HZ, "mp4", "aac")
    assert reason_of(content, max_duration_s=3.0)[0] == "AUDIO_TOO_LARGE"
    assert reason_of(content, max_bytes=1000)[0] == "LIMIT_EXCEEDED"
    assert reason_of(content, max_sample_rate_hz=44_100)[0] == "AUDIO_TOO_LARGE"
    assert (
        reason_of(av_encoded(np.zeros((RATE_HZ * 2, 6), np.float32), RATE_HZ, "mp4", "aac"), max_channels=2)[0]
        == "AUDIO_TOO_LARGE"
    )
    assert reason_of(av_encoded(music(0.5, RATE_HZ), RATE_HZ, "mp4", "aac"))[0] == "AUDIO_TOO_SHORT"
    assert reason_of(av_encoded(np.zeros(RATE_HZ * 2, np.float32), RATE_HZ, "mp4", "alac"))[0] == "AUDIO_SILENT"


def test_a_sample_table_that_counts_more_than_there_is_takes_no_memory():
    content = bytearray(av_encoded(music(2.0, RATE_HZ), RATE_HZ, "mp4", "aac"))
    at = content.find(b"stsz")
    content[at + 8 : at + 16] = struct.pack(">II", 1, 0xFFFFFFF0)
    assert reason_of(bytes(content))[0] == "AUDIO_CORRUPT"


@pytest.mark.parametrize("name", ["concat", "hls", "ffconcat"])
def test_playlists_open_nothing(name, tmp_path):
    secret = tmp_path / "secret.wav"
    secret.write_bytes(av_encoded(music(2.0, RATE_HZ), RATE_HZ, "wav", "pcm_s16le"))
    playlists = {
        "concat": f"ffconcat version 1.0\nfile '{secret}'\n",
        "ffconcat": f"ffconcat version 1.0\nfile 'file:{secret}'\n",
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{secret}\n#EXT-X-ENDLIST\n",
    }
    assert reason_of(playlists[name].encode())[0] == "AUDIO_FORMAT_UNKNOWN"


def test_frames_of_unlike_sizes_are_no_promise_of_length():
    """FFmpeg guesses the length of ADTS by its first frames."""
    samples = np.concatenate([music(3.0, RATE_HZ), 0.001 * music(3.0, RATE_HZ)])
    assert decode(av_encoded(samples, RATE_HZ, "adts", "aac"), RATE_HZ).duration_s == pytest.approx(6.0, abs=0.1)


@pytest.mark.parametrize(("container", "codec"), [("mp4", "aac"), ("aiff", "pcm_s16be"), ("matroska", "libopus")])
def test_eight_channels(container, codec):
    """Eight planes, and a layout that is a list of channels: PyAV has damaged memory over either."""
    samples = np.repeat(music(2.0, RATE_HZ)[:, None], 8, axis=1)
    content = av_encoded(samples, RATE_HZ, container, codec)
    for _ in range(20):
        waveform = decode(content, RATE_HZ)
    assert waveform.source_channels == 8
    assert waveform.duration_s == pytest.approx(2.0, abs=0.1)
