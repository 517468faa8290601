import numpy as np
import pytest

from leitmotif_services.audio.descriptors import describe
from leitmotif_services.audio.front_end import FrontEnd, FrontEndSettings
from tests.unit.audio.audio_files import RATE_HZ, clicks, noise, tone, waveform

SETTINGS = FrontEndSettings()
FRONT_END = FrontEnd(SETTINGS)


def described(samples):
    sound = waveform(samples)
    return describe(FRONT_END.analyse(sound), sound.rms, SETTINGS)


def test_a_steady_tone():
    steady = described(tone(440.0, 10.0, amplitude=1.0))
    assert steady.brightness_hz == pytest.approx(440.0, abs=0.5)
    assert steady.loudness_db == pytest.approx(-3.01, abs=0.01)  # a sine is 3 dB below its peak
    assert steady.dynamics_db == pytest.approx(0.0, abs=0.01)
    assert steady.percussiveness == pytest.approx(0.0, abs=0.01)
    assert steady.onset_rate_hz == 0.0
    assert steady.tempo_bpm == 0.0


def test_loud_and_soft_halves_differ_by_their_gain():
    samples = tone(440.0, 10.0)
    samples[len(samples) // 2 :] *= 0.1
    assert described(samples).dynamics_db == pytest.approx(20.0, abs=0.1)


def test_noise_is_as_bright_as_the_middle_of_the_spectrum():
    assert described(noise(10.0)).brightness_hz == pytest.approx(RATE_HZ / 4, rel=0.01)


def test_clicks_are_percussive_and_noise_lies_between():
    click, hiss, hum = (described(samples).percussiveness for samples in (clicks(120), noise(10.0), tone(440.0, 10.0)))
    assert click > 0.95
    assert hum < 0.05
    assert hum < hiss < click


def test_full_scale_is_the_loudest():
    assert described(np.sign(tone(100.0, 5.0)) * 2).loudness_db == 0.0


def test_half_the_volume_is_6_db_and_changes_nothing_else():
    samples = clicks(100) + tone(300.0, 20.0, amplitude=0.05)
    full, half = described(samples), described(samples * 0.5)
    assert full.loudness_db - half.loudness_db == pytest.approx(6.02, abs=0.01)
    assert half.tempo_bpm == pytest.approx(full.tempo_bpm, rel=1e-3)
    assert half.brightness_hz == pytest.approx(full.brightness_hz, rel=1e-3)
    assert half.percussiveness == pytest.approx(full.percussiveness, abs=1e-3)
