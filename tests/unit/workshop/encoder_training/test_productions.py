import numpy as np
import pytest

from leitmotif_services.workshop.encoder_training import productions

RATE_HZ = 22_050
SAMPLES = np.sin(2 * np.pi * 440 * np.arange(4 * RATE_HZ) / RATE_HZ).astype(np.float32) * np.float32(0.3)


def test_noise_lies_within_its_bounds():
    noisy = productions.with_noise(SAMPLES, np.random.default_rng(0), quietest_db=30.0, loudest_db=20.0)
    level_db = 20 * np.log10((noisy - SAMPLES).std() / SAMPLES.std())
    assert -30.5 < level_db < -19.5


def test_an_equaliser_changes_gain_and_keeps_pitch():
    equalised = productions.equalised(SAMPLES, RATE_HZ, np.random.default_rng(1), step_db=6.0)
    assert np.abs(np.fft.rfft(equalised)).argmax() == np.abs(np.fft.rfft(SAMPLES)).argmax()
    assert abs(20 * np.log10(equalised.std() / SAMPLES.std())) > 0.1


def test_an_excerpt_can_be_heard():
    mostly_silent = np.concatenate([np.zeros(20 * RATE_HZ, np.float32), SAMPLES])
    for seed in range(5):
        assert productions.excerpt(mostly_silent, RATE_HZ, np.random.default_rng(seed)).std() > 0.0


@pytest.mark.parametrize("seed", range(4))
def test_a_codec_gives_nearly_the_same_back(seed):
    coded = productions.coded(SAMPLES, RATE_HZ, np.random.default_rng(seed))
    assert abs(len(coded) - len(SAMPLES)) < 4000
    spectrum = np.abs(np.fft.rfft(coded[: len(SAMPLES) // 2]))
    assert spectrum.argmax() * RATE_HZ / (len(SAMPLES) // 2) == pytest.approx(440, abs=2)
