"""What both decoders promise, in this process and in others: one answer to every file, to the sample and to the word."""

import numpy as np
import pytest

from leitmotif_services.audio.audio_decoding import decode
from leitmotif_services.audio.decoding_pool import DecodingPool
from leitmotif_services.audio.engine import load_engine
from leitmotif_services.audio.front_end import FrontEnd, FrontEndSettings
from leitmotif_services.audio.waveform import AudioLimits
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.unit.audio.audio_files import encoded, every_encoding, music, tone
from tests.unit.audio.av_files import every_av_encoding

GOOD = every_encoding(1.5) | every_av_encoding(music(1.5, 48_000))

BAD = {
    Reason.AUDIO_EMPTY: b"",
    Reason.AUDIO_FORMAT_UNKNOWN: b"To be, or not to be" * 100,
    Reason.AUDIO_CORRUPT: GOOD["flac"][:-100],
    Reason.AUDIO_TOO_SHORT: encoded(tone(440.0, 0.5)),
    Reason.AUDIO_TOO_LARGE: encoded(tone(440.0, 11.0)),
    Reason.AUDIO_SILENT: encoded(np.zeros(50_000, np.float32)),
    Reason.AUDIO_NOT_FINITE: encoded(np.full(50_000, np.nan, np.float32), subtype="FLOAT"),
    Reason.LIMIT_EXCEEDED: bytes(2 << 20),
}
LIMITS = AudioLimits(max_bytes=1 << 20, max_duration_s=10.0)


@pytest.fixture(scope="module")
def pool():
    pool = DecodingPool(1, longest_s=60.0)
    pool.wait_ready()
    yield pool
    pool.close()


@pytest.fixture(params=["here", "processes"])
def decoder(request, pool):
    return decode if request.param == "here" else pool.decode


@pytest.mark.parametrize("name", GOOD)
def test_a_file_is_decoded(decoder, name):
    waveform = decoder(GOOD[name], 16_000, LIMITS)
    here = decode(GOOD[name], 16_000, LIMITS)
    np.testing.assert_array_equal(waveform.samples, here.samples)
    assert waveform.samples.dtype == np.float32
    assert (waveform.sample_rate_hz, waveform.source_channels) == (16_000, 1)
    assert (waveform.duration_s, waveform.source_sample_rate_hz) == (here.duration_s, here.source_sample_rate_hz)
    assert waveform.duration_s == pytest.approx(1.5, abs=0.2)
    assert len(waveform.samples) == pytest.approx(16_000 * waveform.duration_s, abs=32)


def test_frames_are_those_of_the_front_end(pool):
    for settings in (
        FrontEndSettings(),
        FrontEndSettings(sample_rate_hz=16_000, mel_high_hz=7_000.0, flatness_edges_hz=(200.0, 800.0, 3200.0)),
    ):
        waveform = decode(GOOD["vorbis"], settings.sample_rate_hz, LIMITS)
        analysed = pool.analyse(GOOD["vorbis"], settings, LIMITS)
        frames = FrontEnd(settings).analyse(waveform)
        for name, values in vars(frames).items():
            np.testing.assert_array_equal(getattr(analysed.frames, name), values)
            assert np.asarray(getattr(analysed.frames, name)).dtype == np.asarray(values).dtype
        assert (analysed.rms, analysed.duration_s) == (waveform.rms, waveform.duration_s)
        assert (analysed.source_sample_rate_hz, analysed.source_channels) == (24_000, 1)
        assert 0 < analysed.analysis_s < 10


@pytest.mark.parametrize("name", ["flac", "mp3", "m4a"])
def test_an_engine_hears_the_same_with_both(pool, name):
    here, there = load_engine().embed(GOOD[name]), load_engine(decoders=pool).embed(GOOD[name])
    np.testing.assert_array_equal(there.embedding, here.embedding)
    assert (there.segments, there.descriptors, there.duration_s) == (here.segments, here.descriptors, here.duration_s)
    assert 0 < there.decode_s < 10
    assert 0 < there.compute_s < 10


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_file_is_refused(decoder, reason):
    with pytest.raises(ServiceError) as caught:
        decoder(BAD[reason], 16_000, LIMITS)
    assert caught.value.reason is reason
    with pytest.raises(ServiceError) as here:
        decode(BAD[reason], 16_000, LIMITS)
    assert (caught.value.message, caught.value.metadata) == (here.value.message, here.value.metadata)


def test_a_long_file_after_a_short_one_and_the_other_way_round(decoder):
    """What they hold in common grows, shrinks and is given back."""
    long = encoded(np.tile(music(10.0, 8_000), 90), 8_000, "FLAC")
    limits = AudioLimits(max_duration_s=1000.0)
    for content, duration_s in ((GOOD["wav"], 1.5), (long, 900.0), (GOOD["wav"], 1.5), (long, 900.0)):
        waveform = decoder(content, 16_000, limits)
        assert waveform.duration_s == pytest.approx(duration_s)
        np.testing.assert_allclose(waveform.samples[-8_000:-4_000].std(), waveform.rms, rtol=0.2)
