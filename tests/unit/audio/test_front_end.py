import numpy as np
import pytest

from leitmotif_services.audio.front_end import FrontEnd, FrontEndSettings
from tests.unit.audio.audio_files import RATE_HZ, noise, tone, waveform

SETTINGS = FrontEndSettings()
FRONT_END = FrontEnd(SETTINGS)


def test_a_tone_on_a_bin_has_the_power_that_the_window_gives_it():
    # A sine of RMS 1 has amplitude √2. At its bin a Hann window of length N, scaled to a sum of squares of 1, gives
    # (√2/2 · N/2)² / (3N/8) = N/3, and a quarter of that at either neighbour.
    bin_hz = RATE_HZ / SETTINGS.frame_samples
    frames = FRONT_END.analyse(waveform(tone(93 * bin_hz)))
    expected = SETTINGS.frame_samples / 3
    np.testing.assert_allclose(frames.mean_power[92:95], [expected / 4, expected, expected / 4], rtol=1e-3)
    assert frames.mean_power[100:].max() < expected * 1e-6
    assert frames.bin_hz == bin_hz


def test_a_tone_lights_up_its_mel_band_alone():
    # Bands lie 30 Hz to 10 kHz at equal steps of 48.9/65 mel; 1000 Hz is mel 15, 30 Hz mel 0.45: band (15 - 0.45)/0.745 - 1.
    log_mel = FRONT_END.analyse(waveform(tone(1000.0))).log_mel
    assert set(log_mel.argmax(axis=1)) <= {18, 19}
    far = np.delete(log_mel, range(15, 23), axis=1)
    assert log_mel.max() - far.max() > np.log(1e4)


def test_numbers_of_frames():
    frames = FRONT_END.analyse(waveform(noise(3.0)))
    samples = int(3.0 * RATE_HZ)
    assert frames.log_mel.shape == (1 + (samples - 2048) // 512, 64)
    assert frames.tonal.shape == (1 + (samples - 4096) // 2048, 20)
    assert frames.frame_power.shape == (len(frames.log_mel),)
    assert frames.log_mel.dtype == frames.tonal.dtype == np.float32


def test_the_level_is_taken_out():
    loud, soft = (FRONT_END.analyse(waveform(noise() * gain)) for gain in (1.0, 0.01))
    np.testing.assert_allclose(loud.log_mel, soft.log_mel, atol=1e-3)
    np.testing.assert_allclose(loud.tonal, soft.tonal, atol=1e-3)


def test_a_is_the_tenth_pitch_class():
    tonal = FRONT_END.analyse(waveform(tone(440.0))).tonal
    assert set(tonal[:, :12].argmax(axis=1)) == {9}
    np.testing.assert_allclose(tonal[:, 9], 1.0)


def test_flatness_parts_noise_from_tone():
    noisy = FRONT_END.analyse(waveform(noise(4.0))).tonal[:, 12:19].mean(axis=0)
    # The mean of the logarithm of an exponential variable is -γ: flatness of noise is exp(-0.577) = 0.56, above it for few bins.
    np.testing.assert_allclose(noisy[3:], 0.56, atol=0.05)
    tonal = FRONT_END.analyse(waveform(tone(1000.0, 4.0))).tonal[:, 12:19].mean(axis=0)
    assert tonal[3] < 0.001


def test_blocks_do_not_show():
    # More than two blocks of frames; a stationary tone gives the same frame everywhere.
    log_mel = FRONT_END.analyse(waveform(tone(32 * RATE_HZ / 512, 8.0))).log_mel
    assert len(log_mel) > 256
    np.testing.assert_allclose(log_mel, np.broadcast_to(log_mel[0], log_mel.shape), atol=0.02)


@pytest.mark.parametrize(
    "settings",
    [
        {"frame_samples": 1000},
        {"hop_samples": 0},
        {"mel_bands": 1},
        {"mel_high_hz": 20_000.0},
        {"sample_rate_hz": 1},
        {"octaves": 0},
        {"flatness_edges_hz": (100.0,)},
        {"flatness_edges_hz": (200.0, 100.0)},
    ],
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(ValueError, match=r"must|needs"):
        FrontEndSettings(**settings)


def test_filters_that_do_not_fit_the_frame_are_refused():
    with pytest.raises(ValueError, match="too coarse"):
        FrontEnd(FrontEndSettings(mel_bands=400))
