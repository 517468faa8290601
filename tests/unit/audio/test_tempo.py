import numpy as np
import pytest

from leitmotif_services.audio.front_end import FrontEnd, FrontEndSettings
from leitmotif_services.audio.tempo import onset_envelope, onset_rate_hz, pulse
from tests.unit.audio.audio_files import clicks, noise, tone, waveform

SETTINGS = FrontEndSettings()
FRONT_END = FrontEnd(SETTINGS)


def envelope_of(samples):
    return onset_envelope(FRONT_END.analyse(waveform(samples)).log_mel)


@pytest.mark.parametrize("tempo_bpm", [45, 60, 75, 90, 100, 120, 128, 140, 160, 174, 200, 240])
def test_tempo_of_clicks_within_half_a_percent(tempo_bpm):
    found = pulse(envelope_of(clicks(tempo_bpm)), SETTINGS.frames_per_s)
    assert found.tempo_bpm == pytest.approx(tempo_bpm, rel=0.005)
    assert found.clarity > 0.9


@pytest.mark.parametrize("tempo_bpm", [60, 120, 180])
def test_onset_rate_of_clicks_is_their_number_a_second(tempo_bpm):
    # The click at the very start has no frame before it.
    expected = (tempo_bpm / 60 * 20 - 1) / 20
    assert onset_rate_hz(envelope_of(clicks(tempo_bpm)), SETTINGS.frames_per_s) == pytest.approx(expected, abs=0.06)


@pytest.mark.parametrize("samples", [tone(440.0, 10.0), noise(20.0)], ids=["tone", "noise"])
def test_no_pulse_where_there_is_none(samples):
    assert pulse(envelope_of(samples), SETTINGS.frames_per_s).tempo_bpm == 0.0


def test_louder_beats_are_not_needed_for_clarity_at_a_drifting_tempo():
    slow, fast = clicks(118, 30.0), clicks(122, 30.0)
    found = pulse(envelope_of(np.concatenate([slow, fast])), SETTINGS.frames_per_s)
    assert 117 <= found.tempo_bpm <= 123


@pytest.mark.parametrize("frames", [0, 1, 2, 5, 20])
def test_envelopes_too_short_for_a_pulse(frames):
    envelope = np.ones(frames, np.float32)
    assert pulse(envelope, SETTINGS.frames_per_s).tempo_bpm == 0.0
    assert onset_rate_hz(envelope, SETTINGS.frames_per_s) == 0.0
